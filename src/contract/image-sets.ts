/** Shapes of image sets, their versions, frames and search, with the limits of AWS's model. */
import { Arn, DatastoreId } from './datastores.ts'
import { SEARCH_ATTRIBUTES, type SearchAttribute } from './search-attributes.ts'
import { blob, boolean, integer, listOf, oneOf, optional, string, structure, timestamp, union } from './shapes.ts'

export const ImageSetId = string({ pattern: '[0-9a-z]{32}' })
export const ImageFrameId = string({ pattern: '[0-9a-z]{32}' })
export const ImageSetExternalVersionId = string({ pattern: '\\d+' })
export const ImageSetState = oneOf('ACTIVE', 'LOCKED', 'DELETED')
export const ImageSetWorkflowStatus = oneOf(
  'CREATED',
  'COPIED',
  'COPYING',
  'COPYING_WITH_READ_ONLY_ACCESS',
  'COPY_FAILED',
  'UPDATING',
  'UPDATING_FOR_STUDY_CONSISTENCY',
  'UPDATED',
  'UPDATE_FAILED',
  'DELETING',
  'DELETED',
  'IMPORTING',
  'IMPORTED',
  'IMPORT_FAILED',
)
export const StorageTier = oneOf('FREQUENT_ACCESS', 'ARCHIVE_INSTANT_ACCESS')
const Message = string({ min: 1, max: 2048, pattern: '[\\w -:`]+' })

/** Most maxima are twice those of an import, as in AWS's model. */
export const DICOMPatientId = string({ min: 0, max: 512, sensitive: true })
export const DICOMAccessionNumber = string({ min: 0, max: 512, sensitive: true })
export const DICOMStudyId = string({ min: 0, max: 512, sensitive: true })
export const DICOMStudyInstanceUID = string({ min: 0, max: 512, pattern: '[0-9.]+', sensitive: true })
export const DICOMSeriesInstanceUID = string({ min: 0, max: 512, pattern: '[0-9.]+', sensitive: true })
const DICOMStudyDate = string({ min: 0, max: 36, sensitive: true })
const DICOMStudyTime = string({ min: 0, max: 56, sensitive: true })
const short = (max: number) => string({ min: 0, max, sensitive: true })

export const DICOMTags = structure({
  DICOMPatientId: optional(DICOMPatientId),
  DICOMPatientName: optional(short(512)),
  DICOMPatientBirthDate: optional(short(36)),
  DICOMPatientSex: optional(short(16)),
  DICOMStudyInstanceUID: optional(DICOMStudyInstanceUID),
  DICOMStudyId: optional(DICOMStudyId),
  DICOMStudyDescription: optional(short(512)),
  DICOMNumberOfStudyRelatedSeries: optional(integer({ min: 0, max: 1_000_000 })),
  DICOMNumberOfStudyRelatedInstances: optional(integer({ min: 0, max: 1_000_000 })),
  DICOMAccessionNumber: optional(DICOMAccessionNumber),
  DICOMSeriesInstanceUID: optional(DICOMSeriesInstanceUID),
  DICOMSeriesModality: optional(short(32)),
  DICOMSeriesBodyPart: optional(short(128)),
  DICOMSeriesNumber: optional(integer({ min: -2147483648, max: 2147483647 })),
  DICOMStudyDate: optional(DICOMStudyDate),
  DICOMStudyTime: optional(DICOMStudyTime),
})

/** In AWS's model all texts of a search have one shape, and all UIDs. */
const SEARCH_VALUES = {
  text: DICOMPatientId,
  uid: DICOMStudyInstanceUID,
  timestamp,
  studyTimestamp: structure({ DICOMStudyDate, DICOMStudyTime: optional(DICOMStudyTime) }),
  boolean,
} as const
type SearchValues = { readonly [A in SearchAttribute as A['name']]: (typeof SEARCH_VALUES)[A['kind']] }
export const SearchByAttributeValue = union(
  Object.fromEntries(SEARCH_ATTRIBUTES.map(({ name, kind }) => [name, SEARCH_VALUES[kind]])) as SearchValues,
)
export const SearchFilter = structure({
  values: listOf(SearchByAttributeValue, { min: 1, max: 2 }),
  operator: oneOf('EQUAL', 'BETWEEN'),
})
export const Sort = structure({
  sortOrder: oneOf('ASC', 'DESC'),
  sortField: oneOf('updatedAt', 'createdAt', 'DICOMStudyDateAndTime'),
})
export const SearchCriteria = structure({
  filters: optional(listOf(SearchFilter, { min: 1, max: 2 })),
  sort: optional(Sort),
})
export const ImageSetsMetadataSummary = structure({
  imageSetId: ImageSetId,
  version: optional(integer()),
  createdAt: optional(timestamp),
  updatedAt: optional(timestamp),
  lastAccessedAt: optional(timestamp),
  storageTier: optional(StorageTier),
  DICOMTags: optional(DICOMTags),
  isPrimary: optional(boolean),
})

export const Overrides = structure({ forced: optional(boolean) })
export const ImageSetProperties = structure({
  imageSetId: ImageSetId,
  versionId: ImageSetExternalVersionId,
  imageSetState: ImageSetState,
  // AWS spells it with a capital I in this structure only.
  ImageSetWorkflowStatus: optional(ImageSetWorkflowStatus),
  createdAt: optional(timestamp),
  updatedAt: optional(timestamp),
  deletedAt: optional(timestamp),
  message: optional(Message),
  overrides: optional(Overrides),
  isPrimary: optional(boolean),
})

export const DICOMAttribute = blob({ min: 1, max: 30_000 })
export const MetadataUpdates = union({
  DICOMUpdates: structure({
    removableAttributes: optional(DICOMAttribute),
    updatableAttributes: optional(DICOMAttribute),
  }),
  revertToVersionId: ImageSetExternalVersionId,
})

const copyProperties = {
  imageSetId: ImageSetId,
  latestVersionId: ImageSetExternalVersionId,
  imageSetState: optional(ImageSetState),
  imageSetWorkflowStatus: optional(ImageSetWorkflowStatus),
  createdAt: optional(timestamp),
  updatedAt: optional(timestamp),
  imageSetArn: optional(Arn),
} as const
export const CopySourceImageSetProperties = structure(copyProperties)
export const CopyDestinationImageSetProperties = structure(copyProperties)
export const CopyImageSetInformation = structure({
  sourceImageSet: structure({
    latestVersionId: ImageSetExternalVersionId,
    DICOMCopies: optional(structure({ copiableAttributes: string({ min: 1, max: 260_000, sensitive: true }) })),
  }),
  destinationImageSet: optional(structure({ imageSetId: ImageSetId, latestVersionId: ImageSetExternalVersionId })),
})
export const ImageFrameInformation = structure({ imageFrameId: ImageFrameId })

export const ImageSetVersion = {
  datastoreId: DatastoreId,
  imageSetId: ImageSetId,
  versionId: ImageSetExternalVersionId,
  imageSetState: ImageSetState,
  imageSetWorkflowStatus: optional(ImageSetWorkflowStatus),
  createdAt: optional(timestamp),
  updatedAt: optional(timestamp),
  deletedAt: optional(timestamp),
  message: optional(Message),
  imageSetArn: optional(Arn),
  overrides: optional(Overrides),
  isPrimary: optional(boolean),
  lastAccessedAt: optional(timestamp),
  storageTier: optional(StorageTier),
} as const
