/**
 * The API: the 18 operations of AWS HealthImaging (model medical-imaging 2023-07-19) with their HTTP bindings, inputs, outputs and errors.
 * operations.test.ts compares this table with the schemas of the official SDK.
 */
import * as d from './datastores.ts'
import type { ErrorName } from './errors.ts'
import * as s from './image-sets.ts'
import * as j from './import-jobs.ts'
import {
  type AnswerStructureOf,
  boolean,
  header,
  integer,
  type Lasting,
  label,
  listOf,
  optional,
  payload,
  query,
  type StructureShape,
  stream,
  string,
  structure,
  type TypeOf,
  timestamp,
} from './shapes.ts'

export interface Operation {
  /** Method and path template; the labels in braces are members of the input. */
  readonly http: `${'GET' | 'POST' | 'DELETE'} /${string}`
  /** The status of success. */
  readonly success: 200 | 204
  /** The prefix that SDKs add to the host name of the endpoint. Hilum accepts every operation on every host. */
  readonly hostPrefix: '' | 'runtime-'
  readonly input: StructureShape
  readonly output: StructureShape
  readonly errors: readonly ErrorName[]
}

const ALWAYS = [
  'AccessDeniedException',
  'InternalServerException',
  'ThrottlingException',
  'ValidationException',
] as const
const NOT_FOUND = [...ALWAYS, 'ResourceNotFoundException'] as const
const CONFLICT = [...NOT_FOUND, 'ConflictException'] as const
const QUOTA = [...CONFLICT, 'ServiceQuotaExceededException'] as const

const PageSize = integer({ min: 1, max: 50 })
const page = { nextToken: optional(query(d.NextToken)), maxResults: optional(query(PageSize)) } as const
const inDatastore = { datastoreId: label(d.DatastoreId) } as const
const ofImageSet = { ...inDatastore, imageSetId: label(s.ImageSetId) } as const
const ofResource = { resourceArn: label(d.Arn) } as const

