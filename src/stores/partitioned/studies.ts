/** Studies of all partitions: each is asked for the first of its own, which are merged; a search for named studies asks their partitions. */
import { comparedText } from '../../imaging/dicomweb-search/match.ts'
import type { FoundStudy, Studies, StudyPage, StudyPosition } from '../catalog/study-repository.ts'
import { comparePositions, orderOf, type StudyOrder } from '../sql/studies/study-order.ts'
import { mergeSorted } from './merge.ts'
import { isInControl, type Partition, type Partitions, type Placement } from './placement.ts'
import { askedIn, numberIn, snapshotOf } from './snapshots.ts'
import type { StudyPlaces } from './study-places.ts'

type Request = Parameters<Studies['search']>[0]

export function partitionedStudies(placement: Placement, places: StudyPlaces): Studies {
  async function askedFor(request: Request, partitions: Partitions): Promise<readonly Partition[]> {
    const snapshot = request.after?.snapshotVersion
    if (snapshot !== undefined) return askedIn(partitions, snapshot)
    const uids = studiesNamed(request)
    if (uids === undefined) return partitions
    return [...new Set((await places.find(request.datastoreId, uids)).values())]
  }
  return {
    async search(request) {
      const partitions = await placement.of(request.datastoreId)
      if (isInControl(partitions)) return placement.control.studies.search(request)
      return mergedPage(request, { partitions, asked: await askedFor(request, partitions) })
    },
    forgetSearches(datastoreId) {
      for (const { catalog } of placement.opened) catalog.studies.forgetSearches(datastoreId)
    },
  }
}

/** The studies that all results are among. */
function studiesNamed({ criteria }: Request): readonly string[] | undefined {
  for (const { keyword, match } of criteria) {
    if (keyword === 'StudyInstanceUID' && match.kind === 'equal' && match.values.length > 0)
      return match.values.map((text) => comparedText('UI', text))
  }
  return undefined
}

/** A position of the data store: that in the partition, and the number of the partition. */
interface Placed {
  readonly study: FoundStudy
  readonly position: StudyPosition
}

async function mergedPage(
  request: Request,
  { partitions, asked }: { readonly partitions: Partitions; readonly asked: readonly Partition[] },
): Promise<StudyPage> {
  const { after, offset, limit } = request
  const order = orderOf(request.order)
  const wanted = offset + limit
  const pages = await Promise.all(
    asked.map((partition) => {
      const { after: _, ...search } = request
      return partition.catalog.studies.search({
        ...search,
        ...(after !== undefined && {
          after: {
            position: positionIn(partition, order, after.position),
            snapshotVersion: numberIn(after.snapshotVersion, partition),
          },
        }),
        offset: 0,
        limit: wanted,
      })
    }),
  )
  const merged = mergeSorted(
    pages.map(({ rows, positions }, at) =>
      rows.map((study, index): Placed => ({ study, position: [...positions[index]!, asked[at]!.number] })),
    ),
    { compare: (a, b) => comparePlaced(order, a.position, b.position), limit: wanted + 1 },
  )
  const page = merged.slice(offset, wanted).map(({ row }) => row)
  const hasMore = merged.length > wanted || (merged.length === wanted && pages.some(({ next }) => next !== undefined))
  const snapshots = new Map(pages.map(({ snapshotVersion }, at) => [asked[at]!, snapshotVersion]))
  return {
    datastore: pages[0]!.datastore,
    rows: page.map(({ study }) => study),
    positions: page.map(({ position }) => position),
    next: hasMore ? (page.at(-1)?.position ?? after?.position) : undefined,
    snapshotVersion: snapshotOf(partitions, snapshots),
    ...(pages.every(({ total }) => total !== undefined) && {
      total: pages.reduce((sum, { total }) => sum + total!, 0),
    }),
  }
}

/** Studies with equal keys: by partition, then in the order of the partition. */
function comparePlaced(order: StudyOrder, a: StudyPosition, b: StudyPosition): number {
  const byKeys = comparePositions({ ...order, columns: order.columns.slice(0, -1) }, a, b)
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
