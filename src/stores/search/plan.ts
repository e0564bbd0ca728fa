/**
 * Which part of the index a search goes through: all image sets of a text that few have, or the leaves of spaces. Where two texts both
 * have spaces, those of both together lead; where there are none, those of the text that fewer have, and what their entries only
 * hold a hash of is `residual`.
 */
import type { Filter, TextAttribute } from '../../imaging/search/search.ts'
import type { Sql } from '../sql/engine/statement.ts'
import { TEXT_INDEXES } from '../sql/rows/search-columns.ts'
import type { LeafBounds } from './kd-tree/leaf-bounds.ts'
import type { IndexSizes } from './kd-tree/sizes.ts'
import {
  type BoundsInMemory,
  bothKeys,
  nameOf,
  type Partition,
  partitionKey,
  partitionsFor,
  type Text,
} from './partitions.ts'
import { conditionOf } from './strategies/index-scan.ts'

export type TextFilter = Filter & { readonly attribute: TextAttribute; readonly equals: string }

export interface OpenPartition extends Partition {
  readonly bounds: LeafBounds
}

export type QueryPlan =
  | {
      readonly kind: 'text'
      readonly text: TextFilter
      readonly others: readonly TextFilter[]
      /** What is left to compare. */
      readonly filters: readonly Filter[]
    }
  | {
      readonly kind: 'partitions'
      readonly partitions: readonly OpenPartition[]
      /** What is left to compare: the spaces do not guarantee it. `residual` is the texts among it. */
      readonly filters: readonly Filter[]
      readonly residual: readonly TextFilter[]
    }

interface From {
  readonly datastore: number
  readonly latest: number
  readonly bounds: BoundsInMemory
  readonly sizes: IndexSizes
}

const NOWHERE: QueryPlan = { kind: 'partitions', partitions: [], filters: [], residual: [] }

export function* planQuery(filters: readonly Filter[], from: From): Sql<QueryPlan> {
  const texts = textsOf(filters)
  const rest = filters.filter((filter) => !isText(filter))
  const [one, other] = texts
  const isOneAttributeTwice = other !== undefined && one!.attribute === other.attribute
  if (isOneAttributeTwice) return NOWHERE
  const choices: readonly (readonly TextFilter[])[] = [...texts.map((text) => [text]), texts]
  const found = yield* partitionsFor(from.datastore, choices.flatMap(bothKeys))
  const isThere = (some: readonly Text[]) => found.has(nameOf(partitionKey(some, true)))
  const lowFrequency = texts.find((text) => !isThere([text]))
  if (lowFrequency !== undefined) {
    return { kind: 'text', text: lowFrequency, others: texts.filter((text) => text !== lowFrequency), filters: rest }
  }
  const open = (some: readonly Text[]) =>
    opened(
      bothKeys(some).flatMap((key) => found.get(nameOf(key)) ?? []),
      from,
    )
  const left = rest.filter(({ attribute }) => attribute !== 'isPrimary')
  const wanted = (partitions: readonly OpenPartition[]) =>
    partitions.filter(({ isPrimary }) => isWanted(isPrimary, filters))
  if (isThere(texts)) return { kind: 'partitions', partitions: wanted(yield* open(texts)), filters: left, residual: [] }
  if (other === undefined) return NOWHERE

  const sides = [
    { partitions: yield* open([one!]), residual: [other] },
    { partitions: yield* open([other]), residual: [one!] },
  ].map((side) => ({ ...side, count: side.partitions.reduce((sum, { bounds }) => sum + bounds.entryCount(), 0) }))
  const smaller = sides[0]!.count <= sides[1]!.count ? sides[0]! : sides[1]!
  // Both are so common that they would have spaces together if any image set had both (search-upkeep.ts).
  if (smaller.count > from.sizes.pairFrom) return NOWHERE
  const { residual } = smaller
  return { kind: 'partitions', partitions: wanted(smaller.partitions), filters: [...left, ...residual], residual }
}

/** The most telling first, each once. */
function textsOf(filters: readonly Filter[]): readonly TextFilter[] {
  const texts = TEXT_INDEXES.flatMap(([attribute]) => filters.filter((filter) => filter.attribute === attribute))
  const byName = new Map((texts as TextFilter[]).map((text) => [nameOf(partitionKey([text], true)), text]))
  return [...byName.values()]
}

function* opened(partitions: readonly Partition[], from: From): Sql<readonly OpenPartition[]> {
  const numbers = partitions.map(({ partition }) => partition)
  const bounds = yield* from.bounds.of(numbers, from.latest)
  return partitions.map((partition, at) => ({ ...partition, bounds: bounds[at]! }))
}

/** Whether image sets that are primary, or are not, may match. */
export const isWanted = (isPrimary: boolean, filters: readonly Filter[]) =>
  filters.every((filter) => filter.attribute !== 'isPrimary' || filter.equals === isPrimary)

const isText = ({ attribute }: Filter) => TEXT_INDEXES.some(([text]) => text === attribute)

/** FROM and WHERE of the image sets that have the texts, by the index of the first, and their values. */
export function imageSetsWith(
  [first, ...others]: readonly [TextFilter, ...TextFilter[]],
  from: { readonly datastore: number; readonly byIndex: (index: string) => string },
) {
  const [, index] = TEXT_INDEXES.find(([attribute]) => attribute === first.attribute)!
  const conditions = [first, ...others].map(conditionOf)
  return {
    text: `FROM image_sets ${from.byIndex(index)} WHERE datastore = ? AND deleted_at IS NULL
      AND ${conditions.map(({ text }) => text).join(' AND ')}`,
    values: [from.datastore, ...conditions.flatMap(({ values }) => values)],
  }
}
