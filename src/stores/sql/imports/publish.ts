/**
 * Publishes groups of recorded files, each as a new image set or as the next version of the primary image set of its series, in one
 * transaction: versions, instances, documents and search index. A group that is published already is only reported again.
 */
import { withDeclaredTexts } from '../../../imaging/search/described.ts'
import type { GeneratedImageSet, GroupDocuments, UnpublishedGroup } from '../../catalog/image-set-records.ts'
import type { Lease } from '../../catalog/import-job-repository.ts'
import type { SearchUpkeep } from '../../search/maintenance/update-index.ts'
import { markPartlyUnreferenced } from '../blobs/compaction.ts'
import { run, type Sql, together } from '../engine/statement.ts'
import { purgeRowHistory } from '../history/changes.ts'
import { addDocuments, numberDocumentBlob } from '../image-sets/documents.ts'
import { elementsOfKey, primariesOfStudies } from '../rows/grouping-columns.ts'
import { imageSetIdOf } from '../rows/image-set-id.ts'
import { insertRows, updateRows } from '../rows/insert-rows.ts'
import { underLease } from './lease.ts'
import { countFiles, type GroupRow, placeGroups, readGroups } from './placed-groups.ts'
import { addBlobUses, addInstances, addWarnings, blobsOfFiles, partlyUnpublishedBlobs } from './published-files.ts'
import { createImageSets, extendImageSet, type PublishedGroup, type Publishing } from './published-groups.ts'

export function* publish(request: {
  readonly lease: Lease
  readonly groups: readonly UnpublishedGroup[]
  readonly at: number
  readonly documents: GroupDocuments
  readonly newIdSuffix: () => string
  readonly upkeep: SearchUpkeep
}): Sql<readonly GeneratedImageSet[]> {
  const { lease, at, documents, newIdSuffix, upkeep } = request
  const { job, datastore } = yield* underLease(lease)
  const rows = yield* readGroups(job, request.groups)
  const generatedOf = new Map<number, GeneratedImageSet>()
  for (const row of rows.values()) if (row.row_id !== null) generatedOf.set(row.group_id, generatedBefore(row))
  const groups = [...rows.values()]
    .filter((row) => row.row_id === null)
    .map((row) => {
      const { declaredTexts } = documents.byGroup.get(row.group_id)!
      return { ...row, unlisted_texts: withDeclaredTexts(row.unlisted_texts, declaredTexts) }
    })
  if (groups.length > 0) {
    for (const each of yield* publishGroups(groups, { job, datastore, at, documents, newIdSuffix, upkeep })) {
      generatedOf.set(each.group.group_id, generated(each, each.instances))
    }
  }
  return request.groups.map(({ groupId }) => generatedOf.get(groupId)!)
}

interface Publication {
  readonly job: number
  readonly datastore: number
  readonly at: number
  readonly documents: GroupDocuments
  readonly newIdSuffix: () => string
  readonly upkeep: SearchUpkeep
}

/** What does not depend on other image sets is read and written before the lock of the data store's changes: others wait for it. */
function* publishGroups(groups: readonly GroupRow[], publication: Publication): Sql<readonly PublishedGroup[]> {
  const { job, datastore, at, documents, newIdSuffix, upkeep } = publication
  const [counts, documentBlob] = yield* together(
    countFiles(groups),
    numberDocumentBlob(job, documents),
    addWarnings(groups, documents),
    run('UPDATE import_jobs SET attempts = 0 WHERE job = ? AND attempts <> 0', job),
  )
  const ofGroups = yield* blobsOfFiles(groups, counts)
  const studies = groups.map(({ grouping_key }) => elementsOfKey(grouping_key).StudyInstanceUID)
  // The studies are read behind the lock: two workers that publish into one study must not both find it empty.
  const [begun, standing] = yield* together(
    upkeep.beginChange(datastore, documents.revision),
    primariesOfStudies(datastore, studies),
  )
  const change = { number: begun.number, at }
  const { created, extending } = yield* placeGroups(groups, { counts, standing })
  const publishing: Publishing = { datastore, change, newIdSuffix, upkeep }
  const published = [...(yield* createImageSets(created, publishing))]
  for (const each of extending) published.push(yield* extendImageSet(each, publishing))
  yield* together(
    recordPublished(published),
    addInstances(published),
    addDocuments(documentBlob, published.map(versionOf), documents),
    addVersions(published, { documents, documentBlob }),
    addBlobUses(published, { ofGroups, documentBlob }),
    begun.apply(
      published.map((each) => each.change),
      at,
    ),
  )
  if (extending.length > 0) yield* purgeRowHistory({ datastore, at, added: extending.length })
  yield* markPartlyUnreferenced(yield* partlyUnpublishedBlobs(published), at)
  // Another job may publish before the next transaction: then the other documents are written again, to another blob.
  if (documents.byGroup.size > published.length) yield* markPartlyUnreferenced([documentBlob], at)
  return published
}

const recordPublished = (published: readonly PublishedGroup[]): Sql<void> =>
  updateRows(
    'import_groups',
    'group_id',
    published.map(({ group, rowId, version, isPrimary, instances }) => ({
      ...{ group_id: group.group_id, row_id: rowId, version },
      ...{ is_primary: isPrimary ? 1 : 0, matched_instances: instances },
    })),
  )

function* addVersions(
  published: readonly PublishedGroup[],
  { documents, documentBlob }: { readonly documents: GroupDocuments; readonly documentBlob: number },
): Sql<void> {
  const attributesOf = ({ group }: PublishedGroup) => {
    const range = documents.byGroup.get(group.group_id)!.attributes
    const { attributes_blob, attributes_offset_bytes, attributes_size_bytes } = group
    if (range === undefined) return { attributes_blob, attributes_offset_bytes, attributes_size_bytes }
    const { offsetBytes, sizeBytes } = range
    return { attributes_blob: documentBlob, attributes_offset_bytes: offsetBytes, attributes_size_bytes: sizeBytes }
  }
  yield* insertRows(
    'image_set_versions',
    published.map((each) => ({
      ...{ row_id: each.rowId, version: each.version, workflow_status: each.version === 1 ? 'CREATED' : 'IMPORTED' },
      ...{ is_primary: each.isPrimary ? 1 : 0, updated_at: each.updatedAt, ...attributesOf(each) },
    })),
  )
}

const versionOf = ({ group, rowId, idSuffix, version }: PublishedGroup) => ({
  groupId: group.group_id,
  rowId,
  idSuffix,
  version,
})

const generated = (
  { rowId, idSuffix, version, isPrimary }: Pick<PublishedGroup, 'rowId' | 'idSuffix' | 'version' | 'isPrimary'>,
  instances: number,
): GeneratedImageSet => ({
  imageSetId: imageSetIdOf(rowId, idSuffix),
  imageSetVersion: version,
  isPrimary,
  numberOfMatchedSOPInstances: instances,
})

const generatedBefore = (group: GroupRow): GeneratedImageSet =>
  generated(
    { rowId: group.row_id!, idSuffix: group.id_suffix!, version: group.version!, isPrimary: group.is_primary === 1 },
    group.matched_instances!,
  )
