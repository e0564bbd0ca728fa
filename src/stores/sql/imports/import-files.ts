/** The files of running import jobs: recorded in batches, in groups that wait to be published. */

import { groupingKey } from '../../../imaging/grouping.ts'
import type { ImportWarning } from '../../../imaging/import-warnings.ts'
import type { BlobDigests } from '../../blobs/blob-store.ts'
import type { FramesRange, UnpublishedGroup } from '../../catalog/image-set-records.ts'
import type { Lease, RecordedFile, StoredFile } from '../../catalog/import-job-repository.ts'
import { numberBlobs } from '../blobs/number-blobs.ts'
import { all, allOfMany, one, run, type Sql } from '../engine/statement.ts'
import { assertNoneMoved } from '../moved-studies/moved-studies.ts'
import { assertFoundAsGrouped, digestOfKey, elementsOfKey } from '../rows/grouping-columns.ts'
import { insertRows } from '../rows/insert-rows.ts'
import type { NewRowOf } from '../rows/tables.ts'
import { underLease } from './lease.ts'

/**
 * @param partition in which the files are recorded; 0 has all studies
 * @returns the groups of the stored files
 * @throws StudiesMoved
 */
export function* record(
  lease: Lease,
  { files, digests, partition }: { files: readonly RecordedFile[]; digests: BlobDigests; partition: number },
): Sql<ReadonlyMap<StoredFile, number>> {
  const { job, datastore } = yield* underLease(lease)
  const stored = files.filter((file) => file.outcome === 'stored')
  if (partition !== 0) {
    yield* assertNoneMoved(
      datastore,
      stored.map(({ grouping }) => grouping.StudyInstanceUID),
    )
  }
  stored.forEach(assertFoundAsGrouped)
  const blobs = yield* numberBlobs(
    job,
    stored.flatMap(({ blobKey, metadata, frames }) =>
      [blobKey, metadata.blobKey, frames?.blobKey].filter((key) => key !== undefined),
    ),
    digests,
  )
  const groups = yield* joinGroups(job, stored, blobs)
  yield* insertRows(
    'import_files',
    files.map((file) => {
      if (file.outcome === 'stored') return { ...storedRow(file, blobs), job, group_id: groups.get(file)! }
      return { ...NOT_STORED, job, file_key: file.key, exception_type: exceptionTypeOf(file), message: file.message }
    }),
  )
  const count = (outcome: RecordedFile['outcome']) => files.filter((file) => file.outcome === outcome).length
  yield* run(
    `UPDATE import_jobs SET files_done = files_done + ?, files_failed = files_failed + ?, files_skipped = files_skipped + ?,
       attempts = 0 WHERE job = ?`,
    ...[files.length, count('failed'), count('skipped'), job],
  )
  return groups
}

/** The exception_type of a skipped file. */
export const SKIPPED = 'Skipped'

const exceptionTypeOf = (file: Exclude<RecordedFile, StoredFile>): string =>
  file.outcome === 'skipped' ? SKIPPED : file.exceptionType

type FileRow = NewRowOf<'import_files'>

function storedRow(file: StoredFile, blobs: ReadonlyMap<string, number>): Omit<FileRow, 'job' | 'group_id'> {
  const { metadata, frames } = file
  return {
    file_key: file.key,
    exception_type: null,
    message: null,
    warnings: file.warnings.length === 0 ? null : JSON.stringify(file.warnings),
    sop_instance_uid: file.sopInstanceUID,
    sop_class_uid: file.sopClassUID,
    transfer_syntax_uid: file.transferSyntaxUID,
    blob: blobs.get(file.blobKey)!,
    offset_bytes: file.offsetBytes,
    size_bytes: file.sizeBytes,
    metadata_blob: blobs.get(metadata.blobKey)!,
    metadata_offset_bytes: metadata.offsetBytes,
    instance_metadata_bytes: metadata.instanceMetadataBytes,
    attributes_bytes: metadata.imageSetAttributesBytes,
    instance_number: file.instanceNumber,
    warning_reasons: reasonsOf(file.warnings),
    ...(frames === undefined ? NO_FRAMES : framesColumns(frames, blobs)),
  }
}

/** The codes of warnings as a column: each once. */
export const reasonsOf = (warnings: readonly ImportWarning[]): string | null =>
  warnings.length === 0 ? null : [...new Set(warnings.map((warning) => warning.warning_reason_code))].join('\\')

