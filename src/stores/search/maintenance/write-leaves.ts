/** Writes the leaves of the search index: each leaf once in a change, however many of its entries are added or removed. */
import assert from 'node:assert/strict'
import { all, one, run, type Sql } from '../../sql/engine/statement.ts'
import { insertRows } from '../../sql/rows/insert-rows.ts'
import { entryBytesOf } from '../cached-leaves.ts'
import {
  changedEntries,
  decodeEntries,
  type Entries,
  type Entry,
  encodeEntries,
  entriesOf,
  LACKING,
  ROW_ID,
} from '../kd-tree/entries.ts'
import { boundsOf, encodeBounds, type LeafBounds, type MissingGroup, type Region } from '../kd-tree/leaf-bounds.ts'
import { leafNumber } from '../kd-tree/leaf-numbers.ts'
import { buildLeaves, divideLeaf } from '../kd-tree/split.ts'
import { columnsOf, type PartitionKey, type PartitionState } from '../partitions.ts'

/** What a change adds to one partition and removes from it. */
interface Edit {
  readonly partition: number
  /** Of the partition before the edit; not updated by it. */
  readonly bounds: LeafBounds
  readonly removed: readonly Entry[]
  readonly added: readonly Entry[]
}

interface Leaf {
  readonly partition: number
  /** undefined until it has a number. */
  readonly leaf: number | undefined
  readonly region: Region
  readonly bytes: Uint8Array
}

/** The part of an edit in one leaf. */
interface LeafEdit {
  readonly edit: Edit
  readonly place: number
  readonly region: Region
  readonly removed: Set<number>
  readonly added: Entry[]
}

/** Reads the bounds of leaves that are not in memory. */
type Load = (missing: MissingGroup) => Sql<void>

const LEAVES_PER_BATCH = 256

export class LeafWriter {
  readonly #datastore: number
  readonly #entriesMax: number
  /** The leaves written by changes that may still be undone. */
  readonly #written = new Set<number>()

  constructor(datastore: number, entriesMax: number) {
    this.#datastore = datastore
    this.#entriesMax = entriesMax
  }

  get written(): ReadonlySet<number> {
    return this.#written
  }

  clearWritten(): void {
    this.#written.clear()
  }

  /** Reads all leaves at once and writes them at once: each statement may be a round trip. */
  *edit(edits: readonly Edit[], change: number, load: Load): Sql<void> {
    const leafEdits: LeafEdit[] = []
    for (const edit of edits) leafEdits.push(...(yield* byLeaf(edit, load)))
    const bytesOf = yield* entryBytesOf(leafEdits.map(({ edit, place }) => edit.bounds.leaves[place]!))
    const leaves = leafEdits.flatMap(({ edit, place, region, removed, added }) => {
      const leaf = edit.bounds.leaves[place]!
      const bytes = changedEntries(bytesOf.get(leaf)!, { removed, added })
      assert(bytes, 'an entry is in the leaf whose region holds its dates')
      return this.#split({ partition: edit.partition, leaf, region, bytes }, edit.bounds, added)
    })
    yield* this.#write(leaves, change)
  }

