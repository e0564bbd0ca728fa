/**
 * Makes a group of recorded files visible: as a new image set, or as the next version of the primary one that has their series
 * already. Versions, instances and search row change in one transaction; a group that has its image set is only told again.
 */
import assert from 'node:assert/strict'
import { placeGroup } from '../../imaging/grouping.ts'
import type { GeneratedImageSet, Lease, WaitingGroup } from '../catalog.ts'
import { forgetPast, keepPast } from './changes.ts'
import { ELEMENT_COLUMNS, elementsOfKey, elementValues, primariesOfStudy } from './grouping-columns.ts'
import { imageSetIdOf, newIdTail } from './image-set-id.ts'
import { type LeasedJob, underLease } from './lease.ts'
import type { SearchUpkeep } from './search-upkeep.ts'
import { all, insertAll, one, run, type Sql, type SqlValue } from './statement.ts'
import { withCounts } from './summary-tags.ts'

interface GroupRow {
  readonly group_id: number
  readonly grouping_key: string
  readonly study_instant: number | null
  readonly tags: string
  readonly seq: number | null
  readonly id_tail: string | null
  readonly version: number | null
  readonly is_primary: number | null
  readonly matched_instances: number | null
}

interface Published {
  readonly seq: number
  readonly idTail: string
  readonly version: number
  readonly isPrimary: boolean
}

interface Change {
  readonly number: number
  readonly at: number
}

const SELECT_GROUP = `SELECT group_id, grouping_key, study_instant, tags, seq, version, is_primary, matched_instances,
  (SELECT id_tail FROM image_sets WHERE seq = import_groups.seq) AS id_tail FROM import_groups WHERE group_id = ? AND job = ?`

export function* publish(request: {
  readonly lease: Lease
  readonly group: WaitingGroup
  readonly at: number
  readonly newId: () => string
  readonly upkeep: SearchUpkeep
}): Sql<GeneratedImageSet> {
  const { lease, at, newId, upkeep } = request
  const leased = yield* underLease(lease)
  const group = yield* one<GroupRow>(SELECT_GROUP, request.group.groupId, leased.job)
  assert(group, 'a group is published under the lease of its own job')
  if (group.seq !== null) return toldAgain(group)

  const elements = elementsOfKey(group.grouping_key)
  // Before the study is looked at: two workers that bring parts of one study must not both find it empty.
  const change = { number: yield* upkeep.beginChange(), at }
  const placement = placeGroup(elements, yield* primariesOfStudy(leased.datastore, elements.StudyInstanceUID))
  const counted = yield* countInstances(group.group_id)
  const { instances } = counted
  const published =
    placement.place === 'extend'
      ? yield* extend({ group, seq: placement.seq, counted, change, upkeep })
      : yield* create({ group, leased, isPrimary: placement.place === 'new-primary', counted, change, newId, upkeep })
  yield* run(
    'UPDATE import_groups SET seq = ?, version = ?, is_primary = ?, matched_instances = ? WHERE group_id = ?',
    ...[published.seq, published.version, published.isPrimary ? 1 : 0, instances, group.group_id],
  )
  yield* run('UPDATE import_jobs SET attempts = 0 WHERE job = ? AND attempts <> 0', leased.job)
  return generated(published, instances)
}

const generated = (published: Published, instances: number): GeneratedImageSet => ({
  imageSetId: imageSetIdOf(published.seq, published.idTail),
  imageSetVersion: published.version,
  isPrimary: published.isPrimary,
  numberOfMatchedSOPInstances: instances,
})

const toldAgain = (group: GroupRow): GeneratedImageSet =>
  generated(
    { seq: group.seq!, idTail: group.id_tail!, version: group.version!, isPrimary: group.is_primary === 1 },
    group.matched_instances!,
  )

interface Counted {
  readonly files: number
  /** Fewer than the files where some have one SOPInstanceUID. */
  readonly instances: number
}

function* countInstances(groupId: number): Sql<Counted> {
  const row = yield* one<Counted>(
    'SELECT count(*) AS files, count(DISTINCT sop_instance_uid) AS instances FROM import_files WHERE group_id = ?',
    groupId,
  )
  return row!
}

const NEW_COLUMNS = [
  ...[
    'id_tail',
    'datastore',
    'version',
    'image_set_state',
    'workflow_status',
    'is_primary',
    'created_at',
    'updated_at',
  ],
  ...['last_accessed_at', 'changed_in', 'instance_count', 'tags', 'study_instant', ...ELEMENT_COLUMNS],
]

