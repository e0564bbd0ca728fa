/** The snapshot of a data store with several partitions: the number of a change in each that was asked for the first page. */
import { OtherPartitions, type SnapshotVersion } from '../catalog/search-repository.ts'
import type { Partition, Partitions } from './placement.ts'

/** In the place of the number of a change. */
const NOT_ASKED = -1

export const snapshotOf = (partitions: Partitions, numbers: ReadonlyMap<Partition, SnapshotVersion>): SnapshotVersion =>
  partitions.map((partition) => (numbers.get(partition) as number | undefined) ?? NOT_ASKED)

/** The partitions that later pages ask. @throws OtherPartitions */
export function askedIn(partitions: Partitions, snapshot: SnapshotVersion): readonly Partition[] {
  if (typeof snapshot === 'number' || snapshot.length !== partitions.length) throw new OtherPartitions()
  return partitions.filter((partition) => numberIn(snapshot, partition) !== NOT_ASKED)
}

export const numberIn = (snapshot: SnapshotVersion, { number }: Partition): number =>
  typeof snapshot === 'number' ? snapshot : (snapshot[number - 1] ?? NOT_ASKED)
