/** Series and instances of all partitions: those of named studies from theirs; others are merged. */
import type {
  FoundPage,
  SearchPosition,
  SeriesSearches,
  SeriesSearchRequest,
  StudyTotals,
} from '../catalog/series-repository.ts'
import { compareOrdered, type Ordered, positionOf } from '../sql/series/ordered-rows.ts'
import { mergeSorted } from './merge.ts'
import { partitionOfRow, ROW_IDS, rowIdInside, rowIdOutside } from './numbers.ts'
import { isInControl, type Partition, type Partitions, type Placement } from './placement.ts'
import type { StudyPlaces } from './study-places.ts'

/** Asks one partition. */
type Ask<Row> = (partition: Partition, request: SeriesSearchRequest) => Promise<FoundPage<Row>>

/** The page of one partition. */
interface Own<Row> {
  readonly partition: Partition
  readonly page: FoundPage<Row>
}

export function partitionedSeries(placement: Placement, studies: StudyPlaces): SeriesSearches {
  async function partitionsAsked(partitions: Partitions, request: SeriesSearchRequest): Promise<readonly Partition[]> {
    const { datastoreId, studyInstanceUIDs } = request
    if (studyInstanceUIDs === undefined) return partitions
    const asked = new Set((await studies.find(datastoreId, studyInstanceUIDs)).values())
    // Without a study: any, which says whether the data store may be searched.
    return asked.size === 0 ? [partitions[0]] : [...asked]
  }

  async function search<Row>(request: SeriesSearchRequest, ask: Ask<Row>): Promise<FoundPage<Row>> {
    const partitions = await placement.of(request.datastoreId)
    if (isInControl(partitions)) return ask(partitions[0], request)
    const asked = await partitionsAsked(partitions, request)
    const isScanned = request.after?.mode === 'scanned'
    const pages = await pagesOf(asked, isScanned ? { ...request, isScanned } : request, ask)
    if (pages.every(isSorted) || request.after !== undefined) return mergedPage(request, pages)
    // One has too many rows to sort: then no page of the result is sorted.
    return mergedPage(
      request,
      pages.some(isSorted) ? await pagesOf(asked, { ...request, isScanned: true }, ask) : pages,
    )
  }

  return {
    searchSeries: (request) => search(request, ({ catalog }, own) => catalog.series.searchSeries(own)),
    searchInstances: (request) => search(request, ({ catalog }, own) => catalog.series.searchInstances(own)),
    async totalsOfStudies({ datastoreId, studyInstanceUIDs }) {
      const places = await studies.find(datastoreId, studyInstanceUIDs)
      const totals = new Map<string, StudyTotals>()
      for (const [{ catalog }, some] of Map.groupBy(places, ([, partition]) => partition)) {
        const own = await catalog.series.totalsOfStudies({ datastoreId, studyInstanceUIDs: some.map(([uid]) => uid) })
        for (const [uid, total] of own) totals.set(uid, total)
      }
      return totals
    },
    classesOfStudy: (study) =>
      studies.read(
        study,
        ({ catalog }) => catalog.series.classesOfStudy(study),
        (classes) => classes.length === 0,
      ),
    anyInstance: async (version) => (await placement.ofImageSet(version)).catalog.series.anyInstance(version),
  }
}

/** All rows that match were read, and are in the order of the request. */
const isSorted = ({ page }: Own<unknown>): boolean => page.total !== undefined

/** Of each partition as many rows as the page and those before it have: they may all be of one. */
const pagesOf = <Row>(
  partitions: readonly Partition[],
  request: SeriesSearchRequest,
  ask: Ask<Row>,
): Promise<readonly Own<Row>[]> =>
  Promise.all(
    partitions.map(async (partition) => {
      const { after, limit } = request
      return {
        partition,
        page: await ask(partition, {
          ...request,
          ...(after !== undefined && { after: { ...after, after: positionIn(partition, request, after), offset: 0 } }),
          offset: 0,
          limit: rowsBefore(request) + limit,
        }),
      }
    }),
  )

const rowsBefore = ({ after, offset }: SeriesSearchRequest): number => after?.offset ?? offset

/**
 * Rows up to the place to which all partitions have read: one that has examined as many rows as it may can have further ones that come before
 * those of the others. The next page continues there.
 */
function mergedPage<Row>(request: SeriesSearchRequest, pages: readonly Own<Row>[]): FoundPage<Row> {
  const { limit } = request
  const mode = pages.every(isSorted) ? 'ordered' : 'scanned'
  const order = mode === 'ordered' ? request.order : []
  const compare = (a: Ordered, b: Ordered) => compareOrdered(order, a, b)
  const [end] = pages
    .flatMap(({ partition, page: { next } }) => (next === undefined ? [] : [placed(partition, order, next.after)]))
    .sort(compare)
  const before = rowsBefore(request)
  const merged = mergeSorted(
    pages.map(({ partition, page: { rows, positions } }) =>
      rows.map((row, index) => ({ row, ...placed(partition, order, positions[index]!) })),
    ),
    { compare, limit: before + limit + 1 },
  ).map(({ row }) => row)
  const known = end === undefined ? merged : merged.filter((row) => compare(row, end) <= 0)
  const page = known.slice(before, before + limit)
  const last = known.length > before + limit ? page.at(-1) : end
  return {
    datastore: pages[0]!.page.datastore,
    rows: page.map(({ row }) => row),
    positions: page.map(positionOf),
    next: last && { mode, after: positionOf(last), offset: Math.max(0, before - known.length) },
    total: mode === 'ordered' ? pages.reduce((sum, { page: { total } }) => sum + total!, 0) : undefined,
  }
}

/** A position in a partition: the keys of the order, the creation, the row id, and perhaps an instance. Outside, the row id has the partition. */
function placed(partition: Partition, order: readonly unknown[], position: SearchPosition['after']): Ordered {
  const [created, rowId, ...instance] = position.slice(order.length) as [number, number, ...(number | string)[]]
  // A place without an instance is after all of its series.
  const rest = instance.length === 0 ? [Number.MAX_SAFE_INTEGER] : instance
  return {
    keys: position.slice(0, order.length) as Ordered['keys'],
    place: [created, rowIdOutside(partition, rowId), ...rest],
  }
}

/** Where a partition continues: rows with equal keys and creation are in the order of the partitions. */
function positionIn(
  { number }: Partition,
  { order }: SeriesSearchRequest,
  { mode, after }: SearchPosition,
): SearchPosition['after'] {
  const keys = after.slice(0, mode === 'ordered' ? order.length : 0)
  const [created, rowId, ...rest] = after.slice(keys.length) as [number, number, ...(number | string)[]]
  const last = partitionOfRow(rowId)
  if (number !== last) return [...keys, created, number < last ? ROW_IDS : -1]
  const isOfSeries = rest.length < 2
  return [...keys, created, rowIdInside(rowId), ...(isOfSeries ? [] : rest)]
}
