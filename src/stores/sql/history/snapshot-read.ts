/** Which snapshot of a data store a search reads. */
import { OtherPartitions, type SnapshotVersion } from '../../catalog/search-repository.ts'

/**
 * The one that is asked for, as far as it is kept; the latest one if none is. Here is one partition: its snapshots have one number.
 * @throws OtherPartitions
 */
export function snapshotRead(
  asked: SnapshotVersion | undefined,
  { latest, oldest }: { readonly latest: number; readonly oldest: number },
): number {
  if (asked === undefined) return latest
  if (typeof asked !== 'number') throw new OtherPartitions()
  return Math.min(Math.max(asked, oldest), latest)
}
