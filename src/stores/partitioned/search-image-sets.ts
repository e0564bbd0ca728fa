/**
 * SearchImageSets over partitions: each is asked for the first of its own, at the same time, and the pages are merged. Studies are spread evenly, so
 * that a partition rarely has more of a page than a few times its share: it is asked for that many, and for the others only if all of them are
 * in the page. A search for one study asks the partition of the study. The snapshot of a page has the number of a change for each partition that
 * was asked, so that later pages ask the same ones.
 */
import { comparePositions, type Position, positionOf, type Search } from '../../imaging/search/search.ts'
import type { ImageSets } from '../catalog/image-set-repository.ts'
import type { ImageSetSummary, SearchPage, Visited } from '../catalog/search-repository.ts'
import { type Merged, mergeSorted } from './merge.ts'
import { partitionOfRow, ROW_IDS, rowIdInside, rowIdOutside } from './numbers.ts'
import type { Partition, Partitions } from './placement.ts'
import { askedIn, numberIn, snapshotOf } from './snapshots.ts'
import type { StudyPlaces } from './study-places.ts'

type Request = Parameters<ImageSets['search']>[0]

/** The page of one partition, and what it was asked for afterwards. */
interface Own {
  readonly partition: Partition
  readonly page: SearchPage
  readonly rows: SearchPage['rows']
  /** Whether it may have more than these rows. */
  readonly hasMore: boolean
  readonly further?: SearchPage
}

/** How many image sets of a study usually follow each other in a page: those of one study are in one partition. */
const SERIES_OF_STUDY = 4

/** So many that the page needs more of a partition in about a tenth of all searches: the share of each, and three standard deviations. */
function rowsAtFirst(limit: number, partitions: number): number {
  const share = limit / partitions
  return Math.min(limit, Math.ceil(share + 3 * Math.sqrt(SERIES_OF_STUDY * share)) + 2)
}

export function searchOver(studies: StudyPlaces): (request: Request, partitions: Partitions) => Promise<SearchPage> {
  const rows = new MergedRows()

  async function pagesOf(request: Request, partitions: Partitions): Promise<readonly Own[]> {
    const { datastoreId, search, snapshotVersion } = request
    const pageOf = async (partition: Partition, limit = request.limit): Promise<Own> => {
      const page = await partition.catalog.imageSets.search(inPartition({ ...request, limit }, partition))
      return { partition, page, rows: page.rows, hasMore: page.rows.length === limit && limit < request.limit }
    }
    const fromAll = (asked: readonly Partition[]) =>
      Promise.all(asked.map((partition) => pageOf(partition, rowsAtFirst(request.limit, asked.length))))
    if (snapshotVersion !== undefined) return fromAll(askedIn(partitions, snapshotVersion))
    const studyInstanceUID = studyOf(search)
    if (studyInstanceUID === undefined) return fromAll(partitions)
    return [await studies.read({ datastoreId, studyInstanceUID }, pageOf, ({ page }) => page.rows.length === 0)]
  }

  return async (request, partitions) => {
    let own = await pagesOf(request, partitions)
    let merged = rows.before(request, own)
    if (merged === undefined) {
      const order = orderOf(request, own)
      const used = (each: Own) => order.filter(({ source }) => own[source] === each).length
      const isShort = own.map((each) => each.hasMore && used(each) === each.rows.length)
      if (isShort.includes(true)) {
        own = await Promise.all(own.map((each, at) => (isShort[at]! ? withFurther(request, each) : each)))
        merged = rows.of(request, own, orderOf(request, own))
      } else merged = rows.of(request, own, order)
    }
    const snapshots = new Map(own.map(({ partition, page }) => [partition, page.snapshotVersion]))
    const total = own.every(({ page }) => page.total !== undefined)
      ? own.reduce((sum, { page }) => sum + page.total!, 0)
      : undefined
    return {
      datastore: own[0]!.page.datastore,
      rows: merged,
      snapshotVersion: snapshotOf(partitions, snapshots),
      ...(total !== undefined && { total }),
      visited: visitedOf(own),
    }
  }
}

/** All that a page can need of a partition, from the same snapshot. */
async function withFurther({ datastoreId, search, limit }: Request, own: Own): Promise<Own> {
  const { partition, page, rows } = own
  const further = await partition.catalog.imageSets.search({
    ...{ datastoreId, search, snapshotVersion: page.snapshotVersion },
    ...{ after: positionOf(search, rows.at(-1)!), limit: limit - rows.length },
  })
  return { ...own, rows: [...rows, ...further.rows], hasMore: false, further }
}

function orderOf({ search, limit }: Request, own: readonly Own[]): readonly Merged<ImageSetSummary>[] {
  const { sortOrder } = search.sort
  // Of equal keys those of a lower partition come first, and in a partition those with a lower row id, as they are.
  const place = (row: ImageSetSummary): Position => ({ ...positionOf(search, row), rowId: 0 })
  return mergeSorted(
    own.map(({ rows }) => rows),
    { compare: (a, b) => comparePositions(sortOrder, place(a), place(b)), limit },
  )
}

