/**
 * Writes the partitions of a data store. An image set has an entry in the partition of all image sets, and in the partition of each of its
 * texts that has one; always in the one of the primary image sets or in the one of the others.
 */
import type { Sql } from '../../sql/engine/statement.ts'
import type { Text } from '../../sql/rows/search-columns.ts'
import { CachedLeaves } from '../cached-leaves.ts'
import type { IndexChange, Indexed } from '../indexed-image-set.ts'
import type { Entries, Entry } from '../kd-tree/entries.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import {
  bothKeys,
  nameOf,
  nameOfText,
  type Partition,
  type PartitionKey,
  type PartitionState,
  partitionsFor,
} from '../partitions.ts'
import { LeafWriter, retirePartition } from './write-leaves.ts'

/** A text, or none, whose partitions a change has written, and how many image sets are in them then. */
export interface Counted {
  readonly text: Text | undefined
  readonly count: number
}

interface Writing {
  readonly state: PartitionState
  /** The number of the change. */
  readonly change: number
}

export class PartitionWriter {
  readonly #datastore: number
  readonly #cached: CachedLeaves
  readonly #leaves: LeafWriter

  constructor(datastore: number, sizes: IndexSizes) {
    this.#datastore = datastore
    this.#cached = new CachedLeaves(sizes)
    this.#leaves = new LeafWriter(datastore, sizes.leafEntriesMax)
  }

  /** After a rollback or a change of another writer: the cache may hold leaves that do not exist. */
  *refresh(confirmed: number): Sql<void> {
    yield* this.#cached.readAgain(this.#leaves.written, confirmed)
  }

  /** All leaves written so far are committed. */
  confirmWritten(): void {
    this.#leaves.clearWritten()
  }

  /** Applies the changes to the partitions that exist in the state. @returns the counts of their texts, by nameOfText. */
  *edit(changes: readonly IndexChange<Indexed>[], { state, change }: Writing): Sql<ReadonlyMap<string, Counted>> {
    const indexed = changes.flatMap(({ before, after }) => [before, after].filter((each) => each !== undefined))
    const partitions = yield* partitionsFor(this.#datastore, indexed.flatMap(textsOf).flatMap(bothKeys), state)
    const edits = new Map<Partition, { readonly removed: Entry[]; readonly added: Entry[] }>()
    const put = (imageSet: Indexed | undefined, side: 'removed' | 'added') => {
      if (imageSet === undefined) return
      for (const text of textsOf(imageSet)) {
        const partition = partitions.get(nameOf({ text, isPrimary: imageSet.isPrimary }))
        if (partition === undefined) continue
        const edit = edits.get(partition) ?? { removed: [], added: [] }
        edits.set(partition, edit)
        edit[side].push(imageSet.entry)
      }
    }
    for (const { before, after } of changes) {
      put(before, 'removed')
      put(after, 'added')
    }
    const numbers = [...partitions.values()].map(({ partition }) => partition)
    const bounds = yield* this.#cached.boundsOf(numbers, change - 1)
    const boundsOf = new Map(numbers.map((number, at) => [number, bounds[at]!]))
    yield* this.#leaves.edit(
      [...edits].map(([{ partition }, edit]) => ({ ...edit, partition, bounds: boundsOf.get(partition)! })),
      change,
      (missing) => this.#cached.load(missing),
    )
    const counted = new Map<string, Counted>()
    for (const partition of partitions.values()) {
      const { removed, added } = edits.get(partition) ?? { removed: [], added: [] }
      const own = boundsOf.get(partition.partition)!.entryCount() + added.length - removed.length
      const { text } = partition
      counted.set(nameOfText(text), { text, count: own + (counted.get(nameOfText(text))?.count ?? 0) })
    }
    return counted
  }

  *add(of: { readonly key: PartitionKey; readonly entries: Entries } & Writing): Sql<void> {
    const { entries, change, ...partition } = of
    yield* this.#leaves.addPartition(partition, { entries, change })
  }

  /** Those being rebuilt too. */
  *drop(text: Text): Sql<void> {
    for (const state of ['live', 'rebuilding'] as const) {
      const partitions = yield* partitionsFor(this.#datastore, bothKeys(text), state)
      for (const { partition } of partitions.values()) yield* this.retire(partition)
    }
  }

  *retire(partition: number): Sql<void> {
    yield* retirePartition(partition)
    this.#cached.drop(partition)
  }
}

/** The texts of the partitions that an image set may be in: none, and each of its own. */
export const textsOf = ({ texts }: Indexed): readonly (Text | undefined)[] => [undefined, ...texts]
