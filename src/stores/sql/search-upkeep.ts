/**
 * Keeps the search index equal to the image sets, in the transaction that changes them. An image set lies in the space of the
 * primary ones or of the others, and in that of each of its texts which has one.
 */
import assert from 'node:assert/strict'
import { type SearchableImageSet, TEXT_ATTRIBUTES } from '../../imaging/search.ts'
import {
  decodeEntries,
  type Entries,
  type Entry,
  encodeEntries,
  entriesOf,
  entryOf,
  joinEntries,
  LACKING,
  withEntry,
  withoutEntry,
} from '../search-index/entries.ts'
import { boundsOf, type Cell, encodeBounds } from '../search-index/leaf-bounds.ts'
import type { IndexSizes } from '../search-index/sizes.ts'
import { buildLeaves, splitLeaf } from '../search-index/split.ts'
import { nextChange } from './changes.ts'
import type { Dialect } from './differences.ts'
import { COLUMN_OF, TEXT_INDEXES } from './search-columns.ts'
import {
  BoundsInMemory,
  entryBytes,
  NOT_PRIMARY,
  PRIMARY,
  type Space,
  type SpaceKey,
  spacesFor,
} from './search-spaces.ts'
import { all, insertAll, one, run, type Sql } from './statement.ts'

/** An image set as the index knows it. */
export interface Indexed {
  readonly datastore: number
  readonly entry: Entry
  readonly keys: readonly SpaceKey[]
}

interface IndexedRow {
  readonly seq: number
  readonly datastore: number
  readonly is_primary: number
  readonly created_at: number
  readonly updated_at: number
  readonly study_instant: number | null
  readonly changed_in: number
  readonly patient_id: string | null
  readonly accession_number: string | null
  readonly study_id: string | null
  readonly study_instance_uid: string | null
  readonly series_instance_uid: string | null
}

const SELECT_INDEXED = `SELECT seq, datastore, is_primary, created_at, updated_at, study_instant, changed_in, patient_id,
  accession_number, study_id, study_instance_uid, series_instance_uid FROM image_sets`

/** How many rows are read at once where all are. */
const ROWS_PER_BITE = 20_000

/** Writes the index. One for each connection that writes; what it does is part of the transaction that it is asked in. */
export class SearchUpkeep {
  readonly #sizes: IndexSizes
  readonly #dialect: Dialect
  readonly #bounds: BoundsInMemory
  /** Unlike that of every other writer. */
  readonly #name: string
  #changes = 0
  /** What the last change of this writer was, if it stands. */
  #last = { number: -1, stamp: '' }
  /** Up to here nothing in memory can be undone any more; of what came later, these leaves are our own. */
  #confirmed = -1
  readonly #written = new Set<number>()

  constructor(options: { readonly sizes: IndexSizes; readonly dialect: Dialect; readonly name: string }) {
    this.#sizes = options.sizes
    this.#dialect = options.dialect
    this.#name = options.name
    this.#bounds = new BoundsInMemory(options.sizes)
  }

  /** The number of a change to image sets; everything else here belongs to the change begun last. */
  *beginChange(): Sql<number> {
    const stamp = `${this.#name}.${++this.#changes}`
    const { number, stampBefore } = yield* nextChange(stamp)
    if (this.#last.number !== number - 1 || this.#last.stamp !== stampBefore) {
      // Another writer came between, or a transaction of ours was undone; memory may hold what is nowhere else.
      yield* this.#bounds.readAgain(this.#written, this.#confirmed)
      if (!stampBefore.startsWith(`${this.#name}.`)) {
        this.#confirmed = number - 1
        this.#written.clear()
      }
    }
    this.#last = { number, stamp }
    return number
  }

  /** An image set as it is in the index and its row now. */
  *indexed(seq: number): Sql<Indexed> {
    return indexedOf((yield* one<IndexedRow>(`${SELECT_INDEXED} WHERE seq = ?`, seq))!)
  }

  *add(imageSet: Indexed): Sql<void> {
    const spaces = yield* spacesFor(imageSet.datastore, imageSet.keys)
    for (const space of spaces) yield* this.#insert(space.space, imageSet.entry)
    for (const key of imageSet.keys) {
      if (spaces.some((space) => space.attribute === key.attribute)) continue
      if (key.attribute === 'isPrimary') yield* this.#build(imageSet.datastore, key)
      else if (this.#counts(imageSet) && (yield* this.#isHeavy(imageSet.datastore, key))) {
        yield* this.#build(imageSet.datastore, key)
      }
    }
  }

  /** @param before as it was in the index before its row changed. */
  *move(before: Indexed, after: Indexed): Sql<void> {
    const spaces = yield* spacesFor(before.datastore, before.keys)
    for (const { space } of spaces) {
      yield* this.#remove(space, before.entry)
      yield* this.#insert(space, after.entry)
    }
  }

