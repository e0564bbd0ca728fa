/** Which snapshot of a data store a search reads. */
import assert from 'node:assert/strict'
import type { SnapshotVersion } from '../../catalog/search-repository.ts'

/** The one that is asked for, as far as it is kept; the latest one if none is. Here is one partition: its snapshots have one number. */
export function snapshotRead(
  asked: SnapshotVersion | undefined,
  { latest, oldest }: { readonly latest: number; readonly oldest: number },
): number {
  if (asked === undefined) return latest
  assert(typeof asked === 'number', 'a partition has one number of a change')
  return Math.min(Math.max(asked, oldest), latest)
}
