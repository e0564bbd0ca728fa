/**
 * Keeps the search index of one data store equal to its image sets, in the transaction that changes them. Behind the lock of `changes`, so
 * that transactions of a process use it one at a time.
 */
import { DeclarationsChanged } from '../../catalog/declared-attribute-repository.ts'
import type { Dialect } from '../../sql/engine/differences.ts'
import { type Sql, together } from '../../sql/engine/statement.ts'
import { nextChange } from '../../sql/history/changes.ts'
import { updateStudies } from '../../sql/studies/write-studies.ts'
import { assertIndexFormat } from '../index-format.ts'
import type { IndexChange } from '../indexed-image-set.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import { studiesChangedBy } from './changed-studies.ts'
import { adjustPartitions, type IndexWriting } from './high-frequency-partitions.ts'
import { PartitionWriter } from './partition-writer.ts'
import { editRebuilding, editRebuildingWords } from './rebuild-partitions.ts'
import { WordWriter } from './word-writer.ts'
import { clearRetired } from './write-leaves.ts'
import { clearRetiredWords } from './write-postings.ts'

/** Leaves of retired partitions, and rows of retired dictionaries, that a change deletes beside its own work. */
const CLEARED_PER_CHANGE = 16
const WORD_ROWS_CLEARED_PER_CHANGE = 128

/** A change to the image sets of a data store that has begun. */
export interface BegunChange {
  readonly number: number
  readonly writing: IndexWriting
  /** Once, after all its rows are written. @param at when the change is made */
  apply(changes: readonly IndexChange[], at: number): Sql<void>
  /** Like `apply`, for changes of texts that only searches by words compare. */
  applyTexts(changes: readonly IndexChange[]): Sql<void>
}

export class StoreUpkeep {
  readonly #datastore: number
  readonly #sizes: IndexSizes
  readonly #dialect: Dialect
  readonly #partitions: PartitionWriter
  readonly #words: WordWriter
  /** Unique among all writers. */
  readonly #name: string
  #changes = 0
  /** The last change of this writer, unless it was rolled back. */
  #last = { number: -1, writeToken: '' }
  /** The last change that certainly was committed. */
  #confirmed = -1

  constructor(datastore: number, of: { readonly sizes: IndexSizes; readonly dialect: Dialect; readonly name: string }) {
    this.#datastore = datastore
    this.#sizes = of.sizes
    this.#dialect = of.dialect
    this.#name = of.name
    this.#partitions = new PartitionWriter(datastore, of.sizes)
    this.#words = new WordWriter(datastore, of.sizes)
  }

  /** @throws DeclarationsChanged */
  *begin(revision: number | undefined): Sql<BegunChange> {
    const writeToken = `${this.#name}.${++this.#changes}`
    const begun = yield* nextChange(this.#datastore, writeToken)
    const { number, previousWriteToken, rebuiltTo, indexFormat, declarations } = begun
    assertIndexFormat(indexFormat)
    if (revision !== undefined && revision !== declarations) throw new DeclarationsChanged()
    if (this.#last.number !== number - 1 || this.#last.writeToken !== previousWriteToken) {
      // Another writer committed in between, or our transaction was rolled back.
      yield* this.#partitions.refresh(this.#confirmed)
      this.#words.forget()
      if (!previousWriteToken.startsWith(`${this.#name}.`)) {
        this.#confirmed = number - 1
        this.#partitions.confirmWritten()
      }
    }
    this.#last = { number, writeToken }
    const writing: IndexWriting = {
      ...{ datastore: this.#datastore, sizes: this.#sizes, dialect: this.#dialect, change: number, rebuiltTo },
      ...{ partitions: this.#partitions, words: this.#words },
    }
    return {
      ...{ number, writing },
      apply: (changes, at) => apply(writing, changes, at),
      applyTexts: (changes) => applyTexts(writing, changes),
    }
  }
}

function* apply(writing: IndexWriting, changes: readonly IndexChange[], at: number): Sql<void> {
  const { datastore, change, rebuiltTo, partitions, words } = writing
  const clearing = [
    clearRetired(datastore, CLEARED_PER_CHANGE),
    clearRetiredWords(datastore, WORD_ROWS_CLEARED_PER_CHANGE),
  ] as const
  if (changes.length === 0) {
    yield* together(...clearing)
    return
  }
  const [edited] = yield* together(
    partitions.edit(changes, { state: 'live', change }),
    words.edit(changes, { state: 'live', change }),
    updateStudies(datastore, studiesChangedBy(changes), { number: change, at }),
    ...clearing,
  )
  if (rebuiltTo !== undefined) yield* editRebuilding(writing, { changes, rebuiltTo })
  const added = changes.flatMap(({ after }) => (after === undefined ? [] : [after]))
  // Last: what it builds is of the rows as they are now.
  yield* adjustPartitions(writing, { added, edited })
}

function* applyTexts(writing: IndexWriting, changes: readonly IndexChange[]): Sql<void> {
  const { change, rebuiltTo, words } = writing
  if (changes.length === 0) return
  if (rebuiltTo !== undefined) yield* editRebuildingWords(writing, { changes, rebuiltTo })
  yield* words.edit(changes, { state: 'live', change })
}
