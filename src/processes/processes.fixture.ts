/** `hilum serve` with several processes, for tests: clients to it, and its processes by name. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { type SignedRequest, signedFetch } from '../cli/client/signed-fetch.ts'
import { type HilumProcess, startHilumProcess } from '../fixtures/hilum-process.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import type { Limits } from '../limits.ts'

const KEYS = { accessKeyId: 'HILUMTESTACCESSKEY', secretAccessKey: 'a-secret-of-tests' }
const REGION = 'us-east-1'

/** Processes are found in /proc. */
export const withoutProc = process.platform === 'linux' ? false : 'needs /proc'

export interface Served {
  readonly server: HilumProcess
  readonly endpoint: string
  readonly dataFolder: string
  /** A client with connections of its own, which does not try again. */
  client(connections?: number, credentials?: typeof KEYS): MedicalImagingClient
  signed(request: SignedRequest): Promise<Response>
  /** The ids of its processes whose name begins so: `request-1`, `jobs`. */
  pids(name: string): number[]
  /** Resolves when there are so many of them, none of `before`, and the server says that they are ready. */
  untilPids(name: string, count: number, before?: readonly number[]): Promise<number[]>
  metric(name: string): Promise<number>
  run(...words: string[]): Promise<{ readonly code: number | NodeJS.Signals; readonly output: string }>
}

export async function serveProcesses(
  t: TestContext,
  options: {
    readonly processes?: number
    readonly words?: readonly string[]
    readonly limits?: Partial<Limits>
    readonly env?: Readonly<Record<string, string>>
    readonly cwd?: string
  } = {},
): Promise<Served> {
  const { processes = 2, words = [], limits = {} } = options
  const cwd = options.cwd ?? mkdtempSync(join(tmpdir(), 'hilum-processes-'))
  removeAtExit(cwd)
  const dataFolder = join(cwd, 'data')
  mkdirSync(join(dataFolder, 'buckets/out-bucket'), { recursive: true, mode: 0o700 })
  writeFileSync(join(dataFolder, 'hilum.json'), JSON.stringify({ limits }))
  const env = {
    ...{ HILUM_ACCESS_KEY_ID: KEYS.accessKeyId, HILUM_SECRET_ACCESS_KEY: KEYS.secretAccessKey },
    ...options.env,
  }
  const ofServer = ['--data', 'data', '--port', '0', '--host', '127.0.0.1', '--processes', `${processes}`]
  const server = startHilumProcess(t, ['serve', ...ofServer, ...words], { cwd, env, isBuilt: true })
  const [, endpoint] = await server.printed(/Hilum answers at (https?:\S+:\d+)/)
  const pids = (name: string) =>
    childrenOf(server.child.pid!)
      .filter((child) => child.name.startsWith(name))
      .map(({ pid }) => pid)
  async function metric(name: string): Promise<number> {
    const text = await (await fetch(`${endpoint}/metrics`)).text()
    const values = text.split('\n').filter((line) => line.startsWith(name))
    return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
  }
  const isWhole = async (kind: 'request' | 'jobs') =>
    (await metric(`hilum_processes{kind="${kind}"`).catch(() => 0)) === (kind === 'jobs' ? 1 : processes)
  return {
    ...{ server, endpoint: endpoint!, dataFolder, pids, metric },
    client(maxSockets = 1, credentials = KEYS) {
      const sdk = new MedicalImagingClient({
        ...{ endpoint: endpoint!, region: REGION, credentials, disableHostPrefix: true, maxAttempts: 1 },
        requestHandler: { httpAgent: { keepAlive: true, maxSockets } },
      })
      t.after(() => sdk.destroy())
      return sdk
    },
    signed: (request) => signedFetch({ endpoint: endpoint!, region: REGION, credentials: KEYS }, request),
    async untilPids(name, count, before = []) {
      for (;;) {
        const now = pids(name)
        const isThere = now.length === count && !now.some((pid) => before.includes(pid))
        const kinds = ['request', 'jobs'] as const
        if (isThere && (await Promise.all(kinds.map(isWhole))).every(Boolean)) return now
        await setTimeout(20)
      }
    },
    async run(...command) {
      const done = startHilumProcess(t, [...command, '--data', 'data'], { cwd, env })
      return { code: await done.ended, output: done.output() }
    },
  }
}

/** With the last word of its command line, which is its name. */
function childrenOf(parent: number): { readonly pid: number; readonly name: string }[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        const [state, ppid] = readFileSync(`/proc/${entry}/stat`, 'utf8').split(') ')[1]!.split(' ')
        if (Number(ppid) !== parent || state === 'Z') return []
        const words = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0').filter(Boolean)
        return [{ pid: Number(entry), name: words.at(-1) ?? '' }]
      } catch {
        // It has just ended.
        return []
      }
    })
}

/** A process that nobody waits for stays in the list after its end. */
export function hasEnded(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.startsWith('Z')
  } catch {
    return true
  }
}
