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
import { imageSetsWith, type TextFilter, type Way } from './plan.ts'
import { conditionOf } from './strategies/index-scan.ts'

export interface Total {
  readonly total: number
  readonly count: NonNullable<Visited['count']>
}

type Spaces = Way & { readonly kind: 'spaces' }

export function* totalOf(
  way: Spaces,
  from: { readonly datastore: number; readonly dialect: Dialect; readonly sizes: IndexSizes },
): Sql<Total> {
  const isByLeaves = way.residual.length === 0 || way.spaces.length === 0
  return isByLeaves ? yield* ofLeaves(way) : yield* ofRows(way, from)
}

function* ofLeaves({ spaces, filters }: Spaces): Sql<Total> {
  const criteria = criteriaOf(filters)
  const { counted, leavesMatching, leavesToRead } = tally(
    spaces.map(({ bounds }) => bounds),
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
  const bound = { leaves: leavesCountedMax(spaces.map(({ bounds }) => bounds.count)) }
  return {
    total,
    count: { strategy: 'leaves', leavesMatching, leaves: leavesToRead.length, entries: entriesRead, bound },
  }
}

/** A megabyte or two of entries at once: on a server each statement is a round trip. */
const LEAVES_PER_STATEMENT = 64

/** Two texts that both have spaces, but none together: no more than `pairFrom` image sets have one of them. */
function* ofRows(way: Spaces, { datastore, dialect, sizes }: Parameters<typeof totalOf>[1]): Sql<Total> {
  const [smallest] = way.spaces[0]!.texts as readonly TextFilter[]
  const rest = way.filters.map(conditionOf)
  const { text, values } = imageSetsWith([smallest!], { datastore, byIndex: dialect.byIndex })
  const counted = yield* one<{ total: number }>(
    `SELECT count(*) AS total ${text}${rest.map((condition) => ` AND ${condition.text}`).join('')}`,
    ...[...values, ...rest.flatMap((condition) => condition.values)],
  )
  const entries = way.spaces.reduce((sum, { bounds }) => sum + bounds.entryCount(), 0)
  return {
    total: counted!.total,
    count: { strategy: 'rows of one text', leavesMatching: 0, leaves: 0, entries, bound: { entries: sizes.pairFrom } },
  }
}
