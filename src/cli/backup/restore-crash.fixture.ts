/** A process that runs `hilum restore`, and kills itself before or after its n-th call that changes a file or the catalog. */
import fs, { writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { loadConfig } from '../../server/config.ts'
import { SqliteConnection } from '../../stores/sql/engine/sqlite/sqlite-connection.ts'

const [cwd, step, ...words] = process.argv.slice(2) as [string, string, ...string[]]
const fatal = { call: Math.floor(Number(step) / 2), after: Number(step) % 2 === 1 }
let calls = 0
const callsFile = process.env.HILUM_CALLS_FILE
if (callsFile !== undefined) process.on('exit', () => writeFileSync(callsFile, `${calls}`))

const die = (): void => {
  process.kill(process.pid, 'SIGKILL')
}

function killAtCallsOf(holder: object, names: readonly string[]): void {
  const methods = holder as Record<string, (...args: unknown[]) => unknown>
  for (const name of names) {
    const method = methods[name]!
    methods[name] = function (this: unknown, ...args: unknown[]) {
      const isFatal = calls++ === fatal.call
      if (isFatal && !fatal.after) die()
      const result = method.apply(this, args)
      if (isFatal && result instanceof Promise) return result.finally(die)
      if (isFatal) die()
      return result
    }
  }
}

const file = await fs.promises.open(import.meta.filename)
killAtCallsOf(Object.getPrototypeOf(file), ['write', 'writev', 'writeFile', 'sync', 'datasync'])
await file.close()
killAtCallsOf(fs.promises, ['open', 'mkdir', 'writeFile', 'link', 'rename', 'rm', 'unlink'])
killAtCallsOf(fs, ['openSync', 'mkdirSync', 'writeSync', 'renameSync', 'fdatasync', 'fdatasyncSync', 'fsyncSync'])
killAtCallsOf(SqliteConnection.prototype, ['pragma', 'execute', 'command', 'drive'])
syncBuiltinESMExports()

const { parseArguments } = await import('../parse-arguments.ts')
const { restore } = await import('./restore.ts')
const { flags } = parseArguments(['restore', ...words])
const terminal = { print() {}, note() {}, status() {}, isInteractive: false, hasReader: true }
const config = loadConfig({ cwd, flags: { ...flags } })
process.exitCode = await restore({ config, flags, terminal, env: {}, cwd, program: 'hilum' } as never)