  *remove(imageSet: Indexed): Sql<void> {
    for (const space of yield* spacesFor(imageSet.datastore, imageSet.keys)) {
      const left = yield* this.#remove(space.space, imageSet.entry)
      if (space.attribute !== 'isPrimary' && left < this.#heavy(space).until) yield* this.#drop(space)
    }
  }

  /** Everything, for a catalog that has no index yet: one pass over the image sets, then space by space. */
  *buildAll(): Sql<void> {
    const pieces = new Map<
      string,
      { readonly datastore: number; readonly key: SpaceKey; readonly bytes: Uint8Array[] }
    >()
    const nameOf = (datastore: number, { attribute, value }: SpaceKey) => `${datastore} ${attribute} ${value}`
    const expect = (datastore: number, key: SpaceKey) =>
      pieces.set(nameOf(datastore, key), { datastore, key, bytes: [] })
    for (const { datastore } of yield* all<{ datastore: number }>('SELECT datastore FROM datastores')) {
      for (const key of [PRIMARY, NOT_PRIMARY]) expect(datastore, key)
      for (const key of yield* this.#heavyKeys(datastore)) expect(datastore, key)
    }
    for (let after = -1; ; ) {
      const rows = yield* all<IndexedRow>(
        `${SELECT_INDEXED} WHERE seq > ? AND deleted_at IS NULL ORDER BY seq LIMIT ?`,
        ...[after, ROWS_PER_BITE],
      )
      for (const [name, some] of Map.groupBy(
        rows
          .map(indexedOf)
          .flatMap(({ datastore, entry, keys }) => keys.map((key) => ({ name: nameOf(datastore, key), entry }))),
        ({ name }) => name,
      )) {
        pieces.get(name)?.bytes.push(encodeEntries(some.map(({ entry }) => entry)))
      }
      if (rows.length < ROWS_PER_BITE) break
      after = rows.at(-1)!.seq
    }
    for (const { datastore, key, bytes } of pieces.values()) yield* this.#addSpace(datastore, key, joinEntries(bytes))
  }

  *#heavyKeys(datastore: number): Sql<readonly SpaceKey[]> {
    const keys: SpaceKey[] = []
    for (const [attribute, index] of TEXT_INDEXES) {
      const column = COLUMN_OF[attribute]
      const heavy = yield* all<{ value: string }>(
        `SELECT ${column} AS value FROM image_sets ${this.#dialect.byIndex(index)}
         WHERE datastore = ? AND deleted_at IS NULL AND ${column} IS NOT NULL GROUP BY ${column} HAVING count(*) > ?`,
        ...[datastore, this.#heavy({ attribute }).from],
      )
      keys.push(...heavy.map(({ value }) => ({ attribute, value })))
    }
    return keys
  }

  get #state() {
    return { upTo: this.#last.number - 1, own: true }
  }

  *#insert(space: number, entry: Entry): Sql<void> {
    const bounds = yield* this.#bounds.of(space, this.#state)
    const at = bounds.find(entry.point)
    assert(at !== -1, 'the cells of a space hold every point')
    const leaf = bounds.leaves[at]!
    const cell = bounds.cellAt(at)
    const bytes = withEntry(yield* entryBytes(leaf), entry)
    if (bounds.entryCounts[at]! < this.#sizes.leafEntriesMax) {
      yield* this.#writeLeaf(leaf, cell, bytes)
      return
    }
    const extents = bounds.extents(LACKING)
    const [low, high] = splitLeaf({ cell, entries: entriesOf(decodeEntries(bytes)) }, { extents, added: entry })
    yield* this.#writeLeaf(leaf, low.cell, encodeEntries(low.entries))
    yield* this.#addLeaf(space, high.cell, encodeEntries(high.entries))
  }

  /** @returns how many entries the space has left. */
  *#remove(space: number, entry: Entry): Sql<number> {
    const bounds = yield* this.#bounds.of(space, this.#state)
    const at = bounds.find(entry.point)
    assert(at !== -1, 'the cells of a space hold every point')
    const bytes = withoutEntry(yield* entryBytes(bounds.leaves[at]!), entry.point[3]!)
    assert(bytes, 'an image set lies where its dates say')
    yield* this.#writeLeaf(bounds.leaves[at]!, bounds.cellAt(at), bytes)
    return bounds.entryCount() - 1
  }

  *#writeLeaf(leaf: number, cell: Cell, bytes: Uint8Array): Sql<void> {
    const entries = decodeEntries(bytes)
    yield* run(
      'UPDATE search_leaves SET entry_count = ?, changed_in = ?, bounds = ? WHERE leaf = ?',
      ...[entries.count, this.#last.number, encodeBounds(boundsOf(cell, entries)), leaf],
    )
    yield* run('UPDATE search_entries SET entries = ? WHERE leaf = ?', bytes, leaf)
    this.#written.add(leaf)
  }

