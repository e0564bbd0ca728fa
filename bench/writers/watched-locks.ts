/** How long transactions hold the lock of a data store's changes, and how many statements they send: seen by what calls the drivers. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { median } from '../processes.ts'

/** Medians: a transaction that seals a tail of words sends some thousand statements. */
interface Watched {
  readonly lockedMs: number
  readonly statements: number
}

export interface LockWatch {
  begin(): void
  end(): Watched
}

const LOCKS_CHANGES = /^UPDATE changes SET number = number \+ 1/

/** The driver that the checkout loads. */
const driverOf = (checkout: string, name: string) => createRequire(join(checkout, 'src/main.ts'))(name)

function watching(): LockWatch & { statement(): void; locked(at: object): void; committed(at: object): void } {
  const since = new Map<object, number>()
  const [lockedMs, statementsOf]: [number[], number[]] = [[], []]
  let statements = 0
  return {
    begin() {
      lockedMs.length = statementsOf.length = statements = 0
    },
    end: () => ({ lockedMs: median(lockedMs), statements: median(statementsOf) }),
    statement() {
      statements += 1
    },
    locked(at) {
      since.set(at, performance.now())
    },
    committed(at) {
      const from = since.get(at)
      if (from === undefined) return
      lockedMs.push(performance.now() - from)
      statementsOf.push(statements)
      statements = 0
      since.delete(at)
    },
  }
}

export async function watchPostgres(checkout: string): Promise<LockWatch> {
  const watch = watching()
  const { prototype } = driverOf(checkout, 'pg').Client
  const { query } = prototype
  prototype.query = function (this: object, config: string | { readonly text?: string }, ...rest: unknown[]) {
    const text = typeof config === 'string' ? config : (config.text ?? '')
    watch.statement()
    const answer = query.call(this, config, ...rest)
    if (LOCKS_CHANGES.test(text))
      answer?.then?.(
        () => watch.locked(this),
        () => {},
      )
    if (text === 'COMMIT')
      answer?.then?.(
        () => watch.committed(this),
        () => {},
      )
    return answer
  }
  return watch
}

export async function watchSqlite(checkout: string): Promise<LockWatch> {
  const watch = watching()
  const { prototype } = driverOf(checkout, 'better-sqlite3-multiple-ciphers')
  const { prepare } = prototype
  prototype.prepare = function (this: object, text: string) {
    const statement = prepare.call(this, text)
    for (const method of ['run', 'all'] as const) {
      const call = statement[method].bind(statement)
      statement[method] = (...values: unknown[]) => {
        watch.statement()
        const answer = call(...values)
        if (text === 'BEGIN IMMEDIATE') watch.locked(this)
        if (text === 'COMMIT') watch.committed(this)
        return answer
      }
    }
    return statement
  }
  return watch
}
