/**
 * What several processes are worth: searches a second, and processor time of all Hilum processes for each, with one process and with several.
 * The servers are on data folders of their own with the same files, and are asked in turns.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type BenchServer, startHilumServer } from './hilum-server.ts'
import { createActiveDatastore, importAll } from './importing.ts'
import { runLoad } from './load.ts'
import { optionsOf } from './options.ts'
import { inTempFolder, median, processorMs } from './processes.ts'
import { writeSampleFiles } from './sample-files.ts'
import { BATTERIES, signedSearches } from './searching.ts'

const USAGE = `npm run bench -- processes [--processes N] [--files N] [--turns N] [--turn-ms N] [--connections N] [--json]
  --processes N    beside one process (default: the cores, at most 8)
  --files N        files that are imported into each server (default 4000)
  --turns N        of each server, for each search (default 7)
  --turn-ms N      milliseconds of a turn (default 500)
  --connections N  at the same time (default 16)`

/** Of each server before its first turn of a search. */
const WARM_UP_MS = 2_000

interface Turn {
  readonly perSecond: number
  /** Processor time of all processes, in milliseconds for each request. */
  readonly processorMs: number
}

/** @returns the exit code */
export async function requestProcessesBench(args: readonly string[]): Promise<number> {
  const { availableParallelism } = await import('node:os')
  const cores = availableParallelism()
  const defaults = {
    processes: `${Math.min(8, cores)}`,
    files: '4000',
    turns: '7',
    'turn-ms': '500',
    connections: '16',
  }
  const options = optionsOf(args, defaults)
  const numbers = options && Object.keys(defaults).map((name) => Number(options[name as keyof typeof defaults]))
  if (numbers === undefined || numbers.some((number) => !Number.isInteger(number) || number < 1)) {
    process.stderr.write(`${USAGE}\n`)
    return 2
  }
  const [processes, files, turns, durationMs, connections] = numbers as [number, number, number, number, number]
  const rows = await measure({ processes, files, turns, durationMs, connections })
  if (options!.json) {
    process.stdout.write(`${JSON.stringify({ cores, processes, rows })}\n`)
    return 0
  }
  process.stdout.write(`${cores} cores, with the load beside\n`)
  for (const { name, one, several } of rows) {
    process.stdout.write(
      `${name.padEnd(42)} 1: ${textOf(one)}   ${processes}: ${textOf(several)}   x ${(several.perSecond / one.perSecond).toFixed(2)}, ` +
        `processor time x ${(several.processorMs / one.processorMs).toFixed(2)}\n`,
    )
  }
  return 0
}

const textOf = ({ perSecond, processorMs: ms }: Turn): string =>
  `${perSecond.toFixed(0).padStart(6)} a second, ${(1000 * ms).toFixed(0).padStart(4)} µs each`

interface Measuring {
  readonly processes: number
  readonly files: number
  readonly turns: number
  readonly durationMs: number
  readonly connections: number
}

const measure = ({ processes, files, turns, durationMs, connections }: Measuring) =>
  inTempFolder(async (folder) => {
    const servers: { readonly server: BenchServer; readonly datastoreId: string }[] = []
    try {
      for (const count of [1, processes]) {
        const data = join(folder, `${count}-${servers.length}`)
        await mkdir(join(data, 'buckets/bench-output'), { recursive: true })
        await writeSampleFiles(join(data, 'buckets/bench-input'), files)
        const server = await startHilumServer(data, { processes: count })
        const datastoreId = await createActiveDatastore(server)
        servers.push({ server, datastoreId })
        await importAll(server, { datastoreId })
      }
      const rows: { readonly name: string; readonly one: Turn; readonly several: Turn }[] = []
      for (const { name, criteria } of BATTERIES) {
        const of: Turn[][] = [[], []]
        const requests = await Promise.all(
          servers.map(({ server: { port }, datastoreId }) => signedSearches({ port, datastoreId, criteria })),
        )
        for (let turn = 0; turn < turns; turn++) {
          for (const [at, { server }] of servers.entries()) {
            const load = { port: server.port, requests: requests[at]!, connections, warmUpMs: 100, durationMs }
            // After the warm-up, without its processor time. In the first turn, each process compiles what it runs.
            await runLoad({ ...load, warmUpMs: turn === 0 ? WARM_UP_MS : load.warmUpMs, durationMs: 1 })
            const before = processorMsOf(server.child.pid!)
            const startedAt = performance.now()
            const { perSecond } = await runLoad({ ...load, warmUpMs: 0 })
            const seconds = (performance.now() - startedAt) / 1000
            of[at]!.push({
              perSecond,
              processorMs: (processorMsOf(server.child.pid!) - before) / (perSecond * seconds),
            })
          }
        }
        const [one, several] = of.map((all) => ({
          perSecond: median(all.map((each) => each.perSecond)),
          processorMs: median(all.map((each) => each.processorMs)),
        }))
        rows.push({ name, one: one!, several: several! })
      }
      return rows
    } finally {
      for (const { server } of servers) await server.stop()
    }
  })

/** Of a process and those that it has started. */
function processorMsOf(pid: number): number {
  const children = readdirSync('/proc').filter((entry) => {
    try {
      return readFileSync(`/proc/${entry}/stat`, 'utf8').split(') ')[1]!.split(' ')[1] === `${pid}`
    } catch {
      return false
    }
  })
  return processorMs(pid) + children.reduce((sum, child) => sum + processorMs(Number(child)), 0)
}
