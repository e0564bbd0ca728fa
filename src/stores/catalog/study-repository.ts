/** Studies as DICOMweb finds them: those that have a primary image set. */
import type { Criterion, OrderKey } from '../../imaging/dicomweb-search/criteria.ts'
import type { Datastore } from './datastore-repository.ts'
import type { SnapshotVersion } from './search-repository.ts'

/** The attributes that studies are searched and ordered by. Texts as DICOM has them; undefined where a study has no value. */
export interface StudyAttributes {
  readonly StudyInstanceUID: string
  readonly StudyDate?: string
  readonly StudyTime?: string
  readonly AccessionNumber?: string
  readonly ReferringPhysicianName?: string
  readonly StudyDescription?: string
  readonly PatientName?: string
  readonly PatientID?: string
  readonly PatientBirthDate?: string
  readonly PatientBirthTime?: string
  readonly PatientSex?: string
  readonly StudyID?: string
  /** Of all its series, each once, in alphabetical order. */
  readonly ModalitiesInStudy: readonly string[]
}

export interface FoundStudy {
  readonly attributes: StudyAttributes
  /** Of its primary image sets. */
  readonly series: number
  readonly instances: number
  /** The last change of one of its primary image sets: milliseconds since 1970. */
  readonly updatedAt: number
  /** One of its primary image sets: it has the patient's and the study's further attributes. */
  readonly imageSet: { readonly imageSetId: string; readonly version: number }
}

/** A place in an ordered result. Opaque to callers: JSON. */
export type StudyPosition = readonly (string | number | null)[]

export interface StudyPage {
  /** Undefined if the data store does not exist. */
  readonly datastore: Pick<Datastore, 'datastoreStatus' | 'updatedAt'> | undefined
  readonly rows: readonly FoundStudy[]
  /** Of each row. */
  readonly positions: readonly StudyPosition[]
  /** Of the last row; undefined if no further study matches. */
  readonly next: StudyPosition | undefined
  /** The snapshot of the first page. Later pages read the same one, without studies deleted since. */
  readonly snapshotVersion: SnapshotVersion
  /** Of all matching studies, if it was requested of the latest snapshot: later pages have the total of the first one. */
  readonly total?: number
}

export interface Studies {
  search(request: {
    readonly datastoreId: string
    /** All of them match. */
    readonly criteria: readonly Criterion[]
    /**
     * Each attribute once. Studies that are equal in all of them are in the order of their first import, or in the opposite one if the last of
     * them is descending.
     */
    readonly order: readonly OrderKey[]
    readonly after?: { readonly position: StudyPosition; readonly snapshotVersion: SnapshotVersion }
    /** So many studies are left out, from the first one or from `after`. */
    readonly offset: number
    readonly limit: number
    readonly isCounted: boolean
  }): Promise<StudyPage>
  /** Removes from memory what searches of the data store left there, as in ImageSets. */
  forgetSearches(datastoreId: string): void
}
