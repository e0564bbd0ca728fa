/** An image set as the search index knows it, and where its row says so. */
import { type SearchableImageSet, TEXT_ATTRIBUTES } from '../../imaging/search/search.ts'
import type { Dialect } from '../sql/engine/differences.ts'
import { all, type Sql, type SqlValue } from '../sql/engine/statement.ts'
import { COLUMN_OF, TEXT_INDEXES } from '../sql/rows/search-columns.ts'
import { type Entry, entryOf } from './kd-tree/entries.ts'
import type { Text } from './partitions.ts'

export interface Indexed {
  readonly datastore: number
  readonly entry: Entry
  readonly isPrimary: boolean
  readonly texts: readonly Text[]
}

export interface IndexedRow {
  readonly seq: number
  readonly datastore: number
  readonly is_primary: number
  readonly created_at: number
  readonly updated_at: number
  readonly study_timestamp: number | null
  readonly changed_in: number
  readonly patient_id: string | null
  readonly accession_number: string | null
  readonly study_id: string | null
  readonly study_instance_uid: string | null
  readonly series_instance_uid: string | null
}

export const INDEXED_COLUMNS = `seq, datastore, is_primary, created_at, updated_at, study_timestamp, changed_in, patient_id,
  accession_number, study_id, study_instance_uid, series_instance_uid`

export function indexedOf(row: IndexedRow): Indexed {
  const imageSet: SearchableImageSet = {
    seq: row.seq,
    DICOMPatientId: row.patient_id,
    DICOMAccessionNumber: row.accession_number,
    DICOMStudyId: row.study_id,
    DICOMStudyInstanceUID: row.study_instance_uid,
    DICOMSeriesInstanceUID: row.series_instance_uid,
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

/** FROM and WHERE of the image sets that have the texts, found by the index of the most telling one. */
export function rowsOf(
  datastore: number,
  texts: readonly Text[],
  dialect: Dialect,
): { readonly text: string; readonly values: readonly SqlValue[] } {
  const index = TEXT_INDEXES.find(([attribute]) => texts.some((text) => text.attribute === attribute))
  const table = index === undefined ? 'image_sets' : `image_sets ${dialect.byIndex(index[1])}`
  const conditions = ['datastore = ?', ...texts.map(({ attribute }) => `${COLUMN_OF[attribute]} = ?`)]
  return {
    text: `${table} WHERE ${conditions.join(' AND ')} AND deleted_at IS NULL`,
    values: [datastore, ...texts.map(({ equals }) => equals)],
  }
}

/** All of them. */
export function* indexedWith(datastore: number, texts: readonly Text[], dialect: Dialect): Sql<readonly Indexed[]> {
  const { text, values } = rowsOf(datastore, texts, dialect)
  return (yield* all<IndexedRow>(`SELECT ${INDEXED_COLUMNS} FROM ${text}`, ...values)).map(indexedOf)
}
