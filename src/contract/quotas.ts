/** The throttles and quotas of AWS HealthImaging (developer guide, "Throttling limits" and "Endpoints and quotas"), for `--aws-quotas`. */
import type { DicomwebAction } from './actions.ts'
import type { OperationName } from './operations.ts'

/** A token bucket: its refill rate and its size. */
export interface Throttle {
  readonly perSecond: number
  readonly burst: number
}

const rate = (perSecond: number, burst: number): Throttle => ({ perSecond, burst })

/** AWS applies them per account and region, Hilum per access key. */
export const THROTTLES: { readonly [N in OperationName]: Throttle } = {
  CreateDatastore: rate(0.085, 1),
  GetDatastore: rate(10, 20),
  ListDatastores: rate(5, 10),
  DeleteDatastore: rate(0.085, 1),
  StartDICOMImportJob: rate(1, 2),
  GetDICOMImportJob: rate(25, 50),
  ListDICOMImportJobs: rate(10, 20),
  SearchImageSets: rate(25, 50),
  GetImageSet: rate(25, 50),
  GetImageSetMetadata: rate(50, 100),
  GetImageFrame: rate(1000, 2000),
  ListImageSetVersions: rate(25, 50),
  UpdateImageSetMetadata: rate(0.25, 1),
  CopyImageSet: rate(0.25, 1),
  DeleteImageSet: rate(0.25, 1),
  TagResource: rate(10, 20),
  UntagResource: rate(10, 20),
  ListTagsForResource: rate(10, 20),
}

const RETRIEVAL = rate(50, 100)

/** AWS documents none for searching and storing. */
export const DICOMWEB_THROTTLES: {
  readonly [Action in DicomwebAction | 'DeleteImageSet' | 'GetDatastore']?: Throttle
} = {
  DeleteImageSet: THROTTLES.DeleteImageSet,
  GetDatastore: THROTTLES.GetDatastore,
  GetDICOMBulkdata: RETRIEVAL,
  GetDICOMInstance: RETRIEVAL,
  GetDICOMInstanceFrames: RETRIEVAL,
  GetDICOMInstanceMetadata: RETRIEVAL,
  GetDICOMSeriesMetadata: RETRIEVAL,
}

export const QUOTAS = {
  activeDatastores: 10,
  concurrentCopiesPerDatastore: 100,
  concurrentDeletesPerDatastore: 100,
  concurrentUpdatesPerDatastore: 100,
  concurrentImportJobsPerDatastore: 100,
  imageFramesPerCopy: 1_000,
  filesPerImportJob: 5_000,
  foldersPerImportJob: 10_000,
  /** AWS documents 10 KB, 10 GB, 4 GB and 50 MB, taken as powers of two here. */
  updatePayloadBytes: 10 * 1024,
  importJobBytes: 10 * 1024 ** 3,
  importFileBytes: 4 * 1024 ** 3,
  imageSetMetadataBytes: 50 * 1024 ** 2,
} as const
