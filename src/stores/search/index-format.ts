/** Compares the format of a catalog's search index with this program's: an index of another format is rebuilt, never misread. */
import { INDEX_FORMAT } from './kd-tree/entries.ts'

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
