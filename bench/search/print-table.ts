/** Prints the results of a search benchmark as tables. */
import { BATTERIES } from './batteries.ts'
import type { Times } from './measure.ts'
import type { CountTimes } from './measure-counts.ts'
import type { BesideFts5 } from './measure-words.ts'
import { type SearchBench, SMALL_ROWS } from './search-bench.ts'
import { WORD_BATTERY_NAMES } from './word-batteries.ts'

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
    [
      ...['by words', 'p50 ms', 'p99 ms', 'max ms', 'visited', 'run', 'with total p50', 'p99', 'max', 'run'],
      ...['FTS5 p50', 'p99', 'max', 'run', 'found', 'by FTS5'],
    ],
    ...WORD_BATTERY_NAMES.map((name) => {
      const { totals, ...pages } = result.words[name]
      return wordLine(name, pages, [...times(totals), runs(totals)])
    }),
    wordLine('exact totals in ranges', result.word_totals_in_ranges, ['-', '-', '-', '-']),
  ]
  const facts: readonly (readonly [string, string])[] = [
    ['load, image sets a second, before indexes', whole(result.load_rows_per_s)],
    ['indexes made, seconds', String(result.index_s)],
    ['insert, image sets a second, 100 at a time', whole(result.insert_image_sets_per_s)],
    ['insert of 100, p50 and p99 ms', `${ms(result.insert_p50_ms)}  ${ms(result.insert_p99_ms)}`],
    ['update of one, p50 and p99 ms', `${ms(result.update_p50_ms)}  ${ms(result.update_p99_ms)}`],
    ['update of a name, p50 and p99 ms', `${ms(result.rename_p50_ms)}  ${ms(result.rename_p99_ms)}`],
    ['bytes an image set, all', whole(result.bytes_per_image_set)],
    ['bytes an image set, of indexes', whole(result.index_bytes_per_image_set)],
    ['bounds in memory, MB; ms to load', `${(result.bounds_bytes / 1e6).toFixed(1)}  ${whole(result.bounds_load_ms)}`],
    [
      'leaves of image sets in memory, MB; ms to build',
      `${(result.row_leaves_bytes / 1e6).toFixed(1)}  ${whole(result.row_leaves_build_ms)}`,
    ],
    ...fts5Facts(result),
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

function wordLine(name: string, { hilum, fts5, found }: BesideFts5, totals: readonly string[]): readonly string[] {
  return [
    name,
    ...[...times(hilum), hilum.visited_max === null ? '-' : whole(hilum.visited_max), runs(hilum)],
    ...totals,
    ...(fts5 === undefined ? ['-', '-', '-', '-'] : [...times(fts5), runs(fts5)]),
    ...(found === undefined ? ['-', '-'] : [whole(found.hilum), whole(found.fts5)]),
  ]
}

function fts5Facts({ fts5_build_s, fts5_bytes_per_image_set }: SearchBench): readonly (readonly [string, string])[] {
  if (fts5_build_s === undefined || fts5_bytes_per_image_set === undefined) return []
  return [['FTS5, bytes an image set; seconds to build', `${whole(fts5_bytes_per_image_set)}  ${fts5_build_s}`]]
}

const times = ({ p50_ms, p99_ms, max_ms }: Times): readonly string[] => [ms(p50_ms), ms(p99_ms), ms(max_ms)]

function countFact({ hilum, planner, compared, different }: CountTimes): readonly [string, string] {
  const equal = `${whole(compared - different)} of ${whole(compared)} equal`
  return [
    'exact totals, p50, p99, max ms',
    `${times(hilum).join('  ')}, planner ${times(planner).join('  ')}, ${equal}`,
  ]
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
