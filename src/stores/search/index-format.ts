/** Compares the format of a catalog's search index with this program's: an index of another format is rebuilt, never misread. */

import { STUDY_FORMAT } from '../sql/studies/study-columns.ts'
import { ENTRY_FORMAT } from './kd-tree/entries.ts'
import { WORD_FORMAT } from './words/word-keys.ts'

/** The format of the index in the database. An index of another format is rebuilt when the catalog is opened. */
export const INDEX_FORMAT = `${ENTRY_FORMAT}; ${WORD_FORMAT}; ${STUDY_FORMAT}`

/** Nothing was read from the index, and nothing was changed. */
export class OtherIndexFormat extends Error {
  override readonly name = 'OtherIndexFormat'
  constructor() {
    super(
      'the search index has the format of another version of Hilum: start `hilum serve` of this version to rebuild it',
    )
  }
}

/** In every transaction that uses the index: another version may have rebuilt it since the catalog was opened. */
export function assertIndexFormat(format: string | null): void {
  if (format !== INDEX_FORMAT) throw new OtherIndexFormat()
}
