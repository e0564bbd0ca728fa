/** One at a time: transactions that create a row which no other may create meanwhile have no row yet to lock. They are rare. */
import { run, type Sql } from '../engine/statement.ts'

export const lockCreations = (): Sql<void> => run('UPDATE creations SET only_row = only_row')
