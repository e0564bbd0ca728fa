/** The table of operations and their handlers. */
import type { App } from '../app.ts'
import type { Handlers } from '../contract/handlers.ts'
import { copyImageSet } from './copy-image-set.ts'
import { createDatastore } from './create-datastore.ts'
import { deleteDatastore } from './delete-datastore.ts'
import { deleteImageSet } from './delete-image-set.ts'
import { getDatastore } from './get-datastore.ts'
import { getDICOMImportJob } from './get-dicom-import-job.ts'
import { getImageFrame } from './get-image-frame.ts'
import { getImageSet } from './get-image-set.ts'
import { getImageSetMetadata } from './get-image-set-metadata.ts'
import { withKeyAccess } from './key-access.ts'
import { listDatastores } from './list-datastores.ts'
import { listDICOMImportJobs } from './list-dicom-import-jobs.ts'
import { listImageSetVersions } from './list-image-set-versions.ts'
import { listTagsForResource } from './list-tags-for-resource.ts'
import { searchImageSets } from './search-image-sets.ts'
import { startDICOMImportJob } from './start-dicom-import-job.ts'
import { tagResource } from './tag-resource.ts'
import { untagResource } from './untag-resource.ts'
import { updateImageSetMetadata } from './update-image-set-metadata.ts'

export const handlers: Handlers<App> = withKeyAccess({
  CreateDatastore: createDatastore,
  GetDatastore: getDatastore,
  ListDatastores: listDatastores,
  DeleteDatastore: deleteDatastore,
  StartDICOMImportJob: startDICOMImportJob,
  GetDICOMImportJob: getDICOMImportJob,
  ListDICOMImportJobs: listDICOMImportJobs,
  SearchImageSets: searchImageSets,
  GetImageSet: getImageSet,
  ListImageSetVersions: listImageSetVersions,
  UpdateImageSetMetadata: updateImageSetMetadata,
  CopyImageSet: copyImageSet,
  DeleteImageSet: deleteImageSet,
  GetImageSetMetadata: getImageSetMetadata,
  GetImageFrame: getImageFrame,
  TagResource: tagResource,
  UntagResource: untagResource,
  ListTagsForResource: listTagsForResource,
})
