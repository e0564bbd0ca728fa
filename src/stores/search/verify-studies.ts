/** Compares the studies with the image sets, batch by batch, each in one read transaction. */
import { setImmediate } from 'node:timers/promises'
import type { IndexDifference } from '../catalog/search-repository.ts'
import { all, type Transactions } from '../sql/engine/statement.ts'
import { compareBatch } from '../sql/studies/all-studies.ts'

export async function* verifyStudies(database: Transactions): AsyncGenerator<readonly IndexDifference[]> {
  const datastores = await database.read(() => all<{ datastore: number }>('SELECT datastore FROM datastores'))
  for (const { datastore } of datastores) {
    let after: string | undefined = ''
    while (after !== undefined) {
      const { differing, isTotalWrong, next } = await compared(database, datastore, after)
      yield [
        ...(differing === 0 ? [] : [{ kind: 'studies-differ' as const, datastore, studies: differing }]),
        ...(isTotalWrong ? [{ kind: 'study-total-wrong' as const, datastore }] : []),
      ]
      // Reads of SQLite are synchronous: let other tasks of the process run.
      await setImmediate()
      after = next
    }
  }
}

const compared = (database: Transactions, datastore: number, after: string) =>
  database.read(() => compareBatch(datastore, after))
