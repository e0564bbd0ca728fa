/** Begins the deletion of all image sets of a study or series: a workflow for each, so that workers delete them one by one. */
import type { BeginDeletionsOutcome, Workflows } from '../../catalog/workflow-repository.ts'
import { lockedBy } from '../datastores/tags.ts'
import { LOCKED } from '../engine/differences.ts'
import { one, type Sql } from '../engine/statement.ts'
import { lockChanges } from '../history/changes.ts'
import { type RowOfStudy, rowsOfStudy } from '../image-sets/study-image-sets.ts'
import { imageSetIdOf } from '../rows/image-set-id.ts'
import { beginOf, countRunning } from './begin-workflow.ts'

type Request = Parameters<Workflows['beginDeletions']>[0]

export function* beginDeletions(request: Request): Sql<BeginDeletionsOutcome> {
  const { datastoreId, imageSetIds, at } = request
  const datastore = yield* one<{ datastore: number; datastore_status: string }>(
    `SELECT datastore, datastore_status FROM datastores WHERE datastore_id = ? ${LOCKED}`,
    datastoreId,
  )
  if (datastore === undefined) return { outcome: 'datastore-absent' }
  if (datastore.datastore_status !== 'ACTIVE') return { outcome: 'datastore-not-active' }
  // Until the transaction ends no other publishes a version or locks an image set.
  yield* lockChanges()
  const rows = yield* rowsOfStudy({ ...request, max: imageSetIds.length + 1 })
  const refused = yield* refusalOf(rows, { ...request, datastore: datastore.datastore })
  if (refused !== undefined) return refused
  for (const row of rows) {
    const { row_id, version } = row
    yield* beginOf(datastore.datastore, {
      ...{ request: { operation: 'DeleteImageSet', imageSetId: idOf(row) }, at },
      found: [{ row_id, role: 'changed', version }],
    })
  }
  return { outcome: 'begun' }
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
  for (const row of rows) {
    if (row.image_set_state === 'LOCKED') return { outcome: 'locked', imageSetId: idOf(row) }
    const reason = yield* lockedBy({ datastoreId, imageSetId: idOf(row) }, at)
    if (reason !== undefined) return { outcome: 'retained', reason }
  }
  return undefined
}
