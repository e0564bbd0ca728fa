/** An image set as the search index stores it, made from its row. */
import { TEXT_ATTRIBUTES } from '../../contract/search-attributes.ts'
import { describedOf } from '../../imaging/search/described.ts'
import type { Dialect } from '../sql/engine/differences.ts'
import { all, type Sql } from '../sql/engine/statement.ts'
import {
  imageSetsWith,
  mostSelectiveFirst,
  SEARCH_COLUMNS,
  type SearchRow,
  type Text,
  textsOfRow,
} from '../sql/rows/search-columns.ts'
import { type Entry, entryOf } from './kd-tree/entries.ts'
import { keysOf } from './words/word-keys.ts'

export interface Indexed {
  readonly datastore: number
  readonly entry: Entry
  readonly isPrimary: boolean
  readonly texts: readonly Text[]
}

export interface IndexedWithWords extends Indexed {
  /** The keys of its words (words/word-keys.ts). */
  readonly words: ReadonlySet<string>
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
  words: keysOf(describedOf(row.tags, row.unlisted_texts)),
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
