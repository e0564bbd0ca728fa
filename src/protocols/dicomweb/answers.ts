/** The function that answers each request to DICOMweb. */
import type { DicomwebAnswers } from './answer.ts'
import { deleteImageSets } from './delete-image-sets.ts'
import { retrieveBulkdata } from './retrieve-bulkdata.ts'
import { retrieveCapabilities } from './retrieve-capabilities.ts'
import { retrieveFiles } from './retrieve-files.ts'
import { retrieveFrames } from './retrieve-frames.ts'
import { retrieveInstance } from './retrieve-instance.ts'
import { retrieveMetadata } from './retrieve-metadata.ts'
import { retrieveObject } from './retrieve-object.ts'
import { retrieveRendered, retrieveThumbnail } from './retrieve-rendered.ts'
import { searchAnswer } from './search.ts'
import { storeInstances } from './store-instances.ts'

export const ANSWERS: DicomwebAnswers = {
  DeleteDICOMSeries: deleteImageSets,
  DeleteDICOMStudy: deleteImageSets,
  GetDICOMBulkdata: retrieveBulkdata,
  GetDICOMCapabilities: retrieveCapabilities,
  GetDICOMInstance: retrieveInstance,
  GetDICOMInstanceFrames: retrieveFrames,
  GetDICOMInstanceMetadata: retrieveMetadata,
  GetDICOMObject: retrieveObject,
  GetDICOMRendered: retrieveRendered,
  GetDICOMSeriesMetadata: retrieveMetadata,
  GetDICOMStudy: retrieveFiles,
  GetDICOMSeries: retrieveFiles,
  GetDICOMStudyMetadata: retrieveMetadata,
  GetDICOMThumbnail: retrieveThumbnail,
  SearchDICOMInstances: searchAnswer('SearchDICOMInstances'),
  SearchDICOMSeries: searchAnswer('SearchDICOMSeries'),
  SearchDICOMStudies: searchAnswer('SearchDICOMStudies'),
  StoreDICOM: storeInstances,
  StoreDICOMStudy: storeInstances,
}
