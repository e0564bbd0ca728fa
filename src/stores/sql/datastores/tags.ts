/** Tags in SQL. They belong to a data store or an image set, not to its versions, and are deleted with it. */
import type { AddTagsOutcome, TaggedResource, Tags } from '../../catalog/tagged-resources.ts'
import { LOCKED } from '../engine/differences.ts'
import { all, one, run, type Sql, type Transactions } from '../engine/statement.ts'
import { lockChanges } from '../history/changes.ts'
import { parseImageSetId } from '../rows/image-set-id.ts'
import { insertRows } from '../rows/insert-rows.ts'

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
  if (resource.imageSetId !== undefined) yield* lockChanges()
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

function* add(resource: TaggedResource, { tags, tagsMax }: Parameters<Tags['add']>[1]): Sql<AddTagsOutcome> {
  if (!(yield* isThereToChange(resource))) return 'absent'
  const afterwards = { ...(yield* tagsOf(idOf(resource))), ...tags }
  if (Object.keys(afterwards).length > tagsMax) return 'too-many'
  yield* putTags(idOf(resource), tags)
  return 'added'
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
