/**
 * How many image sets match a search in all, exactly, in the state that its first page was read from. By leaves where their spaces
 * guarantee every text that is looked for; where they only hold a text's hash, the database counts its rows.
 */
import type { Visited } from '../catalog/search-repository.ts'
import type { Dialect } from '../sql/engine/differences.ts'
import { one, type Sql } from '../sql/engine/statement.ts'
import { countMatching, tally } from './kd-tree/count.ts'
import { criteriaOf } from './kd-tree/criteria.ts'
import { decodeEntries } from './kd-tree/entries.ts'
import { type IndexSizes, leavesCountedMax } from './kd-tree/sizes.ts'
import { entryBytesOf } from './partitions.ts'
import { imageSetsWith, type QueryPlan, type TextFilter } from './plan.ts'
import { conditionOf } from './strategies/index-scan.ts'

export interface Total {
  readonly total: number
  readonly count: NonNullable<Visited['count']>
}

type Partitions = QueryPlan & { readonly kind: 'partitions' }

export function* totalOf(
  plan: Partitions,
  from: { readonly datastore: number; readonly dialect: Dialect; readonly sizes: IndexSizes },
): Sql<Total> {
  const isByLeaves = plan.residual.length === 0 || plan.partitions.length === 0
  return isByLeaves ? yield* ofLeaves(plan) : yield* ofRows(plan, from)
}

function* ofLeaves({ partitions, filters }: Partitions): Sql<Total> {
  const criteria = criteriaOf(filters)
  const { counted, leavesMatching, leavesToRead } = tally(
    partitions.map(({ bounds }) => bounds),
    criteria,
  )
  let [total, entriesRead] = [counted, 0]
  for (let start = 0; start < leavesToRead.length; start += LEAVES_PER_STATEMENT) {
    const read = yield* entryBytesOf(leavesToRead.slice(start, start + LEAVES_PER_STATEMENT))
    for (const bytes of read.values()) {
      const entries = decodeEntries(bytes)
      total += countMatching(entries, criteria)
      entriesRead += entries.count
    }
  }
  const bound = { leaves: leavesCountedMax(partitions.map(({ bounds }) => bounds.count)) }
  return {
    total,
    count: { strategy: 'leaves', leavesMatching, leaves: leavesToRead.length, entries: entriesRead, bound },
  }
}

/** A megabyte or two of entries at once: on a server each statement is a round trip. */
const LEAVES_PER_STATEMENT = 64

/** Two texts that both have spaces, but none together: no more than `pairFrom` image sets have one of them. */
function* ofRows(plan: Partitions, { datastore, dialect, sizes }: Parameters<typeof totalOf>[1]): Sql<Total> {
  const [smallest] = plan.partitions[0]!.texts as readonly TextFilter[]
  const rest = plan.filters.map(conditionOf)
  const { text, values } = imageSetsWith([smallest!], { datastore, byIndex: dialect.byIndex })
  const counted = yield* one<{ total: number }>(
    `SELECT count(*) AS total ${text}${rest.map((condition) => ` AND ${condition.text}`).join('')}`,
    ...[...values, ...rest.flatMap((condition) => condition.values)],
  )
  const entries = plan.partitions.reduce((sum, { bounds }) => sum + bounds.entryCount(), 0)
  return {
    total: counted!.total,
    count: { strategy: 'rows of one text', leavesMatching: 0, leaves: 0, entries, bound: { entries: sizes.pairFrom } },
  }
}
