/** The rows of declared attributes. */
import type { DeclaredComparison } from '../../../imaging/search/declared.ts'
import type { Declaration, DeclarationState } from '../../catalog/declared-attribute-repository.ts'
import { datastoreNumber } from '../datastores/datastore-number.ts'
import { all, one, type Sql } from '../engine/statement.ts'

interface DeclarationRow {
  readonly declaration: number
  readonly tag: string
  readonly keyword: string
  readonly comparison: DeclaredComparison
  readonly state: DeclarationState
  readonly done_to: number
  readonly up_to: number
}

const SELECT = 'SELECT declaration, tag, keyword, comparison, state, done_to, up_to FROM declared_attributes'

const declarationOf = ({ declaration, done_to, up_to, ...row }: DeclarationRow): Declaration => ({
  number: declaration,
  ...row,
  doneTo: done_to,
  upTo: up_to,
})

export function* declarationsOf(datastore: number): Sql<readonly Declaration[]> {
  const rows = yield* all<DeclarationRow>(`${SELECT} WHERE datastore = ? ORDER BY declaration`, datastore)
  return rows.map(declarationOf)
}

/** Of a data store that exists. */
export function* declarationOfNumber(
  datastoreId: string,
  number: number,
): Sql<{ readonly datastore: number; readonly declaration: Declaration | undefined }> {
  const datastore = (yield* datastoreNumber(datastoreId))!
  const row = yield* one<DeclarationRow>(`${SELECT} WHERE datastore = ? AND declaration = ?`, datastore, number)
  return { datastore, declaration: row && declarationOf(row) }
}
