/** The declarations of a data store in a partition follow those of its first partition, with the same numbers: searches and texts name them. */
import type { StandingDeclarations } from '../../catalog/partition-repository.ts'
import type { SearchUpkeep } from '../../search/maintenance/update-index.ts'
import { datastoreNumber } from '../datastores/datastore-number.ts'
import { one, run, type Sql } from '../engine/statement.ts'
import { insertRows } from '../rows/insert-rows.ts'
import { declarationsOf } from './declarations.ts'
import { lastRowId } from './declared-attributes.ts'

export function* standingDeclarations(datastoreId: string): Sql<StandingDeclarations | undefined> {
  const datastore = yield* datastoreNumber(datastoreId)
  if (datastore === undefined) return undefined
  return { revision: yield* revisionOf(datastore), declarations: yield* declarationsOf(datastore) }
}

function* revisionOf(datastore: number): Sql<number> {
  const row = yield* one<{ declarations: number }>('SELECT declarations FROM changes WHERE datastore = ?', datastore)
  return row!.declarations
}

/** Without effect if the partition has followed later ones. */
export function* followDeclarations(
  datastoreId: string,
  { revision, declarations }: StandingDeclarations,
  upkeep: SearchUpkeep,
): Sql<void> {
  const datastore = yield* datastoreNumber(datastoreId)
  if (datastore === undefined || (yield* revisionOf(datastore)) >= revision) return
  yield* upkeep.beginChange(datastore)
  const before = yield* revisionOf(datastore)
  if (before >= revision) return
  const own = new Map((yield* declarationsOf(datastore)).map((each) => [each.number, each]))
  const work = { done_to: -1, up_to: yield* lastRowId() }
  for (const { number: declaration, tag, keyword, comparison, state } of declarations) {
    const isRemoving = state === 'removing'
    if (declaration > before && !isRemoving) {
      const added = { datastore, declaration, tag, keyword, comparison, state: 'building' } as const
      yield* insertRows('declared_attributes', [{ ...added, ...work }])
    } else if (isRemoving && own.has(declaration) && own.get(declaration)!.state !== 'removing') {
      yield* run(
        `UPDATE declared_attributes SET state = 'removing', done_to = ?, up_to = ? WHERE datastore = ? AND declaration = ?`,
        ...[work.done_to, work.up_to, datastore, declaration],
      )
    }
  }
  yield* run('UPDATE changes SET declarations = ? WHERE datastore = ?', revision, datastore)
}
