/**
 * SQL as data. A transaction function is a generator that yields statements and receives their rows, so that one text runs in a synchronous
 * transaction on SQLite and an asynchronous one on PostgreSQL. Statements use the SQL that SQLite 3.50 and PostgreSQL 15 share;
 * differences.ts names the rest.
 */

export type SqlValue = string | number | Uint8Array | null

export interface Statement {
  /** With `?` for each value. */
  readonly text: string
  readonly values: readonly SqlValue[]
}

export type Row = Readonly<Record<string, SqlValue>>

/** What a transaction yields: a statement, or several that run in their order and of which none needs the rows of another. */
export type Step = Statement | readonly Statement[]

/** The rows of a statement, or of each of several. */
export type Answer = readonly Row[] | readonly (readonly Row[])[]

/** A part of a transaction that returns a T. It may run again from its start, if nothing was committed. */
export type Sql<T> = Generator<Step, T, Answer>

/** Run in a transaction; arguments are bound. */
export type TransactionFunction<T> = () => Sql<T>

export interface WriteOptions {
  /** Writes of one queue run in order and may share a commit. They lock the same rows. */
  readonly queue?: string
  /** Overwrites deleted rows on SQLite, which otherwise stay in the file until their pages are used again. Costs a write. */
  readonly secureDelete?: boolean
}

export interface Transactions {
  /** On one snapshot; writes nothing. */
  read<T>(transaction: TransactionFunction<T>): Promise<T>
  /** A read of a single statement, which has a snapshot of its own: without the cost of BEGIN and COMMIT. SQLite has it at once. */
  readOne<T>(statement: TransactionFunction<T>): T | Promise<T>
  /**
   * Atomic, durable when it returns, and serialised against transactions that lock the same rows first (`LOCKED`, nextChange). An error of
   * the function rolls it back and is passed on.
   */
  write<T>(transaction: TransactionFunction<T>, options?: WriteOptions): Promise<T>
  /** Waits for running transactions, then closes the database. */
  close(): Promise<void>
}

/** Rejects writes. */
export const readOnly = (database: Transactions): Transactions => ({
  read: (transaction) => database.read(transaction),
  readOne: (statement) => database.readOne(statement),
  write: () => Promise.reject(new Error('this catalog was opened read-only')),
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

export const isSeveral = (step: Step): step is readonly Statement[] => Array.isArray(step)

/** Runs the statements and passes their rows to the generator, until it returns. */
export function driveAtOnce<T>(sql: Sql<T>, execute: (statement: Statement) => readonly Row[]): T {
  let step = sql.next([])
  while (!step.done) step = sql.next(isSeveral(step.value) ? step.value.map(execute) : execute(step.value))
  return step.value
}

type Returns<Parts extends readonly Sql<unknown>[]> = {
  -readonly [At in keyof Parts]: Parts[At] extends Sql<infer T> ? T : never
}

/**
 * Parts of a transaction that need no rows of each other, step by step: the first statements of all, then the second ones, and so on. On
 * PostgreSQL the statements of a step are one round trip. In a step, statements of an earlier part run before those of a later one.
 */
export function* together<const Parts extends readonly Sql<unknown>[]>(...parts: Parts): Sql<Returns<Parts>> {
  const running = parts.map((part) => ({ part, step: part.next([]) }))
  for (;;) {
    const live = running.filter(({ step }) => step.done !== true)
    if (live.length === 0) return running.map(({ step }) => step.value) as Returns<Parts>
    const steps = live.map(({ step }) => step.value as Step)
    const answers = (yield steps.flat()) as readonly (readonly Row[])[]
    let from = 0
    for (const [at, each] of live.entries()) {
      const step = steps[at]!
      each.step = each.part.next(isSeveral(step) ? answers.slice(from, from + step.length) : answers[from]!)
      from += isSeveral(step) ? step.length : 1
    }
  }
}

/** How many values go into one IN list: few sizes, so that few statements are prepared. */
const VALUES_PER_LIST = [128, 64, 16, 4, 1]

/**
 * The rows of a statement with an IN list, in several statements for a long list. Repeated values are looked up once.
 * @param fixed the values of the marks before the list
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
    // Filled up with the last value if that saves a statement.
    const size = VALUES_PER_LIST.findLast((count) => count >= rest) ?? VALUES_PER_LIST[0]!
    const some = Array.from({ length: size }, (_, at) => values[Math.min(start + at, values.length - 1)]!)
    rows.push(...(yield* all<R>(text(some.map(() => '?').join(', ')), ...fixed, ...some)))
    start += size
  }
  return rows
}
