/**
 * The summaries of a page, read by row id after the index has found the page. Most searches show the newest image sets, so summaries
 * are cached with the number of the last change up to which each is current: a later search reads only those changed since.
 */
import type { ImageSetSummary } from '../catalog/search-repository.ts'
import { allOfMany, type Sql } from '../sql/engine/statement.ts'
import { imageSetIdOf } from '../sql/rows/image-set-id.ts'
import { SEARCH_COLUMNS, type SearchRow } from '../sql/rows/search-columns.ts'
import type { IndexSizes } from './kd-tree/sizes.ts'

export type SummaryRow = SearchRow & {
  readonly row_id: number
  readonly id_suffix: string
  readonly version: number
  readonly last_accessed_at: number
  readonly tags: string
}

/** Beside the row id. Every statement that changes one of them changes changed_in too, so the cache misses no change. */
export const SUMMARY_COLUMNS = `id_suffix, version, last_accessed_at, tags, ${SEARCH_COLUMNS}`

interface Summary {
  /** The same object for as long as it is cached. */
  readonly answer: ImageSetSummary
}

interface Cached extends Summary {
  readonly datastoreId: string
  /** Includes all changes up to this number. */
  upTo: number
}

/** An estimate: columns, and the reply's JSON beside the tags, which are part of it. */
const bytesOf = ({ answer }: Summary): number => 1_000 + 2 * answer.tags.length

/** The summaries used last. A hit moves from the old generation to the young one; when that is full, the old one is dropped. */
export class CachedSummaries {
  #young = new Map<number, Cached>()
  #old = new Map<number, Cached>()
  #youngBytes = 0
  readonly #sizes: Pick<IndexSizes, 'summaryBytesInMemory'>

  constructor(sizes: Pick<IndexSizes, 'summaryBytesInMemory'>) {
    this.#sizes = sizes
  }

  get(rowId: number): Cached | undefined {
    const young = this.#young.get(rowId)
    if (young !== undefined) return young
    const old = this.#old.get(rowId)
    if (old !== undefined) this.keep(rowId, old)
    return old
  }

  keep(rowId: number, summary: Cached): void {
    if (this.#youngBytes >= this.#sizes.summaryBytesInMemory / 2) {
      this.#old = this.#young
      this.#young = new Map()
      this.#youngBytes = 0
    }
    const replaced = this.#young.get(rowId)
    this.#youngBytes += bytesOf(summary) - (replaced === undefined ? 0 : bytesOf(replaced))
    this.#young.set(rowId, summary)
  }

  forget(datastoreId: string): void {
    for (const [rowId, summary] of this.#young) {
      if (summary.datastoreId !== datastoreId) continue
      this.#young.delete(rowId)
      this.#youngBytes -= bytesOf(summary)
    }
    for (const [rowId, summary] of this.#old) if (summary.datastoreId === datastoreId) this.#old.delete(rowId)
  }
}

/**
 * @param rowIds rows that exist in the snapshot of the transaction.
 * @param state.latest the last change that the transaction sees.
 * @returns in the order of `rowIds`.
 */
export function* summariesOf(
  rowIds: readonly number[],
  state: { readonly summaries: CachedSummaries; readonly datastoreId: string; readonly latest: number },
): Sql<readonly Summary[]> {
  const { summaries, datastoreId, latest } = state
  const found: (Cached | undefined)[] = []
  const older: number[] = []
  const unknown: number[] = []
  let upTo = latest
  for (const rowId of rowIds) {
    const cached = summaries.get(rowId)
    // Another connection may have cached a later state than this transaction sees.
    const isUsable = cached !== undefined && cached.upTo <= latest
    found.push(isUsable ? cached : undefined)
    if (!isUsable) unknown.push(rowId)
    else if (cached.upTo < latest) {
      older.push(rowId)
      upTo = Math.min(upTo, cached.upTo)
    }
  }
  if (older.length === 0 && unknown.length === 0) return found as readonly Cached[]
  const changed = older.length === 0 ? [] : yield* rowsOf(older, { changedAfter: upTo })
  const read = unknown.length === 0 ? [] : yield* rowsOf(unknown, { changedAfter: -1 })
  // No await or yield below: other searches share the cache.
  for (const cached of found) if (cached !== undefined) cached.upTo = latest
  const rows = new Map(
    [...changed, ...read].map((row) => [row.row_id, { ...summaryOf(row), datastoreId, upTo: latest }]),
  )
  for (const [rowId, summary] of rows) summaries.keep(rowId, summary)
  return found.map((cached, at) => rows.get(rowIds[at]!) ?? cached!)
}

const rowsOf = (
  rowIds: readonly number[],
  { changedAfter }: { readonly changedAfter: number },
): Sql<readonly SummaryRow[]> =>
  allOfMany<SummaryRow>(
    (marks) => `SELECT row_id, ${SUMMARY_COLUMNS} FROM image_sets WHERE changed_in > ? AND row_id IN (${marks})`,
    [changedAfter],
    rowIds,
  )

export const summaryOf = (row: SummaryRow): Summary => ({
  answer: {
    imageSetId: imageSetIdOf(row.row_id, row.id_suffix),
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    lastAccessedAt: row.last_accessed_at,
    DICOMStudyDateAndTime: row.study_timestamp,
    isPrimary: row.is_primary === 1,
    tags: row.tags,
    rowId: row.row_id,
  },
})
