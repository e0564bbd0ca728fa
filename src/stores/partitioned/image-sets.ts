/** Image sets of all partitions: an image set and a study are in one, a search asks all of its data store at once and merges. */
import { comparePositions, type Position, positionOf } from '../../imaging/search/search.ts'
import type { ImageSets } from '../catalog/image-set-repository.ts'
import type { ImageSetSummary, SearchPage, SnapshotVersion, Visited } from '../catalog/search-repository.ts'
import { mergeSorted } from './merge.ts'
import { CONTROL, type Partition, type Placement } from './placement.ts'

type Request = Parameters<ImageSets['search']>[0]
type Partitions = readonly [Partition, ...Partition[]]

/** Row ids of a partition have fewer bits (src/stores/sql/rows/image-set-id.ts). */
export const ROW_IDS = 2 ** 36

export function partitionedImageSets(placement: Placement): ImageSets {
  const repositoryOf = async (imageSet: { readonly datastoreId: string; readonly imageSetId: string }) =>
    (await placement.ofImageSet(imageSet)).catalog.imageSets
  const ofStudy = async (study: Parameters<Placement['ofStudy']>[0]) =>
    (await placement.ofStudy(study)).catalog.imageSets
  const merged = new MergedPages()
  return {
    async search(request) {
      const partitions = await placement.of(request.datastoreId)
      if (partitions[0].number === CONTROL) return placement.control.imageSets.search(request)
      return merged.pageOf(request, partitions)
    },
    forgetSearches(datastoreId) {
      for (const { catalog } of placement.opened) catalog.imageSets.forgetSearches(datastoreId)
    },
    get: async (imageSet) => (await repositoryOf(imageSet)).get(imageSet),
    versions: async (imageSet) => (await repositoryOf(imageSet)).versions(imageSet),
    attributes: async (version) => (await repositoryOf(version)).attributes(version),
    instances: async (imageSet) => (await repositoryOf(imageSet)).instances(imageSet),
    frames: async (frames) => (await repositoryOf(frames)).frames(frames),
    instanceRecords: async (version) => (await repositoryOf(version)).instanceRecords(version),
    instancesOfSeries: async (series) => (await ofStudy(series)).instancesOfSeries(series),
    ofStudy: async (study) => (await ofStudy(study)).ofStudy(study),
    idsOfStudy: async (study) => (await ofStudy(study)).idsOfStudy(study),
    representativeInstance: async (of) => (await ofStudy(of)).representativeInstance(of),
    countInstances: async (version) => (await repositoryOf(version)).countInstances(version),
    document: async (version) => (await repositoryOf(version)).document(version),
    async recordAccesses(accesses, options) {
      const placed = await Promise.all(
        accesses.map(async (access) => ({ access, ...(await placement.ofImageSet(access)) })),
      )
      for (const [catalog, some] of Map.groupBy(placed, (each) => each.catalog)) {
        await catalog.imageSets.recordAccesses(
          some.map(({ access }) => access),
          options,
        )
      }
    },
    delete: async (imageSet) => (await repositoryOf(imageSet)).delete(imageSet),
  }
}

/** A row whose `rowId` is that of the whole data store: the number of its partition, then the row id there. */
const placed = ({ number }: Partition, row: ImageSetSummary): ImageSetSummary => ({
  ...row,
  rowId: number * ROW_IDS + row.rowId,
})

/** Where a partition continues: of equal keys, those of partitions with lower numbers come first. */
function positionIn({ number }: Partition, { key, rowId }: Position): Position {
  const last = Math.floor(rowId / ROW_IDS)
  if (number === last) return { key, rowId: rowId % ROW_IDS }
  return { key, rowId: number < last ? ROW_IDS : -1 }
}

/** Of a page without rows: where there is none, a page has no first. */
const NO_SNAPSHOT = 0

