/**
 * Partitions of the search index: the primary image sets of a data store, or the others; all of them, or those that have a text. Their
 * keys, their rows, and the lookup of those that exist.
 */
import type { TextAttribute } from '../../contract/search-attributes.ts'
import { allOfMany, type Sql } from '../sql/engine/statement.ts'
import type { Text } from '../sql/rows/search-columns.ts'

export interface PartitionKey {
  readonly isPrimary: boolean
  /** Undefined: all image sets. */
  readonly text: Text | undefined
}

/** `rebuilding`: built beside the live one of the same key, which it replaces; `retired`: until its leaves are deleted. */
export type PartitionState = 'live' | 'rebuilding' | 'retired'

export interface Partition extends PartitionKey {
  readonly partition: number
}

/** The keys of the primary image sets and of the others. */
export const bothKeys = (text: Text | undefined): readonly PartitionKey[] =>
  [true, false].map((isPrimary) => ({ isPrimary, text }))

/** A key as the key of a Map. */
export const nameOf = ({ isPrimary, text }: PartitionKey): string =>
  `${isPrimary ? 'primary' : 'others'} ${nameOfText(text)}`

/** A text, or none, as the key of a Map. */
export const nameOfText = (text: Text | undefined): string =>
  text === undefined ? '' : `${text.attribute} ${text.equals}`

/** As the table has them. */
export const columnsOf = ({ isPrimary, text }: PartitionKey) => ({
  is_primary: isPrimary ? 1 : 0,
  attribute: text?.attribute ?? '',
  value: text?.equals ?? '',
})

export interface PartitionRow {
  readonly partition: number
  readonly is_primary: number
  readonly attribute: string
  readonly value: string
}

export const PARTITION_COLUMNS = 'partition, is_primary, attribute, value'

export function partitionOfRow({ partition, is_primary, attribute, value }: PartitionRow): Partition {
  const text = attribute === '' ? undefined : { attribute: attribute as TextAttribute, equals: value }
  return { partition, isPrimary: is_primary === 1, text }
}

/** The partitions of the keys that exist in the state, by nameOf. */
export function* partitionsFor(
  datastore: number,
  keys: readonly PartitionKey[],
  state: PartitionState = 'live',
): Sql<ReadonlyMap<string, Partition>> {
  const names = new Set(keys.map(nameOf))
  const rows = yield* allOfMany<PartitionRow>(
    (marks) =>
      `SELECT ${PARTITION_COLUMNS} FROM search_partitions WHERE datastore = ? AND state = ? AND value IN (${marks})`,
    [datastore, state],
    keys.map((key) => columnsOf(key).value),
  )
  const partitions = rows.map((row): [string, Partition] => {
    const partition = partitionOfRow(row)
    return [nameOf(partition), partition]
  })
  return new Map(partitions.filter(([name]) => names.has(name)))
}
