/**
 * Publishes groups of recorded files, each as a new image set or as the next version of the primary image set of its series, in one
 * transaction: versions, instances, search rows and index. A group that was published before is only reported again.
 */
import assert from 'node:assert/strict'
import { type GroupingElements, placeGroup, type StandingImageSet } from '../../../imaging/grouping.ts'
import type { ImportWarning } from '../../../imaging/import-warnings.ts'
import {
  type DocumentsOfGroups,
  type GeneratedImageSet,
  ImageSetLocked,
  type WaitingGroup,
} from '../../catalog/image-set-records.ts'
import type { Lease } from '../../catalog/import-job-repository.ts'
import { indexedOf } from '../../search/indexed-image-set.ts'
import type { IndexChange, SearchUpkeep } from '../../search/maintenance/update-index.ts'
import { addUses } from '../blobs/blob-uses.ts'
import { markPartlyUnreferenced } from '../blobs/compaction.ts'
import { all, allOfMany, one, run, type Sql } from '../engine/statement.ts'
import { keepRowHistory, purgeRowHistory } from '../history/changes.ts'
import { addDocuments } from '../image-sets/documents.ts'
import { elementColumns, elementsOfKey, primariesOfStudies, searchedTextColumns } from '../rows/grouping-columns.ts'
import { imageSetIdOf, newIdSuffix } from '../rows/image-set-id.ts'
import { insertRows, updateRows } from '../rows/insert-rows.ts'
import { INSTANCE_COLUMNS } from '../rows/instance-columns.ts'
import { withCounts } from '../rows/summary-tags.ts'
import type { RowOf } from '../rows/tables.ts'
import { isStudyUpdated } from '../workflows/study-updates.ts'
import { type LeasedJob, underLease } from './lease.ts'

type GroupRow = { readonly id_suffix: string | null } & Omit<RowOf<'import_groups'>, 'job' | 'grouping_digest'>

interface CountRow {
  readonly group_id: number
  readonly files: number
  /** Fewer than the files where some have one SOPInstanceUID. */
  readonly instances: number
}

/** A group on its way to its image set. */
interface Placed {
  readonly group: GroupRow
  readonly elements: GroupingElements
  readonly files: number
  readonly instances: number
  readonly isPrimary: boolean
}

interface Published extends Placed {
  readonly rowId: number
  readonly idSuffix: string
  readonly version: number
  readonly updatedAt: number
  readonly change: IndexChange
}

interface Change {
  readonly number: number
  readonly at: number
}

export function* publish(request: {
  readonly lease: Lease
  readonly groups: readonly WaitingGroup[]
  readonly at: number
  readonly documents: DocumentsOfGroups
  readonly newId: () => string
  readonly upkeep: SearchUpkeep
}): Sql<readonly GeneratedImageSet[]> {
  const { lease, at, documents, newId, upkeep } = request
  const leased = yield* underLease(lease)
  const rows = yield* groupsOf(leased.job, request.groups)
  const generatedOf = new Map<number, GeneratedImageSet>()
  for (const row of rows.values()) if (row.row_id !== null) generatedOf.set(row.group_id, generatedBefore(row))
  const groups = [...rows.values()].filter((row) => row.row_id === null)
  if (groups.length > 0) {
    // Before the studies are looked at: two workers that bring parts of one study must not both find it empty.
    const change = { number: yield* upkeep.beginChange(), at }
    const published = yield* publishWaiting(groups, { leased, change, newId, upkeep })
    const documentBlob = yield* addDocuments(leased.job, published.map(versionOf), documents)
    yield* addVersions(published, { documents, documentBlob })
    yield* addWarnings(published, documents)
    yield* addBlobUses(published, documentBlob)
    yield* markPartlyUnreferenced(yield* blobsOfFilesNotShown(published), at)
    // What comes between this transaction and the next may make the other documents anew, elsewhere.
    if (documents.ofGroups.size > published.length) yield* markPartlyUnreferenced([documentBlob], at)
    yield* upkeep.apply(published.map(({ change }) => change))
    for (const each of published) generatedOf.set(each.group.group_id, generated(each, each.instances))
    yield* run('UPDATE import_jobs SET attempts = 0 WHERE job = ? AND attempts <> 0', leased.job)
  }
  return request.groups.map(({ groupId }) => generatedOf.get(groupId)!)
}

