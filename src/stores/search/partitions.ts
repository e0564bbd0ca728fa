/**
 * Partitions of the search index: the primary image sets of a data store, or the others; all of them, or those that have a text, or two
 * texts. Their keys, their rows, and the lookup of those that exist.
 */
import { TEXT_ATTRIBUTES, type TextAttribute } from '../../contract/search-attributes.ts'
import { all, allOfMany, type Sql } from '../sql/engine/statement.ts'
import type { Text } from '../sql/rows/search-columns.ts'

export interface PartitionKey {
  readonly isPrimary: boolean
  readonly texts: readonly Text[]
  /** The attributes of the texts, joined by a plus. */
  readonly attribute: string
  /** The text itself; two texts as a JSON array. */
  readonly value: string
}

/** `rebuilding`: built beside the live one of the same key, which it replaces; `retired`: until its leaves are deleted. */
export type PartitionState = 'live' | 'rebuilding' | 'retired'

export interface Partition extends PartitionKey {
  readonly partition: number
}

/** @param texts of different attributes, in any order. */
export function partitionKey(texts: readonly Text[], isPrimary: boolean): PartitionKey {
  const inOrder = texts.toSorted((a, b) => TEXT_ATTRIBUTES.indexOf(a.attribute) - TEXT_ATTRIBUTES.indexOf(b.attribute))
  const values = inOrder.map(({ equals }) => equals)
  return {
    isPrimary,
    texts: inOrder,
    attribute: inOrder.map(({ attribute }) => attribute).join('+'),
    value: values.length > 1 ? JSON.stringify(values) : (values[0] ?? ''),
  }
}

/** The keys of the primary image sets and of the others. */
export const bothKeys = (texts: readonly Text[]): readonly PartitionKey[] =>
  [true, false].map((isPrimary) => partitionKey(texts, isPrimary))

export function pairsOf(texts: readonly Text[]): readonly (readonly Text[])[] {
  return texts.flatMap((one, at) => texts.slice(at + 1).map((other) => [one, other]))
}

/** A key as the key of a Map. */
export const nameOf = (key: Pick<PartitionKey, 'isPrimary' | 'attribute' | 'value'>): string =>
  `${key.isPrimary ? 'primary' : 'others'} ${key.attribute} ${key.value}`

/** Texts as the key of a Map. */
export const nameOfTexts = (texts: readonly Text[]): string => nameOf(partitionKey(texts, true))

export interface PartitionRow {
  readonly partition: number
  readonly is_primary: number
  readonly attribute: string
  readonly value: string
}

export const PARTITION_COLUMNS = 'partition, is_primary, attribute, value'

export function partitionOfRow({ partition, is_primary, attribute, value }: PartitionRow): Partition {
  const attributes = attribute === '' ? [] : (attribute.split('+') as TextAttribute[])
  const values: readonly string[] = attributes.length === 2 ? JSON.parse(value) : [value]
  const texts = attributes.map((each, at) => ({ attribute: each, equals: values[at]! }))
  return { partition, isPrimary: is_primary === 1, texts, attribute, value }
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
    keys.map(({ value }) => value),
  )
  const partitions = rows.map((row): [string, Partition] => {
    const partition = partitionOfRow(row)
    return [nameOf(partition), partition]
  })
  return new Map(partitions.filter(([name]) => names.has(name)))
}

/** The texts that more than `pairFrom` image sets of the data store have. */
export function* largeTexts(datastore: number, pairFrom: number): Sql<readonly Text[]> {
  const rows = yield* all<{ attribute: string; value: string }>(
    `SELECT attribute, value FROM search_partitions JOIN search_leaves ON search_leaves.partition = search_partitions.partition
     WHERE datastore = ? AND state = 'live' GROUP BY attribute, value HAVING sum(entry_count) > ?`,
    ...[datastore, pairFrom],
  )
  return rows
    .map((row) => partitionOfRow({ ...row, partition: 0, is_primary: 1 }).texts)
    .filter((texts) => texts.length === 1)
    .map(([text]) => text!)
}
