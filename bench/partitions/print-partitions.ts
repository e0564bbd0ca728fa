/** Prints the benchmark of partitions as tables in Markdown, as docs/benchmarks.md has them. */
import type { SearchTimes } from './measure-searches.ts'
import type { PartitionsBench } from './partitions-bench.ts'

export function printPartitions(result: PartitionsBench): string {
  const { engine, at, node, cores, load_average, load_average_after, rows, settings } = result
  const title = `${whole(rows)} image sets, ${engine}, Node ${node}, ${cores} cores, ${at}, load ${load_average.toFixed(1)} before, ${load_average_after.toFixed(1)} after; page of 51 rows, warm, one at a time`
  const setting = Object.entries(settings).map(([name, value]) => `${name} ${value}`)
  const tables = [searchTable(result), ratioTable(result), storeTable(result), publishingTable(result)]
  return [title, setting.join(', '), ...tables]
    .filter((text) => text !== '')
    .join('\n\n')
    .concat('\n')
}

/** Of each number of partitions. */
function searchTable({ searches, partitions }: PartitionsBench): string {
  if (searches === undefined) return ''
  const head = ['p50 / p99 / max ms; us Hilum + us database', ...partitions.map(partitionsText)]
  const lines = Object.entries(searches.batteries).map(([name, times]) => [name, ...times.map(timesText)])
  return `${table([head, ...lines])}\n\nresults compared with those of the first: ${whole(searches.compared)}, different: ${searches.different}`
}

function ratioTable({ searches, partitions }: PartitionsBench): string {
  if (searches === undefined || partitions.length < 2) return ''
  const head = [
    `divided by ${partitionsText(partitions[0]!)}: p50, p99, processor time`,
    ...partitions.slice(1).map(partitionsText),
  ]
  const lines = Object.entries(searches.batteries).map(([name, [first, ...others]]) => [
    name,
    ...others.map((each) =>
      [each.p50_ms / first!.p50_ms, each.p99_ms / first!.p99_ms, processorOf(each) / processorOf(first!)]
        .map((ratio) => ratio.toFixed(2))
        .join(', '),
    ),
  ])
  return table([head, ...lines])
}

function storeTable({ stores, partitions }: PartitionsBench): string {
  if (stores.length === 0) return ''
  return table([
    ['the store', ...partitions.map(partitionsText)],
    ['load, image sets a second, before indexes', ...stores.map((each) => whole(each.load_rows_per_s))],
    ['indexes made, seconds', ...stores.map((each) => String(each.index_s))],
    ['bytes an image set: all, and of indexes', ...stores.map(bytesText)],
    [
      'image sets of the smallest and largest partition',
      ...stores.map((each) => `${whole(each.smallest)}, ${whole(each.largest)}`),
    ],
  ])
}

const bytesText = (facts: PartitionsBench['stores'][number]) =>
  `${whole(facts.bytes_per_image_set)}, ${whole(facts.index_bytes_per_image_set)}`

function publishingTable({ publishing }: PartitionsBench): string {
  if (publishing === undefined) return ''
  const single = (partitions: number) =>
    publishing.find((each) => each.servers === 1 && each.partitions === partitions)?.image_sets_per_s
  return table([
    [
      'servers that import',
      'partitions',
      'image sets a second',
      'x one server',
      'us Hilum',
      'us PostgreSQL',
      'cores busy',
    ],
    ...publishing.map((each) => {
      const alone = single(each.partitions)
      return [
        ...[String(each.servers), String(each.partitions), whole(each.image_sets_per_s)],
        alone === undefined ? '-' : (each.image_sets_per_s / alone).toFixed(2),
        ...[whole(each.hilum_us), whole(each.database_us)],
        (((each.hilum_us + each.database_us) * each.image_sets_per_s) / 1e6).toFixed(2),
      ]
    }),
  ])
}

const partitionsText = (count: number) => (count === 1 ? '1 partition' : `${count} partitions`)
const processorOf = (times: SearchTimes) => times.hilum_us + times.database_us
const timesText = ({ p50_ms, p99_ms, max_ms, hilum_us, database_us, run, of }: SearchTimes) =>
  `${ms(p50_ms)} / ${ms(p99_ms)} / ${ms(max_ms)}; ${whole(hilum_us)} + ${whole(database_us)}${run === of ? '' : `, ${whole(run)} of ${whole(of)}`}`

const table = (rows: readonly (readonly string[])[]): string => {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(rows[0]!), line(rows[0]!.map(() => '---')), ...rows.slice(1).map(line)].join('\n')
}

const whole = (value: number) => Math.round(value).toLocaleString('en')
const ms = (value: number) => (value < 10 ? value.toFixed(2) : value.toFixed(1))
