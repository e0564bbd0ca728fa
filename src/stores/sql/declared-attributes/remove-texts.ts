/** Removes the texts of an attribute from the rows of image sets and from the search index, batch by batch, and its declaration at the end. */
import { declaredNameOf } from '../../../imaging/search/declared.ts'
import { withDeclaredTexts } from '../../../imaging/search/described.ts'
import type { Declaration, DeclaredAttributes } from '../../catalog/declared-attribute-repository.ts'
import {
  INDEXED_COLUMNS_WITH_WORDS,
  type IndexChange,
  type IndexedRowWithWords,
} from '../../search/indexed-image-set.ts'
import type { SearchUpkeep } from '../../search/maintenance/update-index.ts'
import { all, run, type Sql } from '../engine/statement.ts'
import { declarationOfNumber } from './declarations.ts'
import { writeTexts } from './describe-image-sets.ts'

/** Rows of other data stores, and those without texts of the attribute. */
const ROWS_PER_BATCH = 16_384

export function* removeBatch(
  { datastoreId, number }: Parameters<DeclaredAttributes['removeBatch']>[0],
  { limit }: Parameters<DeclaredAttributes['removeBatch']>[1],
  upkeep: SearchUpkeep,
): Sql<Declaration | undefined> {
  yield* upkeep.beginChange()
  const { datastore, declaration } = yield* declarationOfNumber(datastoreId, number)
  if (declaration?.state !== 'removing') return undefined
  const name = declaredNameOf(declaration)
  const last = Math.min(declaration.doneTo + ROWS_PER_BATCH, declaration.upTo)
  const rows = yield* all<IndexedRowWithWords>(
    `SELECT ${INDEXED_COLUMNS_WITH_WORDS} FROM image_sets WHERE row_id > ? AND row_id <= ? AND datastore = ?
     AND deleted_at IS NULL AND unlisted_texts LIKE ? ORDER BY row_id LIMIT ?`,
    ...[declaration.doneTo, last, datastore, `%"${name}":%`, limit],
  )
  const changes: IndexChange[] = []
  for (const row of rows) {
    changes.push(...(yield* writeTexts(row, withDeclaredTexts(row.unlisted_texts, new Map([[name, []]])))))
  }
  yield* upkeep.applyTexts(changes)
  const doneTo = rows.length < limit ? last : rows.at(-1)!.row_id
  if (doneTo >= declaration.upTo) {
    yield* run('DELETE FROM declared_attributes WHERE declaration = ?', number)
    return undefined
  }
  yield* run('UPDATE declared_attributes SET done_to = ? WHERE declaration = ?', doneTo, number)
  return { ...declaration, doneTo }
}
