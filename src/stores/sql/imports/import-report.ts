/** The content of a job's report, read in batches: no transaction stays open while the caller writes. */
import type { GeneratedImageSet } from '../../catalog/image-set-records.ts'
import type { ReportLine } from '../../catalog/import-job-repository.ts'
import { all, type Sql, type Transactions } from '../engine/statement.ts'
import { imageSetIdOf } from '../rows/image-set-id.ts'
import { SKIPPED } from './import-files.ts'

const ROWS_PER_BATCH = 1_000
const JOB = '(SELECT job FROM import_jobs WHERE job_id = ?)'

interface ImageSetRow {
  readonly row_id: number
  readonly id_suffix: string
  readonly version: number
  readonly is_primary: number
}

const imageSetOf = (row: ImageSetRow) => ({
  imageSetId: imageSetIdOf(row.row_id, row.id_suffix),
  imageSetVersion: row.version,
  isPrimary: row.is_primary === 1,
})

interface GeneratedRow extends ImageSetRow {
  readonly group_id: number
  readonly matched_instances: number
}

/** By image set. An image set of which the job published two versions is returned twice. */
export async function* generatedImageSets(database: Transactions, jobId: string): AsyncGenerator<GeneratedImageSet> {
  const batchAfter = ({ row_id, group_id }: Pick<GeneratedRow, 'row_id' | 'group_id'>): Sql<readonly GeneratedRow[]> =>
    all(
      `SELECT g.group_id, g.matched_instances, g.row_id, g.version, g.is_primary, i.id_suffix
       FROM import_groups g JOIN image_sets i ON i.row_id = g.row_id
       WHERE g.job = ${JOB} AND (g.row_id, g.group_id) > (?, ?) ORDER BY g.row_id, g.group_id LIMIT ?`,
      ...[jobId, row_id, group_id, ROWS_PER_BATCH],
    )
  for await (const row of batches({
    database,
    batchAfter,
    first: { row_id: 0, group_id: 0 },
    keyOf: (row: GeneratedRow) => row,
  })) {
    yield { ...imageSetOf(row), numberOfMatchedSOPInstances: row.matched_instances }
  }
}

type FileRow = { readonly file_key: string; readonly warnings: string | null; readonly message: string | null } & (
  | ({ readonly exception_type: null } & ImageSetRow)
  | { readonly exception_type: Extract<ReportLine, { outcome: 'failed' }>['exceptionType'] | typeof SKIPPED }
)

/** Without files of groups that are not published. */
export async function* reportLines(database: Transactions, jobId: string): AsyncGenerator<ReportLine> {
  const batchAfter = (key: string): Sql<readonly FileRow[]> =>
    all(
      `SELECT f.file_key, f.warnings, f.exception_type, f.message, g.row_id, g.version, g.is_primary, i.id_suffix
       FROM import_files f LEFT JOIN import_groups g ON g.group_id = f.group_id LEFT JOIN image_sets i ON i.row_id = g.row_id
       WHERE f.job = ${JOB} AND f.file_key > ? AND (f.exception_type IS NOT NULL OR g.row_id IS NOT NULL)
       ORDER BY f.file_key LIMIT ?`,
      ...[jobId, key, ROWS_PER_BATCH],
    )
  for await (const row of batches({ database, batchAfter, first: '', keyOf: (row: FileRow) => row.file_key })) {
    yield lineOf(row)
  }
}

function lineOf(row: FileRow): ReportLine {
  const { file_key: key, exception_type: exceptionType } = row
  if (exceptionType === SKIPPED) return { outcome: 'skipped', key, message: row.message! }
  if (exceptionType !== null) return { outcome: 'failed', key, exceptionType, message: row.message! }
  const warnings = row.warnings === null ? [] : JSON.parse(row.warnings)
  return { outcome: 'stored', key, imageSet: imageSetOf(row), warnings }
}

async function* batches<R, K>(source: {
  readonly database: Transactions
  readonly batchAfter: (key: K) => Sql<readonly R[]>
  readonly first: K
  readonly keyOf: (row: R) => K
}): AsyncGenerator<R> {
  for (let after = source.first; ; ) {
    const rows = await source.database.read(() => source.batchAfter(after))
    yield* rows
    if (rows.length < ROWS_PER_BATCH) return
    after = source.keyOf(rows.at(-1)!)
  }
}
