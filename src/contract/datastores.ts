/** Shapes of data stores, with the limits of AWS's model. */
import { listOf, mapOf, oneOf, optional, string, structure, timestamp } from './shapes.ts'

export const DatastoreId = string({ pattern: '[0-9a-z]{32}' })
export const DatastoreName = string({ min: 1, max: 256, pattern: '[A-Za-z0-9._/#-]+' })
export const DatastoreStatus = oneOf('CREATING', 'CREATE_FAILED', 'ACTIVE', 'DELETING', 'DELETED')
export const LosslessStorageFormat = oneOf('HTJ2K', 'JPEG_2000_LOSSLESS')
export const ClientToken = string({ min: 1, max: 64, pattern: '[A-Za-z0-9._-]+' })
export const NextToken = string({ min: 1, max: 8192, pattern: '\\p{ASCII}{0,8192}' })
export const Arn = string({
  pattern:
    'arn:aws((-us-gov)|(-iso)|(-iso-b)|(-cn))?:medical-imaging:[a-z0-9-]+:[0-9]{12}:datastore/[0-9a-z]{32}(/imageset/[0-9a-z]{32})?',
})
export const KmsKeyArn = string({
  min: 1,
  max: 512,
  pattern:
    'arn:aws[a-zA-Z-]{0,16}:kms:[a-z]{2}(-[a-z]{1,16}){1,3}-\\d{1}:\\d{12}:((key/[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12})|(alias/[a-zA-Z0-9:/_-]{1,256}))',
})
export const LambdaArn = string({
  pattern:
    'arn:(aws[a-zA-Z-]*)?:lambda:[a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\\d{1}:\\d{12}:function:[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?',
})

/** The class `+-=` is a range (0x2B to 0x3D) in AWS's own pattern, so digits and `, - . / : ; <` pass. */
export const TagKey = string({ min: 1, max: 128, pattern: '(?!aws:)[a-zA-Z+-=._:/]+' })
export const TagValue = string({ min: 0, max: 256 })
export const TagMap = mapOf(TagKey, TagValue)
export const TagKeyList = listOf(TagKey, { min: 0, max: 200 })

export const DatastoreProperties = structure({
  datastoreId: DatastoreId,
  // Required in AWS's model, but optional in CreateDatastore. Clients accept its absence.
  datastoreName: optional(DatastoreName),
  datastoreStatus: DatastoreStatus,
  kmsKeyArn: optional(KmsKeyArn),
  lambdaAuthorizerArn: optional(LambdaArn),
  losslessStorageFormat: optional(LosslessStorageFormat),
  datastoreArn: optional(Arn),
  createdAt: optional(timestamp),
  updatedAt: optional(timestamp),
})

export const DatastoreSummary = structure({
  datastoreId: DatastoreId,
  datastoreName: optional(DatastoreName),
  datastoreStatus: DatastoreStatus,
  datastoreArn: optional(Arn),
  createdAt: optional(timestamp),
  updatedAt: optional(timestamp),
})
