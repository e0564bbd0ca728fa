/** The table of functions behind the routes of DICOMweb. */
import type { App } from '../../app.ts'
import type { DicomwebOperations } from '../../contract/dicomweb.ts'
import type { Downloads } from '../../contract/downloads.ts'
import { deleteImageSets } from './delete-image-sets.ts'
import { describeService } from './describe-service.ts'
import { describeDownload, openDownload } from './downloads.ts'
import { openStoreRequest } from './open-store-request.ts'
import { countFrames, renderFrames } from './render-frames.ts'
import { retrieveBulkdata } from './retrieve-bulkdata.ts'
import { retrieveFileSet } from './retrieve-file-set.ts'
import { retrieveFiles } from './retrieve-files.ts'
import { retrieveFrames } from './retrieve-frames.ts'
import { retrieveInstance } from './retrieve-instance.ts'
import { retrieveMetadata } from './retrieve-metadata.ts'
import { search } from './search.ts'

export const dicomwebOperations: DicomwebOperations<App> & Downloads<App> = {
  countFrames,
  deleteImageSets,
  describeDownload,
  describeService,
  openDownload,
  openStoreRequest,
  renderFrames,
  retrieveBulkdata,
  retrieveFileSet,
  retrieveFiles,
  retrieveFrames,
  retrieveInstance,
  retrieveMetadata,
  search,
}
