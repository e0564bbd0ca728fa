/**
 * What a request costs: requests a second and processor time of the server, for searches, image sets, metadata and frames, beside a bare node:http
 * server that sends the same bytes; frames also beside one worker of nginx. The ratio of processor times is the same on a busy machine.
 * With `--before FOLDER`, a checkout that is built, Hilum of that folder takes turns with the one of this folder.
 */

import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startBareServer } from './bare-servers.ts'
import { framesOf, NGINX, startNginx } from './frame-serving.ts'
import { type BenchServer, startHilumServer } from './hilum-server.ts'
import { createActiveDatastore, FILES, importAll } from './importing.ts'
import { answerTo, runLoad } from './load.ts'
import { optionsOf } from './options.ts'
import { inTempFolder, type MeasuredProcess, median, projectFolder, threadsMs } from './processes.ts'
import { sliceOf, writeSampleFiles } from './sample-files.ts'
import { BATTERIES, signedSearches } from './searching.ts'
import { signedRequests } from './signed-requests.ts'

const CONNECTIONS = 8
const SLICES = 50
const HELP = 'npm run bench -- requests [--turns N] [--ms N] [--only TEXT] [--before FOLDER] [--json]\n'

/** A server under measurement, and what was counted of it. */
interface Source {
  readonly name: string
  readonly pid: number
  readonly port: number
  readonly requests: readonly Buffer[]
  readonly turns: Turn[]
}

interface Turn {
  readonly perSecond: number
  readonly processorMicroseconds: number
}

interface Kind {
  readonly name: string
  requests(server: FilledServer): Promise<readonly Buffer[]>
  /** The frames that nginx sends as files. */
  readonly frames?: (server: FilledServer) => ReadonlyMap<string, Uint8Array>
}

interface StoredFrames {
  readonly datastoreId: string
  readonly imageSetId: string
  readonly frames: ReadonlyMap<string, Uint8Array>
}

interface FilledServer extends BenchServer {
  readonly searched: string
  readonly small: StoredFrames
  readonly large: StoredFrames
}

const frameRequests = (port: number, { datastoreId, imageSetId, frames }: StoredFrames) =>
  signedRequests({
    ...{ port, path: `/datastore/${datastoreId}/imageSet/${imageSetId}/getImageFrame` },
    bodies: [...frames.keys()].map((imageFrameId) => ({ imageFrameId })),
  })

const ofImageSet =
  (action: string) =>
  ({ port, small: { datastoreId, imageSetId } }: FilledServer) =>
    signedRequests({ port, path: `/datastore/${datastoreId}/imageSet/${imageSetId}/${action}`, bodies: [{}] })

const KINDS: readonly Kind[] = [
  ...BATTERIES.map(({ name, criteria }) => ({
    name: `search: ${name}`,
    requests: ({ port, searched: datastoreId }: FilledServer) => signedSearches({ port, datastoreId, criteria }),
  })),
  { name: 'GetImageSet', requests: ofImageSet('getImageSet') },
  { name: 'GetImageSetMetadata', requests: ofImageSet('getImageSetMetadata') },
  {
    name: 'GetImageFrame of 8 KB',
    requests: ({ port, small }) => frameRequests(port, small),
    frames: ({ small }) => small.frames,
  },
  {
    name: 'GetImageFrame of 512 KB',
    requests: ({ port, large }) => frameRequests(port, large),
    frames: ({ large }) => large.frames,
  },
]

export async function requestsBench(args: readonly string[]): Promise<number> {
  const options = optionsOf(args, { turns: '9', ms: '300', only: '', before: '' })
  if (options === undefined) {
    process.stderr.write(HELP)
    return 2
  }
  const kinds = KINDS.filter(({ name }) => name.includes(options.only))
  const checkouts = options.before === '' ? [projectFolder] : [options.before, projectFolder]
  const results = await inTempFolder(async (folder) => {
    const servers: FilledServer[] = []
    try {
      for (const [index, checkout] of checkouts.entries()) {
        servers.push(await filledServer(join(folder, `${index}`), checkout))
      }
      const measured = []
      for (const kind of kinds) {
        const sources = await measureKind(kind, {
          servers,
          folder,
          turns: Number(options.turns),
          ms: Number(options.ms),
        })
        measured.push({ name: kind.name, sources: sources.map(resultOf) })
        if (!options.json) process.stdout.write(linesOf(kind.name, sources))
      }
      return measured
    } finally {
      for (const server of servers) await server.stop()
    }
  })
  if (options.json) console.log(JSON.stringify(results, undefined, 2))
  return 0
}

