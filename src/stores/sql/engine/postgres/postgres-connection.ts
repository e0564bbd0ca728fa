/** One connection to PostgreSQL: translated texts, prepared statements, and transaction functions run to their end. */
import type { Writable } from 'node:stream'
import type { ClientBase, Connection } from 'pg'
import { POSTGRES_LOCKS } from '../differences.ts'
import { ManyRows } from '../many-rows.ts'
import { isSeveral, type Row, type Sql, type Statement } from '../statement.ts'
import { textInJson, toPostgres } from './postgres-values.ts'

/** The catalog has a few hundred texts: each is translated once and stays prepared on its connections. */
export class PostgresTexts {
  readonly #known = new Map<string, { readonly name: string; readonly text: string }>()

  prepared(text: string): { readonly name: string; readonly text: string } {
    let known = this.#known.get(text)
    if (known === undefined) {
      known = { name: `hilum_${this.#known.size}`, text: inPostgres(text) }
      this.#known.set(text, known)
    }
    return known
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
  const execute = inOneText(
    async ({ text, values }) =>
      (await client.query<Row>({ ...texts.prepared(text), values: values.map(toPostgres) })).rows,
  )
  const { stream } = (client as unknown as { readonly connection: Connection }).connection
  return (sql) => drive(sql, execute, stream)
}

/** For statements that are used once, such as those of a migration. */
export const executeOnce = (client: ClientBase): Execute =>
  inOneText(async ({ text, values }) => (await client.query<Row>(inPostgres(text), values.map(toPostgres))).rows)

const inOneText =
  (execute: Execute): Execute =>
  async (statement) => {
    if (!(statement instanceof ManyRows)) return await execute(statement)
    const inJson = statement.inJson(textInJson)
    if (inJson !== undefined) return await execute(inJson)
    return (await Promise.all(statement.parts().map(execute))).flat()
  }
