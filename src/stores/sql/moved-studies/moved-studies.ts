/**
 * Studies that the hash of their StudyInstanceUID places in this partition, and that another partition has instead: an update gave their
 * StudyInstanceUID to an image set there. A row is never deleted, so that a partition that was read here stays the right one. What makes an image
 * set of a study checks in its transaction that the study has no row here, and a row is inserted only while the partition has nothing of the study.
 * So each study has image sets in one partition.
 */
import { type MovedStudies, type PartitionRecords, StudiesMoved } from '../../catalog/partition-repository.ts'
import { DATASTORE_NUMBER } from '../datastores/datastore-number.ts'
import { LOCKED } from '../engine/differences.ts'
import { all, allOfMany, one, type Sql } from '../engine/statement.ts'
import { lockChanges } from '../history/changes.ts'
import { digestOfKey } from '../rows/grouping-columns.ts'
import { insertRows } from '../rows/insert-rows.ts'

interface MovedRow {
  readonly study_digest: string
  readonly partition: number
}

const MOVED = 'SELECT study_digest, partition FROM moved_studies WHERE datastore ='

export function* movedStudies(datastoreId: string, studyInstanceUIDs: readonly string[]): Sql<MovedStudies> {
  const uidOf = new Map(studyInstanceUIDs.map((uid) => [digestOfKey(uid), uid]))
  const rows = yield* allOfMany<MovedRow>(
    (marks) => `${MOVED} ${DATASTORE_NUMBER} AND study_digest IN (${marks})`,
    [datastoreId],
    [...uidOf.keys()],
  )
  return new Map(rows.map((row) => [uidOf.get(row.study_digest)!, row.partition]))
}

/** For a transaction that has locked what `keepStudyIn` locks: its import job, or the changes of the data store. @throws StudiesMoved */
export function* assertNoneMoved(datastore: number, studyInstanceUIDs: Iterable<string>): Sql<void> {
  const uidOf = new Map(Array.from(new Set(studyInstanceUIDs), (uid) => [digestOfKey(uid), uid]))
  const rows = yield* allOfMany<MovedRow>(
    (marks) => `${MOVED} ? AND study_digest IN (${marks})`,
    [datastore],
    [...uidOf.keys()],
  )
  if (rows.length === 0) return
  throw new StudiesMoved(new Map(rows.map((row) => [uidOf.get(row.study_digest)!, row.partition])))
}

export function* keepStudyIn({
  datastoreId,
  studyInstanceUID,
  partition,
}: Parameters<PartitionRecords['keepStudyIn']>[0]): Sql<Awaited<ReturnType<PartitionRecords['keepStudyIn']>>> {
  const store = yield* one<{ datastore: number }>(
    `SELECT datastore FROM datastores WHERE datastore_id = ? ${LOCKED}`,
    datastoreId,
  )
  if (store === undefined) return 'absent'
  const { datastore } = store
  // Files are recorded under the lock of their job, image sets are published and updated under that of the changes.
  yield* all(`SELECT job FROM import_jobs WHERE datastore = ? AND ended_at IS NULL ORDER BY job ${LOCKED}`, datastore)
  yield* lockChanges(datastore)
  const digest = digestOfKey(studyInstanceUID)
  const moved = yield* one<MovedRow>(`${MOVED} ? AND study_digest = ?`, datastore, digest)
  if (moved !== undefined) return moved.partition === partition ? 'kept' : 'elsewhere'
  const imageSet = yield* one(
    'SELECT 1 AS found FROM image_sets WHERE datastore = ? AND study_instance_uid = ? AND deleted_at IS NULL LIMIT 1',
    ...[datastore, studyInstanceUID],
  )
  if (imageSet !== undefined) return 'elsewhere'
  if (yield* isBeingImported(datastore, studyInstanceUID)) return 'being-imported'
  yield* insertRows('moved_studies', [{ datastore, study_digest: digest, partition }])
  return 'kept'
}

/** Whether a group of the study waits to be published. */
function* isBeingImported(datastore: number, studyInstanceUID: string): Sql<boolean> {
  // How the JSON of a key begins (imaging/grouping.ts).
  const beginning = `[${JSON.stringify(studyInstanceUID)},`
  const row = yield* one(
    `SELECT 1 AS found FROM import_groups WHERE row_id IS NULL AND substr(grouping_key, 1, ?) = ?
     AND job IN (SELECT job FROM import_jobs WHERE datastore = ? AND ended_at IS NULL) LIMIT 1`,
    ...[[...beginning].length, beginning, datastore],
  )
  return row !== undefined
}
