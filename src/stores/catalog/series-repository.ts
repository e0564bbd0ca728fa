/** Series and instances as DICOMweb finds them: series are primary image sets, instances those of their latest versions. */
import type { Criterion, OrderKey } from '../../imaging/dicomweb-search/criteria.ts'
import type { SummaryTexts } from '../../imaging/dicomweb-search/summary-values.ts'
import type { Datastore } from './datastore-repository.ts'
import type { PlacedInstance, VersionOfDatastore } from './image-set-records.ts'

export interface FoundSeries {
  /** By keyword, of the summary and the texts beside it. */
  readonly texts: SummaryTexts
  /** Of all image sets of the series. */
  readonly instances: number
  readonly imageSet: { readonly imageSetId: string; readonly version: number }
}

export interface FoundInstance {
  readonly series: FoundSeries
  readonly placed: PlacedInstance
  readonly instanceNumber: number | null
  /** Codes of the warnings of its import. */
  readonly warningReasons: readonly number[]
}

/**
 * A place in a result. `ordered`: all that match were read and sorted. `scanned`: there are too many for that; series are in the order in
 * which they were first imported, and the instances of each by InstanceNumber.
 */
export interface SearchPosition {
  readonly mode: 'ordered' | 'scanned'
  readonly after: readonly (string | number | null)[]
  /** Rows that are still to be left out. */
  readonly offset: number
}

export interface SeriesSearchRequest {
  readonly datastoreId: string
  /** Only series of these studies. */
  readonly studyInstanceUIDs?: readonly string[]
  /** All of them match. */
  readonly criteria: readonly Criterion[]
  readonly order: readonly OrderKey[]
  readonly after?: SearchPosition
  readonly offset: number
  readonly limit: number
  /** The most series, and the most instances, that the search reads. */
  readonly rowsMax: number
  /** Scans, however few rows there are: in another partition there are too many to sort. */
  readonly isScanned?: boolean
}

export interface FoundPage<Row> {
  /** Undefined if the data store does not exist. */
  readonly datastore: Pick<Datastore, 'datastoreStatus' | 'updatedAt'> | undefined
  /** Fewer than `limit` also where the search has read `rowsMax` rows. */
  readonly rows: readonly Row[]
  /** Of each row: the `after` of a SearchPosition. */
  readonly positions: readonly SearchPosition['after'][]
  /** Undefined if no further row matches. */
  readonly next: SearchPosition | undefined
  /** Of all that match. Undefined where they were not all read, and are not in the order of the request. */
  readonly total: number | undefined
}

export interface StudyTotals {
  readonly series: number
  readonly instances: number
  /** Each once, in alphabetical order. */
  readonly modalities: readonly string[]
}

export interface SeriesSearches {
  searchSeries(request: SeriesSearchRequest): Promise<FoundPage<FoundSeries>>
  searchInstances(request: SeriesSearchRequest): Promise<FoundPage<FoundInstance>>
  /** By StudyInstanceUID: of the primary image sets of each study. */
  totalsOfStudies(studies: {
    readonly datastoreId: string
    readonly studyInstanceUIDs: readonly string[]
  }): Promise<ReadonlyMap<string, StudyTotals>>
  /** The SOP classes of the instances of a study, in alphabetical order. */
  classesOfStudy(study: { readonly datastoreId: string; readonly studyInstanceUID: string }): Promise<readonly string[]>
  /** An instance of a version; undefined if it was deleted. */
  anyInstance(version: VersionOfDatastore): Promise<PlacedInstance | undefined>
}
