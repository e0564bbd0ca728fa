/** Image sets as requests read them: searches, properties, versions, metadata documents and frames. */

import type { Position, Search } from '../../imaging/search/search.ts'
import type {
  AttributesRange,
  DocumentRange,
  FramesRange,
  ImageSetOfSeries,
  ImageSetProperties,
  InstanceFile,
  InstanceRecord,
  PlacedInstance,
  VersionOfDatastore,
} from './image-set-records.ts'
import type { SearchPage, SnapshotVersion } from './search-repository.ts'

export interface ImageSets {
  search(request: {
    readonly datastoreId: string
    readonly search: Search
    readonly after?: Position
    /** From the page before; without it the search sees what is committed now. */
    readonly snapshotVersion?: SnapshotVersion
    readonly limit: number
    /** Asks for the total as well. Only a first page has one: with `snapshotVersion` there is none. */
    readonly count?: 'exact'
  }): Promise<SearchPage>
  /** Removes from memory what searches of the data store left there to be faster. */
  forgetSearches(datastoreId: string): void
  /** Of the given version, or of the latest. Includes an image set that was deleted after `deletedSince`. */
  get(imageSet: {
    readonly datastoreId: string
    readonly imageSetId: string
    readonly version?: number
    readonly deletedSince: number
  }): Promise<ImageSetProperties | undefined>
  /** Newest first, before the given version; at most `limit`. Undefined if there is no such image set. */
  versions(imageSet: {
    readonly datastoreId: string
    readonly imageSetId: string
    readonly deletedSince: number
    readonly before: number | undefined
    readonly limit: number
  }): Promise<readonly ImageSetProperties[] | undefined>
  /** The patient, study and series attributes of a version. */
  attributes(version: VersionOfDatastore): Promise<AttributesRange | 'absent'>
  /** The instances of the latest version, sorted by SOPInstanceUID. */
  instances(imageSet: { readonly datastoreId: string; readonly imageSetId: string }): Promise<readonly InstanceFile[]>
  /** The frames whose ids begin with the key, and the file of their instance, in any version of the image set. */
  frames(frames: {
    readonly datastoreId: string
    readonly imageSetId: string
    readonly framesKey: string
  }): Promise<{ readonly frames: FramesRange; readonly file: InstanceFile } | undefined>
  /**
   * The instances of a version in the order in which they were stored, or the named ones in any order. Empty if there is no such version.
   */
  instanceRecords(
    version: VersionOfDatastore & { readonly sopInstanceUIDs?: readonly string[] },
  ): Promise<readonly InstanceRecord[]>
  /**
   * The instances of a series, or its only one with the SOPInstanceUID, in the latest version of each primary image set; or of the named
   * image set, primary or not. Image set by image set, the instances of each in the order in which they were stored.
   */
  instancesOfSeries(series: {
    readonly datastoreId: string
    readonly studyInstanceUID: string
    readonly seriesInstanceUID: string
    readonly sopInstanceUID?: string | undefined
    readonly imageSetId?: string | undefined
  }): Promise<readonly PlacedInstance[]>
  /** The primary image sets of a study or of one of its series, by id; or the named image set, primary or not, if it is of it. */
  ofStudy(study: {
    readonly datastoreId: string
    readonly studyInstanceUID: string
    readonly seriesInstanceUID?: string | undefined
    readonly imageSetId?: string | undefined
  }): Promise<readonly ImageSetOfSeries[]>
  /** The ids of all image sets of a study or of one of its series, primary or not; at most `max`. */
  idsOfStudy(study: {
    readonly datastoreId: string
    readonly studyInstanceUID: string
    readonly seriesInstanceUID?: string | undefined
    readonly max: number
  }): Promise<readonly string[]>
  /**
   * The middle one, as they were stored, of the instances that have frames: of the image set of a study or series that has the most of them, in
   * its latest version. Only primary image sets count, or the named one.
   */
  representativeInstance(of: {
    readonly datastoreId: string
    readonly studyInstanceUID: string
    readonly seriesInstanceUID?: string | undefined
    readonly imageSetId?: string | undefined
  }): Promise<PlacedInstance | 'absent' | 'without-frames'>
  /** The number of instances of a version, at most `max`. */
  countInstances(version: VersionOfDatastore & { readonly max: number }): Promise<number>
  /**
   * The metadata document of the given version, or of the latest. `absent`: there is no such image set or version. `copying`: the image set
   * is a copy that is not complete.
   */
  document(version: {
    readonly datastoreId: string
    readonly imageSetId: string
    readonly version?: number
  }): Promise<DocumentRange | 'absent' | 'copying'>
  /** Records when image sets were read, except where the recorded time is at most `unlessWithinMs` older. */
  recordAccesses(
    accesses: readonly { readonly datastoreId: string; readonly imageSetId: string; readonly at: number }[],
    options: { readonly unlessWithinMs: number },
  ): Promise<void>
  /** Deletes the image set with its instances. */
  delete(imageSet: {
    readonly datastoreId: string
    readonly imageSetId: string
    readonly at: number
  }): Promise<'deleted' | 'absent'>
}
