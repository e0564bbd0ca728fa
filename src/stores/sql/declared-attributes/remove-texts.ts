/**
 * Removes the texts of an attribute from the rows of image sets and from the search index, batch by batch; then from the row history, which no
 * search by the attribute reads any more; and its declaration at the end.
 */
import { type DeclaredName, declaredNameOf } from '../../../imaging/search/declared.ts'
import { withDeclaredTexts } from '../../../imaging/search/described.ts'
import type { Declaration, DeclaredAttributes } from '../../catalog/declared-attribute-repository.ts'
import {
  INDEXED_COLUMNS_WITH_WORDS,
  type IndexChange,
  type IndexedRowWithWords,
} from '../../search/indexed-image-set.ts'
import type { SearchUpkeep } from '../../search/maintenance/update-index.ts'
import { datastoreNumber } from '../datastores/datastore-number.ts'
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
  const change = yield* upkeep.beginChange((yield* datastoreNumber(datastoreId))!)
  const { datastore, declaration } = yield* declarationOfNumber(datastoreId, number)
  if (declaration?.state !== 'removing') return undefined
  const name = declaredNameOf(declaration)
  const last = Math.min(declaration.doneTo + ROWS_PER_BATCH, declaration.upTo)
  const rows = yield* all<IndexedRowWithWords>(
    `SELECT ${INDEXED_COLUMNS_WITH_WORDS} FROM image_sets WHERE row_id > ? AND row_id <= ? AND datastore = ?
     AND deleted_at IS NULL AND unlisted_texts LIKE ? ORDER BY row_id LIMIT ?`,
    ...[declaration.doneTo, last, datastore, withText(name), limit],
  )
  const changes: IndexChange[] = []
  for (const row of rows) {
    changes.push(...(yield* writeTexts(row, withDeclaredTexts(row.unlisted_texts, new Map([[name, []]])))))
  }
  yield* change.applyTexts(changes)
  const doneTo = rows.length < limit ? last : rows.at(-1)!.row_id
  if (doneTo >= declaration.upTo && (yield* removeFromHistory(datastore, name, limit)) === 0) {
    yield* run('DELETE FROM declared_attributes WHERE datastore = ? AND declaration = ?', datastore, number)
    return undefined
  }
  yield* run(
    'UPDATE declared_attributes SET done_to = ? WHERE datastore = ? AND declaration = ?',
    ...[doneTo, datastore, number],
  )
  return { ...declaration, doneTo }
}

/** @returns how many rows had texts */
function* removeFromHistory(datastore: number, name: DeclaredName, limit: number): Sql<number> {
  const rows = yield* all<{ history_id: number; unlisted_texts: string }>(
    'SELECT history_id, unlisted_texts FROM image_set_history WHERE datastore = ? AND unlisted_texts LIKE ? LIMIT ?',
    ...[datastore, withText(name), limit],
  )
  for (const { history_id, unlisted_texts } of rows) {
    const texts = withDeclaredTexts(unlisted_texts, new Map([[name, []]]))
    yield* run('UPDATE image_set_history SET unlisted_texts = ? WHERE history_id = ?', texts, history_id)
  }
  return rows.length
}

/** The pattern of LIKE for rows that have texts of the declaration. */
const withText = (name: DeclaredName): string => `%"${name}":%`
