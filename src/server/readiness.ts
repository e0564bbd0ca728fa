/** Whether the parts that every request needs answer now, and which partitions do not: requests for what others have are served. */
import { setTimeout } from 'node:timers/promises'
import type { App } from '../app.ts'

const TIMEOUT_MS = 5_000
/** Anyone may ask, so the parts are asked at most once in this time. */
const CACHED_MS = 1_000

interface Readiness {
  /** Names of the parts that do not answer. */
  readonly failing: readonly string[]
  /** Numbers of the partitions that do not answer, though the catalog does. */
  readonly awayPartitions: readonly number[]
}

export function createReadiness({ catalog, blobs, audit }: Pick<App, 'catalog' | 'blobs' | 'audit'>) {
  const parts: readonly (readonly [name: string, answers: () => Promise<unknown>])[] = [
    ['catalog', () => catalog.database.answers()],
    ['blobs', () => blobs.list('readyz/')[Symbol.asyncIterator]().next()],
    [
      'audit log',
      async () => {
        if (audit.failure !== undefined) throw new Error(audit.failure)
      },
    ],
  ]
  let asked: { readonly at: number; readonly readiness: Promise<Readiness> } | undefined

  async function ask(): Promise<Readiness> {
    const [awayPartitions, ...failing] = await Promise.all([
      catalog.awayPartitions({ timeoutMs: TIMEOUT_MS }).catch(() => []),
      ...parts.map(async ([name, answers]) => ((await isAnswering(answers)) ? [] : [name])),
    ])
    return { failing: failing.flat(), awayPartitions }
  }
  return (): Promise<Readiness> => {
    const now = performance.now()
    if (asked === undefined || now - asked.at >= CACHED_MS) asked = { at: now, readiness: ask() }
    return asked.readiness
  }
}

async function isAnswering(answers: () => Promise<unknown>): Promise<boolean> {
  const timeout = new AbortController()
  try {
    return await Promise.race([
      answers().then(() => true),
      setTimeout(TIMEOUT_MS, false, { signal: timeout.signal, ref: false }).catch(() => false),
    ])
  } catch {
    return false
  } finally {
    timeout.abort()
  }
}
