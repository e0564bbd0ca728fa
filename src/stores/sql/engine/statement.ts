/**
 * SQL as data. A verb of the catalog is a generator that yields statements and is sent their rows, so that the same text runs
 * inside one synchronous transaction on SQLite and one asynchronous transaction elsewhere. Statements keep to what SQLite 3.50
 * and PostgreSQL 15 both understand; where they cannot, differences.ts has the word.
 */

export type SqlValue = string | number | Uint8Array | null

export interface Statement {
  /** With `?` for each value. */
  readonly text: string
  readonly values: readonly SqlValue[]
}

export type Row = Readonly<Record<string, SqlValue>>

/** A piece of a transaction that answers a T. It may be run again from its start, on another connection, if nothing was committed. */
export type Sql<T> = Generator<Statement, T, readonly Row[]>

/** A verb that is given its arguments and waits to be run in a transaction. */
export type TransactionFunction<T> = () => Sql<T>

export interface WriteOptions {
  readonly line?: string
  /** What the verb deletes is written over on SQLite, where it would stay in the file until its pages are used again. It costs a write. */
  readonly secureDelete?: boolean
}

export interface Transactions {
  /** One state of the catalog for the whole verb; the verb writes nothing. */
  read<T>(transaction: TransactionFunction<T>): Promise<T>
  /**
   * All or nothing, durable when it answers, and as if alone among those that lock the same rows first (`LOCKED`, nextChange). What
   * the verb throws undoes it and comes out as it is. Verbs of one `line` happen in the order in which they were asked for, and may
   * share a commit; they lock the same rows.
   */
  write<T>(transaction: TransactionFunction<T>, options?: WriteOptions): Promise<T>
  /** Waits for what was asked, then lets go of the database. */
  close(): Promise<void>
}

/** For those who only look. */
export const readsOf = (database: Transactions): Transactions => ({
  read: (transaction) => database.read(transaction),
  write: () => Promise.reject(new Error('this catalog was opened to be looked at')),
  close: () => database.close(),
})

export function* all<R>(text: string, ...values: readonly SqlValue[]): Sql<readonly R[]> {
  return (yield { text, values }) as readonly R[]
}

export function* one<R>(text: string, ...values: readonly SqlValue[]): Sql<R | undefined> {
  return (yield { text, values })[0] as R | undefined
}

export function* run(text: string, ...values: readonly SqlValue[]): Sql<void> {
  yield { text, values }
}

/** How many values go into one IN list: few sizes, so that few statements are prepared. */
const VALUES_PER_LIST = [128, 64, 16, 4, 1]

/**
 * The rows of a statement with an IN list, in pieces where the list is long; a value given twice is looked for once.
 * @param fixed the values of the marks before the list.
 */
export function* allOfMany<R>(
  text: (marks: string) => string,
  fixed: readonly SqlValue[],
  list: readonly SqlValue[],
): Sql<readonly R[]> {
  const rows: R[] = []
  const values = [...new Set(list)]
  for (let start = 0; start < values.length; ) {
    const rest = values.length - start
    // Filled up with the last one where that saves a statement.
    const size = VALUES_PER_LIST.findLast((count) => count >= rest) ?? VALUES_PER_LIST[0]!
    const some = Array.from({ length: size }, (_, at) => values[Math.min(start + at, values.length - 1)]!)
    rows.push(...(yield* all<R>(text(some.map(() => '?').join(', ')), ...fixed, ...some)))
    start += size
  }
  return rows
}
