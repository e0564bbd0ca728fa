/** The files of running import jobs: recorded in batches, gathered into groups that wait for their image sets. */

import { groupingKey } from '../../../imaging/grouping.ts'
import type { BlobDigests } from '../../blobs/blob-store.ts'
import type { FramesPlace, MetadataPlace, WaitingGroup } from '../../catalog/image-set-records.ts'
import type { Lease, RecordedFile, StoredFile } from '../../catalog/import-job-repository.ts'
import { numberBlobs } from '../blobs/number-blobs.ts'
import { all, allOfMany, insertAll, one, run, type Sql, type SqlValue } from '../engine/statement.ts'
import { assertFoundAsGrouped, digestOfKey, elementsOfKey } from '../rows/grouping-columns.ts'
import { underLease } from './lease.ts'

const COLUMNS = [
  ...['job', 'file_key', 'group_id', 'sop_instance_uid', 'sop_class_uid', 'transfer_syntax_uid'],
  ...['blob', 'offset_bytes', 'size_bytes', 'warnings', 'exception_type', 'message'],
  ...['metadata_blob', 'metadata_offset_bytes', 'entry_bytes', 'levels_bytes'],
  ...['frames_key', 'frames_blob', 'frames_offset_bytes', 'frames_size_bytes', 'frame_count', 'frames_hold'],
  ...['frames_checksum', 'stored_transfer_syntax_uid'],
]

const nulls = (count: number): readonly null[] => Array<null>(count).fill(null)

export function* record(lease: Lease, files: readonly RecordedFile[], digests: BlobDigests): Sql<void> {
  const { job } = yield* underLease(lease)
  const stored = files.filter((file) => file.outcome === 'stored')
  stored.forEach(assertFoundAsGrouped)
  const blobs = yield* numberBlobs(
    job,
    stored.flatMap(({ blobKey, metadata, frames }) =>
      [blobKey, metadata.blobKey, frames?.blobKey].filter((key) => key !== undefined),
    ),
    digests,
  )
  const groups = yield* joinGroups(job, stored, blobs)
  const rows = files.map((file): readonly SqlValue[] =>
    file.outcome !== 'stored'
      ? [job, file.key, ...nulls(8), exceptionTypeOf(file), file.message, ...nulls(12)]
      : [
          ...[job, file.key, groups.get(file)!, file.sopInstanceUID, file.sopClassUID, file.transferSyntaxUID],
          ...[blobs.get(file.blobKey)!, file.offsetBytes, file.sizeBytes],
          file.warnings.length === 0 ? null : JSON.stringify(file.warnings),
          ...[null, null],
          ...metadataValues(file.metadata, blobs),
          ...(file.frames === undefined ? nulls(8) : framesValues(file.frames, blobs)),
        ],
  )
  yield* insertAll('import_files', { columns: COLUMNS, rows })
  yield* run('UPDATE import_jobs SET files_done = files_done + ?, attempts = 0 WHERE job = ?', files.length, job)
}

/** In the place of an exception: a file that was skipped has none. */
export const SKIPPED = 'Skipped'

const exceptionTypeOf = (file: Exclude<RecordedFile, StoredFile>): string =>
  file.outcome === 'skipped' ? SKIPPED : file.exceptionType

const metadataValues = (place: MetadataPlace, blobs: ReadonlyMap<string, number>): readonly SqlValue[] => [
  ...[blobs.get(place.blobKey)!, place.offsetBytes, place.entryBytes, place.levelsBytes],
]

const framesValues = (place: FramesPlace, blobs: ReadonlyMap<string, number>): readonly SqlValue[] => [
  ...[place.framesKey, blobs.get(place.blobKey)!, place.offsetBytes, place.sizeBytes, place.frameCount, place.holds],
  ...[place.holds === 'frame' ? place.checksum : null, place.storedTransferSyntaxUID],
]

const LAST_FILES_COLUMNS = ['study_timestamp', 'tags', 'levels_blob', 'levels_offset_bytes', 'levels_size_bytes']

/** Levels lie right behind the entry. */
const levelsValues = (place: MetadataPlace, blobs: ReadonlyMap<string, number>): readonly SqlValue[] => [
  ...[blobs.get(place.blobKey)!, place.offsetBytes + place.entryBytes, place.levelsBytes],
]

/**
 * Finds or makes the group of each file. A group keeps tags, study instant and levels of its last file, which are the image set's. One
 * that has its image set already takes no more: files that come after it begin another, which extends the image set again.
 */
function* joinGroups(
  job: number,
  files: readonly StoredFile[],
  blobs: ReadonlyMap<string, number>,
): Sql<ReadonlyMap<StoredFile, number>> {
  const keyOf = new Map(files.map((file) => [file, groupingKey(file.grouping)]))
  const lastOf = new Map<string, StoredFile>()
  for (const [file, key] of keyOf) lastOf.set(key, file)
  const rows = yield* insertAll<{ group_id: number; grouping_key: string }>('import_groups', {
    columns: ['job', 'grouping_key', 'grouping_digest', ...LAST_FILES_COLUMNS],
    rows: [...lastOf].map(([key, last]) => [
      ...[job, key, digestOfKey(key), last.search.DICOMStudyDateAndTime, last.tags],
      ...levelsValues(last.metadata, blobs),
    ]),
    suffix: `ON CONFLICT (job, grouping_digest) WHERE seq IS NULL DO UPDATE SET
      ${LAST_FILES_COLUMNS.map((column) => `${column} = excluded.${column}`).join(', ')} RETURNING group_id, grouping_key`,
  })
  const numberOf = new Map(rows.map((row) => [row.grouping_key, row.group_id]))
  return new Map([...keyOf].map(([file, key]) => [file, numberOf.get(key)!]))
}

export function* lastRecordedKey(jobId: string): Sql<string | undefined> {
  const row = yield* one<{ file_key: string | null }>(
    'SELECT max(file_key) AS file_key FROM import_files WHERE job = (SELECT job FROM import_jobs WHERE job_id = ?)',
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

/** Groups are numbered as they appear, so by number they stand in the order of their first keys. */
export function* waitingGroups(jobId: string, limit: number): Sql<readonly WaitingGroup[]> {
  const rows = yield* all<{ group_id: number; grouping_key: string; files: number }>(
    `SELECT group_id, grouping_key,
       (SELECT count(*) FROM import_files WHERE import_files.group_id = import_groups.group_id) AS files
     FROM import_groups
     WHERE job = (SELECT job FROM import_jobs WHERE job_id = ?) AND seq IS NULL ORDER BY group_id LIMIT ?`,
    jobId,
    limit,
  )
  return rows.map((row) => ({ groupId: row.group_id, elements: elementsOfKey(row.grouping_key), files: row.files }))
}
