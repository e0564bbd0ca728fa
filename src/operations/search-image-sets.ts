/**
 * SearchImageSets: one page of the image sets that match, in order. A pager sees the data store as it stood when its first page
 * was answered, less what has been deleted since: nothing twice, nothing lost, however much arrives or changes meanwhile.
 * Two headers ask for more than the service answers: how many match in all, and how the page was found (docs/extensions.md).
 */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { ExtensionHeader, ReplyNotes } from '../contract/handlers.ts'
import type { Input, Output } from '../contract/operations.ts'
import { JsonText } from '../contract/shapes.ts'
import { type Position, type Search, toSearch } from '../imaging/search.ts'
import type { ImageSetSummary } from '../stores/catalog.ts'
import { activeDatastore } from './datastore-access.ts'
import { cutPage, positionOfPage } from './page-tokens.ts'
import { explanationOf } from './search-explanation.ts'

interface After extends Position {
  readonly asOf: number
}

/** Not read for this long, an image set moves to the archive tier (AWS "Cost optimization"). */
const ARCHIVED_AFTER_MS = 30 * 24 * 3_600_000

export async function searchImageSets(
  input: Input<'SearchImageSets'>,
  app: App,
  notes: ReplyNotes,
): Promise<Output<'SearchImageSets'>> {
  const isCounted = isAsked(notes, { header: 'x-hilum-count', as: 'exact' })
  const isExplained = isAsked(notes, { header: 'x-hilum-explain', as: 'yes' })
  const search = toSearch(input.searchCriteria)
  const { datastoreId } = await activeDatastore(app, input.datastoreId)
  const request = ['SearchImageSets', datastoreId, withFiltersInOrder(search)]
  const size = input.maxResults ?? app.limits.pageSize
  const after = positionOfPage<After>(app.pageTokens, { request, nextToken: input.nextToken })

  const startedAt = performance.now()
  const page = await app.catalog.imageSets.search({
    datastoreId,
    search,
    ...(after === undefined ? {} : { after: { key: after.key, seq: after.seq }, asOf: after.asOf }),
    limit: size + 1,
    // The total of the first page is that of the whole pager.
    ...(isCounted && after === undefined ? { count: 'exact' } : {}),
  })
  const durationMs = performance.now() - startedAt
  if (page.total !== undefined) notes.replyHeaders['x-hilum-total-count'] = String(page.total)
  if (isExplained) notes.replyHeaders['x-hilum-explain'] = JSON.stringify(explanationOf(page, durationMs))
  const { rows: found, asOf } = page
  const { rows, nextToken } = cutPage(found, {
    size,
    tokenAfter: ({ key, seq }) => app.pageTokens.seal(request, { key, seq, asOf } satisfies After),
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

const summaryOf = (row: ImageSetSummary, now: number) => ({
  imageSetId: row.imageSetId,
  version: row.version,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
  lastAccessedAt: row.lastAccessedAt,
  storageTier:
    now - row.lastAccessedAt > ARCHIVED_AFTER_MS ? ('ARCHIVE_INSTANT_ACCESS' as const) : ('FREQUENT_ACCESS' as const),
  isPrimary: row.isPrimary,
  DICOMTags: new JsonText(row.tags),
})

/** Two filters mean the same either way round, and so does their token. */
const withFiltersInOrder = (search: Search): Search => ({
  ...search,
  filters: search.filters.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
})
