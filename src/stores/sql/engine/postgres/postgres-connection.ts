/** One connection to PostgreSQL: translated texts, prepared statements, and transaction functions run to their end. */
import type { ClientBase } from 'pg'
import { POSTGRES_LOCKS } from '../differences.ts'
import type { Row, Sql, Statement } from '../statement.ts'
import { toPostgres } from './postgres-values.ts'

const NO_ROWS: readonly Row[] = []

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

/** Runs the statements and passes their rows to the generator, until it returns. */
export async function drive<T>(sql: Sql<T>, execute: (statement: Statement) => Promise<readonly Row[]>): Promise<T> {
  let step = sql.next(NO_ROWS)
  while (!step.done) step = sql.next(await execute(step.value))
  return step.value
}

export const executePrepared =
  (client: ClientBase, texts: PostgresTexts) =>
  async ({ text, values }: Statement): Promise<readonly Row[]> =>
    (await client.query<Row>({ ...texts.prepared(text), values: values.map(toPostgres) })).rows

/** For statements that are used once, such as those of a migration. */
export const executeOnce =
  (client: ClientBase) =>
  async ({ text, values }: Statement): Promise<readonly Row[]> =>
    (await client.query<Row>(inPostgres(text), values.map(toPostgres))).rows
