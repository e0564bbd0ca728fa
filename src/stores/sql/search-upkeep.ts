/**
 * Keeps the search index equal to the image sets, in the transaction that changes them. An image set lies in the space of the
 * primary ones or of the others, in that of each of its texts which has one, and in that of each two of its texts which have one.
 */
import { decodeEntries, type Entries, type Entry, encodeEntries, SEQ } from '../search-index/entries.ts'
import type { IndexSizes } from '../search-index/sizes.ts'
import { nextChange } from './changes.ts'
import type { Dialect } from './differences.ts'
import {
  INDEXED_COLUMNS,
  type Indexed,
  type IndexedRow,
  indexedIn,
  indexedOf,
  primaryKeyOf,
  rowsOf,
} from './indexed-image-set.ts'
import { buildAll } from './search-build.ts'
import { clearRetired, type Edit, LeafWriter, retireSpace } from './search-leaves.ts'
import {
  BoundsInMemory,
  keyOfRow,
  nameOf,
  pairKey,
  pairsOf,
  type Space,
  type SpaceKey,
  type SpaceState,
  spacesFor,
  type Text,
  textKey,
} from './search-spaces.ts'
import { all, one, type Sql } from './statement.ts'

/** What becomes of an image set in a change: it comes, goes, or is another than before. */
export interface IndexChange {
  readonly before?: Indexed
  readonly after?: Indexed
}

/** A space that a change has written, and how many entries it had and has. */
interface Edited {
  readonly space: Space
  readonly countBefore: number
  readonly count: number
}