/** In the order in which they were asked for, each once. */
function* groupsOf(job: number, groups: readonly WaitingGroup[]): Sql<ReadonlyMap<number, GroupRow>> {
  const ids = groups.map(({ groupId }) => groupId)
  const rows = yield* allOfMany<GroupRow>(
    (marks) =>
      `SELECT group_id, grouping_key, study_timestamp, tags, attributes_blob, attributes_offset_bytes, attributes_size_bytes, row_id, version,
       is_primary, matched_instances,
       (SELECT id_suffix FROM image_sets WHERE row_id = import_groups.row_id) AS id_suffix
       FROM import_groups WHERE job = ? AND group_id IN (${marks})`,
    [job],
    ids,
  )
  const found = new Map(rows.map((row) => [row.group_id, row]))
  return new Map(
    ids.map((id) => {
      const row = found.get(id)
      assert(row, 'a group is published under the lease of its own job')
      return [id, row]
    }),
  )
}

const generated = (
  { rowId, idSuffix, version, isPrimary }: Pick<Published, 'rowId' | 'idSuffix' | 'version' | 'isPrimary'>,
  instances: number,
): GeneratedImageSet => ({
  imageSetId: imageSetIdOf(rowId, idSuffix),
  imageSetVersion: version,
  isPrimary,
  numberOfMatchedSOPInstances: instances,
})

const versionOf = ({ group, rowId, idSuffix, version }: Published) => ({
  groupId: group.group_id,
  rowId,
  idSuffix,
  version,
})

const generatedBefore = (group: GroupRow): GeneratedImageSet =>
  generated(
    { rowId: group.row_id!, idSuffix: group.id_suffix!, version: group.version!, isPrimary: group.is_primary === 1 },
    group.matched_instances!,
  )

interface Publishing {
  readonly leased: LeasedJob
  readonly change: Change
  readonly newId: () => string
  readonly upkeep: SearchUpkeep
}

function* publishWaiting(groups: readonly GroupRow[], publishing: Publishing): Sql<readonly Published[]> {
  const { leased, change } = publishing
  const counts = yield* countFiles(groups)
  const elementsOf = new Map(groups.map((group) => [group, elementsOfKey(group.grouping_key)]))
  const standing = yield* primariesOfStudies(
    leased.datastore,
    [...elementsOf.values()].map(({ StudyInstanceUID }) => StudyInstanceUID),
  )
  if (yield* isStudyUpdated([...standing.values()].flat().map(({ rowId }) => rowId))) throw new ImageSetLocked()
  const created: Placed[] = []
  const extended: (Placed & { readonly rowId: number })[] = []
  for (const [group, elements] of elementsOf) {
    const primaries: StandingImageSet[] = standing.get(elements.StudyInstanceUID) ?? []
    const placement = placeGroup(elements, primaries)
    const { files, instances } = counts.get(group.group_id)!
    const placed = { group, elements, files, instances, isPrimary: placement.place !== 'new-non-primary' }
    if (placement.place === 'extend') {
      extended.push({ ...placed, rowId: placement.rowId })
      continue
    }
    created.push(placed)
    // It stands from here for those that follow. None of them extends it: they would have the same key, and be the same group.
    if (placed.isPrimary) standing.set(elements.StudyInstanceUID, [...primaries, { rowId: Number.NaN, elements }])
  }
  const published = [...(yield* create(created, publishing))]
  for (const each of extended) published.push(yield* extend(each, publishing))
  if (extended.length > 0) yield* purgeRowHistory({ at: change.at, added: extended.length })
  yield* updateRows(
    'import_groups',
    'group_id',
    published.map(({ group, rowId, version, isPrimary, instances }) => ({
      ...{ group_id: group.group_id, row_id: rowId, version },
      ...{ is_primary: isPrimary ? 1 : 0, matched_instances: instances },
    })),
  )
  yield* addInstances(published)
  return published
}

function* countFiles(groups: readonly GroupRow[]): Sql<ReadonlyMap<number, CountRow>> {
  const rows = yield* allOfMany<CountRow>(
    (marks) =>
      `SELECT group_id, count(*) AS files, count(DISTINCT sop_instance_uid) AS instances FROM import_files
       WHERE group_id IN (${marks}) GROUP BY group_id`,
    [],
    groups.map(({ group_id }) => group_id),
  )
  return new Map(rows.map((row) => [row.group_id, row]))
}

