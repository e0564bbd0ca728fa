/**
 * SearchImageSets over partitions: each is asked for the first of its own, at the same time, and the pages are merged. A search for one study
 * asks the partition of the study. The snapshot of a page has the number of a change for each partition that was asked, so that later pages ask
 * the same ones.
 */
import { comparePositions, type Position, positionOf, type Search } from '../../imaging/search/search.ts'
import type { ImageSets } from '../catalog/image-set-repository.ts'
import type { ImageSetSummary, SearchPage, Visited } from '../catalog/search-repository.ts'
import { mergeSorted } from './merge.ts'
import { partitionOfRow, ROW_IDS, rowIdInside, rowIdOutside } from './numbers.ts'
import type { Partition, Partitions } from './placement.ts'
import { askedIn, numberIn, snapshotOf } from './snapshots.ts'
import type { StudyPlaces } from './study-places.ts'

type Request = Parameters<ImageSets['search']>[0]

/** The page of one partition. */
interface Own {
  readonly partition: Partition
  readonly page: SearchPage
}

export function searchOver(studies: StudyPlaces): (request: Request, partitions: Partitions) => Promise<SearchPage> {
  const rows = new MergedRows()

  async function pagesOf(request: Request, partitions: Partitions): Promise<readonly Own[]> {
    const { datastoreId, search, snapshotVersion } = request
    const pageOf = async (partition: Partition): Promise<Own> => ({
      partition,
      page: await partition.catalog.imageSets.search(inPartition(request, partition)),
    })
    if (snapshotVersion !== undefined) return Promise.all(askedIn(partitions, snapshotVersion).map(pageOf))
    const studyInstanceUID = studyOf(search)
    if (studyInstanceUID === undefined) return Promise.all(partitions.map(pageOf))
    return [await studies.read({ datastoreId, studyInstanceUID }, pageOf, ({ page }) => page.rows.length === 0)]
  }

  return async (request, partitions) => {
    const own = await pagesOf(request, partitions)
    const snapshots = new Map(own.map(({ partition, page }) => [partition, page.snapshotVersion]))
    const total = own.every(({ page }) => page.total !== undefined)
      ? own.reduce((sum, { page }) => sum + page.total!, 0)
      : undefined
    return {
      datastore: own[0]!.page.datastore,
      rows: rows.of(request, own),
      snapshotVersion: snapshotOf(partitions, snapshots),
      ...(total !== undefined && { total }),
      visited: visitedOf(own),
    }
  }
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
    { readonly of: readonly SearchPage['rows'][]; readonly rows: SearchPage['rows'] }
  >()
  readonly #outside = new WeakMap<ImageSetSummary, ImageSetSummary>()

  of({ search, limit }: Request, own: readonly Own[]): SearchPage['rows'] {
    const sources = own.map(({ page }) => page.rows)
    const before = this.#merged.get(sources[0]!)
    if (before?.of.length === sources.length && sources.every((rows, at) => rows === before.of[at])) return before.rows
    const { sortOrder } = search.sort
    // Of equal keys those of a lower partition come first, and in a partition those with a lower row id, as they are.
    const place = (row: ImageSetSummary): Position => ({ ...positionOf(search, row), rowId: 0 })
    const merged = mergeSorted(sources, {
      compare: (a, b) => comparePositions(sortOrder, place(a), place(b)),
      limit,
    })
    const rows = merged.map(({ row, source }) => this.#rowOutside(own[source]!.partition, row))
    this.#merged.set(sources[0]!, { of: sources, rows })
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
  const all = own.map(({ page }) => page.visited)
  const sum = (of: (visited: Visited) => number | undefined) => all.reduce((total, each) => total + (of(each) ?? 0), 0)
  const most = all.reduce((a, b) => (b.leaves + b.rows > a.leaves + a.rows ? b : a))
  return {
    ...most,
    datastorePartitions: own.map(({ partition }) => partition.number),
    partitions: summedPartitions(all),
    ...{ leavesMatching: sum((each) => each.leavesMatching), leaves: sum((each) => each.leaves) },
    ...{ entries: sum((each) => each.entries), rows: sum((each) => each.rows) },
    bound: boundOf(all.map(({ bound }) => bound)),
    ...(all.some(({ words }) => words !== undefined) && {
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
        bound: boundOf(all.map((each) => each.count?.bound ?? {})),
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
