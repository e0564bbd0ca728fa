/** One connection to PostgreSQL: translated texts, prepared statements, and transaction functions run to their end. */
import type { Writable } from 'node:stream'
import type { ClientBase, Connection } from 'pg'
import { POSTGRES_LOCKS } from '../differences.ts'
import { ManyRows } from '../many-rows.ts'
import { isSeveral, type Row, type Sql, type Statement } from '../statement.ts'
import { textInJson, toPostgres } from './postgres-values.ts'

/** Sends what the function sends in one write. */
export function inOneWrite<T>(client: ClientBase, send: () => T): T {
  const { stream } = wireOf(client)
  stream.cork()
  try {
    return send()
  } finally {
    stream.uncork()
  }
}

type Prepared = { readonly name: string; readonly text: string }
export type TranslatedTexts = Map<string, { readonly number: number; readonly text: string }>

/**
 * The catalog has a few hundred texts: each is translated once and stays prepared on its connections. Prepared statements of each schema have
 * names of their own: PostgreSQL would parse one again whenever the search path has changed.
 */
export class PostgresTexts {
  readonly #known = new Map<string, Prepared>()
  readonly #translated: TranslatedTexts
  readonly #prefix: string
  /** Rows are inserted as tuples, not as JSON. */
  readonly insertsTuples: boolean

  /**
   * @param options.translated of all schemas of the database
   * @param options.isDistributed Citus reads JSON in its coordinator and copies the rows to the node, which took up to a quarter of the
   * processor time of a new image set. Tuples go to the node as they are.
   */
  constructor(options: {
    readonly schema: string | undefined
    readonly translated: TranslatedTexts
    readonly isDistributed: boolean
  }) {
    this.#prefix = options.schema ?? 'hilum'
    this.#translated = options.translated
    this.insertsTuples = options.isDistributed
  }

  prepared(text: string): Prepared {
    let known = this.#known.get(text)
    if (known === undefined) {
      const { number, text: translated } = this.#translation(text)
      known = { name: `${this.#prefix}_${number}`, text: translated }
      this.#known.set(text, known)
    }
    return known
  }

  #translation(text: string): { readonly number: number; readonly text: string } {
    let found = this.#translated.get(text)
    if (found === undefined) {
      found = { number: this.#translated.size, text: inPostgres(text) }
      this.#translated.set(text, found)
    }
    return found
  }
}

/** What pg knows of a connection: the prepared statements by name, and its socket. */
type Wire = Connection & {
  readonly parsedStatements: Record<string, string>
  close(message: { readonly type: 'S'; readonly name: string }): void
}

const wireOf = (client: ClientBase): Wire => (client as unknown as { readonly connection: Wire }).connection

/** Names of the prepared statements of each connection. The last in the map was used last. */
const preparedOn = new WeakMap<ClientBase, Map<string, true>>()

/**
 * Closes the prepared statements of a connection that were used longest ago, so that many schemas do not fill its memory. Without a round trip:
 * goes out with the next statement. Between transactions, when no statement is under way.
 */
export function limitPrepared(client: ClientBase, max: number): void {
  const names = preparedOn.get(client)
  if (names === undefined || names.size <= max) return
  const wire = wireOf(client)
  for (const name of names.keys()) {
    if (names.size <= max) break
    names.delete(name)
    delete wire.parsedStatements[name]
    wire.close({ type: 'S', name })
  }
}

/** `?` becomes `$1`, `$2` ...: no text of the catalog has a question mark of its own. */
export function inPostgres(text: string): string {
  let count = 0
  let translated = text.replaceAll('?', () => `$${++count}`)
  for (const [mark, words] of POSTGRES_LOCKS) translated = translated.replaceAll(mark, words)
  return translated
}

type Execute = (statement: Statement) => Promise<readonly Row[]>

/** A socket that keeps what is written to it for a while. */
type Corked = Pick<Writable, 'cork' | 'uncork'>

/**
 * Runs the statements and passes their rows to the generator, until it returns.
 * @param socket to it, the statements of a step are one write: none waits for the answer to another
 */
export async function drive<T>(sql: Sql<T>, execute: Execute, socket?: Corked): Promise<T> {
  let step = sql.next([])
  while (!step.done) {
    const { value } = step
    step = sql.next(isSeveral(value) ? await atOnce(value, execute, socket) : await execute(value))
  }
  return step.value
}

function atOnce(
  statements: readonly Statement[],
  execute: Execute,
  socket: Corked | undefined,
): Promise<readonly (readonly Row[])[]> {
  socket?.cork()
  const answers = Promise.all(statements.map((statement) => execute(statement)))
  socket?.uncork()
  return answers
}

/** On a client with the option `pipeline`. */
export function runPrepared(client: ClientBase, texts: PostgresTexts): <T>(sql: Sql<T>) => Promise<T> {
  const names = preparedOn.get(client) ?? new Map<string, true>()
  preparedOn.set(client, names)
  const execute = inOneText(async ({ text, values }) => {
    const prepared = texts.prepared(text)
    names.delete(prepared.name)
    names.set(prepared.name, true)
    return (await client.query<Row>({ ...prepared, values: values.map(toPostgres) })).rows
  }, texts)
  const { stream } = wireOf(client)
  return (sql) => drive(sql, execute, stream)
}

/** For statements that are used once, such as those of a migration. */
export const executeOnce = (client: ClientBase): Execute =>
  inOneText(async ({ text, values }) => (await client.query<Row>(inPostgres(text), values.map(toPostgres))).rows)

const inOneText =
  (execute: Execute, { insertsTuples = false }: { readonly insertsTuples?: boolean } = {}): Execute =>
  async (statement) => {
    if (!(statement instanceof ManyRows)) return await execute(statement)
    const inJson = statement.inJson(textInJson, insertsTuples)
    if (inJson !== undefined) return await execute(inJson)
    return (await Promise.all(statement.parts().map(execute))).flat()
  }
