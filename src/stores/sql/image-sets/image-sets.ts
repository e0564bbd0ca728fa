/** Image sets in SQL: search, read, delete. Imports and workflows create them. */
import type { InstanceFile, VersionOfDatastore } from '../../catalog/image-set-records.ts'
import type { ImageSets } from '../../catalog/image-set-repository.ts'
import { CachedLeaves } from '../../search/cached-leaves.ts'
import { cachedPage, isReadAtOnce, nameOfPage, newCachedPages, searchedStore } from '../../search/cached-pages.ts'
import type { IndexSizes } from '../../search/kd-tree/sizes.ts'
import type { SearchUpkeep } from '../../search/maintenance/update-index.ts'
import { search } from '../../search/search.ts'
import { CachedSummaries } from '../../search/summaries.ts'
import type { CachedWords } from '../../search/words/cached-words.ts'
import { DATASTORE_NUMBER, datastoreNumber } from '../datastores/datastore-number.ts'
import type { Dialect } from '../engine/differences.ts'
import { all, one, type Sql, type Transactions } from '../engine/statement.ts'
import { lockChanges } from '../history/changes.ts'
import { parseImageSetId } from '../rows/image-set-id.ts'
import type { InstanceFileRow } from '../rows/instance-file.ts'
import { dueOf, recordAccesses } from './access-times.ts'
import { deleteImageSet } from './delete-image-set.ts'
import { documentOf } from './documents.ts'
import { rangeOfFrames } from './frames.ts'
import { properties, versionsOf } from './image-set-properties.ts'
import { recordsOfVersion } from './instance-records.ts'
import { representativeInstance } from './representative-instance.ts'
import { instancesOfSeries } from './series-instances.ts'
import { idsOfStudy, imageSetsOfStudy } from './study-image-sets.ts'
import { attributesOfVersion } from './version-attributes.ts'

export function imageSetsOver(
  database: Transactions,
  options: {
    readonly dialect: Dialect
    readonly sizes: IndexSizes
    readonly upkeep: SearchUpkeep
    readonly words: CachedWords
  },
): ImageSets {
  /** From searches that have ended: the next search sees a snapshot at least as late. Concurrent searches need one each. */
  const idle: CachedLeaves[] = []
  const summaries = new CachedSummaries(options.sizes)
  const pages = newCachedPages(options.sizes)
  const { words } = options
  function* searchWithIdle(request: Parameters<ImageSets['search']>[0]): ReturnType<typeof search> {
    const leaves = idle.pop() ?? new CachedLeaves(options.sizes)
    const page = yield* search(request, { ...options, leaves, summaries, pages, words })
    // After a failed search the cache is dropped.
    idle.push(leaves)
    return page
  }
  return {
    async search(request) {
      const name = nameOfPage(request)
      if (pages.has(name) && isReadAtOnce(request)) {
        const reading = database.readOne(() => searchedStore(request.datastoreId))
        const store = reading instanceof Promise ? await reading : reading
        const page = cachedPage(name, request, { ...store, pages })
        if (page !== undefined) return page
      }
      return database.read(() => searchWithIdle(request))
    },
    forgetSearches(datastoreId) {
      for (const cache of [pages, summaries, words, ...idle]) cache.forget(datastoreId)
    },
    get: async (imageSet) => database.readOne(() => properties(imageSet)),
    versions: (imageSet) => database.read(() => versionsOf(imageSet)),
    attributes: (version) => database.read(() => attributes(version)),
    instances: (imageSet) => database.read(() => instances(imageSet)),
    frames: async (request) => database.readOne(() => rangeOfFrames(request)),
    instanceRecords: (version) => database.read(() => records(version)),
    instancesOfSeries: (series) => database.read(() => instancesOfSeries(series)),
    ofStudy: (study) => database.read(() => imageSetsOfStudy(study)),
    idsOfStudy: (study) => database.read(() => idsOfStudy(study)),
    representativeInstance: (of) => database.read(() => representativeInstance(of)),
    countInstances: (version) => database.read(() => countInstances(version)),
    document: (version) => database.read(() => document(version)),
    async recordAccesses(accesses, granularity) {
      for (const some of Map.groupBy(accesses, ({ datastoreId }) => datastoreId).values()) {
        // Usually nothing is due: check in a read transaction first.
        if ((await database.read(() => dueOf(some, granularity))).size === 0) continue
        await database.write(() => recordAccesses(some, granularity, options.upkeep))
      }
    },
    delete: (imageSet) => database.write(() => remove(imageSet, options.upkeep), { secureDelete: true }),
  }
}

