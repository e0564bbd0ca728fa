/** Catalogs of which one call fails: the one with a number, counted over all of them. */
import type { Catalog } from '../catalog/catalog.ts'
import { StoreUnavailable } from '../store-unavailable.ts'

/** Whether the call has its effect before it fails: then only its answer is lost. */
export type Failing = 'before the call' | 'after the call'

export interface FailingCalls {
  readonly parts: readonly Catalog[]
  /** The calls since `failAt`, by what was called. */
  readonly calls: readonly string[]
  /** Begins to count. @param call from 0; undefined: none fails. @param isLasting every later call fails too, as those of a process that died */
  failAt(call: number | undefined, how: { readonly failing: Failing; readonly isLasting: boolean }): void
}

/** What answers at once, is no transaction, or streams what it reads. */
const NOT_COUNTED = new Set(['now', 'forgetSearches', 'close', 'reportLines', 'generatedImageSets'])

export function failingCalls(parts: readonly Catalog[]): FailingCalls {
  const calls: string[] = []
  let failing: { readonly call: number | undefined; readonly failing: Failing; readonly isLasting: boolean } | undefined

  const failure = () => new StoreUnavailable({ store: 'the catalog', reason: 'away', code: 'TEST' })

  async function call(name: string, run: () => unknown): Promise<unknown> {
    const at = calls.push(name) - 1
    const isHit = failing?.call !== undefined && (failing.isLasting ? at >= failing.call : at === failing.call)
    if (!isHit) return run()
    if (failing!.failing === 'before the call' || at > failing!.call!) throw failure()
    await run()
    throw failure()
  }

  const failingPart = <Part extends object>(target: Part, path: string): Part =>
    new Proxy(target, {
      get(_, name) {
        const member = Reflect.get(target, name)
        const own = `${path}.${String(name)}`
        if (typeof member === 'object' && member !== null) return failingPart(member, own)
        if (typeof member !== 'function' || NOT_COUNTED.has(String(name))) return member
        return (...args: unknown[]) => call(own, () => member.apply(target, args))
      },
    })

  return {
    parts: parts.map((part, number) => failingPart(part, String(number))),
    calls,
    failAt(at, how) {
      calls.length = 0
      failing = { call: at, ...how }
    },
  }
}
