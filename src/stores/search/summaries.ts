/**
 * The rows of a search's answer, read by their keys once the index has said which and in what order.
 *
 * Most searches of a day show the same newest image sets, so rows are kept from search to search, each with the number of the last
 * change up to which it is known to hold: a later search reads of those that are older only what has changed since.
 */
import type { Filter } from '../../imaging/search/search.ts'
import type { ImageSetSummary } from '../catalog/search-repository.ts'
import { allOfMany, type Sql } from '../sql/engine/statement.ts'
import { imageSetIdOf } from '../sql/rows/image-set-id.ts'
import { COLUMN_OF } from '../sql/rows/search-columns.ts'

export interface SummaryRow {
  readonly seq: number
  readonly id_suffix: string
  readonly version: number
  readonly created_at: number
  readonly updated_at: number
  readonly last_accessed_at: number
  readonly is_primary: number
  readonly study_timestamp: number | null
  readonly patient_id: string | null
  readonly accession_number: string | null
  readonly study_id: string | null
  readonly study_instance_uid: string | null
  readonly series_instance_uid: string | null
  readonly tags: string
}

/** Beside seq. Whoever writes one of them writes changed_in too (changes.ts): what is kept knows of no other change. */
export const SUMMARY_COLUMNS = `id_suffix, version, created_at, updated_at, last_accessed_at, is_primary, study_timestamp, patient_id,
  accession_number, study_id, study_instance_uid, series_instance_uid, tags`

/** The texts that may have to be compared, and what is answered: one object for as long as it is kept. */
interface Summary {
  readonly texts: Pick<
    SummaryRow,
    'patient_id' | 'accession_number' | 'study_id' | 'study_instance_uid' | 'series_instance_uid'
  >
  readonly answer: ImageSetSummary
}

interface Kept extends Summary {
  /** All changes up to this number are in it. */
  upTo: number
}

/** Of one summary: its columns, and its answer as text beside the tags that are a part of it. */
const bytesOf = ({ answer }: Summary): number => 1_000 + 2 * answer.tags.length

/** Those used last: whatever is used moves from the old half to the young one, and when that is full the old half is forgotten. */
export class SummariesInMemory {
  #young = new Map<number, Kept>()
  #old = new Map<number, Kept>()
  #youngBytes = 0
  readonly #halfBytes: number

  constructor({ summaryBytesInMemory }: { readonly summaryBytesInMemory: number }) {
    this.#halfBytes = summaryBytesInMemory / 2
  }

  get(seq: number): Kept | undefined {
    const young = this.#young.get(seq)
    if (young !== undefined) return young
    const old = this.#old.get(seq)
    if (old !== undefined) this.keep(seq, old)
    return old
  }

  keep(seq: number, summary: Kept): void {
    if (this.#youngBytes >= this.#halfBytes) {
      this.#old = this.#young
      this.#young = new Map()
      this.#youngBytes = 0
    }
    const replaced = this.#young.get(seq)
    this.#youngBytes += bytesOf(summary) - (replaced === undefined ? 0 : bytesOf(replaced))
    this.#young.set(seq, summary)
  }
}

/**
 * In the order of `seqs`, all of which the transaction has found.
 * @param state.latest the last change that the transaction sees.
 */
export function* summariesOf(
  seqs: readonly number[],
  state: { readonly summaries: SummariesInMemory; readonly latest: number },
): Sql<readonly Summary[]> {
  const { summaries, latest } = state
  const found: (Kept | undefined)[] = []
  const older: number[] = []
  const unknown: number[] = []
  let upTo = latest
  for (const seq of seqs) {
    const kept = summaries.get(seq)
    // Another connection may have seen more than this transaction does.
    const isOfUse = kept !== undefined && kept.upTo <= latest
    found.push(isOfUse ? kept : undefined)
    if (!isOfUse) unknown.push(seq)
    else if (kept.upTo < latest) {
      older.push(seq)
      upTo = Math.min(upTo, kept.upTo)
    }
  }
  if (older.length === 0 && unknown.length === 0) return found as readonly Kept[]
  const changed = older.length === 0 ? [] : yield* rowsOf(older, { changedAfter: upTo })
  const read = unknown.length === 0 ? [] : yield* rowsOf(unknown, { changedAfter: -1 })
  // From here without a pause: another search may use what is kept.
  for (const kept of found) if (kept !== undefined) kept.upTo = latest
  const rows = new Map([...changed, ...read].map((row) => [row.seq, { ...summaryOf(row), upTo: latest }]))
  for (const [seq, kept] of rows) summaries.keep(seq, kept)
  return found.map((kept, at) => rows.get(seqs[at]!) ?? kept!)
}

const rowsOf = (
  seqs: readonly number[],
  { changedAfter }: { readonly changedAfter: number },
): Sql<readonly SummaryRow[]> =>
  allOfMany<SummaryRow>(
    (marks) => `SELECT seq, ${SUMMARY_COLUMNS} FROM image_sets WHERE changed_in > ? AND seq IN (${marks})`,
    [changedAfter],
    seqs,
  )

/** Whether the image set has the texts that were looked for, not only their hashes. */
export const hasTexts = ({ texts }: Summary, filters: readonly Filter[]): boolean =>
  filters.every(
    (filter) =>
      !('equals' in filter) ||
      filter.attribute === 'isPrimary' ||
      texts[COLUMN_OF[filter.attribute] as keyof Summary['texts']] === filter.equals,
  )

export const summaryOf = (row: SummaryRow): Summary => ({
  texts: {
    patient_id: row.patient_id,
    accession_number: row.accession_number,
    study_id: row.study_id,
    study_instance_uid: row.study_instance_uid,
    series_instance_uid: row.series_instance_uid,
  },
  answer: {
    imageSetId: imageSetIdOf(row.seq, row.id_suffix),
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    lastAccessedAt: row.last_accessed_at,
    DICOMStudyDateAndTime: row.study_timestamp,
    isPrimary: row.is_primary === 1,
    tags: row.tags,
    seq: row.seq,
  },
})