  *#addLeaf(space: number, cell: Cell, bytes: Uint8Array): Sql<void> {
    const entries = decodeEntries(bytes)
    const [made] = yield* insertAll<{ leaf: number }>('search_leaves', {
      columns: ['space', 'entry_count', 'changed_in', 'bounds'],
      rows: [[space, entries.count, this.#last.number, encodeBounds(boundsOf(cell, entries))]],
      suffix: 'RETURNING leaf',
    })
    yield* insertAll('search_entries', { columns: ['leaf', 'entries'], rows: [[made!.leaf, bytes]] })
    this.#written.add(made!.leaf)
  }

  /** Spread by a hash, so that no rhythm of coming keeps a text from being counted. */
  #counts({ entry }: Indexed): boolean {
    return (Math.imul(entry.point[3]!, 0x9e3779b1) >>> 8) % this.#sizes.countEvery === 0
  }

  *#isHeavy(datastore: number, key: SpaceKey): Sql<boolean> {
    const beyond = yield* all(
      `SELECT 1 AS one FROM ${this.#imageSetsOf(key)} AND deleted_at IS NULL LIMIT 1 OFFSET ?`,
      ...[datastore, storedValue(key), this.#heavy(key).from],
    )
    return beyond.length > 0
  }

  #heavy({ attribute }: Pick<SpaceKey, 'attribute'>): { readonly from: number; readonly until: number } {
    const { heavyFrom, heavyUntil, heavyUidFrom, heavyUidUntil } = this.#sizes
    const isUid = attribute === 'DICOMStudyInstanceUID' || attribute === 'DICOMSeriesInstanceUID'
    return isUid ? { from: heavyUidFrom, until: heavyUidUntil } : { from: heavyFrom, until: heavyUntil }
  }

  /** FROM and WHERE, for the number of the data store and the value of the key. */
  #imageSetsOf({ attribute }: SpaceKey): string {
    const index = TEXT_INDEXES.find(([text]) => text === attribute)
    const table = index === undefined ? 'image_sets' : `image_sets ${this.#dialect.byIndex(index[1])}`
    return `${table} WHERE datastore = ? AND ${COLUMN_OF[attribute]} = ?`
  }

  *#build(datastore: number, key: SpaceKey): Sql<void> {
    const from = this.#imageSetsOf(key)
    const rows = yield* all<IndexedRow>(
      `${SELECT_INDEXED.replace('image_sets', from)} AND deleted_at IS NULL`,
      ...[datastore, storedValue(key)],
    )
    const bytes = encodeEntries(rows.map((row) => indexedOf(row).entry))
    yield* this.#addSpace(datastore, key, decodeEntries(bytes))
  }

  *#addSpace(datastore: number, key: SpaceKey, entries: Entries): Sql<void> {
    const counted = yield* one<{ last_space: number }>(
      'UPDATE changes SET last_space = last_space + 1 RETURNING last_space',
    )
    const space = counted!.last_space
    yield* insertAll('search_spaces', {
      columns: ['space', 'datastore', 'attribute', 'value'],
      rows: [[space, datastore, key.attribute, key.value]],
    })
    for (const { cell, bytes } of buildLeaves(entries, this.#sizes.leafEntriesMax)) {
      yield* this.#addLeaf(space, cell, bytes)
    }
  }

  *#drop({ space }: Space): Sql<void> {
    yield* run('DELETE FROM search_entries WHERE leaf IN (SELECT leaf FROM search_leaves WHERE space = ?)', space)
    yield* run('DELETE FROM search_leaves WHERE space = ?', space)
    yield* run('DELETE FROM search_spaces WHERE space = ?', space)
  }
}

const storedValue = ({ attribute, value }: SpaceKey) => (attribute === 'isPrimary' ? Number(value) : value)

function indexedOf(row: IndexedRow): Indexed {
  const imageSet: SearchableImageSet = {
    seq: row.seq,
    DICOMPatientId: row.patient_id,
    DICOMAccessionNumber: row.accession_number,
    DICOMStudyId: row.study_id,
    DICOMStudyInstanceUID: row.study_instance_uid,
    DICOMSeriesInstanceUID: row.series_instance_uid,
    isPrimary: row.is_primary === 1,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    DICOMStudyDateAndTime: row.study_instant,
  }
  const texts = TEXT_ATTRIBUTES.flatMap((attribute) => {
    const value = imageSet[attribute]
    return value === null ? [] : [{ attribute, value }]
  })
  return {
    datastore: row.datastore,
    entry: entryOf(imageSet, row.changed_in),
    keys: [imageSet.isPrimary ? PRIMARY : NOT_PRIMARY, ...texts],
  }
}
