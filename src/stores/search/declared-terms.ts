/** Whether the index can answer terms of declared attributes: in the transaction of the search, since a removal may have begun meanwhile. */
import { isDeclaredName, numberOfDeclared } from '../../imaging/search/declared.ts'
import type { Term } from '../../imaging/search/terms.ts'
import { AttributeNotSearchable } from '../catalog/search-repository.ts'
import { all, type Sql } from '../sql/engine/statement.ts'

/** @throws AttributeNotSearchable */
export function* assertSearchable(datastore: number, terms: readonly Term[]): Sql<void> {
  const wanted = terms.flatMap(({ attribute }) => (isDeclaredName(attribute) ? [numberOfDeclared(attribute)] : []))
  if (wanted.length === 0) return
  const rows = yield* all<{ declaration: number }>(
    `SELECT declaration FROM declared_attributes WHERE datastore = ? AND state = 'live'`,
    datastore,
  )
  const live = new Set(rows.map(({ declaration }) => declaration))
  if (!wanted.every((number) => live.has(number))) throw new AttributeNotSearchable()
}
