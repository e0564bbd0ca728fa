/**
 * SearchImageSets: one page of the image sets that match, in order. A pager sees the data store as it stood when its first page
 * was answered, less what has been deleted since: nothing twice, nothing lost, however much arrives or changes meanwhile.
 * Two headers ask for more than the service answers: how many match in all, and how the page was found (docs/extensions.md).
 */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { ExtensionHeader, ReplyNotes } from '../contract/handlers.ts'
import type { StorageTier } from '../contract/image-sets.ts'
import type { Input, Output } from '../contract/operations.ts'
import { JsonText, Lasting, type TypeOf } from '../contract/shapes.ts'
import { type Position, positionOf, type Search, toSearch } from '../imaging/search/search.ts'
import { storageTierOf } from '../imaging/storage-tier.ts'
import type { ImageSetSummary } from '../stores/catalog/search-repository.ts'
import { mustBeActive } from './datastore-access.ts'
import { positionOfPage, takePage } from './page-tokens.ts'
import { explanationOf } from './search-explanation.ts'

interface After extends Position {
  readonly snapshotVersion: number
}

export async function searchImageSets(
  input: Input<'SearchImageSets'>,
  app: App,
  notes: ReplyNotes,
): Promise<Output<'SearchImageSets'>> {
  const isCounted = isAsked(notes, { header: 'x-hilum-count', as: 'exact' })
  const isExplained = isAsked(notes, { header: 'x-hilum-explain', as: 'yes' })
  const search = toSearch(input.searchCriteria)
  const { datastoreId } = input
  const request = ['SearchImageSets', datastoreId, withFiltersInOrder(search)]
  const size = input.maxResults ?? app.limits.pageSize
  const after = positionOfPage<After>(app.pageTokens, { request, nextToken: input.nextToken })

  const startedAt = performance.now()
  const page = await app.catalog.imageSets.search({
    datastoreId,
    search,
    ...(after === undefined
      ? {}
      : { after: { key: after.key, seq: after.seq }, snapshotVersion: after.snapshotVersion }),
    limit: size + 1,
    // The total of the first page is that of the whole pager.
    ...(isCounted && after === undefined ? { count: 'exact' } : {}),
  })
  const durationMs = performance.now() - startedAt
  mustBeActive(app, datastoreId, page.datastore)
  if (page.total !== undefined) notes.replyHeaders['x-hilum-total-count'] = String(page.total)
  if (isExplained) notes.replyHeaders['x-hilum-explain'] = JSON.stringify(explanationOf(page, durationMs))
  const { rows: found, snapshotVersion } = page
  const { rows, nextToken } = takePage(found, {
    size,
    tokenAfter: (row) => app.pageTokens.seal(request, { ...positionOf(search, row), snapshotVersion } satisfies After),
  })
  const now = app.clock()
  return { imageSetsMetadataSummaries: rows.map((row) => summaryOf(row, now)), sort: search.sort, nextToken }
}

function isAsked(
  { requestHeaders }: ReplyNotes,
  { header, as }: { readonly header: ExtensionHeader; readonly as: string },
): boolean {
  const value = requestHeaders(header)
  if (value === undefined) return false
  if (value.trim().toLowerCase() === as) return true
  throw new ContractError('ValidationException', `The header ${header} takes one value: ${as}. Leave it out otherwise`)
}

/** The answers to what the store keeps in memory, for as long as it does. */
const answered = new WeakMap<ImageSetSummary, Lasting<ReturnType<typeof answerOf>>>()

function summaryOf(row: ImageSetSummary, now: number) {
  const storageTier = storageTierOf(row.lastAccessedAt, now)
  const before = answered.get(row)
  if (before?.structure.storageTier === storageTier) return before
  const summary = new Lasting(answerOf(row, storageTier))
  answered.set(row, summary)
  return summary
}

const answerOf = (row: ImageSetSummary, storageTier: TypeOf<typeof StorageTier>) => ({
  imageSetId: row.imageSetId,
  version: row.version,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
  lastAccessedAt: row.lastAccessedAt,
  storageTier,
  isPrimary: row.isPrimary,
  DICOMTags: new JsonText(row.tags),
})

/** Two filters mean the same either way round, and so does their token. */
const withFiltersInOrder = (search: Search): Search => ({
  ...search,
  filters: search.filters.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
})
