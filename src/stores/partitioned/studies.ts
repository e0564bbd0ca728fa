/** Studies of all partitions: each is asked for the first of its own, which are merged. */
import type { FoundStudy, Studies, StudyPage, StudyPosition } from '../catalog/study-repository.ts'
import { comparePositions, orderOf, type StudyOrder } from '../sql/studies/study-order.ts'
import { mergeSorted } from './merge.ts'
import { CONTROL, type Partition, type Placement } from './placement.ts'

type Request = Parameters<Studies['search']>[0]

export const partitionedStudies = (placement: Placement): Studies => ({
  async search(request) {
    const partitions = await placement.of(request.datastoreId)
    if (partitions[0].number === CONTROL) return placement.control.studies.search(request)
    return mergedPage(request, partitions)
  },
  forgetSearches(datastoreId) {
    for (const { catalog } of placement.opened) catalog.studies.forgetSearches(datastoreId)
  },
})

/** A position of the data store: that in the partition, and the number of the partition. */
interface Placed {
  readonly study: FoundStudy
  readonly position: StudyPosition
}

async function mergedPage(request: Request, partitions: readonly Partition[]): Promise<StudyPage> {
  const { after, offset, limit } = request
  const order = orderOf(request.order)
  const wanted = offset + limit
  const pages = await Promise.all(
    partitions.map((partition, at) => {
      const { after: _, ...search } = request
      return partition.catalog.studies.search({
        ...search,
        ...(after !== undefined && {
          after: { position: positionIn(partition, order, after.position), snapshotVersion: snapshotAt(after, at) },
        }),
        offset: 0,
        limit: wanted,
      })
    }),
  )
  const merged = mergeSorted(
    pages.map(({ rows, positions }, at) =>
      rows.map((study, index): Placed => ({ study, position: [...positions[index]!, partitions[at]!.number] })),
    ),
    { compare: (a, b) => comparePlaced(order, a.position, b.position), limit: wanted + 1 },
  )
  const page = merged.slice(offset, wanted)
  const hasMore = merged.length > wanted || (merged.length === wanted && pages.some(({ next }) => next !== undefined))
  return {
    datastore: pages[0]!.datastore,
    rows: page.map(({ study }) => study),
    positions: page.map(({ position }) => position),
    next: hasMore ? (page.at(-1)?.position ?? after?.position) : undefined,
    snapshotVersion: pages.map(({ snapshotVersion }) => snapshotVersion as number),
    ...(pages.every(({ total }) => total !== undefined) && {
      total: pages.reduce((sum, { total }) => sum + total!, 0),
    }),
  }
}

const snapshotAt = ({ snapshotVersion }: NonNullable<Request['after']>, at: number): number =>
  typeof snapshotVersion === 'number' ? snapshotVersion : (snapshotVersion[at] ?? 0)

const keysOf = ({ columns }: StudyOrder): StudyOrder['columns'] => columns.slice(0, -1)

/** Studies with equal keys: by partition, then in the order of the partition. */
function comparePlaced(order: StudyOrder, a: StudyPosition, b: StudyPosition): number {
  const byKeys = comparePositions({ ...order, columns: keysOf(order) }, a, b)
  if (byKeys !== 0) return byKeys
  const byPartition = (a.at(-1) as number) - (b.at(-1) as number)
  return byPartition === 0 ? comparePositions(order, a, b) : byPartition
}

/** Where a partition continues: of studies with equal keys, those of partitions with lower numbers came before. */
function positionIn({ number }: Partition, order: StudyOrder, position: StudyPosition): StudyPosition {
  const [keys, last] = [position.slice(0, -1), position.at(-1) as number]
  if (number === last) return keys
  const isDescending = order.columns.at(-1)!.descending
  const areAllBefore = number < last
  const study = areAllBefore === isDescending ? -1 : Number.MAX_SAFE_INTEGER
  return [...keys.slice(0, -1), study]
}