  /** @returns the number of the partition. */
  *addPartition(
    of: { readonly key: PartitionKey; readonly state: PartitionState },
    { entries, change }: { readonly entries: Entries; readonly change: number },
  ): Sql<number> {
    const { state, key } = of
    const [row] = yield* insertRows('search_partitions', [{ datastore: this.#datastore, state, ...columnsOf(key) }], {
      returning: ['partition'],
    })
    const { partition } = row!
    let some: Leaf[] = []
    for (const { region, bytes } of buildLeaves(entries, this.#entriesMax)) {
      some.push({ partition, leaf: undefined, region, bytes })
      if (some.length < LEAVES_PER_BATCH) continue
      yield* this.#write(some, change)
      some = []
    }
    yield* this.#write(some, change)
    return partition
  }

  /** The first of the new leaves keeps the number. */
  #split(leaf: Leaf, bounds: LeafBounds, added: readonly Entry[]): readonly Leaf[] {
    const entries = decodeEntries(leaf.bytes)
    if (entries.count <= this.#entriesMax) return [leaf]
    const parts = divideLeaf(
      { region: leaf.region, entries: entriesOf(entries) },
      {
        extents: bounds.extents(LACKING),
        entriesMax: this.#entriesMax,
        added: new Set(added.map(({ point }) => point[ROW_ID]!)),
      },
    )
    return parts.map(({ region, entries: some }, at) => ({
      ...{ partition: leaf.partition, leaf: at === 0 ? leaf.leaf : undefined, region },
      bytes: encodeEntries(some),
    }))
  }

  *#write(leaves: readonly Leaf[], change: number): Sql<void> {
    const fresh = leaves.filter(({ leaf }) => leaf === undefined)
    let next = fresh.length === 0 ? 0 : yield* firstOfNewLeaves(this.#datastore, fresh.length)
    const numbered = leaves.map((each) => ({ ...each, leaf: each.leaf ?? next++ }))
    yield* insertRows(
      'search_leaves',
      numbered.map(({ leaf, partition, region, bytes }) => {
        const entries = decodeEntries(bytes)
        const bounds = encodeBounds(boundsOf(region, entries))
        return { leaf, partition, entry_count: entries.count, changed_in: change, bounds }
      }),
      {
        onConflict: `ON CONFLICT (leaf) DO UPDATE
          SET entry_count = excluded.entry_count, changed_in = excluded.changed_in, bounds = excluded.bounds`,
      },
    )
    yield* insertRows(
      'search_entries',
      numbered.map(({ leaf, bytes }) => ({ leaf, entries: bytes })),
      { onConflict: 'ON CONFLICT (leaf) DO UPDATE SET entries = excluded.entries' },
    )
    for (const { leaf } of numbered) this.#written.add(leaf)
  }
}

/** The number of the data store is a part of it, so that writers of different data stores lock no row together. */
function* firstOfNewLeaves(datastore: number, count: number): Sql<number> {
  const counted = yield* one<{ last_leaf: number }>(
    'UPDATE changes SET last_leaf = last_leaf + ? WHERE datastore = ? RETURNING last_leaf',
    ...[count, datastore],
  )
  return leafNumber(datastore, counted!.last_leaf - count + 1)
}

function* byLeaf(edit: Edit, load: Load): Sql<readonly LeafEdit[]> {
  const { bounds } = edit
  const edits = new Map<number, LeafEdit>()
  function* leafEditOf({ point }: Entry): Sql<LeafEdit> {
    let place = bounds.find(point)
    while (typeof place === 'object') {
      yield* load(place)
      place = bounds.find(point, place.group)
    }
    assert(place !== undefined, 'the regions of a partition hold every point')
    const known = edits.get(place) ?? {
      ...{ edit, place, region: bounds.regionAt(place), removed: new Set<number>(), added: [] },
    }
    edits.set(place, known)
    return known
  }
  for (const entry of edit.removed) (yield* leafEditOf(entry)).removed.add(entry.point[ROW_ID]!)
  for (const entry of edit.added) (yield* leafEditOf(entry)).added.push(entry)
  return [...edits.values()]
}

/** Hides the partition from searches and writers; clearRetired deletes its leaves later. */
export function* retirePartition(partition: number): Sql<void> {
  yield* run(
    `UPDATE search_partitions SET state = 'retired', attribute = 'partition', value = CAST(partition AS TEXT) WHERE partition = ?`,
    partition,
  )
}

/** Deletes some leaves of a retired partition of the data store, or the partition when it has none left. */
export function* clearRetired(datastore: number, leavesMax: number): Sql<'more' | 'done'> {
  const retired = yield* one<{ partition: number }>(
    `SELECT partition FROM search_partitions WHERE datastore = ? AND state = 'retired' LIMIT 1`,
    datastore,
  )
  if (retired === undefined) return 'done'
  const leaves = yield* all<{ leaf: number }>(
    'SELECT leaf FROM search_leaves WHERE partition = ? LIMIT ?',
    ...[retired.partition, leavesMax],
  )
  for (const { leaf } of leaves) {
    yield* run('DELETE FROM search_entries WHERE leaf = ?', leaf)
    yield* run('DELETE FROM search_leaves WHERE leaf = ?', leaf)
  }
  if (leaves.length === 0) yield* run('DELETE FROM search_partitions WHERE partition = ?', retired.partition)
  return 'more'
}
