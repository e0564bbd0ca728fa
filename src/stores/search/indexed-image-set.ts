/** An image set as the search index stores it, made from its row. */
import { TEXT_ATTRIBUTES } from '../../contract/search-attributes.ts'
import type { Dialect } from '../sql/engine/differences.ts'
import { all, allOfMany, type Sql } from '../sql/engine/statement.ts'
import {
  imageSetsWith,
  mostSelectiveFirst,
  SEARCH_COLUMNS,
  type SearchRow,
  type Text,
  textsOfRow,
} from '../sql/rows/search-columns.ts'
import { type Entry, entryOf } from './kd-tree/entries.ts'

export interface Indexed {
  readonly datastore: number
  readonly entry: Entry
  readonly isPrimary: boolean
  readonly texts: readonly Text[]
}

/** With the values that its words come from: JSON texts, as the row has them. Folding them is expensive, and often not needed. */
export interface IndexedWithWords extends Indexed {
  readonly tags: string
  readonly unlistedTexts: string | null
}

/** An image set that a change adds, updates or deletes. */
export interface IndexChange<Each extends Indexed = IndexedWithWords> {
  readonly before?: Each
  readonly after?: Each
}

export type IndexedRow = SearchRow & {
  readonly row_id: number
  readonly datastore: number
  readonly changed_in: number
}

/** The columns that words come from are long, and in no index: they are read only where words are written. */
export type IndexedRowWithWords = IndexedRow & { readonly tags: string; readonly unlisted_texts: string | null }

export const INDEXED_COLUMNS = `row_id, datastore, changed_in, ${SEARCH_COLUMNS}`

export const INDEXED_COLUMNS_WITH_WORDS = `${INDEXED_COLUMNS}, tags, unlisted_texts`

export const indexedWithWordsOf = (row: IndexedRowWithWords): IndexedWithWords => ({
  ...indexedOf(row),
  tags: row.tags,
  unlistedTexts: row.unlisted_texts,
})

export function indexedOf(row: IndexedRow): Indexed {
  const imageSet = {
    ...textsOfRow(row),
    rowId: row.row_id,
    isPrimary: row.is_primary === 1,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    DICOMStudyDateAndTime: row.study_timestamp,
  }
  return {
    datastore: row.datastore,
    entry: entryOf(imageSet, row.changed_in),
    isPrimary: imageSet.isPrimary,
    texts: TEXT_ATTRIBUTES.flatMap((attribute) => {
      const equals = imageSet[attribute]
      return equals === null ? [] : [{ attribute, equals }]
    }),
  }
}

/** All image sets that have the texts. */
export function* indexedWith(datastore: number, texts: readonly Text[], dialect: Dialect): Sql<readonly Indexed[]> {
  const { text, values } = imageSetsWith(mostSelectiveFirst(texts), { datastore, dialect })
  return (yield* all<IndexedRow>(`SELECT ${INDEXED_COLUMNS} ${text}`, ...values)).map(indexedOf)
}

/** The image sets of the rows. */
export function* indexedWithWords(rowIds: readonly number[]): Sql<readonly IndexedWithWords[]> {
  const rows = yield* allOfMany<IndexedRowWithWords>(
    (marks) => `SELECT ${INDEXED_COLUMNS_WITH_WORDS} FROM image_sets WHERE row_id IN (${marks})`,
    [],
    rowIds,
  )
  return rows.map(indexedWithWordsOf)
}