/** Writes the index. One for each connection that writes; what it does is part of the transaction that it is asked in. */
export class SearchUpkeep {
  readonly #sizes: IndexSizes
  readonly #dialect: Dialect
  readonly #bounds: BoundsInMemory
  readonly #leaves: LeafWriter
  /** Unlike that of every other writer. */
  readonly #name: string
  #changes = 0
  /** What the last change of this writer was, if it stands, and how far the index was being built anew in it. */
  #last: { number: number; stamp: string; rebuiltTo: number | undefined } = {
    number: -1,
    stamp: '',
    rebuiltTo: undefined,
  }
  /** Up to here nothing in memory can be undone any more. */
  #confirmed = -1

  constructor(options: { readonly sizes: IndexSizes; readonly dialect: Dialect; readonly name: string }) {
    this.#sizes = options.sizes
    this.#dialect = options.dialect
    this.#name = options.name
    this.#bounds = new BoundsInMemory(options.sizes)
    this.#leaves = new LeafWriter(options.sizes.leafEntriesMax)
  }

  /** The number of a change to image sets; `apply` belongs to the change begun last. */
  *beginChange(): Sql<number> {
    const stamp = `${this.#name}.${++this.#changes}`
    const { number, stampBefore, rebuiltTo } = yield* nextChange(stamp)
    if (this.#last.number !== number - 1 || this.#last.stamp !== stampBefore) {
      // Another writer came between, or a transaction of ours was undone; memory may hold what is nowhere else.
      yield* this.#bounds.readAgain(this.#leaves.written, this.#confirmed)
      if (!stampBefore.startsWith(`${this.#name}.`)) {
        this.#confirmed = number - 1
        this.#leaves.forgetWritten()
      }
    }
    this.#last = { number, stamp, rebuiltTo }
    return number
  }

  /** An image set as its row has it now. */
  *indexed(seq: number): Sql<Indexed> {
    return indexedOf((yield* one<IndexedRow>(`SELECT ${INDEXED_COLUMNS} FROM image_sets WHERE seq = ?`, seq))!)
  }

  /** Once in a change, when all its rows are as they shall be. */
  *apply(changes: readonly IndexChange[]): Sql<void> {
    for (const [datastore, some] of Map.groupBy(changes, (change) => (change.after ?? change.before)!.datastore)) {
      const edited = yield* this.#edit(datastore, some, 'live')
      if (this.#last.rebuiltTo !== undefined) yield* this.#editRebuilding(datastore, some, this.#last.rebuiltTo)
      const added = some.flatMap(({ after }) => (after === undefined ? [] : [after]))
      const built = yield* this.#buildMissing(datastore, added, edited)
      yield* this.#buildPairs(datastore, added, [...edited.values(), ...built])
      for (const { space, count } of edited.values()) {
        if (count < this.#heavyUntil(space)) yield* this.#drop(datastore, space)
      }
    }
    yield* clearRetired()
  }

  /** Everything, for a catalog whose index is empty. */
  *buildAll(): Sql<void> {
    yield* buildAll({
      sizes: this.#sizes,
      dialect: this.#dialect,
      addSpace: (datastore, key, entries) => this.#addSpace(datastore, key, { entries, state: 'live' }),
    })
  }

  /** Puts the changes into the spaces of the state that there are for them. */
  *#edit(datastore: number, changes: readonly IndexChange[], state: SpaceState): Sql<ReadonlyMap<string, Edited>> {
    const indexed = changes.flatMap(({ before, after }) => [before, after].filter((each) => each !== undefined))
    const singles = yield* spacesFor(datastore, indexed.flatMap(keysOf), state)
    const heavyTexts = ({ texts }: Indexed) => texts.filter((text) => singles.has(nameOf(textKey(text))))
    const pairs = yield* spacesFor(
      datastore,
      indexed.flatMap((each) => pairsOf(heavyTexts(each))),
      state,
    )
    const edits = new Map<string, { readonly space: Space; readonly removed: Entry[]; readonly added: Entry[] }>()
    const put = (imageSet: Indexed | undefined, side: 'removed' | 'added') => {
      if (imageSet === undefined) return
      for (const key of [...keysOf(imageSet), ...pairsOf(heavyTexts(imageSet))]) {
        const name = nameOf(key)
        const space = singles.get(name) ?? pairs.get(name)
        if (space === undefined) continue
        const edit = edits.get(name) ?? { space, removed: [], added: [] }
        edits.set(name, edit)
        edit[side].push(imageSet.entry)
      }
    }
    for (const { before, after } of changes) {
      put(before, 'removed')
      put(after, 'added')
    }
    const edited = new Map<string, Edited>()
    for (const [name, edit] of edits) edited.set(name, yield* this.#editSpace(edit.space, edit))
    return edited
  }

  *#editSpace(space: Space, edit: Edit): Sql<Edited> {
    const change = this.#last.number
    const bounds = yield* this.#bounds.of(space.space, change - 1)
    const countBefore = bounds.entryCount()
    yield* this.#leaves.edit(edit, { space: space.space, bounds, change })
    return { space, countBefore, count: countBefore + edit.added.length - edit.removed.length }
  }

  /** What lies behind `rebuiltTo` is not in the spaces that are being built; it comes into them in its turn. */
  *#editRebuilding(datastore: number, changes: readonly IndexChange[], rebuiltTo: number): Sql<void> {
    const isIn = (imageSet: Indexed | undefined) => imageSet !== undefined && imageSet.entry.point[SEQ]! <= rebuiltTo
    yield* this.#edit(
      datastore,
      changes.filter(({ before, after }) => isIn(after ?? before)),
      'rebuilding',
    )
  }

  /** Spaces for those of the keys which have none and shall have one. */
  *#buildMissing(
    datastore: number,
    added: readonly Indexed[],
    edited: ReadonlyMap<string, Edited>,
  ): Sql<readonly Edited[]> {
    const missing = new Map<string, SpaceKey>()
    for (const imageSet of added) {
      // Counting costs; so one of so many is counted, and a text may pass its mark by a few hundred.
      const keys = this.#counts(imageSet) ? keysOf(imageSet) : [primaryKeyOf(imageSet)]
      for (const key of keys) if (!edited.has(nameOf(key))) missing.set(nameOf(key), key)
    }
    const built: Edited[] = []
    for (const key of missing.values()) {
      if (key.texts.length > 0 && !(yield* this.#isHeavy(datastore, key))) continue
      built.push(yield* this.#build(datastore, key))
    }
    return built
  }

  /**
   * Two texts that very many image sets have each, and one of them both, have a space together; so where there is none, a search
   * for both finds nothing.
   */
  *#buildPairs(datastore: number, added: readonly Indexed[], edited: readonly Edited[]): Sql<void> {
    const { pairFrom } = this.#sizes
    const large = new Map(edited.filter(({ count }) => count > pairFrom).map((each) => [nameOf(each.space), each]))
    const isLarge = (text: Text) => large.has(nameOf(textKey(text)))
    const wanted = new Map<string, SpaceKey>()
    for (const { texts } of added) for (const pair of pairsOf(texts.filter(isLarge))) wanted.set(nameOf(pair), pair)
    for (const { space, countBefore } of large.values()) {
      const [text, another] = space.texts
      if (text === undefined || another !== undefined || countBefore > pairFrom) continue
      for (const other of yield* this.#largeTexts(datastore)) {
        if (other.attribute !== text.attribute) wanted.set(nameOf(pairKey(text, other)), pairKey(text, other))
      }
    }
    const known = yield* spacesFor(datastore, [...wanted.values()])
    for (const [name, key] of wanted) if (!known.has(name)) yield* this.#build(datastore, key)
  }

  *#largeTexts(datastore: number): Sql<readonly Text[]> {
    const rows = yield* all<{ attribute: Text['attribute']; value: string }>(
      `SELECT attribute, value FROM search_spaces WHERE datastore = ? AND state = 'live' AND attribute <> 'isPrimary'
       AND (SELECT sum(entry_count) FROM search_leaves WHERE search_leaves.space = search_spaces.space) > ?`,
      ...[datastore, this.#sizes.pairFrom],
    )
    return rows
      .filter(({ attribute }) => !attribute.includes('+'))
      .map(({ attribute, value }) => ({ attribute, equals: value }))
  }

  /** Spread by a hash, so that no rhythm of coming keeps a text from being counted. */
  #counts({ entry }: Indexed): boolean {
    return (Math.imul(entry.point[SEQ]!, 0x9e3779b1) >>> 8) % this.#sizes.countEvery === 0
  }

  *#isHeavy(datastore: number, key: SpaceKey): Sql<boolean> {
    const { text, values } = rowsOf(datastore, key, this.#dialect)
    const from = isUid(key) ? this.#sizes.heavyUidFrom : this.#sizes.heavyFrom
    const beyond = yield* all(`SELECT 1 AS one FROM ${text} LIMIT 1 OFFSET ?`, ...values, from)
    return beyond.length > 0
  }

  #heavyUntil(key: SpaceKey): number {
    if (key.texts.length !== 1) return key.texts.length === 0 ? 0 : 1
    return isUid(key) ? this.#sizes.heavyUidUntil : this.#sizes.heavyUntil
  }

  /** Out of the rows as they are now. A space of two texts that no image set has both is left out. */
  *#build(datastore: number, key: SpaceKey): Sql<Edited> {
    const rows = yield* indexedIn(datastore, key, this.#dialect)
    const bytes = encodeEntries(rows.map(({ entry }) => entry))
    const space = { ...key, space: -1 }
    if (rows.length > 0 || key.texts.length === 0) {
      space.space = yield* this.#addSpace(datastore, key, { entries: decodeEntries(bytes), state: 'live' })
    }
    return { space, countBefore: 0, count: rows.length }
  }

  *#addSpace(
    datastore: number,
    key: SpaceKey,
    { entries, state }: { readonly entries: Entries; readonly state: SpaceState },
  ): Sql<number> {
    return yield* this.#leaves.addSpace({ datastore, key, state }, { entries, change: this.#last.number })
  }

  /** With it go those of its text and another, and their successors. */
  *#drop(datastore: number, key: SpaceKey): Sql<void> {
    const rows = yield* all<{ space: number; attribute: string; value: string }>(
      `SELECT space, attribute, value FROM search_spaces WHERE datastore = ? AND state IN ('live', 'rebuilding')`,
      datastore,
    )
    for (const row of rows) {
      const texts = keyOfRow(row).texts
      const holds = key.texts.every((text) =>
        texts.some(({ attribute, equals }) => attribute === text.attribute && equals === text.equals),
      )
      if (!holds) continue
      yield* retireSpace(row.space)
      this.#bounds.forget(row.space)
    }
  }
}

const keysOf = (imageSet: Indexed): readonly SpaceKey[] => [primaryKeyOf(imageSet), ...imageSet.texts.map(textKey)]

const isUid = ({ attribute }: SpaceKey) =>
  attribute === 'DICOMStudyInstanceUID' || attribute === 'DICOMSeriesInstanceUID'
