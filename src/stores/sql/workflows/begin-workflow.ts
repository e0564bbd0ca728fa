/** Begins a workflow: finds the image sets that its request concerns, and locks all of them or none. */
import { disagreements, placeGroup } from '../../../imaging/grouping.ts'
import type { ImageSetVersion } from '../../catalog/image-set-records.ts'
import type {
  BeginWorkflowOutcome,
  CopyRequest,
  UpdateRequest,
  WorkflowRequest,
  WorkflowRole,
  Workflows,
} from '../../catalog/workflow-repository.ts'
import { lockedBy } from '../datastores/tags.ts'
import { LOCKED } from '../engine/differences.ts'
import { all, one, run, type Sql } from '../engine/statement.ts'
import { lockChanges } from '../history/changes.ts'
import { INCOMPLETE } from '../image-sets/image-set-properties.ts'
import { ELEMENT_COLUMNS, type ElementRow, elementsOfRow, primariesOfStudies } from '../rows/grouping-columns.ts'
import { imageSetIdOf, parseImageSetId } from '../rows/image-set-id.ts'
import { insertRows } from '../rows/insert-rows.ts'
import type { RowOf } from '../rows/tables.ts'
import { lockedImageSets } from './locked-image-sets.ts'

interface ImageSetRow extends ElementRow {
  readonly id_suffix: string
  readonly version: number
  readonly image_set_state: string
  readonly is_primary: number
}

type ToLock = Omit<RowOf<'workflow_image_sets'>, 'workflow'>

type Refusal = Exclude<BeginWorkflowOutcome, { readonly outcome: 'begun' }>

/** The ImageSetWorkflowStatus of each role. */
const STATUS: Readonly<Record<WorkflowRequest['operation'], Partial<Record<WorkflowRole, string>>>> = {
  UpdateImageSetMetadata: { changed: 'UPDATING', sibling: 'UPDATING_FOR_STUDY_CONSISTENCY' },
  CopyImageSet: { changed: 'COPYING', created: 'COPYING', source: 'COPYING_WITH_READ_ONLY_ACCESS' },
  DeleteImageSet: { changed: 'DELETING' },
}

export function* begin(
  { datastoreId, request, at, runningMax }: Parameters<Workflows['begin']>[0],
  newIdSuffix: () => string,
): Sql<BeginWorkflowOutcome> {
  const datastore = yield* lockDatastore(datastoreId)
  if ('outcome' in datastore) return datastore
  const { operation } = request
  if (runningMax !== undefined && (yield* countRunning(datastore.datastore, operation)) >= runningMax) {
    return { outcome: 'too-many' }
  }
  const found = yield* imageSetsToLock(datastore.datastore, request, { datastoreId, at, newIdSuffix })
  if ('outcome' in found) return found
  const workflow = yield* addWorkflow(datastore.datastore, request, at)
  yield* insertRows(
    'workflow_image_sets',
    found.map((each) => ({ ...each, workflow })),
  )
  for (const [role, some] of Map.groupBy(found, (each) => each.role)) {
    for (const { row_id } of some) {
      yield* run(
        `UPDATE image_sets SET image_set_state = 'LOCKED', workflow_status = ? WHERE row_id = ?`,
        ...[STATUS[operation][role]!, row_id],
      )
    }
  }
  return { outcome: 'begun', imageSets: yield* lockedImageSets(workflow) }
}

/** Until the transaction ends no other publishes a version or locks an image set. */
export function* lockDatastore(
  datastoreId: string,
): Sql<{ readonly datastore: number } | { readonly outcome: 'datastore-absent' | 'datastore-not-active' }> {
  const row = yield* one<{ datastore: number; datastore_status: string }>(
    `SELECT datastore, datastore_status FROM datastores WHERE datastore_id = ? ${LOCKED}`,
    datastoreId,
  )
  if (row === undefined) return { outcome: 'datastore-absent' }
  if (row.datastore_status !== 'ACTIVE') return { outcome: 'datastore-not-active' }
  yield* lockChanges(row.datastore)
  return row
}

export function* countRunning(datastore: number, operation: string): Sql<number> {
  const row = yield* one<{ running: number }>(
    'SELECT count(*) AS running FROM workflows WHERE datastore = ? AND operation = ?',
    ...[datastore, operation],
  )
  return row!.running
}

function* addWorkflow(datastore: number, request: WorkflowRequest, at: number): Sql<number> {
  const { operation } = request
  const [row] = yield* insertRows(
    'workflows',
    [{ datastore, operation, request: JSON.stringify(request), begun_at: at, attempts: 0 }],
    { returning: ['workflow'] },
  )
  return row!.workflow
}

/** Inserts the row of a new copy. */
function* imageSetsToLock(
  datastore: number,
  request: WorkflowRequest,
  making: { readonly datastoreId: string; readonly at: number; readonly newIdSuffix: () => string },
): Sql<readonly ToLock[] | Refusal> {
  switch (request.operation) {
    case 'UpdateImageSetMetadata':
      return yield* forUpdate(datastore, request)
    case 'CopyImageSet':
      return yield* forCopy(datastore, request, making)
    case 'DeleteImageSet': {
      const found = yield* findUnlocked(datastore, { imageSetId: request.imageSetId, orIncomplete: true })
      if ('outcome' in found) return found
      const reason = yield* lockedBy({ datastoreId: making.datastoreId, imageSetId: request.imageSetId }, making.at)
      if (reason !== undefined) return { outcome: 'retained', reason }
      return [{ row_id: found.row_id, role: 'changed', version: found.version }]
    }
  }
}

