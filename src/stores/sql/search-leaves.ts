/** The leaves of the search index, written: each once in a change, however many of its entries come or go. */
import assert from 'node:assert/strict'
import {
  changedEntries,
  decodeEntries,
  type Entries,
  type Entry,
  encodeEntries,
  entriesOf,
  LACKING,
  SEQ,
} from '../search-index/entries.ts'
import { boundsOf, type Cell, encodeBounds, type LeafBounds } from '../search-index/leaf-bounds.ts'
import { buildLeaves, divideLeaf } from '../search-index/split.ts'
import { entryBytesOf, type SpaceKey, type SpaceState } from './search-spaces.ts'
import { all, insertAll, one, run, type Sql } from './statement.ts'

/** What a change does to one space. */
export interface Edit {
  readonly removed: readonly Entry[]
  readonly added: readonly Entry[]
}

interface Leaf {
  readonly leaf: number
  readonly cell: Cell
  readonly bytes: Uint8Array
}

const LEAVES_PER_BITE = 256

export class LeafWriter {
  readonly #entriesMax: number
  /** The leaves written by changes that may still be undone. */
  readonly #written = new Set<number>()

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax
  }

  get written(): ReadonlySet<number> {
    return this.#written
  }

  forgetWritten(): void {
    this.#written.clear()
  }

  /**
   * @param at.bounds of the space as they were before the edit; they stay so.
   * @param at.change the number of the change.
   */
  *edit(
    { removed, added }: Edit,
    at: { readonly space: number; readonly bounds: LeafBounds; readonly change: number },
  ) {
    const { space, bounds, change } = at
    const edits = new Map<number, { readonly removed: Set<number>; readonly added: Entry[] }>()
    const editOf = ({ point }: Entry) => {
      const place = bounds.find(point)
      assert(place !== -1, 'the cells of a space hold every point')
      const known = edits.get(place) ?? { removed: new Set(), added: [] }
      edits.set(place, known)
      return known
    }
    for (const entry of removed) editOf(entry).removed.add(entry.point[SEQ]!)
    for (const entry of added) editOf(entry).added.push(entry)

    const bytesOf = yield* entryBytesOf([...edits.keys()].map((place) => bounds.leaves[place]!))
    const leaves: Leaf[] = []
    const extra: Omit<Leaf, 'leaf'>[] = []
    for (const [place, leafEdit] of edits) {
      const leaf = bounds.leaves[place]!
      const bytes = changedEntries(bytesOf.get(leaf)!, leafEdit)
      assert(bytes, 'an image set lies where its dates say')
      const [first, ...others] = this.#divided({ leaf, cell: bounds.cellAt(place), bytes }, bounds, leafEdit.added)
      leaves.push(first!)
      extra.push(...others)
    }
    yield* this.#write(space, change, leaves)
    yield* this.#writeNew(space, change, extra)
  }

  /** @returns the number of the space. */
  *addSpace(
    of: { readonly datastore: number; readonly key: SpaceKey; readonly state: SpaceState },
    { entries, change }: { readonly entries: Entries; readonly change: number },
  ): Sql<number> {
    const counted = yield* one<{ last_space: number }>(
      'UPDATE changes SET last_space = last_space + 1 RETURNING last_space',
    )
    const space = counted!.last_space
    yield* insertAll('search_spaces', {
      columns: ['space', 'datastore', 'state', 'is_primary', 'attribute', 'value'],
      rows: [[space, of.datastore, of.state, of.key.isPrimary ? 1 : 0, of.key.attribute, of.key.value]],
    })
    let some: Omit<Leaf, 'leaf'>[] = []
    for (const leaf of buildLeaves(entries, this.#entriesMax)) {
      some.push(leaf)
      if (some.length < LEAVES_PER_BITE) continue
      yield* this.#writeNew(space, change, some)
      some = []
    }
    yield* this.#writeNew(space, change, some)
    return space
  }

  #divided({ leaf, cell, bytes }: Leaf, bounds: LeafBounds, added: readonly Entry[]): readonly Leaf[] {
    const entries = decodeEntries(bytes)
    if (entries.count <= this.#entriesMax) return [{ leaf, cell, bytes }]
    const parts = divideLeaf(
      { cell, entries: entriesOf(entries) },
      {
        extents: bounds.extents(LACKING),
        entriesMax: this.#entriesMax,
        added: new Set(added.map(({ point }) => point[SEQ]!)),
      },
    )
    return parts.map((part) => ({ leaf, cell: part.cell, bytes: encodeEntries(part.entries) }))
  }

  *#writeNew(space: number, change: number, leaves: readonly Omit<Leaf, 'leaf'>[]): Sql<void> {
    if (leaves.length === 0) return
    const counted = yield* one<{ last_leaf: number }>(
      'UPDATE changes SET last_leaf = last_leaf + ? RETURNING last_leaf',
      leaves.length,
    )
    const first = counted!.last_leaf - leaves.length + 1
    yield* this.#write(
      space,
      change,
      leaves.map((leaf, at) => ({ ...leaf, leaf: first + at })),
    )
  }

  *#write(space: number, change: number, leaves: readonly Leaf[]): Sql<void> {
    yield* insertAll('search_leaves', {
      columns: ['leaf', 'space', 'entry_count', 'changed_in', 'bounds'],
      rows: leaves.map(({ leaf, cell, bytes }) => {
        const entries = decodeEntries(bytes)
        return [leaf, space, entries.count, change, encodeBounds(boundsOf(cell, entries))]
      }),
      suffix: `ON CONFLICT (leaf) DO UPDATE
        SET entry_count = excluded.entry_count, changed_in = excluded.changed_in, bounds = excluded.bounds`,
    })
    yield* insertAll('search_entries', {
      columns: ['leaf', 'entries'],
      rows: leaves.map(({ leaf, bytes }) => [leaf, bytes]),
      suffix: 'ON CONFLICT (leaf) DO UPDATE SET entries = excluded.entries',
    })
    for (const { leaf } of leaves) this.#written.add(leaf)
  }
}

/** From here nothing finds the space any more; its leaves are left to clearRetired. */
export function* retireSpace(space: number): Sql<void> {
  yield* run(
    `UPDATE search_spaces SET state = 'retired', attribute = 'space', value = CAST(space AS TEXT) WHERE space = ?`,
    space,
  )
}

/** Removes some leaves of a retired space, or the space when it has none left. */
export function* clearRetired(leavesMax: number): Sql<'more' | 'done'> {
  const retired = yield* one<{ space: number }>(`SELECT space FROM search_spaces WHERE state = 'retired' LIMIT 1`)
  if (retired === undefined) return 'done'
  const leaves = yield* all<{ leaf: number }>(
    'SELECT leaf FROM search_leaves WHERE space = ? LIMIT ?',
    ...[retired.space, leavesMax],
  )
  for (const { leaf } of leaves) {
    yield* run('DELETE FROM search_entries WHERE leaf = ?', leaf)
    yield* run('DELETE FROM search_leaves WHERE leaf = ?', leaf)
  }
  if (leaves.length === 0) yield* run('DELETE FROM search_spaces WHERE space = ?', retired.space)
  return 'more'
}
