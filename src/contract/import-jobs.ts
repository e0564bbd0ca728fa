/** Shapes of DICOM import jobs, with the limits of AWS's model. */
import { DatastoreId } from './datastores.ts'
import { DICOMSeriesInstanceUID, DICOMStudyInstanceUID } from './image-sets.ts'
import { listOf, oneOf, optional, string, structure, timestamp, union } from './shapes.ts'

export const JobId = string({ min: 1, max: 32, pattern: '[0-9a-z]+' })
export const JobName = string({ min: 1, max: 64, pattern: '[A-Za-z0-9._/#-]+' })
export const JobStatus = oneOf('SUBMITTED', 'IN_PROGRESS', 'COMPLETED', 'FAILED')
export const RoleArn = string({ min: 20, max: 2048, pattern: 'arn:aws(-[^:]+)?:iam::[0-9]{12}:role/.+' })
export const S3Uri = string({ min: 1, max: 1024, pattern: 's3://[a-z0-9][\\.\\-a-z0-9]{1,61}[a-z0-9](/.*)?' })
export const AwsAccountId = string({ min: 12, max: 12, pattern: '\\d+' })
export const Message = string({ min: 1, max: 2048, pattern: '[\\w -:`]+' })
export const MetadataFilePath = string({
  min: 1,
  max: 1024,
  pattern: '[a-zA-Z0-9!-~]+([a-zA-Z0-9!-~ ]*[a-zA-Z0-9!-~]+)*',
  linearPattern: '[!-~]([ -~]*[!-~])?',
})

const DicomMetadataMapping = structure({
  studyInstanceUID: DICOMStudyInstanceUID,
  seriesInstanceUID: optional(DICOMSeriesInstanceUID),
  metadataFilePath: MetadataFilePath,
})
export const ImportConfiguration = union({
  dicomJsonMetadataImportConfiguration: structure({
    dicomMetadataMappings: listOf(DicomMetadataMapping, { min: 1, max: 1000 }),
  }),
})

export const DICOMImportJobProperties = structure({
  jobId: JobId,
  // Required in AWS's model, but null in recorded replies of jobs without a name.
  jobName: optional(JobName),
  jobStatus: JobStatus,
  datastoreId: DatastoreId,
  dataAccessRoleArn: RoleArn,
  endedAt: optional(timestamp),
  submittedAt: optional(timestamp),
  inputS3Uri: S3Uri,
  outputS3Uri: S3Uri,
  message: optional(Message),
  importConfiguration: optional(ImportConfiguration),
})
export const DICOMImportJobSummary = structure({
  jobId: JobId,
  jobName: optional(JobName),
  jobStatus: JobStatus,
  datastoreId: DatastoreId,
  dataAccessRoleArn: optional(RoleArn),
  endedAt: optional(timestamp),
  submittedAt: optional(timestamp),
  message: optional(Message),
})
