/** What unpublished groups will become if no other job publishes before: metadata documents are joined from it. */
import assert from 'node:assert/strict'
import { type GroupingElements, placeGroup } from '../../../imaging/grouping.ts'
import type { ImageSetVersion, NextVersion, UnpublishedGroup } from '../../catalog/image-set-records.ts'
import { datastoreNumber } from '../datastores/datastore-number.ts'
import { allOfMany, one, type Sql } from '../engine/statement.ts'
import { type InstanceRecordRow, recordOf, selectRecords } from '../image-sets/instance-records.ts'
import { primariesOfStudies } from '../rows/grouping-columns.ts'
import { imageSetIdOf } from '../rows/image-set-id.ts'

/** Of files with the same SOPInstanceUID the last one counts. */
export function* nextVersions(jobId: string, groups: readonly UnpublishedGroup[]): Sql<readonly NextVersion[]> {
  const job = yield* one<{ datastore: number }>('SELECT datastore FROM import_jobs WHERE job_id = ?', jobId)
  assert(job, 'groups wait in a job')
  const rows = yield* allOfMany<InstanceRecordRow & { readonly group_id: number; readonly file: number }>(
    (marks) => `${selectRecords('import_files', { columns: 'group_id, file,' })} WHERE group_id IN (${marks})`,
    [],
    groups.map(({ groupId }) => groupId),
  )
  const filesOf = Map.groupBy(rows, (row) => row.group_id)
  const bases = yield* basesOf(
    job.datastore,
    groups.map(({ elements }) => elements),
  )
  return groups.map((group, index) => {
    const files = filesOf.get(group.groupId)!.sort((a, b) => a.file - b.file)
    const last = new Map(files.map((row) => [row.sop_instance_uid, row]))
    const added = files.filter((row) => last.get(row.sop_instance_uid) === row).map(recordOf)
    return { groupId: group.groupId, base: bases[index], added }
  })
}

/** The versions that groups with these elements would extend; undefined where they would be new image sets. */
export function* versionsToExtend(
  datastoreId: string,
  groupings: readonly GroupingElements[],
): Sql<readonly (ImageSetVersion | undefined)[]> {
  const datastore = yield* datastoreNumber(datastoreId)
  assert(datastore, 'store requests are of a data store')
  return yield* basesOf(datastore, groupings)
}

function* basesOf(
  datastore: number,
  groupings: readonly GroupingElements[],
): Sql<readonly (ImageSetVersion | undefined)[]> {
  const studies = groupings.map(({ StudyInstanceUID }) => StudyInstanceUID)
  const standing = yield* primariesOfStudies(datastore, studies)
  const rowIds = groupings.map((elements) => {
    const placement = placeGroup(elements, standing.get(elements.StudyInstanceUID) ?? [])
    return placement.place === 'extend' ? placement.rowId : undefined
  })
  const rows = yield* allOfMany<{ row_id: number; id_suffix: string; version: number }>(
    (marks) => `SELECT row_id, id_suffix, version FROM image_sets WHERE row_id IN (${marks})`,
    [],
    rowIds.filter((rowId) => rowId !== undefined),
  )
  const versionOf = new Map(
    rows.map(({ row_id: rowId, id_suffix, version }) => [
      rowId,
      { imageSetId: imageSetIdOf(rowId, id_suffix), version },
    ]),
  )
  return rowIds.map((rowId) => (rowId === undefined ? undefined : versionOf.get(rowId)!))
}
