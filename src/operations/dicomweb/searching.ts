/** What a search of each level receives and returns. */
import type { App } from '../../app.ts'
import type { DicomwebSearch } from '../../contract/dicomweb.ts'
import type { ParsedSearch } from '../../imaging/dicomweb-search/parse-search.ts'
import type { Datastore } from '../../stores/catalog/datastore-repository.ts'
import type { KnownResult } from './write-results.ts'

/** What a level finds: the catalog's rows as results, in order. */
export interface Found {
  readonly datastore: Pick<Datastore, 'datastoreStatus' | 'updatedAt'> | undefined
  readonly results: () => AsyncIterable<KnownResult>
  /** Where the next page begins; undefined if there is none. */
  readonly next: unknown
  readonly total: number | undefined
  /** Whether it is in the order of the request. */
  readonly isSorted: boolean
}

export interface Searching {
  readonly app: App
  readonly wanted: DicomwebSearch
  readonly parsed: ParsedSearch
  /** As `next` of the page before. */
  readonly position: unknown
}
