/**
 * Keeps dictionary, tail and postings equal to the image sets. New image sets go into the tail. A sealed image set has the tokens of its words,
 * of their short prefixes, of those longer prefixes that have a token, and of its high-frequency texts.
 */
import { describedOf } from '../../../imaging/search/described.ts'
import type { Sql } from '../../sql/engine/statement.ts'
import { insertRows } from '../../sql/rows/insert-rows.ts'
import type { Text } from '../../sql/rows/search-columns.ts'
import type { IndexChange, IndexedWithWords } from '../indexed-image-set.ts'
import { ROW_ID } from '../kd-tree/entries.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import { type Dictionary, type DictionaryState, dictionaryOf, recordChange, tokensOf } from '../words/dictionary.ts'
import { deletePostingsOf } from '../words/postings.ts'
import { putIntoTail } from '../words/tail.ts'
import { keyOfText, keysOf } from '../words/word-keys.ts'
import { TailSealing } from './tail-sealing.ts'
import { TokenWriter, textTokens, tokensIn } from './token-writer.ts'
import { PostingEdits, writePostings } from './write-postings.ts'

/** The dictionary that is written, and the number of the change. */
interface WordWriting {
  readonly state: DictionaryState
  readonly change: number
}

export class WordWriter {
  readonly #datastore: number
  readonly #tokens: TokenWriter
  readonly #tail: TailSealing

  constructor(datastore: number, sizes: IndexSizes) {
    this.#datastore = datastore
    this.#tokens = new TokenWriter(sizes)
    this.#tail = new TailSealing(sizes, this.#tokens)
  }

  /** After a rollback or a change of another writer. */
  forget(): void {
    this.#tokens.forget()
    this.#tail.forget()
  }

  /** Creates the dictionary in the state. @param texts the high-frequency ones */
  *create(texts: Iterable<Text>, { state, change }: WordWriting): Sql<Dictionary> {
    const [row] = yield* insertRows(
      'search_dictionaries',
      [{ datastore: this.#datastore, state, changed_in: change }],
      {
        returning: ['dictionary'],
      },
    )
    const { dictionary } = row!
    yield* this.#tokens.insert(dictionary, [...texts].map(keyOfText))
    return { dictionary, chunks: [], changedIn: change, sealing: undefined }
  }

  /** Nothing where the data store has no dictionary in the state, unless it is the live one. */
  *edit(changes: readonly IndexChange[], writing: WordWriting): Sql<void> {
    const edits = changes.filter(changesWords)
    if (edits.length === 0) return
    const found = yield* dictionaryOf(this.#datastore, writing.state)
    if (found === undefined && writing.state !== 'live') return
    let of = found ?? (yield* this.create([], writing))
    const others = edits.filter(({ before }) => before !== undefined)
    if (others.length > 0) {
      of = yield* this.#tail.finish(
        of,
        writing.change,
        others.map(({ before }) => before!),
      )
      yield* this.#changeSealed(of, others, writing.change)
    }
    const added = edits.flatMap(({ before, after }) => (before === undefined ? [after!] : []))
    if (added.length === 0) return
    yield* putIntoTail(of.dictionary, added.map(rowIdOf), writing.change)
    this.#tail.added(of.dictionary, added)
    yield* this.#tail.proceed(of, writing.change)
  }

  /** Adds image sets to the postings that are in neither tail nor postings. Nothing where there is no dictionary in the state. */
  *seal(imageSets: readonly IndexedWithWords[], writing: WordWriting): Sql<void> {
    const of = yield* dictionaryOf(this.#datastore, writing.state)
    if (of !== undefined) yield* this.#tail.seal(of, imageSets, writing.change)
  }

  /** Gives a token to a text that has become high-frequency. @param rowIds of all image sets that have it */
  *addText(text: Text, { rowIds, state, change }: WordWriting & { readonly rowIds: readonly number[] }): Sql<void> {
    const found = yield* dictionaryOf(this.#datastore, state)
    if (found === undefined) return
    const of = yield* this.#tail.finish(found, change)
    const edits = new PostingEdits()
    for (const token of (yield* this.#tokens.insert(of.dictionary, [keyOfText(text)])).values()) {
      for (const rowId of rowIds) edits.add(rowId, token)
    }
    yield* writePostings(of, edits)
    yield* recordChange(of.dictionary, change)
  }

  *removeText(text: Text, { state, change }: WordWriting): Sql<void> {
    const found = yield* dictionaryOf(this.#datastore, state)
    if (found === undefined) return
    const of = yield* this.#tail.finish(found, change)
    const tokens = [...(yield* tokensOf(of.dictionary, [keyOfText(text)])).values()]
    yield* deletePostingsOf(of, tokens)
    yield* this.#tokens.delete(of.dictionary, tokens)
    yield* recordChange(of.dictionary, change)
  }

  *#changeSealed(of: Dictionary, edits: readonly IndexChange[], change: number): Sql<void> {
    const texts = yield* textTokens(of.dictionary)
    const before = edits.map((edit) => keysIn(edit.before, texts))
    const after = edits.map((edit) => keysIn(edit.after, texts))
    const created = yield* this.#tokens.create(of, new Set(after.flatMap((keys) => [...keys])))
    const known = yield* this.#tokens.of(of.dictionary, new Set(before.flatMap((keys) => [...keys])))
    const postings = new PostingEdits()
    for (const [at, edit] of edits.entries()) {
      const rowId = rowIdOf((edit.after ?? edit.before)!)
      const [then, now] = [tokensIn(before[at]!, known), tokensIn(after[at]!, created)]
      for (const token of then) if (!now.has(token)) postings.remove(rowId, token)
      for (const token of now) if (!then.has(token)) postings.add(rowId, token)
    }
    const emptied = yield* writePostings(of, postings)
    const kept = new Set(texts.values())
    yield* this.#tokens.deleteUnused(
      of,
      emptied.filter((token) => !kept.has(token)),
    )
    yield* recordChange(of.dictionary, change)
  }
}

const rowIdOf = ({ entry }: IndexedWithWords): number => entry.point[ROW_ID]!

/** Most changes leave the words and texts as they are: a new version has other counts and dates. */
function changesWords({ before, after }: IndexChange): boolean {
  if (before === undefined || after === undefined) return true
  if (JSON.stringify(before.texts) !== JSON.stringify(after.texts)) return true
  if (before.tags === after.tags && before.unlistedTexts === after.unlistedTexts) return false
  const [then, now] = [before, after].map((each) => describedOf(each.tags, each.unlistedTexts))
  return JSON.stringify(then) !== JSON.stringify(now)
}

/** The keys of an image set that have a token, or get one: not those of long prefixes. */
function keysIn(imageSet: IndexedWithWords | undefined, texts: ReadonlyMap<string, number>): ReadonlySet<string> {
  if (imageSet === undefined) return new Set()
  const keys = keysOf(describedOf(imageSet.tags, imageSet.unlistedTexts))
  return new Set([...keys, ...imageSet.texts.map(keyOfText).filter((key) => texts.has(key))])
}
