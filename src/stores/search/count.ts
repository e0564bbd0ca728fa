/**
 * The exact total of a search, in the snapshot of its first page: from the bounds and entries of leaves; where the plan has a residual
 * predicate, by a count of rows.
 */
import type { Visited } from '../catalog/search-repository.ts'
import type { Dialect } from '../sql/engine/differences.ts'
import { one, all as rowsOf, type Sql } from '../sql/engine/statement.ts'
import { conditionOf, imageSetsWith } from '../sql/rows/search-columns.ts'
import { entryBytesOf } from './cached-leaves.ts'
import { countMatching, tally } from './kd-tree/count.ts'
import { criteriaOf } from './kd-tree/criteria.ts'
import { decodeEntries } from './kd-tree/entries.ts'
import { type IndexSizes, leavesCountedMax } from './kd-tree/sizes.ts'
import type { KdLeavesPlan } from './plan.ts'
import type { HitsOfLeaves } from './words/row-leaves.ts'
import type { RowSet } from './words/row-set.ts'

export interface Total {
  readonly total: number
  readonly count: NonNullable<Visited['count']>
}

/** A megabyte or two of entries: on PostgreSQL each statement is a round trip. */
const LEAVES_PER_STATEMENT = 64

export function* totalOf(
  plan: KdLeavesPlan,
  from: {
    readonly datastore: number
    readonly dialect: Dialect
    readonly sizes: IndexSizes
    /** The image sets that have the words of the search, if it has any. */
    readonly hits?: RowSet | undefined
    /** How many of them each leaf has; undefined where the plan reads other leaves than those of all image sets. */
    readonly hitsOfLeaves?: (() => Sql<HitsOfLeaves>) | undefined
  },
): Sql<Total> {
  const { hits } = from
  if (hits !== undefined && plan.filters.length === 0 && coversEverything(plan)) {
    return { total: hits.size, count: { ...NOTHING_READ, strategy: 'rows with the words' } }
  }
  const isByLeaves = plan.residual.length === 0 || plan.partitions.length === 0
  return isByLeaves ? yield* countInLeaves(plan, from) : yield* countRows(plan, from)
}

const NOTHING_READ = { leavesMatching: 0, leaves: 0, entries: 0, bound: {} } as const

/** Whether every image set of the data store is in a partition of the plan. */
const coversEverything = ({ partitions }: KdLeavesPlan): boolean =>
  partitions.length === 2 && partitions.every(({ texts }) => texts.length === 0)

function* countInLeaves(
  { partitions, filters }: KdLeavesPlan,
  { hits, hitsOfLeaves }: Pick<Parameters<typeof totalOf>[1], 'hits' | 'hitsOfLeaves'>,
): Sql<Total> {
  const criteria = criteriaOf(filters)
  const { counted, leavesMatching, leavesToRead } = tally(
    partitions.map(({ bounds }) => bounds),
    criteria,
    hits === undefined ? undefined : hitsOfLeaves === undefined ? 'unknown' : yield* hitsOfLeaves(),
  )
  let [total, entriesRead] = [counted, 0]
  for (let start = 0; start < leavesToRead.length; start += LEAVES_PER_STATEMENT) {
    const read = yield* entryBytesOf(leavesToRead.slice(start, start + LEAVES_PER_STATEMENT))
    for (const bytes of read.values()) {
      const entries = decodeEntries(bytes)
      total += countMatching(entries, criteria, hits)
      entriesRead += entries.count
    }
  }
  const bound =
    hits === undefined || hitsOfLeaves !== undefined
      ? { leaves: leavesCountedMax(partitions.map(({ bounds }) => bounds.count)) }
      : {}
  return {
    total,
    count: { strategy: 'kd-tree leaves', leavesMatching, leaves: leavesToRead.length, entries: entriesRead, bound },
  }
}

/** The rows of the less frequent text: no more than `pairFrom`, or the pair of texts would have partitions. */
function* countRows(
  plan: KdLeavesPlan,
  { datastore, dialect, sizes, hits }: Parameters<typeof totalOf>[1],
): Sql<Total> {
  const { text, values } = imageSetsWith(plan.partitions[0]!.texts, { datastore, dialect })
  const rest = plan.filters.map(conditionOf)
  const where = `${text}${rest.map((condition) => ` AND ${condition.text}`).join('')}`
  const all = [...values, ...rest.flatMap((condition) => condition.values)]
  const total =
    hits === undefined
      ? (yield* one<{ total: number }>(`SELECT count(*) AS total ${where}`, ...all))!.total
      : (yield* rowsOf<{ row_id: number }>(`SELECT row_id ${where}`, ...all)).filter((row) => hits.has(row.row_id))
          .length
  const entries = plan.partitions.reduce((sum, { bounds }) => sum + bounds.entryCount(), 0)
  return {
    total,
    count: { strategy: 'rows of one text', leavesMatching: 0, leaves: 0, entries, bound: { entries: sizes.pairFrom } },
  }
}
