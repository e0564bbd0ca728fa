/** One connection to a SQLite file, and its result codes as errors of the store. */
import Database from 'better-sqlite3-multiple-ciphers'
import { StoreUnavailable, type UnavailableReason } from '../../../store-unavailable.ts'
import { ManyRows } from '../many-rows.ts'
import { driveAtOnce, type Row, type Sql, type Statement } from '../statement.ts'
import { openSqliteFile } from './sqlite-file.ts'

const NO_ROWS: readonly Row[] = []

export class SqliteConnection {
  readonly #database: Database.Database
  /** By text. The last in the map was prepared last. */
  readonly #prepared = new Map<string, Database.Statement<unknown[], Row>>()
  #statementsMax = Infinity

  /**
   * @param options.timeoutMs how long a statement blocks for a lock of another process
   * @param options.key of an encrypted file: 32 bytes
   */
  constructor(
    path: string,
    { readonly, timeoutMs, key }: { readonly: boolean; timeoutMs: number; key?: Uint8Array | undefined },
  ) {
    this.#database = openSqliteFile(path, { readonly, timeout: timeoutMs, key })
  }

  pragma(text: string): void {
    this.#database.pragma(text)
  }

  limitMemory(limits: { readonly cacheBytes: number; readonly statementsMax: number }): void {
    // A negative number is in KiB.
    this.pragma(`cache_size = -${Math.floor(limits.cacheBytes / 1024)}`)
    this.#statementsMax = limits.statementsMax
  }

  execute(statement: Statement): readonly Row[] {
    if (statement instanceof ManyRows) return statement.parts().flatMap((part) => this.execute(part))
    const { text, values } = statement
    let prepared = this.#prepared.get(text)
    if (prepared === undefined) {
      prepared = this.#prepare(text)
    }
    if (prepared.reader) return prepared.all(values)
    prepared.run(values)
    return NO_ROWS
  }

  /** First in, first out: to prepare one again takes some ten microseconds. */
  #prepare(text: string): Database.Statement<unknown[], Row> {
    const prepared = this.#database.prepare<unknown[], Row>(text)
    this.#prepared.set(text, prepared)
    for (const oldest of this.#prepared.keys()) {
      if (this.#prepared.size <= this.#statementsMax) break
      this.#prepared.delete(oldest)
    }
    return prepared
  }

  /** Runs the statements and passes their rows to the generator, until it returns. */
  drive<T>(sql: Sql<T>): T {
    return driveAtOnce(sql, (statement) => this.execute(statement))
  }

  command(text: string): void {
    this.execute({ text, values: [] })
  }

  /** Rows that the work deletes are overwritten with zeros in the file. */
  secureDelete<T>(work: () => T): T {
    this.pragma('secure_delete = ON')
    try {
      return work()
    } finally {
      this.pragma('secure_delete = FAST')
    }
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction
  }

  close(): void {
    this.#database.close()
  }
}

const REASONS: readonly (readonly [code: RegExp, reason: UnavailableReason])[] = [
  [/^SQLITE_FULL/, 'full'],
  [/^SQLITE_READONLY/, 'read-only'],
  [/^SQLITE_(PERM|AUTH)/, 'access'],
  [/^SQLITE_(BUSY|LOCKED)/, 'busy'],
  [/^SQLITE_(CORRUPT|NOTADB)/, 'corrupt'],
  [/^SQLITE_(CANTOPEN|IOERR)/, 'away'],
]

export const isBusy = (error: unknown): boolean =>
  error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')

/** A SQLite error by which the file cannot be used becomes StoreUnavailable; others are returned unchanged. */
export function asUnavailable(error: unknown): unknown {
  if (!(error instanceof Database.SqliteError)) return error
  const reason = REASONS.find(([code]) => code.test(error.code))?.[1]
  return reason === undefined
    ? error
    : new StoreUnavailable({ store: 'the catalog', reason, code: error.code }, { cause: error })
}
