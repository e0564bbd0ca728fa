/**
 * SearchImageSets: one page of the image sets that match, in order. All pages read the snapshot of the first page, without image sets deleted
 * since, so none is returned twice and none is missed. Extension headers search by words, and request the total and an explanation
 * (docs/extensions.md).
 */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { ExtensionHeader, ReplyNotes } from '../contract/handlers.ts'
import type { StorageTier } from '../contract/image-sets.ts'
import type { Input, Output, Returned } from '../contract/operations.ts'
import { JsonText, Lasting, type TypeOf } from '../contract/shapes.ts'
import { type Position, positionOf, type Search, toSearch } from '../imaging/search/search.ts'
import { storageTierOf, tiersStayUntil } from '../imaging/storage-tier.ts'
import {
  AttributeNotSearchable,
  type ImageSetSummary,
  PatternTooBroad,
  type SearchPage,
  type SnapshotVersion,
} from '../stores/catalog/search-repository.ts'
import { mustBeActive } from './datastore-access.ts'
import { positionOfPage, refuseOtherPartitions, takePage } from './page-tokens.ts'
import { explanationOf } from './search-explanation.ts'
import { termsOfHeader } from './search-words.ts'

interface After extends Position {
  readonly snapshotVersion: SnapshotVersion
}

export async function searchImageSets(
  input: Input<'SearchImageSets'>,
  app: App,
  notes: ReplyNotes,
): Promise<Returned<'SearchImageSets'>> {
  const isCounted = isRequested(notes, { header: 'x-hilum-count', as: 'exact' })
  const isExplained = isRequested(notes, { header: 'x-hilum-explain', as: 'yes' })
  const { datastoreId } = input
  const match = notes.requestHeaders('x-hilum-match')
  const search = toSearch(
    input.searchCriteria,
    match === undefined ? undefined : await termsOfHeader(match, { app, datastoreId }),
  )
  const size = input.maxResults ?? app.limits.pageSize
  const { nextToken } = input
  const after =
    nextToken === undefined
      ? undefined
      : positionOfPage<After>(app.pageTokens, { request: requestOf(datastoreId, search), nextToken })

  const startedAt = performance.now()
  const page = await searched(app, {
    datastoreId,
    search,
    ...(after === undefined
      ? {}
      : { after: { key: after.key, rowId: after.rowId }, snapshotVersion: after.snapshotVersion }),
    limit: size + 1,
    // Later pages read the same snapshot, which has the same total.
    ...(isCounted && after === undefined ? { count: 'exact' } : {}),
  })
  mustBeActive(app, datastoreId, page.datastore)
  if (page.total !== undefined) notes.replyHeaders['x-hilum-total-count'] = String(page.total)
  if (isExplained)
    notes.replyHeaders['x-hilum-explain'] = JSON.stringify(explanationOf(page, performance.now() - startedAt))
  return answerOf(page, { app, datastoreId, search, size })
}

interface Answer {
  readonly output: Lasting<Output<'SearchImageSets'>>
  /** It is the same from one moment to another, in milliseconds since 1970. */
  readonly from: number
  readonly until: number
}

/** By the rows of a page: as long as the catalog returns the same ones, the page, its token and its JSON are the same. */
const answers = new WeakMap<SearchPage['rows'], Answer>()

function answerOf(
  { rows: found, snapshotVersion }: SearchPage,
  { app, datastoreId, search, size }: { app: App; datastoreId: string; search: Search; size: number },
): Lasting<Output<'SearchImageSets'>> {
  const now = app.clock()
  const before = answers.get(found)
  if (before !== undefined && before.from <= now && now <= before.until) return before.output
  const { rows, nextToken } = takePage(found, {
    size,
    tokenAfter: (row) => {
      const position: After = { ...positionOf(search, row), snapshotVersion }
      return app.pageTokens.seal(requestOf(datastoreId, search), position)
    },
  })
  const imageSetsMetadataSummaries = rows.map((row) => summaryOf(row, now))
  const output = new Lasting({ imageSetsMetadataSummaries, sort: search.sort, nextToken })
  answers.set(found, { output, from: now, until: tiersStayUntil(rows, now) })
  return output
}

/** What must be the same for the next page. */
const requestOf = (datastoreId: string, search: Search) => ['SearchImageSets', datastoreId, withFiltersInOrder(search)]

function searched(app: App, request: Parameters<App['catalog']['imageSets']['search']>[0]): Promise<SearchPage> {
  const found = app.catalog.imageSets.search(request)
  const page = request.snapshotVersion === undefined ? found : found.catch(refuseOtherPartitions)
  return request.search.terms === undefined ? page : page.catch(refuseTerms)
}

function refuseTerms(cause: unknown): never {
  if (cause instanceof PatternTooBroad) throw new ContractError('ValidationException', TOO_BROAD, { cause })
  if (cause instanceof AttributeNotSearchable) throw new ContractError('ValidationException', REMOVED, { cause })
  throw cause
}

/** How many words that are depends on the data store. */
const TOO_BROAD =
  'A word of x-hilum-match with wildcards has to be compared with too many words of the data store, or matches too many. Begin it with more letters'

const REMOVED =
  'An attribute of x-hilum-match is not searchable any more: hilum index list names those that are. Begin again without a nextToken'

function isRequested(
  { requestHeaders }: ReplyNotes,
  { header, as }: { readonly header: ExtensionHeader; readonly as: string },
): boolean {
  const value = requestHeaders(header)
  if (value === undefined) return false
  if (value.trim().toLowerCase() === as) return true
  throw new ContractError('ValidationException', `The header ${header} takes one value: ${as}. Leave it out otherwise`)
}

/** The summaries of rows that the catalog caches, for as long as it does. */
const summaries = new WeakMap<ImageSetSummary, Lasting<ReturnType<typeof structureOf>>>()

function summaryOf(row: ImageSetSummary, now: number) {
  const storageTier = storageTierOf(row.lastAccessedAt, now)
  const before = summaries.get(row)
  if (before?.structure.storageTier === storageTier) return before
  const summary = new Lasting(structureOf(row, storageTier))
  summaries.set(row, summary)
  return summary
}

const structureOf = (row: ImageSetSummary, storageTier: TypeOf<typeof StorageTier>) => ({
  imageSetId: row.imageSetId,
  version: row.version,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
  lastAccessedAt: row.lastAccessedAt,
  storageTier,
  isPrimary: row.isPrimary,
  DICOMTags: new JsonText(row.tags),
})

/** The order of two filters does not matter, so it must not matter for the token. */
const withFiltersInOrder = (search: Search): Search => ({
  ...search,
  filters: search.filters.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
})