export const operations = {
  CreateDatastore: {
    http: 'POST /datastore',
    success: 200,
    hostPrefix: '',
    input: structure({
      datastoreName: optional(d.DatastoreName),
      clientToken: d.ClientToken,
      tags: optional(d.TagMap),
      kmsKeyArn: optional(d.KmsKeyArn),
      lambdaAuthorizerArn: optional(d.LambdaArn),
      losslessStorageFormat: optional(d.LosslessStorageFormat),
    }),
    output: structure({ datastoreId: d.DatastoreId, datastoreStatus: d.DatastoreStatus }),
    errors: QUOTA,
  },
  GetDatastore: {
    http: 'GET /datastore/{datastoreId}',
    success: 200,
    hostPrefix: '',
    input: structure(inDatastore),
    output: structure({ datastoreProperties: d.DatastoreProperties }),
    errors: NOT_FOUND,
  },
  ListDatastores: {
    http: 'GET /datastore',
    success: 200,
    hostPrefix: '',
    input: structure({ datastoreStatus: optional(query(d.DatastoreStatus)), ...page }),
    output: structure({
      datastoreSummaries: optional(listOf(d.DatastoreSummary)),
      nextToken: optional(d.NextToken),
    }),
    errors: ALWAYS,
  },
  DeleteDatastore: {
    http: 'DELETE /datastore/{datastoreId}',
    success: 200,
    hostPrefix: '',
    input: structure(inDatastore),
    output: structure({ datastoreId: d.DatastoreId, datastoreStatus: d.DatastoreStatus }),
    errors: CONFLICT,
  },
  StartDICOMImportJob: {
    http: 'POST /startDICOMImportJob/datastore/{datastoreId}',
    success: 200,
    hostPrefix: '',
    input: structure({
      jobName: optional(j.JobName),
      dataAccessRoleArn: j.RoleArn,
      clientToken: d.ClientToken,
      ...inDatastore,
      inputS3Uri: j.S3Uri,
      outputS3Uri: j.S3Uri,
      inputOwnerAccountId: optional(j.AwsAccountId),
      importConfiguration: optional(j.ImportConfiguration),
    }),
    output: structure({
      datastoreId: d.DatastoreId,
      jobId: j.JobId,
      jobStatus: j.JobStatus,
      submittedAt: timestamp,
    }),
    errors: QUOTA,
  },
  GetDICOMImportJob: {
    http: 'GET /getDICOMImportJob/datastore/{datastoreId}/job/{jobId}',
    success: 200,
    hostPrefix: '',
    input: structure({ ...inDatastore, jobId: label(j.JobId) }),
    output: structure({ jobProperties: j.DICOMImportJobProperties }),
    errors: CONFLICT,
  },
  ListDICOMImportJobs: {
    http: 'GET /listDICOMImportJobs/datastore/{datastoreId}',
    success: 200,
    hostPrefix: '',
    input: structure({ ...inDatastore, jobStatus: optional(query(j.JobStatus)), ...page }),
    output: structure({ jobSummaries: listOf(j.DICOMImportJobSummary), nextToken: optional(d.NextToken) }),
    errors: CONFLICT,
  },
  SearchImageSets: {
    http: 'POST /datastore/{datastoreId}/searchImageSets',
    success: 200,
    hostPrefix: 'runtime-',
    input: structure({ ...inDatastore, searchCriteria: optional(payload(s.SearchCriteria)), ...page }),
    output: structure({
      imageSetsMetadataSummaries: listOf(s.ImageSetsMetadataSummary),
      sort: optional(s.Sort),
      nextToken: optional(d.NextToken),
    }),
    errors: CONFLICT,
  },
  GetImageSet: {
    http: 'POST /datastore/{datastoreId}/imageSet/{imageSetId}/getImageSet',
    success: 200,
    hostPrefix: 'runtime-',
    input: structure({ ...ofImageSet, versionId: optional(query(s.ImageSetExternalVersionId, 'version')) }),
    output: structure(s.ImageSetVersion),
    errors: CONFLICT,
  },
  GetImageSetMetadata: {
    http: 'POST /datastore/{datastoreId}/imageSet/{imageSetId}/getImageSetMetadata',
    success: 200,
    hostPrefix: 'runtime-',
    input: structure({ ...ofImageSet, versionId: optional(query(s.ImageSetExternalVersionId, 'version')) }),
    output: structure({
      imageSetMetadataBlob: payload(stream),
      contentType: optional(header(string(), 'Content-Type')),
      contentEncoding: optional(header(string(), 'Content-Encoding')),
    }),
    errors: CONFLICT,
  },
  GetImageFrame: {
    http: 'POST /datastore/{datastoreId}/imageSet/{imageSetId}/getImageFrame',
    success: 200,
    hostPrefix: 'runtime-',
    input: structure({ ...ofImageSet, imageFrameInformation: payload(s.ImageFrameInformation) }),
    output: structure({
      imageFrameBlob: payload(stream),
      contentType: optional(header(string(), 'Content-Type')),
    }),
    errors: [...CONFLICT, 'NotAcceptableException', 'BadRequestException'],
  },
  ListImageSetVersions: {
    http: 'POST /datastore/{datastoreId}/imageSet/{imageSetId}/listImageSetVersions',
    success: 200,
    hostPrefix: 'runtime-',
    input: structure({ ...ofImageSet, ...page }),
    output: structure({ imageSetPropertiesList: listOf(s.ImageSetProperties), nextToken: optional(d.NextToken) }),
    errors: CONFLICT,
  },
  UpdateImageSetMetadata: {
    http: 'POST /datastore/{datastoreId}/imageSet/{imageSetId}/updateImageSetMetadata',
    success: 200,
    hostPrefix: 'runtime-',
    input: structure({
      ...ofImageSet,
      latestVersionId: query(s.ImageSetExternalVersionId, 'latestVersion'),
      force: optional(query(boolean)),
      includeStudyImageSets: optional(query(boolean)),
      updateImageSetMetadataUpdates: payload(s.MetadataUpdates),
    }),
    output: structure({
      datastoreId: d.DatastoreId,
      imageSetId: s.ImageSetId,
      latestVersionId: s.ImageSetExternalVersionId,
      imageSetState: s.ImageSetState,
      imageSetWorkflowStatus: optional(s.ImageSetWorkflowStatus),
      createdAt: optional(timestamp),
      updatedAt: optional(timestamp),
      message: optional(j.Message),
    }),
    errors: QUOTA,
  },
  CopyImageSet: {
    http: 'POST /datastore/{datastoreId}/imageSet/{sourceImageSetId}/copyImageSet',
    success: 200,
    hostPrefix: 'runtime-',
    input: structure({
      ...inDatastore,
      sourceImageSetId: label(s.ImageSetId),
      copyImageSetInformation: payload(s.CopyImageSetInformation),
      force: optional(query(boolean)),
      promoteToPrimary: optional(query(boolean)),
    }),
    output: structure({
      datastoreId: d.DatastoreId,
      sourceImageSetProperties: s.CopySourceImageSetProperties,
      destinationImageSetProperties: s.CopyDestinationImageSetProperties,
    }),
    errors: QUOTA,
  },
  DeleteImageSet: {
    http: 'POST /datastore/{datastoreId}/imageSet/{imageSetId}/deleteImageSet',
    success: 200,
    hostPrefix: 'runtime-',
    input: structure(ofImageSet),
    output: structure({
      datastoreId: d.DatastoreId,
      imageSetId: s.ImageSetId,
      imageSetState: s.ImageSetState,
      imageSetWorkflowStatus: s.ImageSetWorkflowStatus,
    }),
    errors: CONFLICT,
  },
  TagResource: {
    http: 'POST /tags/{resourceArn}',
    success: 204,
    hostPrefix: '',
    input: structure({ ...ofResource, tags: d.TagMap }),
    output: structure({}),
    errors: NOT_FOUND,
  },
  UntagResource: {
    http: 'DELETE /tags/{resourceArn}',
    success: 204,
    hostPrefix: '',
    input: structure({ ...ofResource, tagKeys: query(d.TagKeyList) }),
    output: structure({}),
    errors: NOT_FOUND,
  },
  ListTagsForResource: {
    http: 'GET /tags/{resourceArn}',
    success: 200,
    hostPrefix: '',
    input: structure(ofResource),
    output: structure({ tags: d.TagMap }),
    errors: NOT_FOUND,
  },
} as const satisfies Record<string, Operation>

export type OperationName = keyof typeof operations
export type Input<N extends OperationName> = TypeOf<(typeof operations)[N]['input']>
export type Output<N extends OperationName> = AnswerStructureOf<(typeof operations)[N]['output']['members']>
/** What a handler returns: an output; of searches, one that may be returned repeatedly. */
export type Returned<N extends OperationName> = N extends 'SearchImageSets' ? Output<N> | Lasting<Output<N>> : Output<N>
