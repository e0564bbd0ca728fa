/** Adds the texts of a declared attribute to image sets that were there before: to their rows and to the search index, batch by batch. */
import { withDeclaredTexts } from '../../../imaging/search/described.ts'
import type {
  BatchToDescribe,
  DeclaredAttributes,
  ImageSetToDescribe,
} from '../../catalog/declared-attribute-repository.ts'
import {
  INDEXED_COLUMNS_WITH_WORDS,
  type IndexChange,
  type IndexedRowWithWords,
  indexedWithWordsOf,
} from '../../search/indexed-image-set.ts'
import type { SearchUpkeep } from '../../search/maintenance/update-index.ts'
import { datastoreNumber } from '../datastores/datastore-number.ts'
import { all, allOfMany, run, type Sql } from '../engine/statement.ts'
import { imageSetIdOf } from '../rows/image-set-id.ts'
import { declarationOfNumber } from './declarations.ts'

/** Rows of other data stores are between those of one. */
const ROWS_PER_BATCH = 16_384

export function* nextBatch(
  { datastoreId, number }: Parameters<DeclaredAttributes['nextBatch']>[0],
  { limit }: Parameters<DeclaredAttributes['nextBatch']>[1],
): Sql<BatchToDescribe | undefined> {
  const { datastore, declaration } = yield* declarationOfNumber(datastoreId, number)
  if (declaration?.state !== 'building') return undefined
  const last = Math.min(declaration.doneTo + ROWS_PER_BATCH, declaration.upTo)
  const rows = yield* all<{
    row_id: number
    id_suffix: string
    version: number
    blob_key: string
    attributes_offset_bytes: number
    attributes_size_bytes: number
  }>(
    `SELECT image_sets.row_id, id_suffix, image_sets.version, blob_key, attributes_offset_bytes, attributes_size_bytes
     FROM image_sets
     JOIN image_set_versions ON image_set_versions.row_id = image_sets.row_id AND image_set_versions.version = image_sets.version
     JOIN blobs ON blobs.blob = attributes_blob
     WHERE image_sets.row_id > ? AND image_sets.row_id <= ? AND datastore = ? AND deleted_at IS NULL
     ORDER BY image_sets.row_id LIMIT ?`,
    ...[declaration.doneTo, last, datastore, limit],
  )
  return {
    from: declaration.doneTo,
    to: rows.length < limit ? last : rows.at(-1)!.row_id,
    imageSets: rows.map((row) => ({
      rowId: row.row_id,
      imageSetId: imageSetIdOf(row.row_id, row.id_suffix),
      version: row.version,
      attributes: {
        blobKey: row.blob_key,
        offsetBytes: row.attributes_offset_bytes,
        sizeBytes: row.attributes_size_bytes,
      },
    })),
  }
}

export function* describe(
  { datastoreId, number }: Parameters<DeclaredAttributes['describe']>[0],
  { from, to, imageSets, texts }: Parameters<DeclaredAttributes['describe']>[1],
  upkeep: SearchUpkeep,
): Sql<readonly ImageSetToDescribe[]> {
  const change = yield* upkeep.beginChange((yield* datastoreNumber(datastoreId))!)
  const { datastore, declaration } = yield* declarationOfNumber(datastoreId, number)
  if (declaration?.state !== 'building' || declaration.doneTo !== from) return []
  const rows = yield* allOfMany<IndexedRowWithWords & { readonly version: number }>(
    (marks) =>
      `SELECT version, ${INDEXED_COLUMNS_WITH_WORDS} FROM image_sets WHERE deleted_at IS NULL AND row_id IN (${marks})`,
    [],
    imageSets.map(({ rowId }) => rowId),
  )
  const rowOf = new Map(rows.map((row) => [row.row_id, row]))
  const unchanged = imageSets.filter(({ rowId, version }) => rowOf.get(rowId)?.version === version)
  const changes: IndexChange[] = []
  for (const { rowId } of unchanged) {
    const [row, added] = [rowOf.get(rowId)!, texts.get(rowId)]
    if (added !== undefined) changes.push(...(yield* writeTexts(row, withDeclaredTexts(row.unlisted_texts, added))))
  }
  yield* change.applyTexts(changes)
  yield* run(
    'UPDATE declared_attributes SET done_to = ?, state = ? WHERE datastore = ? AND declaration = ?',
    ...[to, to >= declaration.upTo ? 'live' : 'building', datastore, number],
  )
  return unchanged.filter(({ rowId }) => !texts.has(rowId))
}

/** The version stays, and so do its dates: nothing that a search could name before has changed. */
export function* writeTexts(row: IndexedRowWithWords, unlistedTexts: string | null): Sql<readonly IndexChange[]> {
  if (unlistedTexts === row.unlisted_texts) return []
  yield* run('UPDATE image_sets SET unlisted_texts = ? WHERE row_id = ?', unlistedTexts, row.row_id)
  return [{ before: indexedWithWordsOf(row), after: indexedWithWordsOf({ ...row, unlisted_texts: unlistedTexts }) }]
}
