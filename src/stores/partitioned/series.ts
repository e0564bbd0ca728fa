/** Series and instances of all partitions: those of named studies from theirs; others are merged. */
import type {
  FoundPage,
  SearchPosition,
  SeriesSearches,
  SeriesSearchRequest,
  StudyTotals,
} from '../catalog/series-repository.ts'
import { compareOrdered } from '../sql/series/ordered-rows.ts'
import { mergeSorted } from './merge.ts'
import { CONTROL, type Partition, type Placement, partitionOfStudy } from './placement.ts'

type Partitions = readonly [Partition, ...Partition[]]

/** Row ids of a partition have fewer bits. */
const ROW_IDS = 2 ** 36

export function partitionedSeries(placement: Placement): SeriesSearches {
  async function search<Row>(
    request: SeriesSearchRequest,
    of: (partition: Partition) => (request: SeriesSearchRequest) => Promise<FoundPage<Row>>,
  ): Promise<FoundPage<Row>> {
    const partitions = await placement.of(request.datastoreId)
    const asked = partitionsAsked(partitions, request)
    const [only] = asked
    if (only === undefined || partitions[0].number === CONTROL) return of(only ?? partitions[0])(request)
    const isScanned = request.after?.mode === 'scanned'
    const pages = await pagesOf(asked, isScanned ? { ...request, isScanned } : request, of)
    const modes = new Set(pages.map(({ total }) => total === undefined))
    // One has too many rows to sort: then no page of the result is sorted.
    const mixed = modes.size > 1 && request.after === undefined
    return mergedPage(request, asked, mixed ? await pagesOf(asked, { ...request, isScanned: true }, of) : pages)
  }

  return {
    searchSeries: (request) =>
      search(
        request,
        ({ catalog }) =>
          (own) =>
            catalog.series.searchSeries(own),
      ),
    searchInstances: (request) =>
      search(
        request,
        ({ catalog }) =>
          (own) =>
            catalog.series.searchInstances(own),
      ),
    async totalsOfStudies({ datastoreId, studyInstanceUIDs }) {
      const partitions = await placement.of(datastoreId)
      const totals = new Map<string, StudyTotals>()
      for (const [{ catalog }, some] of Map.groupBy(studyInstanceUIDs, (uid) => partitionOfStudy(partitions, uid))) {
        const own = await catalog.series.totalsOfStudies({ datastoreId, studyInstanceUIDs: some })
        for (const [uid, total] of own) totals.set(uid, total)
      }
      return totals
    },
    classesOfStudy: async (study) => (await placement.ofStudy(study)).catalog.series.classesOfStudy(study),
    anyInstance: async (version) => (await placement.ofImageSet(version)).catalog.series.anyInstance(version),
  }
}

function partitionsAsked(partitions: Partitions, { studyInstanceUIDs }: SeriesSearchRequest): readonly Partition[] {
  if (studyInstanceUIDs === undefined) return partitions
  return [...new Set(studyInstanceUIDs.map((uid) => partitionOfStudy(partitions, uid)))]
}

const pagesOf = <Row>(
  partitions: readonly Partition[],
  request: SeriesSearchRequest,
  of: (partition: Partition) => (request: SeriesSearchRequest) => Promise<FoundPage<Row>>,
): Promise<readonly FoundPage<Row>[]> =>
  Promise.all(
    partitions.map((partition) => {
      const { after, offset, limit } = request
      const skipped = after?.offset ?? offset
      return of(partition)({
        ...request,
        ...(after !== undefined && { after: { ...after, after: positionIn(partition, request, after), offset: 0 } }),
        offset: 0,
        limit: skipped + limit,
      })
    }),
  )

function mergedPage<Row>(
  request: SeriesSearchRequest,
  partitions: readonly Partition[],
  pages: readonly FoundPage<Row>[],
): FoundPage<Row> {
  const { after, limit } = request
  const mode = pages.some(({ total }) => total === undefined) ? 'scanned' : 'ordered'
  const skipped = after?.offset ?? request.offset
  const wanted = skipped + limit
  const order = mode === 'ordered' ? request.order : []
  // A partition that has not examined all its rows may have some before those of the others: the page ends there.
  const merged = mergeSorted(
    pages.map(({ rows, positions }, at) =>
      rows.map((row, index) => ({ row, ...placedIn(partitions[at]!, order.length, positions[index]!) })),
    ),
    { compare: (a, b) => compareOrdered(order, a, b), limit: wanted + 1 },
  )
  const page = merged.slice(skipped, wanted)
  const last = page.at(-1)
  const hasMore = merged.length > wanted || pages.some(({ next }) => next !== undefined)
  const position = last === undefined ? after?.after : [...last.keys, ...last.place]
  return {
    datastore: pages[0]!.datastore,
    rows: page.map(({ row }) => row),
    positions: page.map(({ keys, place }) => [...keys, ...place]),
    next:
      hasMore && position !== undefined
        ? { mode, after: position, offset: last === undefined ? Math.max(0, skipped - merged.length) : 0 }
        : undefined,
    total: mode === 'ordered' ? pages.reduce((sum, { total }) => sum + total!, 0) : undefined,
  }
}

/** A position: the keys of the order, the creation, the row id, then what is left. Row ids of the data store begin with the partition. */
function placedIn({ number }: Partition, keys: number, position: SearchPosition['after']) {
  const [created, rowId, ...rest] = position.slice(keys)
  return {
    keys: position.slice(0, keys) as (string | null)[],
    place: [created as number, number * ROW_IDS + (rowId as number), ...(rest as (number | string)[])],
  }
}

function positionIn(
  { number }: Partition,
  { order }: SeriesSearchRequest,
  { mode, after }: SearchPosition,
): SearchPosition['after'] {
  const keys = mode === 'ordered' ? order.length : 0
  const [created, rowId, ...rest] = after.slice(keys)
  const last = Math.floor((rowId as number) / ROW_IDS)
  if (number === last) return [...after.slice(0, keys), created!, (rowId as number) % ROW_IDS, ...rest]
  return [...after.slice(0, keys), created!, number < last ? ROW_IDS : -1]
}
