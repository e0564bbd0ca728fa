/** Prints the results of a search benchmark as two tables. */
import { BATTERIES } from './batteries.ts'
import type { Times } from './measure.ts'
import type { CountTimes } from './measure-counts.ts'
import { WORD_BATTERY_NAMES } from './measure-words.ts'
import { type SearchBench, SMALL_ROWS } from './search-bench.ts'

export function printTable(result: SearchBench): string {
  const head = [
    ...['battery', 'p50 ms', 'p99 ms', 'max ms', 'visited', 'run', `x p50 of ${whole(SMALL_ROWS)}`],
    ...['planner p50', 'p99', 'max', 'run'],
  ]
  const lines = BATTERIES.map((name) => {
    const [ours, theirs] = [result.batteries[name], result.planner[name]]
    return [
      name,
      ...[ms(ours.p50_ms), ms(ours.p99_ms), ms(ours.max_ms), ours.visited_max === null ? '-' : whole(ours.visited_max)],
      ...[
        runs(ours),
        result.p50_ratio?.[name].toFixed(2) ?? '-',
        ms(theirs.p50_ms),
        ms(theirs.p99_ms),
        ms(theirs.max_ms),
        runs(theirs),
      ],
    ]
  })
  const words = [
    ['by words', 'p50 ms', 'p99 ms', 'max ms', 'visited', 'run', 'with total p50', 'p99', 'max', 'run'],
    ...WORD_BATTERY_NAMES.map((name) => {
      const { pages, totals } = result.words[name]
      return [
        name,
        ...[ms(pages.p50_ms), ms(pages.p99_ms), ms(pages.max_ms), whole(pages.visited_max ?? 0), runs(pages)],
        ...[ms(totals.p50_ms), ms(totals.p99_ms), ms(totals.max_ms), runs(totals)],
      ]
    }),
  ]
  const facts: readonly (readonly [string, string])[] = [
    ['load, image sets a second, before indexes', whole(result.load_rows_per_s)],
    ['indexes made, seconds', String(result.index_s)],
    ['insert, image sets a second, 100 at a time', whole(result.insert_image_sets_per_s)],
    ['insert of 100, p50 and p99 ms', `${ms(result.insert_p50_ms)}  ${ms(result.insert_p99_ms)}`],
    ['update of one, p50 and p99 ms', `${ms(result.update_p50_ms)}  ${ms(result.update_p99_ms)}`],
    ['bytes an image set, all', whole(result.bytes_per_image_set)],
    ['bytes an image set, of indexes', whole(result.index_bytes_per_image_set)],
    ['bounds in memory, MB; ms to load', `${(result.bounds_bytes / 1e6).toFixed(1)}  ${whole(result.bounds_load_ms)}`],
    ['server ready, ms', whole(result.ready_ms)],
    ...Object.entries(result.http).map(([name, http]): [string, string] => [
      `HTTP, 8 at once: ${name}`,
      `${whole(http.per_s)} a second, ${http.share.toFixed(2)} of bare node:http (${whole(http.bare_per_s)})`,
    ]),
    countFact(result.count),
    ['results equal to the planner’s', `${whole(result.compared - result.different)} of ${whole(result.compared)}`],
  ]
  const title = `${whole(result.rows)} image sets, ${result.engine}, Node ${result.node}, ${result.cores} cores, load ${result.load_average.toFixed(1)}; page of 51 rows, warm, one at a time`
  const settings = Object.entries(result.settings).map(([name, value]) => `${name} ${value}`)
  return `${title}\n${settings.join(', ')}\n\n${columns([head, ...lines])}\n\n${columns(words)}\n\n${columns(facts)}\n`
}

function countFact({ hilum, planner, compared, different }: CountTimes): readonly [string, string] {
  const times = ({ p50_ms, p99_ms, max_ms }: Times) => `${ms(p50_ms)}  ${ms(p99_ms)}  ${ms(max_ms)}`
  const equal = `${whole(compared - different)} of ${whole(compared)} equal`
  return ['exact totals, p50, p99, max ms', `${times(hilum)}, planner ${times(planner)}, ${equal}`]
}

const whole = (value: number) => Math.round(value).toLocaleString('en')
const ms = (value: number) => (value < 100 ? value.toFixed(2) : whole(value))
const runs = ({ run, of, stopped }: Times) =>
  `${run === of ? whole(of) : `${whole(run)} of ${whole(of)}`}${stopped === 0 ? '' : `, ${whole(stopped)} stopped`}`

/** The first column is aligned left, the others right. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)
  return rows.map((row) => row.map(pad).join('  ')).join('\n')
}
