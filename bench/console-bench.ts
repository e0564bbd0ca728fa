/**
 * What a person waits for in the console: `npm run bench -- console [--rounds N] [--slices N] [--json]`. On the network of this machine, and on
 * one of 1.6 Mbit/s and 150 ms for each request, which Chromium emulates. Medians of the rounds, each in a new browser.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ConsoleVisit, type Network, visitConsole } from '../console/e2e/support/console-times.ts'
import { drawCT, SIDE } from './frames-alone.ts'
import { BENCH_KEYS, startHilumServer } from './hilum-server.ts'
import { createActiveDatastore, importAll } from './importing.ts'
import { optionsOf } from './options.ts'
import { inTempFolder, median } from './processes.ts'
import { sliceOf } from './sample-files.ts'

const OTHER_STUDIES = 49
const SMALL_SIDE = 64
const ROOT = '2.25.4711'
/** As `sliceOf` names it. */
const STUDY = `${ROOT}.2.0`
const DRAWN = 16

const NETWORKS: readonly { readonly name: string; readonly network: Network | undefined }[] = [
  { name: 'this machine', network: undefined },
  { name: '1.6 Mbit/s, 150 ms', network: { bitsPerSecond: 1_600_000, roundTripMs: 150 } },
]

/** The series to look at, and studies of one small image that fill the list. */
async function writeStudies(folder: string, slices: number): Promise<void> {
  const drawn = Array.from({ length: DRAWN }, (_, index) => drawCT(index))
  for (let instance = 0; instance < slices; instance++) {
    const pixels = drawn[instance % DRAWN]!
    const file = sliceOf({ root: ROOT, series: 0, instance }, { side: SIDE, pixels })
    await writeFile(join(folder, `${instance}.dcm`), file)
  }
  const pixels = drawn[0]!.subarray(0, 2 * SMALL_SIDE ** 2)
  for (let series = 1; series <= OTHER_STUDIES; series++) {
    const file = sliceOf({ root: ROOT, series, instance: 0 }, { side: SMALL_SIDE, pixels })
    await writeFile(join(folder, `other-${series}.dcm`), file)
  }
}

/** @returns by network, a visit for each round; undefined where there is no browser */
const measure = ({ rounds, slices }: { readonly rounds: number; readonly slices: number }) =>
  inTempFolder(async (folder) => {
    const input = join(folder, 'buckets/bench-input')
    for (const bucket of [input, join(folder, 'buckets/bench-output')]) await mkdir(bucket, { recursive: true })
    await writeStudies(input, slices)
    const server = await startHilumServer(folder)
    try {
      const datastoreId = await createActiveDatastore(server)
      await importAll(server, { datastoreId })
      const at = { endpoint: `http://127.0.0.1:${server.port}`, credentials: BENCH_KEYS, datastoreId }
      const visits = NETWORKS.map(() => [] as ConsoleVisit[])
      for (let round = 0; round < rounds; round++) {
        for (const [index, { network }] of NETWORKS.entries()) {
          const visit = await visitConsole(at, { network, study: STUDY, slices })
          if (visit === undefined) return undefined
          visits[index]!.push(visit)
        }
      }
      return visits
    } finally {
      await server.stop()
    }
  })

const ROWS: readonly (readonly [string, (visit: ConsoleVisit) => number | undefined, unit: string])[] = [
  ['first paint of the console, nothing cached', ({ firstPaintMs }) => firstPaintMs.cold, 'ms'],
  ['the same with its files in the cache', ({ firstPaintMs }) => firstPaintMs.warm, 'ms'],
  ['list of studies, nothing cached', ({ listMs }) => listMs.cold, 'ms'],
  ['the same with its files in the cache', ({ listMs }) => listMs.warm, 'ms'],
  ['loaded until then, compressed', ({ loadedBytes }) => loadedBytes / 1000, 'kB'],
  ['first image of a CT, from the click on "Open study"', ({ imageMs }) => imageMs.cold, 'ms'],
  ['the same with the viewer in the cache', ({ imageMs }) => imageMs.warm, 'ms'],
  ['loaded slices of 512 x 512 that scroll in a second', ({ slicesPerSecond }) => slicesPerSecond, ''],
]

export async function consoleBench(args: readonly string[]): Promise<number> {
  const options = optionsOf(args, { rounds: '3', slices: '200' })
  const [rounds, slices] = [Number(options?.rounds), Number(options?.slices)]
  if (options === undefined || ![rounds, slices].every((number) => Number.isSafeInteger(number) && number > 0)) {
    process.stderr.write('npm run bench -- console [--rounds N] [--slices N] [--json]\n')
    return 2
  }
  const visits = await measure({ rounds, slices })
  if (visits === undefined) {
    process.stderr.write('Chromium is not installed.\n')
    return 1
  }
  const rows = ROWS.map(([name, of, unit]) => ({
    name,
    values: visits.map((each) => {
      const values = each.flatMap((visit) => of(visit) ?? [])
      return values.length === 0 ? undefined : Math.round(median(values))
    }),
    unit,
  }))
  if (options.json) console.log(JSON.stringify({ rounds, slices, networks: NETWORKS, rows }))
  else console.log(tableOf(rows))
  return 0
}

const tableOf = (
  rows: readonly { readonly name: string; readonly values: readonly (number | undefined)[]; readonly unit: string }[],
): string =>
  [
    `| | ${NETWORKS.map(({ name }) => name).join(' | ')} |`,
    `|---|${NETWORKS.map(() => '---:').join('|')}|`,
    ...rows.map(({ name, values, unit }) => {
      const cells = values.map((value) => (value === undefined ? '' : `${value.toLocaleString('en')} ${unit}`.trim()))
      return `| ${name} | ${cells.join(' | ')} |`
    }),
  ].join('\n')
