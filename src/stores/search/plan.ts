/**
 * Chooses how a search is answered, so that what it reads is bounded whatever the data are like (decision 8). A low-frequency text: its
 * posting list. One high-frequency text and no words: its partitions. Words, or several high-frequency texts: their postings, and the
 * partitions of all image sets.
 */
import { TEXT_ATTRIBUTES, type TextAttribute } from '../../contract/search-attributes.ts'
import { type Filter, isPrimaryWanted, type Search } from '../../imaging/search/search.ts'
import type { Sql } from '../sql/engine/statement.ts'
import { mostSelectiveFirst, type Text } from '../sql/rows/search-columns.ts'
import type { CachedLeaves } from './cached-leaves.ts'
import type { LeafBounds } from './kd-tree/leaf-bounds.ts'
import { bothKeys, nameOf, nameOfText, type Partition, partitionsFor } from './partitions.ts'
import { isOnSortKey } from './strategies/index-scan.ts'
import type { WantedWords } from './words/find-rows.ts'

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
  /** The filters that neither the partitions nor the postings guarantee: ranges. */
  readonly filters: readonly Filter[]
  /** What the postings have to guarantee. */
  readonly wanted: WantedWords | undefined
}

/** What a search without an index scan reads. */
type FilterPlan = { readonly kind: 'no possible match' } | PostingListPlan | KdLeavesPlan
type QueryPlan = { readonly kind: 'index scan' } | FilterPlan

interface Snapshot {
  readonly datastore: number
  readonly datastoreId: string
  readonly latest: number
  readonly leaves: CachedLeaves
}

const NO_MATCH: FilterPlan = { kind: 'no possible match' }

export function* planQuery(search: Search, snapshot: Snapshot): Sql<QueryPlan> {
  // Only the sort key and isPrimary are filtered: one index scan answers it.
  const isScan =
    (search.terms ?? []).length === 0 &&
    search.filters.every((filter) => filter.attribute === 'isPrimary' || isOnSortKey(filter, search))
  return isScan ? { kind: 'index scan' } : yield* planFilters(search, snapshot)
}

export function* planFilters(
  { filters, terms = [] }: Pick<Search, 'filters' | 'terms'>,
  snapshot: Snapshot,
): Sql<FilterPlan> {
  const texts = textsOf(filters)
  const [one, other] = texts
  if (other !== undefined && one!.attribute === other.attribute) return NO_MATCH
  const keys = [undefined, ...texts].flatMap(bothKeys)
  const partitions = yield* partitionsFor(snapshot.datastore, keys)
  const lowFrequency = texts.find((text) => !partitions.has(nameOf({ text, isPrimary: true })))
  if (lowFrequency !== undefined) {
    const others = texts.filter((text) => text !== lowFrequency)
    return { kind: 'posting list', texts: [lowFrequency, ...others], filters: filters.filter((each) => !isText(each)) }
  }
  const isByPostings = terms.length > 0 || other !== undefined
  const of = bothKeys(isByPostings ? undefined : one).filter(({ isPrimary }) => isPrimaryWanted(isPrimary, filters))
  return {
    kind: 'kd-tree leaves',
    partitions: yield* opened(
      of.flatMap((key) => partitions.get(nameOf(key)) ?? []),
      snapshot,
    ),
    filters: filters.filter((filter) => !isText(filter) && filter.attribute !== 'isPrimary'),
    wanted: isByPostings ? { terms, texts: texts.map(({ attribute, equals }) => ({ attribute, equals })) } : undefined,
  }
}

/** The most selective first, each once. */
function textsOf(filters: readonly Filter[]): readonly TextFilter[] {
  return [...new Map(mostSelectiveFirst(filters.filter(isText)).map((text) => [nameOfText(text), text])).values()]
}

export const isText = (filter: Filter): filter is TextFilter =>
  TEXT_ATTRIBUTES.some((text) => text === filter.attribute)

function* opened(partitions: readonly Partition[], snapshot: Snapshot): Sql<readonly OpenPartition[]> {
  const numbers = partitions.map(({ partition }) => partition)
  const bounds = yield* snapshot.leaves.boundsOf(numbers, snapshot.latest, snapshot.datastoreId)
  return partitions.map((partition, at) => ({ ...partition, bounds: bounds[at]! }))
}
