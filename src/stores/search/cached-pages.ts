/**
 * Pages of first and later searches, each valid until the next change. One statement says whether a page is still valid: without a transaction,
 * a plan or a read of the index.
 */

import type { Datastore } from '../catalog/datastore-repository.ts'
import type { ImageSets } from '../catalog/image-set-repository.ts'
import type { SearchPage } from '../catalog/search-repository.ts'
import { datastoreSearched } from '../sql/datastores/datastore-number.ts'
import type { Sql } from '../sql/engine/statement.ts'
import { CachedAnswers } from '../sql/history/cached-answers.ts'
import { snapshotRead } from '../sql/history/snapshot-read.ts'
import { assertIndexFormat } from './index-format.ts'
import { INDEX_SIZES, type IndexSizes } from './kd-tree/sizes.ts'

type Request = Parameters<ImageSets['search']>[0]
export type FoundPage = Omit<SearchPage, 'datastore'>
export type CachedPages = CachedAnswers<FoundPage>

/** What each search reads first: the last change, and the data store. */
interface SearchedStore {
  readonly latest: number
  /** The oldest snapshot that is kept. */
  readonly oldest: number
  /** Undefined if it does not exist. */
  readonly datastore: (Pick<Datastore, 'datastoreStatus' | 'updatedAt'> & { readonly number: number }) | undefined
}

export const newCachedPages = (sizes: IndexSizes = INDEX_SIZES): CachedPages =>
  new CachedAnswers(sizes, ({ rows }) => rows.length)

/** A single statement. @throws OtherIndexFormat */
export function* searchedStore(datastoreId: string): Sql<SearchedStore> {
  const found = yield* datastoreSearched(datastoreId)
  if (found === undefined) return { latest: 0, oldest: 0, datastore: undefined }
  const { latest, oldest, indexFormat, ...datastore } = found
  assertIndexFormat(indexFormat)
  return { latest, oldest, datastore }
}

export const nameOfPage = ({ datastoreId, search, after, snapshotVersion, limit, count }: Request): string =>
  JSON.stringify([datastoreId, search, after, snapshotVersion, limit, count])

/** Whether one statement is enough: by words, the attributes that are searchable have to be read too. */
export const isReadAtOnce = ({ search }: Request): boolean => (search.terms ?? []).length === 0

/** The page of an earlier search if nothing has changed since. */
export function cachedPage(
  name: string,
  request: Request,
  { pages, ...store }: SearchedStore & { readonly pages: CachedPages },
): SearchPage | undefined {
  const page = store.datastore && pages.get(name, store.latest)
  if (page === undefined || page.snapshotVersion !== snapshotRead(request.snapshotVersion, store)) return undefined
  return { ...page, datastore: store.datastore }
}
