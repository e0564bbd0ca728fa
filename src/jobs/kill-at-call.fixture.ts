/** Stores whose process kills itself (SIGKILL) before or after their n-th call that changes something. */
import { writeFileSync } from 'node:fs'

const CHANGES = [
  ...['put', 'remove', 'claim', 'setFilesFound', 'record', 'publish', 'endTurn', 'finish'],
  ...['begin', 'complete', 'completeDeletion', 'fail', 'markPurged'],
]

/**
 * @param step 2n: before call n; 2n + 1: after it, before its caller gets the result
 * @param options.everyCall also counts calls that change nothing
 */
export function killAtCall(
  step: number,
  { everyCall = false }: { readonly everyCall?: boolean } = {},
): <T extends object>(store: T) => T {
  const fatal = { call: Math.floor(step / 2), after: step % 2 === 1 }
  let calls = 0
  const callsFile = process.env.HILUM_CALLS_FILE
  if (callsFile !== undefined) process.on('exit', () => writeFileSync(callsFile, `${calls}`))
  return (store) =>
    new Proxy(store, {
      get(target, name, receiver) {
        const method = Reflect.get(target, name, receiver)
        // A listing is an iterator, not one call: the process dies at the calls that use its entries.
        if (typeof method !== 'function' || name === 'list' || name === 'scan') return method
        if (!everyCall && !CHANGES.includes(String(name))) return method
        return async (...args: unknown[]) => {
          const isFatal = calls++ === fatal.call
          if (isFatal && !fatal.after) process.kill(process.pid, 'SIGKILL')
          const result = await method.apply(target, args)
          if (isFatal) process.kill(process.pid, 'SIGKILL')
          return result
        }
      },
    })
}