/** The study that all results are of. */
function studyOf({ filters }: Search): string | undefined {
  for (const filter of filters) {
    if (filter.attribute === 'DICOMStudyInstanceUID') return filter.equals
  }
  return undefined
}

function inPartition({ after, snapshotVersion, ...search }: Request, partition: Partition): Request {
  return {
    ...search,
    ...(after !== undefined && { after: positionIn(partition, after) }),
    ...(snapshotVersion !== undefined && { snapshotVersion: numberIn(snapshotVersion, partition) }),
  }
}

/** Where a partition continues: of equal keys, those of partitions with lower numbers came before. */
function positionIn({ number }: Partition, { key, rowId }: Position): Position {
  const last = partitionOfRow(rowId)
  if (number === last) return { key, rowId: rowIdInside(rowId) }
  return { key, rowId: number < last ? ROW_IDS : -1 }
}

/**
 * The rows of merged pages. Pages of partitions have the same arrays and rows as long as nothing changes. So have the merged ones, which spares
 * the answer its JSON.
 */
class MergedRows {
  readonly #merged = new WeakMap<
    SearchPage['rows'],
    { readonly of: readonly SearchPage['rows'][]; readonly limit: number; readonly rows: SearchPage['rows'] }
  >()
  readonly #outside = new WeakMap<ImageSetSummary, ImageSetSummary>()

  before({ limit }: Request, own: readonly Own[]): SearchPage['rows'] | undefined {
    const before = this.#merged.get(own[0]!.rows)
    const isSame = before?.limit === limit && before.of.length === own.length
    return isSame && own.every(({ rows }, at) => rows === before.of[at]) ? before.rows : undefined
  }

  of({ limit }: Request, own: readonly Own[], order: readonly Merged<ImageSetSummary>[]): SearchPage['rows'] {
    const rows = order.map(({ row, source }) => this.#rowOutside(own[source]!.partition, row))
    this.#merged.set(own[0]!.rows, { of: own.map((each) => each.rows), limit, rows })
    return rows
  }

  #rowOutside(partition: Partition, row: ImageSetSummary): ImageSetSummary {
    const before = this.#outside.get(row)
    if (before !== undefined) return before
    const outside = { ...row, rowId: rowIdOutside(partition, row.rowId) }
    this.#outside.set(row, outside)
    return outside
  }
}

/** Sums of what the partitions have visited, and the plan of the one that read most. */
function visitedOf(own: readonly Own[]): Visited {
  const first = own.map(({ page }) => page.visited)
  const all = [...first, ...own.flatMap(({ further }) => further?.visited ?? [])]
  const sum = (of: (visited: Visited) => number | undefined, each = all) =>
    each.reduce((total, visited) => total + (of(visited) ?? 0), 0)
  const most = first.reduce((a, b) => (b.leaves + b.rows > a.leaves + a.rows ? b : a))
  return {
    ...most,
    datastorePartitions: own.map(({ partition }) => partition.number),
    partitions: summedPartitions(first),
    leavesMatching: sum(({ leavesMatching }) => leavesMatching, first),
    ...{ leaves: sum((each) => each.leaves), entries: sum((each) => each.entries), rows: sum((each) => each.rows) },
    bound: boundOf(all.map(({ bound }) => bound)),
    ...(first.some(({ words }) => words !== undefined) && {
      words: {
        tokens: sum((each) => each.words?.tokens),
        postings: sum((each) => each.words?.postings),
        compared: sum((each) => each.words?.compared),
        imageSets: sum((each) => each.words?.imageSets),
      },
    }),
    ...(most.count !== undefined && {
      count: {
        ...most.count,
        leavesMatching: sum((each) => each.count?.leavesMatching),
        leaves: sum((each) => each.count?.leaves),
        entries: sum((each) => each.count?.entries),
        bound: boundOf(first.map((each) => each.count?.bound ?? {})),
      },
    }),
  }
}

/** Partitions of the index with the same attributes count as one: an explanation is a header, whatever number of them there is. */
function summedPartitions(all: readonly Visited[]): Visited['partitions'] {
  const same = Map.groupBy(
    all.flatMap(({ partitions }) => partitions),
    ({ attributes, isPrimary }) => JSON.stringify([attributes, isPrimary]),
  )
  return Array.from(same.values(), (some) => ({
    ...some[0]!,
    leaves: some.reduce((sum, { leaves }) => sum + leaves, 0),
    entries: some.reduce((sum, { entries }) => sum + entries, 0),
  }))
}

function boundOf(bounds: readonly Visited['bound'][]): Visited['bound'] {
  const sum = (name: keyof Visited['bound']) =>
    bounds.some((each) => each[name] !== undefined)
      ? { [name]: bounds.reduce((total, each) => total + (each[name] ?? 0), 0) }
      : {}
  return { ...sum('leaves'), ...sum('entries'), ...sum('rows') }
}
