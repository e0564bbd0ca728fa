/** Draws the explanation of a search: which plan, what was read of how much, and the bound. */
import type { Explanation } from '../../operations/search-explanation.ts'

export function drawExplanation(search: ExplainedSearch): string {
  const { strategy, index, partitions, datastorePartitions, bound, count, words } = search
  const leavesInAll = partitions.reduce((sum, { leaves }) => sum + leaves, 0)
  const lines: [string, string | undefined][] = [
    ['Plan', index === undefined ? strategy : `${strategy} of ${index}`],
    [
      'Asked',
      datastorePartitions === undefined
        ? undefined
        : `${plural(datastorePartitions.length, 'partition')} of the data store`,
    ],
    [
      'Words',
      words === undefined
        ? undefined
        : `${plural(words.tokens, 'token')}, ${plural(words.postings, 'posting')}, ${number(words.compared)} of the newest image sets compared; ${plural(words.imageSets, 'image set')} have them`,
    ],
    ...partitions.map((partition, at): [string, string] => [at === 0 ? 'Partitions' : '', drawPartition(partition)]),
    [
      'Leaves',
      strategy === 'kd-tree leaves, best first'
        ? `${number(search.leavesVisited)} read of ${number(leavesInAll)}, ${number(search.leavesMatching)} of which may match${atMost(bound.leaves)}`
        : undefined,
    ],
    [
      'Entries',
      search.entriesVisited > 0 ? `${number(search.entriesVisited)} read${atMost(bound.entries)}` : undefined,
    ],
    ['Rows', `${number(search.rowsRead)} read${atMost(bound.rows)}`],
    ['Page', `${plural(search.imageSets, 'image set')}${search.hasMore ? ', and there are more' : ''}`],
    ['Total', search.total === undefined ? undefined : `${plural(search.total, 'image set')}${drawCount(count)}`],
    ['Time', `${search.durationMs.toFixed(2)} ms in the catalog, ${search.roundTripMs.toFixed(1)} ms for the client`],
  ]
  const width = Math.max(...lines.map(([name]) => name.length))
  return lines.flatMap(([name, text]) => (text === undefined ? [] : [`${name.padEnd(width)}  ${text}`])).join('\n')
}

function drawPartition({ attributes, isPrimary, leaves, entries }: ExplainedSearch['partitions'][number]): string {
  const of = attributes.length === 0 ? '' : ` with the same ${attributes.join(' and ')}`
  return `${isPrimary ? 'primary image sets' : 'other image sets'}${of}: ${number(entries)} in ${plural(leaves, 'leaf', 'leaves')}`
}

function drawCount(count: ExplainedSearch['count']): string {
  if (count === undefined) return ''
  switch (count.strategy) {
    case 'kd-tree leaves': {
      const { leavesMatching, leavesVisited, bound } = count
      return `: ${plural(leavesMatching - leavesVisited, 'leaf', 'leaves')} counted by their bounds, ${number(leavesVisited)} read${atMost(bound.leaves)}`
    }
    default:
      return ': nothing more was read'
  }
}

const atMost = (bound: number | undefined) => (bound === undefined ? '' : ` (bound: ${number(bound)})`)

const number = (count: number) => count.toLocaleString('en-US')

const plural = (count: number, one: string, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`

/** What `--json` prints. */
export interface ExplainedSearch extends Explanation {
  /** Image sets on the page. */
  readonly imageSets: number
  readonly hasMore: boolean
  /** How many match in all, with --count. */
  readonly total?: number
  /** From the request to the reply. */
  readonly roundTripMs: number
}