/** The row of an image set that is not deleted. */
function* rowIdOf(imageSet: { readonly datastoreId: string; readonly imageSetId: string }): Sql<number | undefined> {
  const id = parseImageSetId(imageSet.imageSetId)
  if (id === undefined) return undefined
  const row = yield* one<{ row_id: number }>(
    `SELECT row_id FROM image_sets WHERE row_id = ? AND id_suffix = ? AND datastore = ${DATASTORE_NUMBER} AND deleted_at IS NULL`,
    ...[id.rowId, id.idSuffix, imageSet.datastoreId],
  )
  return row?.row_id
}

function* instances(imageSet: Parameters<ImageSets['instances']>[0]): Sql<readonly InstanceFile[]> {
  const rowId = yield* rowIdOf(imageSet)
  if (rowId === undefined) return []
  const rows = yield* all<InstanceFileRow>(
    `SELECT sop_instance_uid, sop_class_uid, transfer_syntax_uid, blob_key, offset_bytes, instances.size_bytes
     FROM instances JOIN blobs ON blobs.blob = instances.blob
     WHERE row_id = ? AND removed_in IS NULL ORDER BY sop_instance_uid`,
    rowId,
  )
  return rows.map((row) => ({
    sopInstanceUID: row.sop_instance_uid,
    sopClassUID: row.sop_class_uid,
    transferSyntaxUID: row.transfer_syntax_uid,
    blobKey: row.blob_key,
    offsetBytes: row.offset_bytes,
    sizeBytes: row.size_bytes,
  }))
}

function* countInstances({ version, max, ...imageSet }: Parameters<ImageSets['countInstances']>[0]): Sql<number> {
  const rowId = yield* rowIdOf(imageSet)
  if (rowId === undefined) return 0
  const row = yield* one<{ instances: number }>(
    `SELECT count(*) AS instances FROM (
       SELECT 1 FROM instances WHERE row_id = ? AND added_in <= ? AND (removed_in IS NULL OR removed_in > ?) LIMIT ?
     ) AS counted`,
    ...[rowId, version, version, max],
  )
  return row!.instances
}

function* records({
  version,
  sopInstanceUIDs,
  ...imageSet
}: Parameters<ImageSets['instanceRecords']>[0]): ReturnType<typeof recordsOfVersion> {
  const rowId = yield* rowIdOf(imageSet)
  return rowId === undefined ? [] : yield* recordsOfVersion(rowId, version, sopInstanceUIDs)
}

function* attributes({ version, ...imageSet }: VersionOfDatastore): Sql<Awaited<ReturnType<ImageSets['attributes']>>> {
  const rowId = yield* rowIdOf(imageSet)
  return rowId === undefined ? 'absent' : yield* attributesOfVersion(rowId, version)
}

function* document({
  version,
  ...imageSet
}: Parameters<ImageSets['document']>[0]): Sql<Awaited<ReturnType<ImageSets['document']>>> {
  const rowId = yield* rowIdOf(imageSet)
  if (rowId !== undefined) return yield* documentOf(rowId, version)
  return (yield* isCopying(imageSet)) ? 'copying' : 'absent'
}

function* isCopying(imageSet: { readonly datastoreId: string; readonly imageSetId: string }): Sql<boolean> {
  return (yield* properties({ ...imageSet, deletedSince: Number.MAX_SAFE_INTEGER }))?.imageSetState === 'LOCKED'
}

function* remove(
  { at, ...imageSet }: Parameters<ImageSets['delete']>[0],
  upkeep: SearchUpkeep,
): Sql<'deleted' | 'absent'> {
  const datastore = yield* datastoreNumber(imageSet.datastoreId)
  if (datastore === undefined) return 'absent'
  yield* lockChanges(datastore)
  const rowId = yield* rowIdOf(imageSet)
  if (rowId === undefined) return 'absent'
  yield* deleteImageSet({ datastore, rowId, at }, upkeep)
  return 'deleted'
}
