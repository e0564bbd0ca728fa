/** Stores whose process kills itself around the n-th of the calls that change something, without a last word. */
import { writeFileSync } from 'node:fs'

const CHANGES = [
  ...['put', 'remove', 'claim', 'setFilesFound', 'record', 'publish', 'finish'],
  ...['begin', 'complete', 'completeDeletion', 'fail', 'forget'],
]

/**
 * @param step even: before the call; odd: after it, before anyone hears of it.
 * @param options.ofEveryCall counts also those that change nothing
 */
export function dyingAt(
  step: number,
  { ofEveryCall = false }: { readonly ofEveryCall?: boolean } = {},
): <T extends object>(store: T) => T {
  const fatal = { call: Math.floor(step / 2), after: step % 2 === 1 }
  let calls = 0
  const callsFile = process.env.HILUM_CALLS_FILE
  if (callsFile !== undefined) process.on('exit', () => writeFileSync(callsFile, `${calls}`))
  return (store) =>
    new Proxy(store, {
      get(target, name, receiver) {
        const verb = Reflect.get(target, name, receiver)
        // A listing is read piece by piece: it ends with what is made of it.
        if (typeof verb !== 'function' || name === 'list' || name === 'scan') return verb
        if (!ofEveryCall && !CHANGES.includes(String(name))) return verb
        return async (...args: unknown[]) => {
          const isFatal = calls++ === fatal.call
          if (isFatal && !fatal.after) process.kill(process.pid, 'SIGKILL')
          const answer = await verb.apply(target, args)
          if (isFatal) process.kill(process.pid, 'SIGKILL')
          return answer
        }
      },
    })
}
