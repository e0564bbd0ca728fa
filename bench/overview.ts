/** One table of Hilum's performance on this machine, compared with alternatives. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { measureConsole } from './console.ts'
import { measureServing } from './frame-serving.ts'
import { type Measured, measureFrames, ratioOf } from './frames.ts'
import { SIDE } from './frames-alone.ts'
import { startHilumServer } from './hilum-server.ts'
import { FILES, measureHilum, measureOrthanc, measureSlices } from './importing.ts'
import { inTempFolder, median, projectFolder, residentBytes } from './processes.ts'
import { measureSearches } from './searching.ts'

interface Row {
  readonly what: string
  readonly hilum: string
  readonly comparison: string
  readonly ratio: string
}

const REPEATS = 3
const SLICE_BYTES = SIDE * SIDE * 2
/** @param options.json prints one JSON object instead of the table */
export async function printOverview({ json }: { readonly json: boolean }): Promise<void> {
  const progress = (text: string) => json || process.stderr.write(`  ${text} ...\n`)

  const rows: Row[] = []
  const add = (what: string, hilum: string, comparison = '', ratio = '') =>
    rows.push({ what, hilum, comparison, ratio })
  const whole = (value: number) => Math.round(value).toLocaleString('en')
  const ms = (value: number) => `${value.toFixed(2)} ms`

  progress('starting')
  const starts = await inTempFolder(async (folder) => {
    const first = await startHilumServer(folder)
    await first.stop()
    const later = []
    let idleBytes = 0
    for (let i = 0; i < REPEATS; i++) {
      const server = await startHilumServer(folder)
      later.push(server.readyMs)
      await new Promise((resolve) => setTimeout(resolve, 500))
      idleBytes = residentBytes(server.child.pid!)
      await server.stop()
    }
    return { firstMs: first.readyMs, laterMs: median(later), idleBytes }
  })
  add('start to first response, new data folder', `${whole(starts.firstMs)} ms`)
  add('start to first response, existing data folder', `${whole(starts.laterMs)} ms`)
  add('idle memory (resident)', `${whole(starts.idleBytes / 1024 ** 2)} MiB`)
  add('installed size, production dependencies', `${whole(installedBytes() / 1024 ** 2)} MiB`)

  progress(`importing ${FILES} files`)
  const imports = { hilum: [] as number[], orthanc: [] as number[] }
  for (let i = 0; i < REPEATS; i++) {
    imports.hilum.push(await measureHilum())
    const orthanc = await measureOrthanc()
    if (orthanc !== undefined) imports.orthanc.push(orthanc)
  }
  const hilumRate = median(imports.hilum)
  const orthancRate = imports.orthanc.length > 0 ? median(imports.orthanc) : undefined
  add(
    'import, instances a second (9 KB each, fsync)',
    whole(hilumRate),
    orthancRate === undefined ? 'Orthanc is not installed' : `Orthanc, 4 REST clients: ${whole(orthancRate)}`,
    orthancRate === undefined ? '' : `${(hilumRate / orthancRate).toFixed(1)} x`,
  )

  progress('encoding frames')
  const [encoding] = await measureFrames({ frames: 400, rounds: REPEATS, withOtherSources: false })
  const speed = ({ megabytes, seconds }: Measured) => `${whole(megabytes / seconds)} MB/s`
  const cost = ({ megabytes, processorSeconds }: Measured) => ms((1000 * processorSeconds) / megabytes)
  add(
    'frames to lossless HTJ2K, all cores; processor time per MB',
    `${speed(encoding!.ours)}; ${cost(encoding!.ours)}`,
    `OpenJPH alone, one process per core: ${speed(encoding!.alone)}; ${cost(encoding!.alone)}`,
    `${ratioOf(encoding!).toFixed(2)} x`,
  )
  const slices: number[] = []
  for (let i = 0; i < REPEATS; i++) slices.push(await measureSlices())
  const aloneSlices = (encoding!.alone.megabytes / encoding!.alone.seconds) * (1_000_000 / SLICE_BYTES)
  add(
    'import, slices a second (512 KB each, frames to HTJ2K, fsync)',
    whole(median(slices)),
    `OpenJPH alone, one process per core: ${whole(aloneSlices)}`,
    `${(median(slices) / aloneSlices).toFixed(2)} x`,
  )

  progress('fetching frames')
  const serving = await measureServing()
  const frames = `${whole(serving.hilum.perSecond)} (p50 ${ms(serving.hilum.p50Ms)}, p99 ${ms(serving.hilum.p99Ms)})`
  for (const [name, comparison] of [
    ['one nginx worker, same bytes as files', serving.nginx],
    ["Orthanc's WADO-RS frames", serving.orthanc],
  ] as const) {
    add(
      'GetImageFrame of 512 KB a second, signed, 8 at once',
      frames,
      comparison === undefined ? `${name}: not installed` : `${name}: ${whole(comparison.perSecond)}`,
      comparison === undefined ? '' : `${(serving.hilum.perSecond / comparison.perSecond).toFixed(2)} x`,
    )
  }

  progress('searching')
  const searches = await measureSearches()
  for (const { name, hilum, bare } of searches.rows) {
    add(
      `search a second, signed, 8 at once: ${name}`,
      `${whole(hilum.perSecond)} (p50 ${ms(hilum.p50Ms)}, p99 ${ms(hilum.p99Ms)})`,
      `bare node:http, same ${whole(hilum.answerBytes)} bytes: ${whole(bare.perSecond)}`,
      `${(hilum.perSecond / bare.perSecond).toFixed(2)} x`,
    )
  }
  add(
    'search p99, one at a time, during an import',
    ms(searches.duringImportP99Ms),
    `without an import: ${ms(searches.idleP99Ms)}`,
    `${(searches.duringImportP99Ms / searches.idleP99Ms).toFixed(1)} x`,
  )

  progress('opening the console')
  const opened = await measureConsole()
  add(
    'console, from opening it to the results of a search',
    opened === undefined ? 'Chromium is not installed' : `${whole(opened.load.firstMs)} ms`,
    opened === undefined
      ? ''
      : `with its ${whole(opened.load.scriptBytes / 1000)} kB of script in the browser cache: ${whole(opened.load.againMs)} ms`,
  )
  add(
    'from the click on a CT to its first image',
    opened === undefined ? 'Chromium is not installed' : `${whole(opened.firstPictureMs)} ms`,
    '',
  )

  if (json) console.log(JSON.stringify({ node: process.version, rows }, undefined, 2))
  else console.log(table(rows))
}

