/** Whether the parts that every request needs answer now. */
import { setTimeout } from 'node:timers/promises'
import type { App } from '../app.ts'

const TIMEOUT_MS = 5_000
/** Anyone may ask, so the parts are asked at most once in this time. */
const CACHED_MS = 1_000

/** Returns a function to the names of the parts that do not answer. */
export function createReadiness({ catalog, blobs, audit }: Pick<App, 'catalog' | 'blobs' | 'audit'>) {
  const parts: readonly (readonly [name: string, answers: () => Promise<unknown>])[] = [
    ['catalog', () => catalog.datastores.unsettled()],
    ['blobs', () => blobs.list('readyz/')[Symbol.asyncIterator]().next()],
    [
      'audit log',
      async () => {
        if (audit.failure !== undefined) throw new Error(audit.failure)
      },
    ],
  ]
  let asked: { readonly at: number; readonly failing: Promise<readonly string[]> } | undefined

  async function ask(): Promise<readonly string[]> {
    const failing = await Promise.all(
      parts.map(async ([name, answers]) => ((await isAnswering(answers)) ? [] : [name])),
    )
    return failing.flat()
  }
  return (): Promise<readonly string[]> => {
    const now = performance.now()
    if (asked === undefined || now - asked.at >= CACHED_MS) asked = { at: now, failing: ask() }
    return asked.failing
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
