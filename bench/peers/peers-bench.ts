/**
 * `npm run bench -- dicomweb-peers`: DICOMweb on Hilum and on Debian's Orthanc with its DICOMweb plug-in, with the same data, in turns. Hilum's
 * requests are signed, and its blobs and catalog are encrypted except in the searches. Where Orthanc is not installed only Hilum is measured.
 */
import { join } from 'node:path'
import { optionsOf } from '../options.ts'
import { inTempFolder, projectFolder } from '../processes.ts'
import { progressBar } from '../search/progress-bar.ts'
import { measurePaging, type PagingRow } from './paging.ts'
import { orthancMissing, startPeers } from './peer.ts'
import { type FrameRates, measureFrames, measureMetadata } from './retrieving.ts'
import { measureSearches, type SearchRow } from './searching.ts'
import { measureStoring, type StoringRow } from './storing.ts'

const PARTS = ['storing', 'frames', 'metadata', 'paging', 'searches'] as const
type Part = (typeof PARTS)[number]

const USAGE = `npm run bench -- dicomweb-peers [--parts P] [--files N] [--instances N] [--studies N] [--series N] [--seconds S] [--json]
  --parts P       some of ${PARTS.join(',')} (default: all)
  --files N       files of 9 KB that are stored in each turn (default 200); a quarter as many of 512 KB
  --instances N   of the series whose metadata are read (default 1000)
  --studies N     before the first page, which others join while pages are read (default 600)
  --series N      in both servers for the searches (default 10000); Orthanc loads some 600 a second, once
  --seconds S     for each search and number of clients, and for frames (default 1)
  --json          one object on stdout
`

interface Result {
  storing?: readonly StoringRow[]
  frames?: FrameRates
  /** ms */
  metadata?: Readonly<Record<string, number>>
  paging?: readonly (PagingRow | string)[]
  searches?: { readonly series: number; readonly rows: readonly SearchRow[] }
}

export async function peersBench(args: readonly string[]): Promise<number> {
  const defaults = {
    parts: PARTS.join(','),
    files: '200',
    instances: '1000',
    studies: '600',
    series: '10000',
    seconds: '1',
  }
  const options = optionsOf(args, defaults)
  const parts = options?.parts.split(',') as readonly Part[] | undefined
  const [files, instances, studies, series, seconds] = (
    ['files', 'instances', 'studies', 'series', 'seconds'] as const
  ).map((name) => Number(options?.[name])) as [number, number, number, number, number]
  const counts = [files, instances, studies, series]
  const isValid = counts.every((count) => Number.isSafeInteger(count) && count > 0) && seconds > 0
  if (options === undefined || !isValid || !parts!.every((part) => PARTS.includes(part))) {
    process.stderr.write(USAGE)
    return 2
  }
  const missing = orthancMissing()
  if (missing !== undefined) process.stderr.write(`Only Hilum is measured: ${missing}.\n`)
  const progress = progressBar(process.stderr)
  const durationMs = seconds * 1000
  const result: Result = {}
  for (const part of parts!) {
    progress(part, 0)
    if (part === 'storing') result.storing = await inTempFolder((folder) => storing(folder, files))
    if (part === 'frames') result.frames = await inTempFolder((folder) => measureFrames(folder, durationMs))
    if (part === 'metadata') result.metadata = await inTempFolder((folder) => measureMetadata(folder, instances))
    if (part === 'paging') result.paging = await inTempFolder((folder) => measurePaging(folder, studies))
    if (part === 'searches') {
      const cacheFolder = process.env.HILUM_BENCH_CACHE ?? join(projectFolder, 'bench', '.cache')
      result.searches = { series, rows: await measureSearches({ series, cacheFolder, durationMs, progress }) }
    }
  }
  process.stdout.write(options.json ? `${JSON.stringify(result, undefined, 2)}\n` : textOf(result))
  return 0
}

async function storing(folder: string, files: number): Promise<StoringRow[]> {
  const { peers, stop } = await startPeers(folder)
  try {
    return await measureStoring(peers, files)
  } finally {
    await stop()
  }
}

const NAME_WIDTH = 44

function textOf({ storing = [], frames, metadata, paging = [], searches }: Result): string {
  const line = (name: string, hilum: string, orthanc: string, ratio: number | undefined) =>
    `${name.padEnd(NAME_WIDTH)}  ${hilum.padEnd(34)}  ${orthanc.padEnd(34)}  ${ratio === undefined ? '' : `${ratio.toFixed(2)} x`}`.trimEnd()
  const rate = (value: number | undefined) => (value === undefined ? 'not installed' : `${value.toFixed(0)}/s`)
  const over = (a: number | undefined, b: number | undefined) =>
    a === undefined || b === undefined ? undefined : a / b
  const lines = [line('', 'Hilum', 'Orthanc', undefined)]
  for (const { name, perSecond } of storing) {
    const { Hilum, Orthanc } = perSecond
    lines.push(line(`store ${name}`, rate(Hilum), rate(Orthanc), over(Hilum, Orthanc)))
  }
  if (frames !== undefined) {
    const { Hilum, Orthanc, GetImageFrame } = frames
    const name = 'frames of 512 KB, as stored'
    lines.push(line(name, rate(Hilum?.perSecond), rate(Orthanc?.perSecond), over(Hilum?.perSecond, Orthanc?.perSecond)))
    lines.push(
      line(
        '',
        '',
        `GetImageFrame: ${rate(GetImageFrame?.perSecond)}`,
        over(Hilum?.perSecond, GetImageFrame?.perSecond),
      ),
    )
  }
  if (metadata !== undefined) {
    const ms = (value: number | undefined) => (value === undefined ? 'not installed' : `${value.toFixed(0)} ms`)
    const { Hilum, Orthanc } = metadata
    lines.push(line('metadata of a series', ms(Hilum), ms(Orthanc), over(Orthanc, Hilum)))
  }
  for (const { name, answered } of searches?.rows ?? []) {
    const cell = (of: SearchRow['answered'][string] | undefined) =>
      of === undefined || typeof of === 'string'
        ? (of ?? 'not installed')
        : `${of.p50Ms.toFixed(2)} / ${of.p99Ms.toFixed(2)} ms, ${of.perSecond.toFixed(0)}/s`
    const p50 = (of: SearchRow['answered'][string] | undefined) => (typeof of === 'object' ? of.p50Ms : undefined)
    const { Hilum, Orthanc } = answered
    lines.push(
      line(`search: ${name}, ${searches!.series} series`, cell(Hilum), cell(Orthanc), over(p50(Orthanc), p50(Hilum))),
    )
  }
  for (const row of paging) {
    lines.push(
      typeof row === 'string'
        ? `paging: ${row}`
        : `paging, ${row.server}, by ${row.by}: of ${row.studies} studies ${row.repeated} repeated and ${row.lost} lost while ${row.arrived} arrived`,
    )
  }
  return `${lines.join('\n')}\n`
}