/** What `npm install hilum` brings: every package the lock file does not mark as for development only. */
function installedBytes(): number {
  const lock = JSON.parse(readFileSync(join(projectFolder, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>
  }
  const folders = Object.entries(lock.packages).filter(([path, entry]) => path !== '' && entry.dev !== true)
  const nested = (path: string) => folders.some(([other]) => other !== path && path.startsWith(`${other}/`))
  return folders
    .filter(([path]) => !nested(path))
    .reduce((sum, [path]) => sum + folderBytes(join(projectFolder, path)), 0)
}

function folderBytes(folder: string): number {
  try {
    return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
      const path = join(folder, entry.name)
      return sum + (entry.isDirectory() ? folderBytes(path) : statSync(path).size)
    }, 0)
  } catch {
    // An optional dependency of another platform: in the lock file, not on the disk.
    return 0
  }
}

function table(all: readonly Row[]): string {
  const head: Row = { what: '', hilum: 'Hilum', comparison: 'compared with', ratio: 'ratio' }
  const lines = [head, ...all]
  const width = (name: keyof Row) => Math.max(...lines.map((row) => row[name].length))
  const widths = { what: width('what'), hilum: width('hilum'), comparison: width('comparison') }
  return lines
    .map(({ what, hilum, comparison, ratio }) =>
      `${what.padEnd(widths.what)}  ${hilum.padEnd(widths.hilum)}  ${comparison.padEnd(widths.comparison)}  ${ratio}`.trimEnd(),
    )
    .join('\n')
}
