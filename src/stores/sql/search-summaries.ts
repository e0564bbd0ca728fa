/** The rows of a search's answer, read by their keys once the index has said which and in what order. */
import type { Filter, SortField } from '../../imaging/search.ts'
import type { ImageSetSummary } from '../catalog.ts'
import { imageSetIdOf } from './image-set-id.ts'
import { COLUMN_OF } from './search-columns.ts'
import { all, type Sql } from './statement.ts'

export interface SummaryRow {
  readonly seq: number
  readonly id_tail: string
  readonly version: number
  readonly created_at: number
  readonly updated_at: number
  readonly last_accessed_at: number
  readonly is_primary: number
  readonly study_instant: number | null
  readonly patient_id: string | null
  readonly accession_number: string | null
  readonly study_id: string | null
  readonly study_instance_uid: string | null
  readonly series_instance_uid: string | null
  readonly tags: string
}

export const SUMMARY_COLUMNS = `seq, id_tail, version, created_at, updated_at, last_accessed_at, is_primary, study_instant, patient_id,
  accession_number, study_id, study_instance_uid, series_instance_uid, tags`

/** Few sizes, so that few statements are prepared. */
const SEQS_PER_STATEMENT = [128, 64, 16, 1]

export function* summaryRows(seqs: readonly number[]): Sql<ReadonlyMap<number, SummaryRow>> {
  const found = new Map<number, SummaryRow>()
  for (let start = 0; start < seqs.length; ) {
    const rest = seqs.length - start
    // Filled up with the last one where that saves a statement.
    const size = SEQS_PER_STATEMENT.findLast((count) => count >= rest) ?? SEQS_PER_STATEMENT[0]!
    const some = Array.from({ length: size }, (_, at) => seqs[Math.min(start + at, seqs.length - 1)]!)
    const rows = yield* all<SummaryRow>(
      `SELECT ${SUMMARY_COLUMNS} FROM image_sets WHERE seq IN (${some.map(() => '?').join(', ')})`,
      ...some,
    )
    for (const row of rows) found.set(row.seq, row)
    start += size
  }
  return found
}

/** Whether the row has the texts that were looked for, not only their hashes. */
export const hasTexts = (row: SummaryRow, filters: readonly Filter[]): boolean =>
  filters.every(
    (filter) =>
      !('equals' in filter) ||
      filter.attribute === 'isPrimary' ||
      row[COLUMN_OF[filter.attribute] as keyof SummaryRow] === filter.equals,
  )

export const summaryOf = (row: SummaryRow, sortField: SortField): ImageSetSummary => ({
  imageSetId: imageSetIdOf(row.seq, row.id_tail),
  version: row.version,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  lastAccessedAt: row.last_accessed_at,
  isPrimary: row.is_primary === 1,
  tags: row.tags,
  key: row[COLUMN_OF[sortField] as 'study_instant'],
  seq: row.seq,
})