function* forUpdate(datastore: number, request: UpdateRequest): Sql<readonly ToLock[] | Refusal> {
  const found = yield* findUnlocked(datastore, request.imageSet)
  if ('outcome' in found) return found
  const changed: ToLock = { row_id: found.row_id, role: 'changed', version: found.version + 1 }
  if (!request.includeStudyImageSets) return [changed]
  if (found.is_primary === 0) return { outcome: 'not-primary', imageSetId: request.imageSet.imageSetId }
  const siblings = yield* all<ImageSetRow>(
    `SELECT ${ROW_COLUMNS} FROM image_sets WHERE datastore = ? AND study_instance_uid = ? AND is_primary + 0 = 1
     AND deleted_at IS NULL AND row_id <> ? ORDER BY row_id`,
    ...[datastore, found.study_instance_uid, found.row_id],
  )
  const busy = siblings.find(({ image_set_state }) => image_set_state === 'LOCKED')
  if (busy !== undefined) return { outcome: 'locked', imageSetId: imageSetIdOf(busy.row_id, busy.id_suffix) }
  return [
    changed,
    ...siblings.map(({ row_id, version }): ToLock => ({ row_id, role: 'sibling', version: version + 1 })),
  ]
}

function* forCopy(
  datastore: number,
  { source, destination, promoteToPrimary }: CopyRequest,
  making: { readonly at: number; readonly newIdSuffix: () => string },
): Sql<readonly ToLock[] | Refusal> {
  const from = yield* findUnlocked(datastore, source)
  if ('outcome' in from) return from
  const read: ToLock = { row_id: from.row_id, role: 'source', version: from.version }
  if (destination !== undefined) {
    const to = yield* findUnlocked(datastore, destination)
    return 'outcome' in to ? to : [{ row_id: to.row_id, role: 'changed', version: to.version + 1 }, read]
  }
  const refused = promoteToPrimary ? yield* primaryRefused(datastore, from) : undefined
  if (refused !== undefined) return refused
  const row_id = yield* makeRow(datastore, { ...making, isPrimary: promoteToPrimary })
  return [{ row_id, role: 'created', version: 1 }, read]
}

/** Why an image set with the elements of the source cannot be primary. */
function* primaryRefused(datastore: number, from: ImageSetRow): Sql<Refusal | undefined> {
  const { elements } = elementsOfRow(from)
  const standing = (yield* primariesOfStudies(datastore, [elements.StudyInstanceUID])).get(elements.StudyInstanceUID)
  const placement = placeGroup(elements, standing ?? [])
  if (placement.place === 'new-primary') return undefined
  if (placement.place === 'new-non-primary') {
    return { outcome: 'conflicts', attributes: disagreements(elements, standing ?? []) }
  }
  const row = yield* one<{ id_suffix: string }>('SELECT id_suffix FROM image_sets WHERE row_id = ?', placement.rowId)
  return { outcome: 'series-has-primary', imageSetId: imageSetIdOf(placement.rowId, row!.id_suffix) }
}

function* makeRow(
  datastore: number,
  {
    at,
    newIdSuffix,
    isPrimary,
  }: { readonly at: number; readonly newIdSuffix: () => string; readonly isPrimary: boolean },
): Sql<number> {
  const [row] = yield* insertRows(
    'image_sets',
    [
      {
        ...{ id_suffix: newIdSuffix(), datastore, version: 1, is_primary: isPrimary ? 1 : 0 },
        ...{ image_set_state: 'LOCKED', workflow_status: 'COPYING' },
        ...{ created_at: at, updated_at: at, last_accessed_at: at, deleted_at: INCOMPLETE, changed_in: 0 },
        ...{ instance_count: 0, tags: '{}' },
      },
    ],
    { returning: ['row_id'] },
  )
  return row!.row_id
}

const ROW_COLUMNS = ['row_id', 'id_suffix', 'version', 'image_set_state', 'is_primary', ...ELEMENT_COLUMNS].join(', ')

function* findUnlocked(
  datastore: number,
  wanted: Pick<ImageSetVersion, 'imageSetId'> & { readonly version?: number; readonly orIncomplete?: boolean },
): Sql<ImageSetRow | Refusal> {
  const { imageSetId, version, orIncomplete = false } = wanted
  const id = parseImageSetId(imageSetId)
  const row =
    id &&
    (yield* one<ImageSetRow>(
      `SELECT ${ROW_COLUMNS} FROM image_sets WHERE row_id = ? AND id_suffix = ? AND datastore = ?
       AND (deleted_at IS NULL ${orIncomplete ? `OR deleted_at = ${INCOMPLETE}` : ''})`,
      ...[id.rowId, id.idSuffix, datastore],
    ))
  if (row === undefined) return { outcome: 'absent', imageSetId }
  if (row.image_set_state === 'LOCKED') return { outcome: 'locked', imageSetId }
  if (version !== undefined && row.version !== version) return { outcome: 'not-latest', imageSetId }
  return row
}
