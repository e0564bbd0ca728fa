/** The attributes that are declared searchable for data stores, in SQL: declared, listed, and begun to be removed. */
import {
  type Declaration,
  DeclarationsExhausted,
  type DeclaredAttributes,
} from '../../catalog/declared-attribute-repository.ts'
import type { SearchUpkeep } from '../../search/maintenance/update-index.ts'
import { DECLARATIONS_MAX } from '../../search/words/word-keys.ts'
import { datastoreNumber, datastoreSearched } from '../datastores/datastore-number.ts'
import { one, run, type Sql, type Transactions } from '../engine/statement.ts'
import { insertRows } from '../rows/insert-rows.ts'
import { declarationsOf } from './declarations.ts'
import { describe, nextBatch } from './describe-image-sets.ts'
import { removeBatch } from './remove-texts.ts'

export function declaredAttributesOver(
  database: Transactions,
  { upkeep }: { readonly upkeep: SearchUpkeep },
): DeclaredAttributes {
  return {
    list: (datastoreId) => database.read(() => list(datastoreId)),
    declared: (datastoreId) => database.read(() => declared(datastoreId)),
    declare: (...request) => database.write(() => declare(request, upkeep)),
    beginRemoval: (datastoreId, keyword) => database.write(() => beginRemoval({ datastoreId, keyword }, upkeep)),
    nextBatch: (which, options) => database.read(() => nextBatch(which, options)),
    describe: (which, batch) => database.write(() => describe(which, batch, upkeep)),
    // The removed texts and words are overwritten.
    removeBatch: (which, options) => database.write(() => removeBatch(which, options, upkeep), { secureDelete: true }),
  }
}

function* list(datastoreId: string): Sql<readonly Declaration[] | undefined> {
  const datastore = yield* datastoreNumber(datastoreId)
  return datastore === undefined ? undefined : yield* declarationsOf(datastore)
}

function* declared(datastoreId: string): ReturnTypeOf<'declared'> {
  const changes = yield* one<{ declarations: number }>(
    'SELECT declarations FROM changes WHERE datastore = (SELECT datastore FROM datastores WHERE datastore_id = ?)',
    datastoreId,
  )
  const attributes = (yield* list(datastoreId)) ?? []
  return { revision: changes?.declarations ?? 0, attributes: attributes.filter(({ state }) => state !== 'removing') }
}

type ReturnTypeOf<Name extends keyof DeclaredAttributes> = Sql<Awaited<ReturnType<DeclaredAttributes[Name]>>>

function* declare(
  [datastoreId, attribute, { max }]: Parameters<DeclaredAttributes['declare']>,
  upkeep: SearchUpkeep,
): ReturnTypeOf<'declare'> {
  const found = yield* datastoreSearched(datastoreId)
  if (found === undefined) return 'absent'
  yield* upkeep.beginChange(found.number)
  if ((yield* datastoreSearched(datastoreId))!.datastoreStatus !== 'ACTIVE') return 'absent'
  const standing = yield* declarationsOf(found.number)
  const same = standing.find(({ keyword }) => keyword === attribute.keyword)
  if (same !== undefined) return same
  if (standing.length >= max) return 'too-many'
  const number = yield* nextRevision(found.number)
  if (number > DECLARATIONS_MAX) throw new DeclarationsExhausted()
  const declaration = { number, ...attribute, state: 'building', doneTo: -1, upTo: yield* lastRowId() } as const
  yield* insertRows('declared_attributes', [
    {
      ...{ datastore: found.number, declaration: number, ...attribute },
      ...{ state: declaration.state, done_to: declaration.doneTo, up_to: declaration.upTo },
    },
  ])
  return declaration
}

function* nextRevision(datastore: number): Sql<number> {
  const row = yield* one<{ declarations: number }>(
    'UPDATE changes SET declarations = declarations + 1 WHERE datastore = ? RETURNING declarations',
    datastore,
  )
  return row!.declarations
}

/** Image sets after it are published with the texts of what is declared now. */
export function* lastRowId(): Sql<number> {
  return (yield* one<{ row_id: number | null }>('SELECT max(row_id) AS row_id FROM image_sets'))!.row_id ?? -1
}

function* beginRemoval(
  { datastoreId, keyword }: { readonly datastoreId: string; readonly keyword: string },
  upkeep: SearchUpkeep,
): ReturnTypeOf<'beginRemoval'> {
  const datastore = yield* datastoreNumber(datastoreId)
  if (datastore === undefined) return undefined
  yield* upkeep.beginChange(datastore)
  const declaration = (yield* declarationsOf(datastore)).find((each) => each.keyword === keyword)
  if (declaration === undefined || declaration.state === 'removing') return declaration
  yield* nextRevision(datastore)
  const removing = { ...declaration, state: 'removing', doneTo: -1, upTo: yield* lastRowId() } as const
  yield* run(
    'UPDATE declared_attributes SET state = ?, done_to = ?, up_to = ? WHERE datastore = ? AND declaration = ?',
    ...[removing.state, removing.doneTo, removing.upTo, datastore, removing.number],
  )
  return removing
}
