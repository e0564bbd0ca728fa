/**
 * Chooses how a search is answered, so that what it reads is bounded whatever the data are like (decision 8). Two texts that both have
 * partitions: the partitions of the pair; without those, the partitions of the less frequent text, where the other is a residual
 * predicate, since entries have only a hash of it.
 */
import { TEXT_ATTRIBUTES, type TextAttribute } from '../../contract/search-attributes.ts'
import { type Filter, isPrimaryWanted, type Search } from '../../imaging/search/search.ts'
import type { Sql } from '../sql/engine/statement.ts'
import { mostSelectiveFirst, type Text } from '../sql/rows/search-columns.ts'
import type { CachedLeaves } from './cached-leaves.ts'
import type { LeafBounds } from './kd-tree/leaf-bounds.ts'
import type { IndexSizes } from './kd-tree/sizes.ts'
import { bothKeys, nameOf, nameOfTexts, type Partition, partitionKey, partitionsFor } from './partitions.ts'
import { isOnSortKey } from './strategies/index-scan.ts'

type TextFilter = Filter & { readonly attribute: TextAttribute; readonly equals: string }

/** A partition with the bounds of its leaves. */
export interface OpenPartition extends Partition {
  readonly bounds: LeafBounds
}

export interface PostingListPlan {
  readonly kind: 'posting list'
  /** The first is the one whose posting list is read. */
  readonly texts: readonly [Text, ...Text[]]
  /** The filters that are left to compare. */
  readonly filters: readonly Filter[]
}

export interface KdLeavesPlan {
  readonly kind: 'kd-tree leaves'
  readonly partitions: readonly OpenPartition[]
  /** The filters that the partitions do not guarantee. */
  readonly filters: readonly Filter[]
  /** The residual predicate: texts that entries have only a hash of. Compared with the rows of the page. */
  readonly residual: readonly Text[]
}

/** What a search without an index scan reads. */
type FilterPlan = { readonly kind: 'no possible match' } | PostingListPlan | KdLeavesPlan
type QueryPlan = { readonly kind: 'index scan' } | FilterPlan

interface Snapshot {
  readonly datastore: number
  readonly datastoreId: string
  readonly latest: number
  readonly leaves: CachedLeaves
  readonly sizes: IndexSizes
}

const NO_MATCH: FilterPlan = { kind: 'no possible match' }

export function* planQuery(search: Search, snapshot: Snapshot): Sql<QueryPlan> {
  // Only the sort key and isPrimary are filtered: one index scan answers it.
  const isScan = search.filters.every((filter) => filter.attribute === 'isPrimary' || isOnSortKey(filter, search))
  return isScan ? { kind: 'index scan' } : yield* planFilters(search.filters, snapshot)
}

export function* planFilters(filters: readonly Filter[], snapshot: Snapshot): Sql<FilterPlan> {
  const texts = textsOf(filters)
  const [one, other] = texts
  if (other !== undefined && one!.attribute === other.attribute) return NO_MATCH
  const choices: readonly (readonly Text[])[] = [...texts.map((text) => [text]), texts]
  const partitions = yield* partitionsFor(snapshot.datastore, choices.flatMap(bothKeys))
  const havePartitions = (some: readonly Text[]) => partitions.has(nameOf(partitionKey(some, true)))

  const lowFrequency = texts.find((text) => !havePartitions([text]))
  if (lowFrequency !== undefined) {
    const others = texts.filter((text) => text !== lowFrequency)
    return { kind: 'posting list', texts: [lowFrequency, ...others], filters: filters.filter((each) => !isText(each)) }
  }

  const open = (some: readonly Text[]) =>
    opened(
      bothKeys(some).flatMap((key) => partitions.get(nameOf(key)) ?? []),
      snapshot,
    )
  const left = filters.filter((filter) => !isText(filter) && filter.attribute !== 'isPrimary')
  const wanted = (some: readonly OpenPartition[]) => some.filter(({ isPrimary }) => isPrimaryWanted(isPrimary, filters))
  if (havePartitions(texts)) {
    return { kind: 'kd-tree leaves', partitions: wanted(yield* open(texts)), filters: left, residual: [] }
  }
  if (other === undefined) return NO_MATCH

  const sides = [
    { partitions: yield* open([one!]), residual: other },
    { partitions: yield* open([other]), residual: one! },
  ].map((side) => ({ ...side, count: side.partitions.reduce((sum, { bounds }) => sum + bounds.entryCount(), 0) }))
  const smaller = sides[0]!.count <= sides[1]!.count ? sides[0]! : sides[1]!
  // Pairs of texts as frequent as that have partitions if any image set has both (maintenance/update-index.ts).
  if (smaller.count > snapshot.sizes.pairFrom) return NO_MATCH
  return {
    kind: 'kd-tree leaves',
    partitions: wanted(smaller.partitions),
    filters: [...left, smaller.residual],
    residual: [smaller.residual],
  }
}

/** The most selective first, each once. */
function textsOf(filters: readonly Filter[]): readonly TextFilter[] {
  return [...new Map(mostSelectiveFirst(filters.filter(isText)).map((text) => [nameOfTexts([text]), text])).values()]
}

export const isText = (filter: Filter): filter is TextFilter =>
  TEXT_ATTRIBUTES.some((text) => text === filter.attribute)

function* opened(partitions: readonly Partition[], snapshot: Snapshot): Sql<readonly OpenPartition[]> {
  const numbers = partitions.map(({ partition }) => partition)
  const bounds = yield* snapshot.leaves.boundsOf(numbers, snapshot.latest, snapshot.datastoreId)
  return partitions.map((partition, at) => ({ ...partition, bounds: bounds[at]! }))
}
