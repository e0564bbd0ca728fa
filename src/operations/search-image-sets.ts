/**
 * SearchImageSets: one page of the image sets that match, in order. A pager sees the data store as it stood when its first page
 * was answered, less what has been deleted since: nothing twice, nothing lost, however much arrives or changes meanwhile.
 */
import type { App } from '../app.ts'
import type { Input, Output } from '../contract/operations.ts'
import { JsonText } from '../contract/shapes.ts'
import { type Position, type Search, toSearch } from '../imaging/search.ts'
import type { ImageSetSummary } from '../stores/catalog.ts'
import { activeDatastore } from './datastore-access.ts'
import { cutPage, positionOfPage } from './page-tokens.ts'

interface After extends Position {
  readonly asOf: number
}

/** Not read for this long, an image set moves to the archive tier (AWS "Cost optimization"). */
const ARCHIVED_AFTER_MS = 30 * 24 * 3_600_000

export async function searchImageSets(input: Input<'SearchImageSets'>, app: App): Promise<Output<'SearchImageSets'>> {
  const search = toSearch(input.searchCriteria)
  const { datastoreId } = await activeDatastore(app, input.datastoreId)
  const request = ['SearchImageSets', datastoreId, withFiltersInOrder(search)]
  const size = input.maxResults ?? app.limits.pageSize
  const after = positionOfPage<After>(app.pageTokens, { request, nextToken: input.nextToken })

  const { rows: found, asOf } = await app.catalog.imageSets.search({
    datastoreId,
    search,
    ...(after === undefined ? {} : { after: { key: after.key, seq: after.seq }, asOf: after.asOf }),
    limit: size + 1,
  })
  const { rows, nextToken } = cutPage(found, {
    size,
    tokenAfter: ({ key, seq }) => app.pageTokens.seal(request, { key, seq, asOf } satisfies After),
  })
  const now = app.clock()
  return { imageSetsMetadataSummaries: rows.map((row) => summaryOf(row, now)), sort: search.sort, nextToken }
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
