/**
 * Seals the tail: makes postings of its image sets. When the tail is full, the image sets that are in it then get their tokens at once, and
 * each of the next changes writes some postings, in the order of tokens. So no import waits for all of them, and each page of postings is
 * written about once. Until the last is written, a search finds the image sets in the tail; a posting that has them already says nothing new.
 */
import { randomUUID } from 'node:crypto'
import type { Sql } from '../../sql/engine/statement.ts'
import { type IndexedWithWords, indexedWithWords } from '../indexed-image-set.ts'
import { ROW_ID } from '../kd-tree/entries.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import { type Dictionary, extendChunks, recordChange, recordSealing, type SealingState } from '../words/dictionary.ts'
import { countTail, removeFromTail, tailOf } from '../words/tail.ts'
import { type RowsOfValue, RowsOfValues } from './rows-of-values.ts'
import { type TokenWriter, textTokens, tokensIn } from './token-writer.ts'
import { PostingEdits, writePostings } from './write-postings.ts'

/** In the order of tokens. */
type PostingsToWrite = readonly (readonly [token: number, rowIds: readonly number[]])[]

interface Sealing {
  readonly name: string
  readonly postings: PostingsToWrite
}

interface Writing {
  readonly change: number
  readonly tokensMax: number
  /** As of finish. */
  readonly former?: readonly IndexedWithWords[]
}

export class TailSealing {
  readonly #sizes: IndexSizes
  readonly #tokens: TokenWriter
  /**
   * The postings of the sealing of each dictionary, also those that are written: a transaction may be rolled back. Other writers continue a
   * sealing too. A writer that does not have it makes it from the rows, which have not changed, nor have their tokens.
   */
  readonly #sealings = new Map<number, Sealing>()
  /** The values of image sets that this writer added to a tail, by dictionary. Made again from the rows where some are missing. */
  readonly #newest = new Map<number, RowsOfValues>()

  constructor(sizes: IndexSizes, tokens: TokenWriter) {
    this.#sizes = sizes
    this.#tokens = tokens
  }

  /** After a rollback or a change of another writer. */
  forget(): void {
    this.#newest.clear()
  }