function* create(placed: readonly Placed[], { leased, change, newId }: Publishing): Sql<readonly Published[]> {
  const { datastore } = leased
  const { at, number } = change
  const tails = placed.map(() => newIdSuffix(newId))
  const made = yield* insertRows(
    'image_sets',
    placed.map(({ group, elements, instances, isPrimary }, index) => ({
      ...{ id_suffix: tails[index]!, datastore, version: 1, image_set_state: 'ACTIVE', workflow_status: 'CREATED' },
      ...{ is_primary: isPrimary ? 1 : 0, created_at: at, updated_at: at, last_accessed_at: at, changed_in: number },
      ...{ instance_count: instances, tags: withCounts(group.tags, { instances }) },
      ...{ study_timestamp: group.study_timestamp, ...elementColumns(elements) },
    })),
    { returning: ['row_id', 'id_suffix'] },
  )
  const rowIdOf = new Map(made.map(({ row_id, id_suffix }) => [id_suffix, row_id]))
  return placed.map((each, index): Published => {
    const { group, elements, isPrimary } = each
    const rowId = rowIdOf.get(tails[index]!)!
    const after = indexedOf({
      row_id: rowId,
      datastore,
      is_primary: isPrimary ? 1 : 0,
      created_at: at,
      updated_at: at,
      study_timestamp: group.study_timestamp,
      changed_in: number,
      ...searchedTextColumns(elements),
    })
    return { ...each, rowId, idSuffix: tails[index]!, version: 1, updatedAt: at, change: { after } }
  })
}

function* extend(placed: Placed & { readonly rowId: number }, { change, upkeep }: Publishing): Sql<Published> {
  const { group, rowId, instances } = placed
  const before = yield* upkeep.indexed(rowId)
  const row = yield* one<{
    readonly id_suffix: string
    readonly version: number
    readonly image_set_state: string
    readonly updated_at: number
    readonly instance_count: number
  }>('SELECT id_suffix, version, image_set_state, updated_at, instance_count FROM image_sets WHERE row_id = ?', rowId)
  if (row!.image_set_state === 'LOCKED') throw new ImageSetLocked()
  const version = row!.version + 1
  yield* keepRowHistory(rowId, change)
  const superseded = yield* all(
    `UPDATE instances SET removed_in = ? WHERE row_id = ? AND removed_in IS NULL
     AND sop_instance_uid IN (SELECT sop_instance_uid FROM import_files WHERE group_id = ?) RETURNING 1 AS superseded`,
    ...[version, rowId, group.group_id],
  )
  const held = row!.instance_count - superseded.length + instances
  // A clock that was set back does not make a later version look older than an earlier one.
  const updatedAt = Math.max(change.at, row!.updated_at)
  yield* run(
    `UPDATE image_sets SET version = ?, workflow_status = 'IMPORTED', updated_at = ?, last_accessed_at = ?, changed_in = ?,
     instance_count = ?, tags = ?, study_timestamp = ? WHERE row_id = ?`,
    ...[version, updatedAt, updatedAt, change.number, held, withCounts(group.tags, { instances: held })],
    ...[group.study_timestamp, rowId],
  )
  const after = yield* upkeep.indexed(rowId)
  return { ...placed, idSuffix: row!.id_suffix, version, updatedAt, change: { before, after } }
}

function* addVersions(
  published: readonly Published[],
  { documents, documentBlob }: { readonly documents: DocumentsOfGroups; readonly documentBlob: number },
): Sql<void> {
  const levelsOf = ({ group }: Published) => {
    const place = documents.ofGroups.get(group.group_id)!.levels
    const { attributes_blob, attributes_offset_bytes, attributes_size_bytes } = group
    if (place === undefined) return { attributes_blob, attributes_offset_bytes, attributes_size_bytes }
    const { offsetBytes, sizeBytes } = place
    return { attributes_blob: documentBlob, attributes_offset_bytes: offsetBytes, attributes_size_bytes: sizeBytes }
  }
  yield* insertRows(
    'image_set_versions',
    published.map((each) => ({
      ...{ row_id: each.rowId, version: each.version, workflow_status: each.version === 1 ? 'CREATED' : 'IMPORTED' },
      ...{ is_primary: each.isPrimary ? 1 : 0, updated_at: each.updatedAt, ...levelsOf(each) },
    })),
  )
}