const framesColumns = (place: FramesRange, blobs: ReadonlyMap<string, number>) => ({
  frames_key: place.framesKey,
  frames_blob: blobs.get(place.blobKey)!,
  frames_offset_bytes: place.offsetBytes,
  frames_size_bytes: place.sizeBytes,
  frame_count: place.frameCount,
  frames_hold: place.holds,
  frames_checksum: place.holds === 'frame' ? place.checksum : null,
  stored_transfer_syntax_uid: place.storedTransferSyntaxUID,
})

const NO_FRAMES = {
  ...{ frames_key: null, frames_blob: null, frames_offset_bytes: null, frames_size_bytes: null, frame_count: null },
  ...{ frames_hold: null, frames_checksum: null, stored_transfer_syntax_uid: null },
}

/** All rows of a statement have the same columns. */
const NOT_STORED = {
  ...{ group_id: null, warnings: null, sop_instance_uid: null, sop_class_uid: null, transfer_syntax_uid: null },
  ...{ blob: null, offset_bytes: null, size_bytes: null },
  ...{ metadata_blob: null, metadata_offset_bytes: null, instance_metadata_bytes: null, attributes_bytes: null },
  ...{ instance_number: null, warning_reasons: null },
  ...NO_FRAMES,
}

const LAST_FILES_COLUMNS = [
  'study_timestamp',
  'tags',
  'unlisted_texts',
  'attributes_blob',
  'attributes_offset_bytes',
  'attributes_size_bytes',
]

/**
 * Finds or inserts the group of each file. Tags, study timestamp and attributes of a group are those of its last file. A published group
 * takes no more files: later ones start another group, which extends the image set.
 */
function* joinGroups(
  job: number,
  files: readonly StoredFile[],
  blobs: ReadonlyMap<string, number>,
): Sql<ReadonlyMap<StoredFile, number>> {
  const keyOf = new Map(files.map((file) => [file, groupingKey(file.grouping)]))
  const lastOf = new Map<string, StoredFile>()
  for (const [file, key] of keyOf) lastOf.set(key, file)
  const rows = yield* insertRows(
    'import_groups',
    [...lastOf].map(([key, { search, tags, unlistedTexts, metadata }]) => ({
      ...{ job, grouping_key: key, grouping_digest: digestOfKey(key) },
      ...{ study_timestamp: search.DICOMStudyDateAndTime, tags, unlisted_texts: unlistedTexts },
      attributes_blob: blobs.get(metadata.blobKey)!,
      attributes_offset_bytes: metadata.offsetBytes + metadata.instanceMetadataBytes,
      attributes_size_bytes: metadata.imageSetAttributesBytes,
    })),
    {
      onConflict: `ON CONFLICT (job, grouping_digest) WHERE row_id IS NULL DO UPDATE SET
        ${LAST_FILES_COLUMNS.map((column) => `${column} = excluded.${column}`).join(', ')}`,
      returning: ['group_id', 'grouping_key'],
    },
  )
  const numberOf = new Map(rows.map((row) => [row.grouping_key, row.group_id]))
  return new Map([...keyOf].map(([file, key]) => [file, numberOf.get(key)!]))
}

export function* lastRecordedKey(jobId: string): Sql<string | undefined> {
  const row = yield* one<{ file_key: string | null }>(
    `SELECT coalesce((SELECT max(file_key) FROM import_files WHERE import_files.job = import_jobs.job), recorded_to) AS file_key
     FROM import_jobs WHERE job_id = ?`,
    jobId,
  )
  return row?.file_key ?? undefined
}

export function* recordedKeys(jobId: string, keys: readonly string[]): Sql<readonly string[]> {
  const rows = yield* allOfMany<{ file_key: string }>(
    (marks) =>
      `SELECT file_key FROM import_files WHERE job = (SELECT job FROM import_jobs WHERE job_id = ?) AND file_key IN (${marks})`,
    [jobId],
    keys,
  )
  return rows.map((row) => row.file_key)
}

/** Numbers of groups are in the order of their first keys. */
export function* unpublishedGroups(jobId: string, limit: number): Sql<readonly UnpublishedGroup[]> {
  const rows = yield* all<{ group_id: number; grouping_key: string; files: number }>(
    `SELECT group_id, grouping_key,
       (SELECT count(*) FROM import_files WHERE import_files.group_id = import_groups.group_id) AS files
     FROM import_groups
     WHERE job = (SELECT job FROM import_jobs WHERE job_id = ?) AND row_id IS NULL ORDER BY group_id LIMIT ?`,
    jobId,
    limit,
  )
  return rows.map((row) => ({ groupId: row.group_id, elements: elementsOfKey(row.grouping_key), files: row.files }))
}