  /** Image sets that were added to the tail. */
  added(dictionary: number, imageSets: readonly IndexedWithWords[]): void {
    let newest = this.#newest.get(dictionary)
    if (newest === undefined) {
      newest = new RowsOfValues()
      this.#newest.set(dictionary, newest)
    }
    for (const imageSet of imageSets) newest.add(imageSet)
    // The last in the map was used last.
    this.#newest.delete(dictionary)
    this.#newest.set(dictionary, newest)
    const [oldest] = this.#newest.keys()
    if (this.#newest.size > this.#sizes.tailsInMemory) this.#newest.delete(oldest!)
  }

  /** Begins to seal a full tail, or writes some more postings of one that is being sealed. */
  *proceed(of: Dictionary, change: number): Sql<void> {
    if (of.sealing !== undefined) yield* this.#write(of, of.sealing, { change, tokensMax: this.#sizes.sealedTokensMax })
    else if ((yield* countTail(of.dictionary)) >= this.#sizes.tailRowsMax) yield* this.#begin(of, change)
  }

  /**
   * Seals the whole tail.
   * @param former image sets whose rows this transaction has changed already, as they were: they are sealed so
   * @returns the dictionary as it is then
   */
  *finish(of: Dictionary, change: number, former: readonly IndexedWithWords[] = []): Sql<Dictionary> {
    const writing = { change, tokensMax: Number.POSITIVE_INFINITY, former }
    const rest = of.sealing === undefined ? of : yield* this.#write(of, of.sealing, writing)
    const begun = yield* this.#begin(rest, change, former)
    return begun.sealing === undefined ? begun : yield* this.#write(begun, begun.sealing, writing)
  }

  /** Makes postings of image sets that are in neither tail nor postings. */
  *seal(of: Dictionary, imageSets: readonly IndexedWithWords[], change: number): Sql<void> {
    if (imageSets.length === 0) return
    const values = new RowsOfValues()
    for (const imageSet of imageSets) values.add(imageSet)
    const extended = yield* extendChunks(of, imageSets.map(rowIdOf))
    yield* writePostings(extended, editsOf(yield* this.#postingsOf(extended, values)))
    yield* recordChange(of.dictionary, change)
  }

  *#begin(of: Dictionary, change: number, former: readonly IndexedWithWords[] = []): Sql<Dictionary> {
    const { dictionary } = of
    const rowIds = (yield* tailOf(dictionary)).map(({ row_id }) => row_id)
    if (rowIds.length === 0) return of
    const kept = this.#newest.get(dictionary)
    this.#newest.delete(dictionary)
    const values = kept?.has(rowIds) ? kept : yield* valuesOf(rowIds, former)
    const to = rowIds.at(-1)!
    const extended = yield* extendChunks(of, rowIds)
    const sealing = { name: randomUUID(), to, token: 0 }
    this.#keep(dictionary, { name: sealing.name, postings: yield* this.#postingsOf(extended, values) })
    yield* recordChange(dictionary, change)
    yield* recordSealing(dictionary, sealing)
    return { ...extended, sealing }
  }

  /** Writes postings of the next tokens. */
  *#write(
    of: Dictionary,
    { name, to, token }: SealingState,
    { change, tokensMax, former = [] }: Writing,
  ): Sql<Dictionary> {
    const { dictionary } = of
    const known = this.#sealings.get(dictionary)
    const all = known?.name === name ? known.postings : yield* this.#again(of, to, former)
    this.#keep(dictionary, { name, postings: all })
    const left = all.filter(([each]) => each > token)
    const some = left.slice(0, tokensMax)
    yield* writePostings(of, editsOf(some))
    yield* recordChange(dictionary, change)
    if (some.length === left.length) {
      this.#sealings.delete(dictionary)
      yield* removeFromTail(dictionary, to)
      yield* recordSealing(dictionary, undefined)
      return { ...of, sealing: undefined }
    }
    const sealing = { name, to, token: some.at(-1)![0] }
    yield* recordSealing(dictionary, sealing)
    return { ...of, sealing }
  }

  #keep(dictionary: number, sealing: Sealing): void {
    // The last in the map was used last. Another writer may have ended those of others.
    this.#sealings.delete(dictionary)
    this.#sealings.set(dictionary, sealing)
    const [oldest] = this.#sealings.keys()
    if (this.#sealings.size > this.#sizes.tailsInMemory) this.#sealings.delete(oldest!)
  }

  /** From the rows. Their tokens exist. */
  *#again(of: Dictionary, to: number, former: readonly IndexedWithWords[]): Sql<PostingsToWrite> {
    const rowIds = (yield* tailOf(of.dictionary)).map(({ row_id }) => row_id).filter((rowId) => rowId <= to)
    return yield* this.#postingsOf(of, yield* valuesOf(rowIds, former))
  }

  *#postingsOf(of: Dictionary, values: RowsOfValues): Sql<PostingsToWrite> {
    const texts = yield* textTokens(of.dictionary)
    const wanted: RowsOfValue[] = [...values.described()]
    for (const { keys, rowIds } of values.texts()) if (texts.has(keys[0]!)) wanted.push({ keys, rowIds })
    const tokensOfKey = yield* this.#tokens.create(of, new Set(wanted.flatMap(({ keys }) => keys)))
    const postings = new Map<number, number[]>()
    for (const { keys, rowIds } of wanted) {
      for (const token of tokensIn(keys, tokensOfKey)) {
        const known = postings.get(token)
        if (known === undefined) postings.set(token, [...rowIds])
        else for (const rowId of rowIds) known.push(rowId)
      }
    }
    return [...postings].sort(([a], [b]) => a - b)
  }
}

/** Of the rows, but of former image sets as they were. */
function* valuesOf(rowIds: readonly number[], former: readonly IndexedWithWords[]): Sql<RowsOfValues> {
  const values = new RowsOfValues()
  const formerOf = new Map(former.map((imageSet) => [rowIdOf(imageSet), imageSet]))
  const inTail = rowIds.flatMap((rowId) => formerOf.get(rowId) ?? [])
  const others = yield* indexedWithWords(rowIds.filter((rowId) => !formerOf.has(rowId)))
  for (const imageSet of [...inTail, ...others]) values.add(imageSet)
  return values
}

function editsOf(postings: PostingsToWrite): PostingEdits {
  const edits = new PostingEdits()
  for (const [token, rowIds] of postings) for (const rowId of rowIds) edits.add(rowId, token)
  return edits
}

const rowIdOf = ({ entry }: IndexedWithWords): number => entry.point[ROW_ID]!