async function filledServer(folder: string, checkout: string): Promise<FilledServer> {
  const input = join(folder, 'buckets/bench-input')
  await mkdir(join(folder, 'buckets/bench-output'), { recursive: true })
  await writeSampleFiles(join(input, 'searched'), FILES)
  for (const [name, side] of [
    ['small', 64],
    ['large', 512],
  ] as const) {
    await mkdir(join(input, name))
    for (let instance = 0; instance < SLICES; instance++) {
      // Noise is stored in as many bytes as it has.
      const pixels = randomBytes(side * side * 2)
      const bytes = sliceOf({ root: `2.25.${side}`, series: 0, instance }, { side, pixels })
      await writeFile(join(input, name, `${instance}.dcm`), bytes)
    }
  }
  const server = await startHilumServer(folder, { checkout })
  const filled = async (prefix: string) => {
    const datastoreId = await createActiveDatastore(server)
    await importAll(server, { datastoreId, prefix })
    return datastoreId
  }
  const searched = await filled('searched/')
  const framesIn = async (prefix: string) => {
    const datastoreId = await filled(prefix)
    return { datastoreId, ...(await framesOf(server.client, datastoreId)) }
  }
  return { ...server, searched, small: await framesIn('small/'), large: await framesIn('large/') }
}

/** In turns, so that whatever else the machine does is met by all. */
async function measureKind(
  kind: Kind,
  { servers, folder, turns, ms }: { servers: readonly FilledServer[]; folder: string; turns: number; ms: number },
): Promise<readonly Source[]> {
  const names = servers.length === 1 ? ['Hilum'] : ['Hilum before', 'Hilum']
  const sources: Source[] = []
  const stops: MeasuredProcess[] = []
  const add = (name: string, { child, port }: MeasuredProcess & { port: number }, requests: readonly Buffer[]) =>
    sources.push({ name, pid: child.pid!, port, requests, turns: [] })
  try {
    for (const [index, server] of servers.entries()) add(names[index]!, server, await kind.requests(server))
    const { port, requests } = sources.at(-1)!
    const bare = await startBareServer(await answerTo(port, requests[0]!))
    stops.push(bare)
    add('bare node:http', bare, requests)
    if (kind.frames !== undefined && existsSync(NGINX)) {
      const nginx = await startNginx(join(folder, `nginx-${kind.name.replaceAll(' ', '-')}`), [
        ...kind.frames(servers.at(-1)!).values(),
      ])
      stops.push(nginx)
      add('one nginx worker', nginx, nginx.requests)
    }
    for (const source of sources) await turnOf(source, 2 * ms)
    for (let each = 0; each < turns; each++) {
      for (const source of sources) source.turns.push(await turnOf(source, ms))
    }
    return sources
  } finally {
    for (const each of stops) await each.stop()
  }
}

async function turnOf({ pid, port, requests }: Source, durationMs: number): Promise<Turn> {
  const before = threadsMs(pid)
  const load = await runLoad({ port, requests, connections: CONNECTIONS, warmUpMs: 0, durationMs })
  return { perSecond: load.perSecond, processorMicroseconds: (1000 * (threadsMs(pid) - before)) / load.requests }
}

const resultOf = ({ name, turns }: Source) => ({
  name,
  perSecond: median(turns.map(({ perSecond }) => perSecond)),
  processorMicroseconds: median(turns.map(({ processorMicroseconds }) => processorMicroseconds)),
})

function linesOf(name: string, sources: readonly Source[]): string {
  const results = sources.map(resultOf)
  const hilum = results.findLast((each) => each.name === 'Hilum')!
  const lines = results.map((each) => {
    const cost = `${each.processorMicroseconds.toFixed(1).padStart(7)} us`
    const speed = `${Math.round(each.perSecond).toLocaleString('en').padStart(7)} a second`
    const byProcessor = (each.processorMicroseconds / hilum.processorMicroseconds).toFixed(2)
    const byRate = (hilum.perSecond / each.perSecond).toFixed(2)
    const ratios = each === hilum ? '' : `   Hilum: ${byProcessor} x by processor time, ${byRate} x by rate`
    return `  ${each.name.padEnd(16)} ${cost} ${speed}${ratios}\n`
  })
  return `${name}\n${lines.join('')}`
}
