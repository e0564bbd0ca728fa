/** Tags in SQL, and the locks that some of them are. They belong to a data store or an image set, not to its versions, and are deleted with it. */
import { isShortened, lockOf } from '../../../imaging/object-lock.ts'
import type { AddTagsOutcome, TaggedResource, Tags } from '../../catalog/tagged-resources.ts'
import { LOCKED } from '../engine/differences.ts'
import { all, one, run, type Sql, type Transactions } from '../engine/statement.ts'
import { lockChanges } from '../history/changes.ts'
import { parseImageSetId } from '../rows/image-set-id.ts'
import { insertRows } from '../rows/insert-rows.ts'
import { datastoreNumber } from './datastore-number.ts'

export function tagsOver(database: Transactions): Tags {
  return {
    add: (resource, request) => database.write(() => add(resource, request)),
    remove: (resource, keys) => database.write(() => remove(resource, keys)),
    list: (resource) => database.read(() => list(resource)),
  }
}

/** A key that the resource already has gets the new value. */
export function* putTags(resourceId: string, tags: Readonly<Record<string, string>>): Sql<void> {
  yield* insertRows(
    'tags',
    Object.entries(tags).map(([tag_key, tag_value]) => ({ resource_id: resourceId, tag_key, tag_value })),
    { onConflict: 'ON CONFLICT (resource_id, tag_key) DO UPDATE SET tag_value = excluded.tag_value' },
  )
}

/** In the transaction that deletes the resource, after the change of its row. */
export function* removeTags(resourceId: string): Sql<void> {
  yield* run('DELETE FROM tags WHERE resource_id = ?', resourceId)
}

const idOf = ({ datastoreId, imageSetId }: TaggedResource): string => imageSetId ?? datastoreId

/** Locks the row that a concurrent deletion changes. */
function* isThereToChange(resource: TaggedResource): Sql<boolean> {
  if (resource.imageSetId !== undefined) {
    const datastore = yield* datastoreNumber(resource.datastoreId)
    if (datastore !== undefined) yield* lockChanges(datastore)
  }
  return yield* isThere(resource, resource.imageSetId === undefined ? LOCKED : '')
}

function* isThere({ datastoreId, imageSetId }: TaggedResource, lock: string): Sql<boolean> {
  if (imageSetId === undefined) {
    const text = `SELECT 1 AS found FROM datastores WHERE datastore_id = ? AND datastore_status <> 'DELETED' ${lock}`
    return (yield* one(text, datastoreId)) !== undefined
  }
  const id = parseImageSetId(imageSetId)
  if (id === undefined) return false
  const found = yield* one(
    `SELECT 1 AS found FROM image_sets JOIN datastores ON datastores.datastore = image_sets.datastore
     WHERE row_id = ? AND id_suffix = ? AND datastore_id = ? AND image_set_state <> 'DELETED'`,
    ...[id.rowId, id.idSuffix, datastoreId],
  )
  return found !== undefined
}

function* add(resource: TaggedResource, { tags, tagsMax, at }: Parameters<Tags['add']>[1]): Sql<AddTagsOutcome> {
  if (!(yield* isThereToChange(resource))) return 'absent'
  const before = yield* tagsOf(idOf(resource))
  if (isShortened({ from: before, to: tags, now: at })) return 'shortened'
  if (lockOf(tags, at) !== undefined && (yield* isDeletionBegun(resource))) return 'deletion-begun'
  const afterwards = { ...before, ...tags }
  if (Object.keys(afterwards).length > tagsMax) return 'too-many'
  yield* putTags(idOf(resource), tags)
  return 'added'
}

/** Deletions begin behind the same locks, so that either the lock or the deletion is first. */
function* isDeletionBegun({ datastoreId, imageSetId }: TaggedResource): Sql<boolean> {
  const workflows = `SELECT 1 AS found FROM workflows JOIN datastores ON datastores.datastore = workflows.datastore`
  if (imageSetId === undefined) {
    const deleting = `SELECT 1 AS found FROM datastores WHERE datastore_id = ? AND datastore_status = 'DELETING'`
    if ((yield* one(deleting, datastoreId)) !== undefined) return true
    const ofImageSet = `${workflows} WHERE datastore_id = ? AND operation = 'DeleteImageSet' LIMIT 1`
    return (yield* one(ofImageSet, datastoreId)) !== undefined
  }
  const ofImageSet = `${workflows} JOIN workflow_image_sets ON workflow_image_sets.workflow = workflows.workflow
    WHERE datastore_id = ? AND operation = 'DeleteImageSet' AND row_id = ?`
  return (yield* one(ofImageSet, datastoreId, parseImageSetId(imageSetId)!.rowId)) !== undefined
}

/** Why an image set, or a data store itself, is not deleted now; undefined if it is not locked. In the transaction that deletes. */
export function* lockedBy({ datastoreId, imageSetId }: TaggedResource, at: number): Sql<string | undefined> {
  const ofDatastore = lockOf(yield* tagsOf(datastoreId), at)
  if (imageSetId === undefined) return ofDatastore && `Data store ${datastoreId} is ${ofDatastore}`
  const ofImageSet = lockOf(yield* tagsOf(imageSetId), at)
  if (ofImageSet !== undefined) return `Image set ${imageSetId} is ${ofImageSet}`
  return ofDatastore && `Image set ${imageSetId} is in data store ${datastoreId}, which is ${ofDatastore}`
}

function* remove(resource: TaggedResource, keys: readonly string[]): Sql<'removed' | 'absent'> {
  if (!(yield* isThereToChange(resource))) return 'absent'
  for (const key of new Set(keys)) {
    yield* run('DELETE FROM tags WHERE resource_id = ? AND tag_key = ?', idOf(resource), key)
  }
  return 'removed'
}

function* list(resource: TaggedResource): Sql<Readonly<Record<string, string>> | undefined> {
  return (yield* isThere(resource, '')) ? yield* tagsOf(idOf(resource)) : undefined
}

/** From entries, so that `__proto__` is an ordinary key. */
function* tagsOf(resourceId: string): Sql<Readonly<Record<string, string>>> {
  const rows = yield* all<{ tag_key: string; tag_value: string }>(
    'SELECT tag_key, tag_value FROM tags WHERE resource_id = ? ORDER BY tag_key',
    resourceId,
  )
  return Object.fromEntries(rows.map((row) => [row.tag_key, row.tag_value]))
}
