/** What GetImageSet and ListImageSetVersions say, in SQL: of image sets that are there, locked, deleted, or not there yet. */
import type { ImageSetProperties } from '../../catalog/image-set-records.ts'
import type { ImageSets } from '../../catalog/image-set-repository.ts'
import type { WorkflowRole } from '../../catalog/workflow-repository.ts'
import { datastoreNumber } from '../datastores/datastores.ts'
import { all, one, type Sql } from '../engine/statement.ts'
import { imageSetIdOf, parseImageSetId } from '../rows/image-set-id.ts'

/**
 * The deleted_at of an image set that a CopyImageSet will make and that is not there yet: no search and no verb but GetImageSet's sees
 * it, as none sees one that is deleted.
 */
export const NOT_YET = 0

export interface PropertiesRow {
  readonly row_id: number
  readonly id_suffix: string
  readonly version: number
  readonly image_set_state: ImageSetProperties['imageSetState']
  readonly workflow_status: ImageSetProperties['workflowStatus']
  readonly is_primary: number
  readonly created_at: number
  readonly updated_at: number
  readonly deleted_at: number | null
  readonly last_accessed_at: number
  /** Of an image set under a workflow. */
  readonly role: WorkflowRole | null
  readonly next_version: number | null
  readonly begun_at: number | null
}

const COLUMNS = `image_sets.row_id, id_suffix, image_sets.version, image_set_state, workflow_status, is_primary, created_at, updated_at,
  deleted_at, last_accessed_at, role, workflow_image_sets.version AS next_version, begun_at`
const TABLES = `image_sets LEFT JOIN workflow_image_sets ON workflow_image_sets.row_id = image_sets.row_id
  LEFT JOIN workflows ON workflows.workflow = workflow_image_sets.workflow`

interface VersionRow {
  readonly version: number
  readonly workflow_status: ImageSetProperties['workflowStatus']
  readonly is_primary: number
  readonly updated_at: number
  readonly message: string | null
  readonly forced: number
}

const VERSION_COLUMNS = 'version, workflow_status, is_primary, updated_at, message, forced'

export function* propertiesOfWorkflow(workflow: number): Sql<readonly PropertiesRow[]> {
  return yield* all<PropertiesRow>(
    `SELECT ${COLUMNS} FROM ${TABLES} WHERE workflow_image_sets.workflow = ? ORDER BY image_sets.row_id`,
    workflow,
  )
}

function* rowOf(imageSet: {
  readonly datastoreId: string
  readonly imageSetId: string
  readonly deletedSince: number
}): Sql<PropertiesRow | undefined> {
  const parts = parseImageSetId(imageSet.imageSetId)
  const datastore = yield* datastoreNumber(imageSet.datastoreId)
  if (parts === undefined || datastore === undefined) return undefined
  return yield* one<PropertiesRow>(
    `SELECT ${COLUMNS} FROM ${TABLES} WHERE image_sets.row_id = ? AND id_suffix = ? AND image_sets.datastore = ?
     AND (deleted_at IS NULL OR deleted_at = ${NOT_YET} OR deleted_at > ?)`,
    ...[parts.rowId, parts.idSuffix, datastore, imageSet.deletedSince],
  )
}

export function* properties({
  version,
  ...imageSet
}: Parameters<ImageSets['get']>[0]): Sql<ImageSetProperties | undefined> {
  const row = yield* rowOf(imageSet)
  if (row === undefined) return undefined
  const toBe = asToBe(row)
  if (toBe !== undefined && (version === undefined || version === toBe.version)) return toBe
  const asked = yield* one<VersionRow>(
    `SELECT ${VERSION_COLUMNS} FROM image_set_versions WHERE row_id = ? AND version = ?`,
    ...[row.row_id, version ?? row.version],
  )
  return asked && ofVersion(row, asked)
}

export function* versionsOf({
  before,
  limit,
  ...imageSet
}: Parameters<ImageSets['versions']>[0]): Sql<readonly ImageSetProperties[] | undefined> {
  const row = yield* rowOf(imageSet)
  if (row === undefined) return undefined
  const rows = yield* all<VersionRow>(
    `SELECT ${VERSION_COLUMNS} FROM image_set_versions WHERE row_id = ? AND version < ? ORDER BY version DESC LIMIT ?`,
    ...[row.row_id, before ?? Number.MAX_SAFE_INTEGER, limit],
  )
  const toBe = asToBe(row)
  const isToldOf = toBe !== undefined && (before === undefined || toBe.version < before)
  return [...(isToldOf ? [toBe] : []), ...rows.map((each) => ofVersion(row, each))].slice(0, limit)
}

/** While a workflow makes its next version, an image set is told of as that. */
function asToBe(row: PropertiesRow): ImageSetProperties | undefined {
  if (row.role === null || row.role === 'source' || row.workflow_status === 'DELETING') return undefined
  return { ...shared(row), ...current(row), version: row.next_version!, updatedAt: row.begun_at! }
}

function ofVersion(row: PropertiesRow, asked: VersionRow): ImageSetProperties {
  const isDeleted = row.deleted_at !== null && row.deleted_at !== NOT_YET
  const isCurrent = asked.version === row.version || isDeleted
  return {
    ...shared(row),
    ...(isCurrent ? current(row) : { imageSetState: 'ACTIVE', workflowStatus: asked.workflow_status }),
    version: asked.version,
    isPrimary: asked.is_primary === 1,
    updatedAt: asked.updated_at,
    deletedAt: isDeleted ? row.deleted_at! : undefined,
    message: asked.message ?? undefined,
    forced: asked.forced === 1,
  }
}

const shared = (row: PropertiesRow) => ({
  imageSetId: imageSetIdOf(row.row_id, row.id_suffix),
  isPrimary: row.is_primary === 1,
  createdAt: row.created_at,
  lastAccessedAt: row.last_accessed_at,
  deletedAt: undefined,
  message: undefined,
  forced: false,
})

const current = (row: PropertiesRow) => ({ imageSetState: row.image_set_state, workflowStatus: row.workflow_status })

/** As a workflow tells of one that it has just locked. */
export const locked = (row: PropertiesRow): ImageSetProperties =>
  asToBe(row) ?? { ...shared(row), ...current(row), version: row.version, updatedAt: row.begun_at! }
