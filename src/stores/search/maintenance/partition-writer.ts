/**
 * Writes the partitions of the search index. An image set has an entry in the partition of all image sets, in the partition of each of its
 * texts that has one, and in the partition of each pair of its texts that has one; always in the one of the primary image sets or in the
 * one of the others.
 */
import { all, type Sql } from '../../sql/engine/statement.ts'
import type { Text } from '../../sql/rows/search-columns.ts'
import { CachedLeaves } from '../cached-leaves.ts'
import type { IndexChange, Indexed } from '../indexed-image-set.ts'
import type { Entries, Entry } from '../kd-tree/entries.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import {
  bothKeys,
  nameOf,
  nameOfTexts,
  PARTITION_COLUMNS,
  type Partition,
  type PartitionKey,
  type PartitionRow,
  type PartitionState,
  pairsOf,
  partitionKey,
  partitionOfRow,
  partitionsFor,
} from '../partitions.ts'
import { LeafWriter, retirePartition } from './write-leaves.ts'

/** Texts whose partitions a change has written, and how many image sets have them, before and after. */
export interface Counted {
  readonly texts: readonly Text[]
  readonly before: number
  readonly after: number
}

interface Writing {
  readonly state: PartitionState
  /** The number of the change. */
  readonly change: number
}

export class PartitionWriter {
  readonly #cached: CachedLeaves
  readonly #leaves: LeafWriter

  constructor(sizes: IndexSizes) {
    this.#cached = new CachedLeaves(sizes)
    this.#leaves = new LeafWriter(sizes.leafEntriesMax)
  }

  /** After a rollback or a change of another writer: the cache may hold leaves that do not exist. */
  *refresh(confirmed: number): Sql<void> {
    yield* this.#cached.readAgain(this.#leaves.written, confirmed)
  }

  /** All leaves written so far are committed. */
  confirmWritten(): void {
    this.#leaves.clearWritten()
  }

  /** Applies the changes to the partitions that exist in the state. @returns the counts of their texts, by nameOfTexts. */
  *edit(
    datastore: number,
    changes: readonly IndexChange<Indexed>[],
    { state, change }: Writing,
  ): Sql<ReadonlyMap<string, Counted>> {
    const indexed = changes.flatMap(({ before, after }) => [before, after].filter((each) => each !== undefined))
    const singles = yield* partitionsFor(datastore, indexed.flatMap(singlesOf).flatMap(bothKeys), state)
    const highFrequencyValues = ({ texts }: Indexed) => texts.filter((text) => singles.has(nameOfTexts([text])))
    const pairs = yield* partitionsFor(
      datastore,
      indexed.flatMap((each) => pairsOf(highFrequencyValues(each))).flatMap(bothKeys),
      state,
    )
    const partitions = new Map([...singles, ...pairs])
    const edits = new Map<Partition, { readonly removed: Entry[]; readonly added: Entry[] }>()
    const put = (imageSet: Indexed | undefined, side: 'removed' | 'added') => {
      if (imageSet === undefined) return
      for (const texts of [...singlesOf(imageSet), ...pairsOf(highFrequencyValues(imageSet))]) {
        const partition = partitions.get(nameOf(partitionKey(texts, imageSet.isPrimary)))
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
    const counted = new Map<string, Counted>()
    const numbers = [...partitions.values()].map(({ partition }) => partition)
    const bounds = yield* this.#cached.boundsOf(numbers, change - 1)
    const boundsOf = new Map(numbers.map((number, at) => [number, bounds[at]!]))
    yield* this.#leaves.edit(
      [...edits].map(([{ partition }, edit]) => ({ ...edit, partition, bounds: boundsOf.get(partition)! })),
      change,
    )
    for (const partition of partitions.values()) {
      const before = boundsOf.get(partition.partition)!.entryCount()
      const edit = edits.get(partition)
      const name = nameOfTexts(partition.texts)
      const other = counted.get(name) ?? { before: 0, after: 0 }
      counted.set(name, {
        texts: partition.texts,
        before: other.before + before,
        after: other.after + before + (edit === undefined ? 0 : edit.added.length - edit.removed.length),
      })
    }
    return counted
  }

  *add(of: { readonly datastore: number; readonly key: PartitionKey; readonly entries: Entries } & Writing): Sql<void> {
    const { entries, change, ...partition } = of
    yield* this.#leaves.addPartition(partition, { entries, change })
  }

  /** Also drops the partitions of pairs with the texts, and those being rebuilt. */
  *drop(datastore: number, texts: readonly Text[]): Sql<void> {
    const rows = yield* all<PartitionRow>(
      `SELECT ${PARTITION_COLUMNS} FROM search_partitions WHERE datastore = ? AND state IN ('live', 'rebuilding')`,
      datastore,
    )
    for (const partition of rows.map(partitionOfRow)) {
      const has = (text: Text) => partition.texts.some((each) => nameOfTexts([each]) === nameOfTexts([text]))
      if (!texts.every(has)) continue
      yield* this.retire(partition.partition)
    }
  }

  *retire(partition: number): Sql<void> {
    yield* retirePartition(partition)
    this.#cached.drop(partition)
  }
}

/** The texts of the partitions that an image set may be in, but for pairs: none, and each of its own. */
export const singlesOf = ({ texts }: Indexed): readonly (readonly Text[])[] => [[], ...texts.map((text) => [text])]