/** Only of files that are shown: their documents say what differs in them. */
function* addWarnings(published: readonly Published[], documents: DocumentsOfGroups): Sql<void> {
  for (const { group } of published) {
    const warnings = documents.ofGroups.get(group.group_id)!.warnings
    if (warnings === undefined || warnings.size === 0) continue
    const rows = yield* allOfMany<{ file: number; sop_instance_uid: string; warnings: string | null }>(
      (marks) =>
        `SELECT file, sop_instance_uid, warnings FROM import_files
         WHERE file IN (SELECT max(file) FROM import_files WHERE group_id = ? AND sop_instance_uid IN (${marks})
           GROUP BY sop_instance_uid)`,
      [group.group_id],
      [...warnings.keys()],
    )
    const textOf = (row: (typeof rows)[number]): string =>
      JSON.stringify([
        ...(row.warnings === null ? [] : (JSON.parse(row.warnings) as readonly ImportWarning[])),
        warnings.get(row.sop_instance_uid)!,
      ])
    // Files of one series mostly differ in the same attributes.
    for (const [text, files] of Map.groupBy(rows, textOf)) {
      yield* allOfMany(
        (marks) => `UPDATE import_files SET warnings = ? WHERE file IN (${marks})`,
        [text],
        files.map(({ file }) => file),
      )
    }
  }
}

function* addBlobUses(published: readonly Published[], documentBlob: number): Sql<void> {
  const rowIdOf = new Map(published.map(({ group, rowId }) => [group.group_id, rowId]))
  const rows = yield* ofShownFiles<{
    readonly group_id: number
    readonly blob: number
    readonly metadata_blob: number
    readonly frames_blob: number | null
  }>(
    published,
    (condition) => `SELECT DISTINCT group_id, blob, metadata_blob, frames_blob FROM import_files WHERE ${condition}`,
  )
  const ofFiles = rows.flatMap(({ group_id, blob, metadata_blob, frames_blob }) =>
    [blob, metadata_blob, frames_blob]
      .filter((each) => each !== null)
      .map((each) => ({ blob: each, row_id: rowIdOf.get(group_id)! })),
  )
  const ofDocuments = published.map(({ rowId }) => ({ blob: documentBlob, row_id: rowId }))
  yield* addUses([...ofFiles, ...ofDocuments])
}

/** Of several files of a group with one SOPInstanceUID the last is shown; the bytes of the others are nobody's. */
function* blobsOfFilesNotShown(published: readonly Published[]): Sql<readonly number[]> {
  const rows = yield* allOfMany<{ blob: number; metadata_blob: number; frames_blob: number | null }>(
    (marks) => `SELECT DISTINCT blob, metadata_blob, frames_blob FROM import_files WHERE group_id IN (${marks})`,
    [],
    published.filter(({ files, instances }) => files !== instances).map(({ group }) => group.group_id),
  )
  return rows.flatMap((row) => [row.blob, row.metadata_blob, row.frames_blob]).filter((blob) => blob !== null)
}

const addInstances = (published: readonly Published[]) =>
  ofShownFiles(
    published,
    (condition) =>
      `INSERT INTO instances (row_id, sop_instance_uid, added_in, ${INSTANCE_COLUMNS})
       SELECT import_groups.row_id, sop_instance_uid, import_groups.version, ${INSTANCE_COLUMNS}
       FROM import_groups JOIN import_files ON import_files.group_id = import_groups.group_id WHERE ${condition}`,
  )

/** Files are numbered in the order of their keys: of those of a group with one SOPInstanceUID the greatest number came last. */
function* ofShownFiles<R>(
  published: readonly Published[],
  statement: (condition: string) => string,
): Sql<readonly R[]> {
  const idsOf = (some: readonly Published[]) => some.map(({ group }) => group.group_id)
  const each = yield* allOfMany<R>(
    (marks) => statement(`import_files.group_id IN (${marks})`),
    [],
    idsOf(published.filter(({ files, instances }) => files === instances)),
  )
  const last = yield* allOfMany<R>(
    (marks) =>
      statement(
        `file IN (SELECT max(file) FROM import_files WHERE group_id IN (${marks}) GROUP BY group_id, sop_instance_uid)`,
      ),
    [],
    idsOf(published.filter(({ files, instances }) => files !== instances)),
  )
  return [...each, ...last]
}
