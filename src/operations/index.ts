/** The total table: every operation of the contract, and what does it. `NOT_BUILT` answers an honest 501. */
import type { App } from '../app.ts'
import { type Handlers, NOT_BUILT } from '../contract/handlers.ts'
import { createDatastore } from './create-datastore.ts'
import { deleteDatastore } from './delete-datastore.ts'
import { getDatastore } from './get-datastore.ts'
import { getDICOMImportJob } from './get-dicom-import-job.ts'
import { getImageSetMetadata } from './get-image-set-metadata.ts'
import { listDatastores } from './list-datastores.ts'
import { listDICOMImportJobs } from './list-dicom-import-jobs.ts'
import { listTagsForResource } from './list-tags-for-resource.ts'
import { searchImageSets } from './search-image-sets.ts'
import { startDICOMImportJob } from './start-dicom-import-job.ts'
import { tagResource } from './tag-resource.ts'
import { untagResource } from './untag-resource.ts'

export const handlers: Handlers<App> = {
  CreateDatastore: createDatastore,
  GetDatastore: getDatastore,
  ListDatastores: listDatastores,
  DeleteDatastore: deleteDatastore,
  StartDICOMImportJob: startDICOMImportJob,
  GetDICOMImportJob: getDICOMImportJob,
  ListDICOMImportJobs: listDICOMImportJobs,
  SearchImageSets: searchImageSets,
  GetImageSetMetadata: getImageSetMetadata,
  TagResource: tagResource,
  UntagResource: untagResource,
  ListTagsForResource: listTagsForResource,

  GetImageSet: NOT_BUILT,
  GetImageFrame: NOT_BUILT,
  ListImageSetVersions: NOT_BUILT,
  UpdateImageSetMetadata: NOT_BUILT,
  CopyImageSet: NOT_BUILT,
  DeleteImageSet: NOT_BUILT,
}
