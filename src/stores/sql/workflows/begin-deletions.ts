/** Begins the deletion of all image sets of a study or series: a workflow for each, so that workers delete them one by one. */
import { LOCK_TAGS } from '../../../contract/lock-tags.ts'
import type { BeginDeletionsOutcome, WorkflowRequest, Workflows } from '../../catalog/workflow-repository.ts'
import { lockedBy } from '../datastores/tags.ts'
import { allOfMany, type Sql } from '../engine/statement.ts'
import { type RowOfStudy, rowsOfStudy } from '../image-sets/study-image-sets.ts'
import { imageSetIdOf } from '../rows/image-set-id.ts'
import { insertRows } from '../rows/insert-rows.ts'
import { countRunning, lockDatastore } from './begin-workflow.ts'

type Request = Parameters<Workflows['beginDeletions']>[0]

export function* beginDeletions(request: Request): Sql<BeginDeletionsOutcome> {
  const { datastoreId, imageSetIds, at } = request
  const datastore = yield* lockDatastore(datastoreId)
  if ('outcome' in datastore) return datastore
  const rows = yield* rowsOfStudy({ ...request, max: imageSetIds.length + 1 })
  const refused = yield* refusalOf(rows, { ...request, datastore: datastore.datastore })
  if (refused !== undefined) return refused
  yield* beginAll(rows, { datastore: datastore.datastore, at })
  return { outcome: 'begun' }
}

/** In a few statements for all, since other writers wait. */
function* beginAll(
  rows: readonly RowOfStudy[],
  { datastore, at }: { readonly datastore: number; readonly at: number },
): Sql<void> {
  const byRequest = new Map(rows.map((row) => [requestOf(row), row]))
  const workflows = yield* insertRows(
    'workflows',
    [...byRequest.keys()].map((request) => ({
      ...{ datastore, operation: 'DeleteImageSet', request, begun_at: at, attempts: 0 },
    })),
    { returning: ['workflow', 'request'] },
  )
  yield* insertRows(
    'workflow_image_sets',
    workflows.map(({ workflow, request }) => {
      const { row_id, version } = byRequest.get(request)!
      return { workflow, row_id, role: 'changed', version }
    }),
  )
  yield* allOfMany(
    (marks) =>
      `UPDATE image_sets SET image_set_state = 'LOCKED', workflow_status = 'DELETING' WHERE row_id IN (${marks})`,
    [],
    rows.map(({ row_id }) => row_id),
  )
}

const requestOf = (row: RowOfStudy): string => {
  const request: WorkflowRequest = { operation: 'DeleteImageSet', imageSetId: idOf(row) }
  return JSON.stringify(request)
}

const idOf = ({ row_id, id_suffix }: RowOfStudy): string => imageSetIdOf(row_id, id_suffix)

function* refusalOf(
  rows: readonly RowOfStudy[],
  { datastoreId, datastore, imageSetIds, at, runningMax }: Request & { readonly datastore: number },
): Sql<BeginDeletionsOutcome | undefined> {
  const expected = new Set(imageSetIds)
  if (rows.length !== expected.size || rows.some((row) => !expected.has(idOf(row)))) return { outcome: 'others' }
  if (runningMax !== undefined && (yield* countRunning(datastore, 'DeleteImageSet')) + rows.length > runningMax) {
    return { outcome: 'too-many' }
  }
  const busy = rows.find((row) => row.image_set_state === 'LOCKED')
  if (busy !== undefined) return { outcome: 'locked', imageSetId: idOf(busy) }
  const tagged = yield* allOfMany<{ resource_id: string }>(
    (marks) => `SELECT resource_id FROM tags WHERE tag_key IN (?, ?) AND resource_id IN (${marks})`,
    LOCK_TAGS,
    [...expected],
  )
  // The first is asked for the sake of its data store.
  for (const imageSetId of new Set([...tagged.map(({ resource_id }) => resource_id), ...imageSetIds.slice(0, 1)])) {
    const reason = yield* lockedBy({ datastoreId, imageSetId }, at)
    if (reason !== undefined) return { outcome: 'retained', reason }
  }
  return undefined
}
