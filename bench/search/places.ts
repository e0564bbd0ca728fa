/** The cursors of the thousandth and of the last page of a search without filters or by isPrimary, from the catalog's indexes. */
import type { Position, Search } from '../../src/imaging/search/search.ts'
import type { Dialect } from '../../src/stores/sql/engine/differences.ts'
import { one, type Sql } from '../../src/stores/sql/engine/statement.ts'
import { COLUMN_OF, DATE_INDEXES } from '../../src/stores/sql/rows/search-columns.ts'

/** In a short result the last page counts as the thousandth. Undefined where it is the first page. */
export function* placeOf(search: Search, page: 'thousandth' | 'last', dialect: Dialect): Sql<Position | undefined> {
  const { sortField, sortOrder } = search.sort
  const order = (page === 'last') !== (sortOrder === 'DESC') ? 'DESC' : 'ASC'
  const offset = page === 'last' ? 50 : 50 * 999 - 1
  const isWanted = (isPrimary: boolean) =>
    search.filters.every((filter) => filter.attribute !== 'isPrimary' || filter.equals === isPrimary)
  // Each in the order of its index, as far as both together may be needed.
  const parts = [true, false].filter(isWanted).map(
    (
      isPrimary,
    ) => `SELECT * FROM (SELECT ${COLUMN_OF[sortField]} AS key, row_id FROM image_sets ${dialect.byIndex(DATE_INDEXES[sortField])}
      WHERE datastore = 1 AND is_primary = ${Number(isPrimary)} AND deleted_at IS NULL
      ORDER BY ${COLUMN_OF[sortField]} ${order}, row_id ${order} LIMIT ${offset + 1}) AS part_${Number(isPrimary)}`,
  )
  const place = yield* one<{ key: number; rowId: number }>(
    `SELECT key, row_id AS "rowId" FROM (${parts.join(' UNION ALL ')}) AS places ORDER BY key ${order}, row_id ${order} LIMIT 1 OFFSET ?`,
    offset,
  )
  return place ?? (page === 'thousandth' ? yield* placeOf(search, 'last', dialect) : undefined)
}
