/** Image sets, as requests read them: searches, properties, versions, documents and frames. */

import type { Position, Search } from '../../imaging/search/search.ts'
import type {
  AttributesRange,
  DocumentRange,
  FramesRange,
  ImageSetProperties,
  InstanceFile,
  InstanceRecord,
  VersionOfDatastore,
} from './image-set-records.ts'
import type { SearchPage } from './search-repository.ts'

export interface ImageSets {
  search(request: {
    readonly datastoreId: string
    readonly search: Search
    readonly after?: Position
    /** From the page before; without it the search sees what is committed now. */
    readonly snapshotVersion?: number
    readonly limit: number
    /** Asks for the total as well. Only a first page has one: with `snapshotVersion` there is none. */
    readonly count?: 'exact'
  }): Promise<SearchPage>
  /** Of the latest version, or of the given one. One that was deleted is there as long as it was after `deletedSince`. */
  get(imageSet: {
    readonly datastoreId: string
    readonly imageSetId: string
    readonly version?: number
    readonly deletedSince: number
  }): Promise<ImageSetProperties | undefined>
  /** Newest first, at most `limit`, those before the given one; undefined where there is no such image set. */
  versions(imageSet: {
    readonly datastoreId: string
    readonly imageSetId: string
    readonly deletedSince: number
    readonly before: number | undefined
    readonly limit: number
  }): Promise<readonly ImageSetProperties[] | undefined>
  /** Where patient, study and series of a version lie. */
  attributes(version: VersionOfDatastore): Promise<AttributesRange | 'absent'>
  /** The instances of the latest version, by SOPInstanceUID. */
  instances(imageSet: { readonly datastoreId: string; readonly imageSetId: string }): Promise<readonly InstanceFile[]>
  /** Where the frames lie whose ids begin with the key, and the file that they are of: in any version of the image set. */
  frames(frames: {
    readonly datastoreId: string
    readonly imageSetId: string
    readonly framesKey: string
  }): Promise<{ readonly frames: FramesRange; readonly file: InstanceFile } | undefined>
  /** The instances of a version in the order in which they were stored, or some of them in any order; none where it is not there. */
  instanceRecords(
    version: VersionOfDatastore & { readonly sopInstanceUIDs?: readonly string[] },
  ): Promise<readonly InstanceRecord[]>
  /** How many instances a version has, counted no further than `max`. */
  countInstances(version: VersionOfDatastore & { readonly max: number }): Promise<number>
  /**
   * The metadata document of a version, or of the latest. `absent`: there is no such image set, or it has no such version; `copying`: the
   * image set is a copy that is not complete.
   */
  document(version: {
    readonly datastoreId: string
    readonly imageSetId: string
    readonly version?: number
  }): Promise<DocumentRange | 'absent' | 'copying'>
  /** Image sets were read at these times. Those that are known to have been read shortly before are left as they are. */
  recordAccesses(
    accesses: readonly { readonly datastoreId: string; readonly imageSetId: string; readonly at: number }[],
    options: { readonly unlessWithinMs: number },
  ): Promise<void>
  /** The image set and its instances are gone from every answer. */
  delete(imageSet: {
    readonly datastoreId: string
    readonly imageSetId: string
    readonly at: number
  }): Promise<'deleted' | 'absent'>
}
