/** The properties that GetImageSet and ListImageSetVersions return, also of locked and deleted image sets and of copies in progress. */
import type { ImageSetProperties } from '../../catalog/image-set-records.ts'
import type { ImageSets } from '../../catalog/image-set-repository.ts'
import type { WorkflowRole } from '../../catalog/workflow-repository.ts'
import { DATASTORE_NUMBER } from '../datastores/datastore-number.ts'
import { all, one, type Sql } from '../engine/statement.ts'
import { imageSetIdOf, parseImageSetId } from '../rows/image-set-id.ts'

/**
 * The deleted_at of a copy that is not complete: searches leave it out like a deleted image set, and only GetImageSet returns it.
 */
export const INCOMPLETE = 0

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
  /** Of an image set that a workflow has locked. */
  readonly role: WorkflowRole | null
  readonly next_version: number | null
  readonly begun_at: number | null
}

const COLUMNS = `image_sets.row_id, id_suffix, image_sets.version, image_set_state, image_sets.workflow_status, image_sets.is_primary,
  created_at, image_sets.updated_at, deleted_at, last_accessed_at, role, workflow_image_sets.version AS next_version, begun_at`
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

/** A row with one of its versions. Null where there is no such version. */
interface AskedRow extends PropertiesRow {
  readonly asked_version: number | null
  readonly asked_workflow_status: VersionRow['workflow_status']
  readonly asked_is_primary: number
  readonly asked_updated_at: number
  readonly asked_message: string | null
  readonly asked_forced: number
}

const ASKED_COLUMNS = VERSION_COLUMNS.split(', ')
  .map((column) => `asked.${column} AS asked_${column}`)
  .join(', ')
/** The version that is asked for, or the latest. */
const ASKED_TABLE = `LEFT JOIN image_set_versions AS asked ON asked.row_id = image_sets.row_id
  AND asked.version = COALESCE(CAST(? AS BIGINT), image_sets.version)`

export function* propertiesOfWorkflow(workflow: number): Sql<readonly PropertiesRow[]> {
  return yield* all<PropertiesRow>(
    `SELECT ${COLUMNS} FROM ${TABLES} WHERE workflow_image_sets.workflow = ? ORDER BY image_sets.row_id`,
    workflow,
  )
}

function* rowOf(
  imageSet: { readonly datastoreId: string; readonly imageSetId: string; readonly deletedSince: number },
  version: number | undefined,
): Sql<AskedRow | undefined> {
  const id = parseImageSetId(imageSet.imageSetId)
  if (id === undefined) return undefined
  return yield* one<AskedRow>(
    `SELECT ${COLUMNS}, ${ASKED_COLUMNS} FROM ${TABLES} ${ASKED_TABLE} WHERE image_sets.row_id = ? AND id_suffix = ? AND image_sets.datastore = ${DATASTORE_NUMBER}
     AND (deleted_at IS NULL OR deleted_at = ${INCOMPLETE} OR deleted_at > ?)`,
    ...[version ?? null, id.rowId, id.idSuffix, imageSet.datastoreId, imageSet.deletedSince],
  )
}

/** A single statement. */
export function* properties({
  version,
  ...imageSet
}: Parameters<ImageSets['get']>[0]): Sql<ImageSetProperties | undefined> {
  const row = yield* rowOf(imageSet, version)
  if (row === undefined) return undefined
  const next = nextVersionOf(row)
  if (next !== undefined && (version === undefined || version === next.version)) return next
  if (row.asked_version === null) return undefined
  return ofVersion(row, {
    version: row.asked_version,
    workflow_status: row.asked_workflow_status,
    is_primary: row.asked_is_primary,
    updated_at: row.asked_updated_at,
    message: row.asked_message,
    forced: row.asked_forced,
  })
}

export function* versionsOf({
  before,
  limit,
  ...imageSet
}: Parameters<ImageSets['versions']>[0]): Sql<readonly ImageSetProperties[] | undefined> {
  const row = yield* rowOf(imageSet, undefined)
  if (row === undefined) return undefined
  const rows = yield* all<VersionRow>(
    `SELECT ${VERSION_COLUMNS} FROM image_set_versions WHERE row_id = ? AND version < ? ORDER BY version DESC LIMIT ?`,
    ...[row.row_id, before ?? Number.MAX_SAFE_INTEGER, limit],
  )
  const next = nextVersionOf(row)
  const isListed = next !== undefined && (before === undefined || next.version < before)
  return [...(isListed ? [next] : []), ...rows.map((each) => ofVersion(row, each))].slice(0, limit)
}

/** While a workflow makes the next version of an image set, the properties are those of that version. */
function nextVersionOf(row: PropertiesRow): ImageSetProperties | undefined {
  if (row.role === null || row.role === 'source' || row.workflow_status === 'DELETING') return undefined
  return { ...shared(row), ...current(row), version: row.next_version!, updatedAt: row.begun_at! }
}

function ofVersion(row: PropertiesRow, asked: VersionRow): ImageSetProperties {
  const isDeleted = row.deleted_at !== null && row.deleted_at !== INCOMPLETE
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

/** Of an image set that a workflow has just locked. */
export const locked = (row: PropertiesRow): ImageSetProperties =>
  nextVersionOf(row) ?? { ...shared(row), ...current(row), version: row.version, updatedAt: row.begun_at! }
