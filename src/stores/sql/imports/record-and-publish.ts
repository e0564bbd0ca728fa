/** Records files and publishes their groups in one transaction, with documents that were made before the groups had numbers. */
import { groupingKey } from '../../../imaging/grouping.ts'
import { type GeneratedImageSet, type GroupDocuments, ImageSetChanged } from '../../catalog/image-set-records.ts'
import type { ImportJobs, Lease, StoredFile } from '../../catalog/import-job-repository.ts'
import type { SearchUpkeep } from '../../search/maintenance/update-index.ts'
import { allOfMany, type Sql } from '../engine/statement.ts'
import { record } from './import-files.ts'
import { publish } from './publish.ts'

type Batch = Parameters<ImportJobs['recordAndPublish']>[1]

export function* recordAndPublish(
  lease: Lease,
  { files, digests, documents, at }: Batch,
  {
    partition,
    ...over
  }: { readonly partition: number; readonly newIdSuffix: () => string; readonly upkeep: SearchUpkeep },
): Sql<readonly GeneratedImageSet[]> {
  const groupOf = yield* record(lease, { files, digests, partition })
  const { byGroup, groups } = documents
  const keys = groups.map(({ elements }) => groupingKey(elements))
  const numberOf = new Map([...groupOf].map(([file, number]) => [groupingKey(file.grouping), number]))
  const numbered = groups.map((group, index) => ({ ...group, groupId: numberOf.get(keys[index]!)! }))
  yield* assertAllDescribed(groupOf, numbered)
  const ofNumbers: GroupDocuments = {
    ...documents,
    byGroup: new Map(numbered.map(({ groupId }, index) => [groupId, byGroup.get(groups[index]!.groupId)!])),
  }
  return yield* publish({ lease, groups: numbered, at, documents: ofNumbers, ...over })
}

/** @throws ImageSetChanged if a group has files that were recorded before: the documents lack them */
function* assertAllDescribed(
  groupOf: ReadonlyMap<StoredFile, number>,
  groups: readonly { readonly groupId: number }[],
): Sql<void> {
  const rows = yield* allOfMany<{ files: number }>(
    (marks) => `SELECT count(*) AS files FROM import_files WHERE group_id IN (${marks})`,
    [],
    groups.map(({ groupId }) => groupId),
  )
  const files = rows.reduce((sum, row) => sum + row.files, 0)
  if (files !== groupOf.size) throw new ImageSetChanged()
}
