/** What encryption costs: searches, GetImageFrame and imports with `--encryption on` and `none`, in turns, so that both meet the same machine. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { framesOf, medianOf } from './frame-serving.ts'
import { startHilumServer } from './hilum-server.ts'
import { createActiveDatastore, importAll, measureImport } from './importing.ts'
import { type LoadResult, runLoad } from './load.ts'
import { optionsOf } from './options.ts'
import { inTempFolder, median } from './processes.ts'
import { drawNoise, writeSampleFiles, writeSlices } from './sample-files.ts'
import { measureEncryptedSearches } from './search/encrypted-search.ts'
import { ROWS_MIN } from './search/search-bench.ts'
import { signedRequests } from './signed-requests.ts'

const MODES = ['on', 'none'] as const
const FRAME_SLICES = 100
const LOAD = { connections: 8, warmUpMs: 500, durationMs: 2_000 }
const FRAME_TURNS = 9
const IMPORT_TURNS = 3
const SMALL_FILES = 2_000
const SLICES = 150

type ByMode = Readonly<Record<(typeof MODES)[number], number>>

const USAGE = `npm run bench -- encryption [--rows N] [--json]
  --rows N   image sets in the store that is searched (default 100000); built once in $HILUM_BENCH_CACHE or bench/.cache`

/** @returns the exit code */
export async function encryptionBench(args: readonly string[]): Promise<number> {
  const options = optionsOf(args, { rows: '100000' })
  const rows = Number(options?.rows)
  if (options === undefined || !Number.isInteger(rows) || rows < ROWS_MIN) {
    process.stderr.write(`${USAGE}\n`)
    return 2
  }
  const searches = await measureEncryptedSearches(rows)
  const results = {
    'GetImageFrame of 512 KB a second, signed, 8 at once': await measureFrames(),
    'imported small files a second': await measureImports((folder) => writeSampleFiles(folder, SMALL_FILES)),
    'imported slices of 512 KB a second': await measureImports((folder) => writeSlices(folder, SLICES)),
  }
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ ...results, searches })}\n`)
    return 0
  }
  for (const [battery, { on, none }] of Object.entries(searches)) {
    const line = (name: 'p50_ms' | 'p99_ms') =>
      `${name.slice(0, 3)} on ${on[name].toFixed(3)}  none ${none[name].toFixed(3)} ms  x ${(on[name] / none[name]).toFixed(2)}`
    process.stdout.write(`search, ${battery.padEnd(12)} ${line('p50_ms')}   ${line('p99_ms')}\n`)
  }
  for (const [name, { on, none }] of Object.entries<ByMode>(results)) {
    const ratio = `${((100 * on) / none).toFixed(0)} %`
    process.stdout.write(
      `${name.padEnd(54)} on ${on.toFixed(0).padStart(6)}  none ${none.toFixed(0).padStart(6)}  ${ratio}\n`,
    )
  }
  return 0
}

const measureFrames = (): Promise<ByMode> =>
  inTempFolder(async (folder) => {
    const stops: (() => Promise<unknown>)[] = []
    const turns: Record<(typeof MODES)[number], LoadResult[]> = { on: [], none: [] }
    try {
      const sources = new Map<(typeof MODES)[number], { port: number; requests: readonly Buffer[] }>()
      for (const encryption of MODES) {
        const data = join(folder, encryption)
        await mkdir(join(data, 'buckets/bench-output'), { recursive: true })
        await writeSlices(join(data, 'buckets/bench-input'), FRAME_SLICES, drawNoise)
        const server = await startHilumServer(data, { encryption })
        stops.push(() => server.stop())
        const datastoreId = await createActiveDatastore(server)
        await importAll(server, { datastoreId })
        const { imageSetId, frames } = await framesOf(server.client, datastoreId)
        const path = `/datastore/${datastoreId}/imageSet/${imageSetId}/getImageFrame`
        const bodies = [...frames.keys()].map((imageFrameId) => ({ imageFrameId }))
        sources.set(encryption, {
          port: server.port,
          requests: await signedRequests({ port: server.port, path, bodies }),
        })
      }
      for (let turn = 0; turn < FRAME_TURNS; turn++) {
        for (const [mode, source] of sources) turns[mode].push(await runLoad({ ...LOAD, ...source }))
      }
    } finally {
      for (const stop of stops.reverse()) await stop()
    }
    return { on: medianOf(turns.on).perSecond, none: medianOf(turns.none).perSecond }
  })

async function measureImports(write: (folder: string) => Promise<readonly string[]>): Promise<ByMode> {
  const turns: Record<(typeof MODES)[number], number[]> = { on: [], none: [] }
  for (let turn = 0; turn < IMPORT_TURNS; turn++) {
    for (const mode of MODES) {
      turns[mode].push(
        await inTempFolder((folder) => measureImport(folder, () => write(join(folder, 'buckets/bench-input')), mode)),
      )
    }
  }
  return { on: median(turns.on), none: median(turns.none) }
}