/**
 * Merged pages, by the pages of the partitions: these are the same arrays as long as nothing changes, and so are the merged ones, which spares
 * the answer its JSON.
 */
class MergedPages {
  readonly #merged = new WeakMap<
    SearchPage['rows'],
    { readonly of: readonly SearchPage['rows'][]; readonly rows: SearchPage['rows'] }
  >()

  async pageOf(request: Request, partitions: Partitions): Promise<SearchPage> {
    const { after, snapshotVersion, ...search } = request
    const pages = await Promise.all(
      partitions.map((partition, at) =>
        partition.catalog.imageSets.search({
          ...search,
          ...(after !== undefined && { after: positionIn(partition, after) }),
          ...(snapshotVersion !== undefined && { snapshotVersion: snapshotAt(snapshotVersion, at) }),
        }),
      ),
    )
    const [first] = pages
    return {
      datastore: first!.datastore,
      rows: this.#rowsOf(request, partitions, pages),
      snapshotVersion: pages.map((page) => snapshotAt(page.snapshotVersion, 0)),
      ...(pages.every(({ total }) => total !== undefined) && {
        total: pages.reduce((sum, { total }) => sum + total!, 0),
      }),
      visited: visitedOf(pages),
    }
  }

  #rowsOf({ search, limit }: Request, partitions: Partitions, pages: readonly SearchPage[]): SearchPage['rows'] {
    const sources = pages.map(({ rows }) => rows)
    const before = this.#merged.get(sources[0]!)
    if (before !== undefined && sources.every((rows, at) => rows === before.of[at])) return before.rows
    const place = (row: ImageSetSummary) => positionOf(search, row)
    const rows = mergeSorted(
      sources.map((some, at) => some.map((row) => placed(partitions[at]!, row))),
      { compare: (a, b) => comparePositions(search.sort.sortOrder, place(a), place(b)), limit },
    )
    this.#merged.set(sources[0]!, { of: sources, rows })
    return rows
  }
}

function snapshotAt(snapshot: SnapshotVersion, at: number): number {
  if (typeof snapshot === 'number') return snapshot
  return snapshot[at] ?? NO_SNAPSHOT
}

/** Sums of what the partitions have visited. */
function visitedOf(pages: readonly SearchPage[]): Visited {
  const all = pages.map(({ visited }) => visited)
  const sum = (of: (visited: Visited) => number | undefined) => all.reduce((total, each) => total + (of(each) ?? 0), 0)
  const largest = all.reduce((a, b) => (b.leaves + b.rows > a.leaves + a.rows ? b : a))
  const words = all.some((each) => each.words !== undefined)
  return {
    ...largest,
    partitions: all.flatMap(({ partitions }) => partitions),
    ...{ leavesMatching: sum((each) => each.leavesMatching), leaves: sum((each) => each.leaves) },
    ...{ entries: sum((each) => each.entries), rows: sum((each) => each.rows) },
    bound: boundOf(all.map(({ bound }) => bound)),
    ...(words && {
      words: {
        tokens: sum((each) => each.words?.tokens),
        postings: sum((each) => each.words?.postings),
        compared: sum((each) => each.words?.compared),
        imageSets: sum((each) => each.words?.imageSets),
      },
    }),
    ...(largest.count !== undefined && {
      count: {
        ...largest.count,
        leavesMatching: sum((each) => each.count?.leavesMatching),
        leaves: sum((each) => each.count?.leaves),
        entries: sum((each) => each.count?.entries),
        bound: boundOf(all.map((each) => each.count?.bound ?? {})),
      },
    }),
  }
}

function boundOf(bounds: readonly Visited['bound'][]): Visited['bound'] {
  const sum = (name: keyof Visited['bound']) =>
    bounds.some((each) => each[name] !== undefined)
      ? { [name]: bounds.reduce((total, each) => total + (each[name] ?? 0), 0) }
      : {}
  return { ...sum('leaves'), ...sum('entries'), ...sum('rows') }
}