function* create(request: {
  readonly group: GroupRow
  readonly leased: LeasedJob
  readonly isPrimary: boolean
  readonly counted: Counted
  readonly change: Change
  readonly newId: () => string
  readonly upkeep: SearchUpkeep
}): Sql<Published> {
  const { group, leased, isPrimary, counted, change, upkeep } = request
  const { instances } = counted
  const idTail = newIdTail(request.newId)
  const row: readonly SqlValue[] = [
    ...[idTail, leased.datastore, 1, 'ACTIVE', 'CREATED', isPrimary ? 1 : 0, change.at, change.at, change.at],
    ...[change.number, instances, withCounts(group.tags, { instances }), group.study_instant],
    ...elementValues(elementsOfKey(group.grouping_key)),
  ]
  const [made] = yield* insertAll<{ seq: number }>('image_sets', {
    columns: NEW_COLUMNS,
    rows: [row],
    suffix: 'RETURNING seq',
  })
  const published = { seq: made!.seq, idTail, version: 1, isPrimary }
  yield* upkeep.add(yield* upkeep.indexed(published.seq))
  yield* addVersion(published, { workflowStatus: 'CREATED', updatedAt: change.at })
  yield* addInstances(published, group.group_id, counted)
  return published
}

function* extend(request: {
  readonly group: GroupRow
  readonly seq: number
  readonly counted: Counted
  readonly change: Change
  readonly upkeep: SearchUpkeep
}): Sql<Published> {
  const { group, seq, counted, change, upkeep } = request
  const { instances } = counted
  const indexedBefore = yield* upkeep.indexed(seq)
  const before = yield* one<{ id_tail: string; version: number; updated_at: number; instance_count: number }>(
    'SELECT id_tail, version, updated_at, instance_count FROM image_sets WHERE seq = ?',
    seq,
  )
  const published = { seq, idTail: before!.id_tail, version: before!.version + 1, isPrimary: true }
  yield* keepPast(seq, change)
  yield* forgetPast(change.at)
  const superseded = yield* all(
    `UPDATE instances SET removed_in = ? WHERE seq = ? AND removed_in IS NULL
     AND sop_instance_uid IN (SELECT sop_instance_uid FROM import_files WHERE group_id = ?) RETURNING 1 AS superseded`,
    ...[published.version, seq, group.group_id],
  )
  yield* addInstances(published, group.group_id, counted)
  const held = before!.instance_count - superseded.length + instances
  // A clock that was set back does not make a later version look older than an earlier one.
  const updatedAt = Math.max(change.at, before!.updated_at)
  yield* run(
    `UPDATE image_sets SET version = ?, workflow_status = 'IMPORTED', updated_at = ?, last_accessed_at = ?, changed_in = ?,
     instance_count = ?, tags = ?, study_instant = ? WHERE seq = ?`,
    ...[published.version, updatedAt, updatedAt, change.number, held, withCounts(group.tags, { instances: held })],
    ...[group.study_instant, seq],
  )
  yield* upkeep.move(indexedBefore, yield* upkeep.indexed(seq))
  yield* addVersion(published, { workflowStatus: 'IMPORTED', updatedAt })
  return published
}

function* addVersion(
  published: Published,
  { workflowStatus, updatedAt }: { workflowStatus: string; updatedAt: number },
): Sql<void> {
  yield* run(
    'INSERT INTO image_set_versions (seq, version, workflow_status, is_primary, updated_at) VALUES (?, ?, ?, ?, ?)',
    ...[published.seq, published.version, workflowStatus, published.isPrimary ? 1 : 0, updatedAt],
  )
}

/** Files are numbered in the order of their keys: of those with one SOPInstanceUID the greatest number came last. */
function* addInstances({ seq, version }: Published, groupId: number, { files, instances }: Counted): Sql<void> {
  const last = 'file IN (SELECT max(file) FROM import_files WHERE group_id = ? GROUP BY sop_instance_uid)'
  yield* run(
    `INSERT INTO instances
       (seq, sop_instance_uid, added_in, blob, offset_bytes, size_bytes, transfer_syntax_uid, sop_class_uid)
     SELECT CAST(? AS BIGINT), sop_instance_uid, CAST(? AS BIGINT), blob, offset_bytes, size_bytes, transfer_syntax_uid, sop_class_uid
     FROM import_files WHERE ${files === instances ? 'group_id = ?' : last}`,
    ...[seq, version, groupId],
  )
}
