/**
 * The limits of the service's model, pinned: the SDK's schemas do not carry them, so the witness is AWS's published model
 * (medical-imaging 2023-07-19), copied here shape by shape.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as d from './datastores.ts'
import * as s from './image-sets.ts'
import * as j from './import-jobs.ts'
import { operations } from './operations.ts'
import { memberOf, type Shape } from './shapes.ts'

const HEX_32 = '[0-9a-z]{32}'
const tags = s.DICOMTags.members
const criteria = s.SearchCriteria.members
const copySource = s.CopyImageSetInformation.members.sourceImageSet.members

const MODEL: readonly [name: string, shape: Shape, limits: object][] = [
  [
    'Arn',
    d.Arn,
    {
      pattern: `arn:aws((-us-gov)|(-iso)|(-iso-b)|(-cn))?:medical-imaging:[a-z0-9-]+:[0-9]{12}:datastore/${HEX_32}(/imageset/${HEX_32})?`,
    },
  ],
  ['AwsAccountId', j.AwsAccountId, { min: 12, max: 12, pattern: '\\d+' }],
  ['ClientToken', d.ClientToken, { min: 1, max: 64, pattern: '[A-Za-z0-9._-]+' }],
  ['CopiableAttributes', copySource.DICOMCopies.shape.members.copiableAttributes, { min: 1, max: 260_000 }],
  ['DICOMAccessionNumber', s.DICOMAccessionNumber, { min: 0, max: 512 }],
  ['DICOMAttribute', s.DICOMAttribute, { min: 1, max: 30_000 }],
  ['DICOMNumberOfStudyRelatedInstances', tags.DICOMNumberOfStudyRelatedInstances.shape, { min: 0, max: 1_000_000 }],
  ['DICOMNumberOfStudyRelatedSeries', tags.DICOMNumberOfStudyRelatedSeries.shape, { min: 0, max: 1_000_000 }],
  ['DICOMPatientBirthDate', tags.DICOMPatientBirthDate.shape, { min: 0, max: 36 }],
  ['DICOMPatientId', s.DICOMPatientId, { min: 0, max: 512 }],
  ['DICOMPatientName', tags.DICOMPatientName.shape, { min: 0, max: 512 }],
  ['DICOMPatientSex', tags.DICOMPatientSex.shape, { min: 0, max: 16 }],
  ['DICOMSeriesBodyPart', tags.DICOMSeriesBodyPart.shape, { min: 0, max: 128 }],
  ['DICOMSeriesInstanceUID', s.DICOMSeriesInstanceUID, { min: 0, max: 512, pattern: '[0-9.]+' }],
  ['DICOMSeriesModality', tags.DICOMSeriesModality.shape, { min: 0, max: 32 }],
  ['DICOMSeriesNumber', tags.DICOMSeriesNumber.shape, { min: -2147483648, max: 2147483647 }],
  ['DICOMStudyDate', tags.DICOMStudyDate.shape, { min: 0, max: 36 }],
  ['DICOMStudyDescription', tags.DICOMStudyDescription.shape, { min: 0, max: 512 }],
  ['DICOMStudyId', s.DICOMStudyId, { min: 0, max: 512 }],
  ['DICOMStudyInstanceUID', s.DICOMStudyInstanceUID, { min: 0, max: 512, pattern: '[0-9.]+' }],
  ['DICOMStudyTime', tags.DICOMStudyTime.shape, { min: 0, max: 56 }],
  ['DatastoreId', d.DatastoreId, { pattern: HEX_32 }],
  ['DatastoreName', d.DatastoreName, { min: 1, max: 256, pattern: '[A-Za-z0-9._/#-]+' }],
  [
    'DicomMetadataMappings',
    j.ImportConfiguration.members.dicomJsonMetadataImportConfiguration.members.dicomMetadataMappings,
    { min: 1, max: 1000 },
  ],
  ['ImageFrameId', s.ImageFrameId, { pattern: HEX_32 }],
  ['ImageSetExternalVersionId', s.ImageSetExternalVersionId, { pattern: '\\d+' }],
  ['ImageSetId', s.ImageSetId, { pattern: HEX_32 }],
  ['JobId', j.JobId, { min: 1, max: 32, pattern: '[0-9a-z]+' }],
  ['JobName', j.JobName, { min: 1, max: 64, pattern: '[A-Za-z0-9._/#-]+' }],
  [
    'KmsKeyArn',
    d.KmsKeyArn,
    {
      min: 1,
      max: 512,
      pattern:
        'arn:aws[a-zA-Z-]{0,16}:kms:[a-z]{2}(-[a-z]{1,16}){1,3}-\\d{1}:\\d{12}:((key/[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12})|(alias/[a-zA-Z0-9:/_-]{1,256}))',
    },
  ],
  [
    'LambdaArn',
    d.LambdaArn,
    {
      pattern:
        'arn:(aws[a-zA-Z-]*)?:lambda:[a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\\d{1}:\\d{12}:function:[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?',
    },
  ],
  ['Message', j.Message, { min: 1, max: 2048, pattern: '[\\w -:`]+' }],
  [
    'MetadataFilePath',
    j.MetadataFilePath,
    { min: 1, max: 1024, pattern: '[a-zA-Z0-9!-~]+([a-zA-Z0-9!-~ ]*[a-zA-Z0-9!-~]+)*' },
  ],
  ['NextToken', d.NextToken, { min: 1, max: 8192, pattern: '\\p{ASCII}{0,8192}' }],
  ['RoleArn', j.RoleArn, { min: 20, max: 2048, pattern: 'arn:aws(-[^:]+)?:iam::[0-9]{12}:role/.+' }],
  ['S3Uri', j.S3Uri, { min: 1, max: 1024, pattern: 's3://[a-z0-9][\\.\\-a-z0-9]{1,61}[a-z0-9](/.*)?' }],
  ['SearchCriteriaFiltersList', criteria.filters.shape, { min: 1, max: 2 }],
  ['SearchFilterValuesList', s.SearchFilter.members.values, { min: 1, max: 2 }],
  ['TagKey', d.TagKey, { min: 1, max: 128, pattern: '(?!aws:)[a-zA-Z+-=._:/]+' }],
  ['TagKeyList', d.TagKeyList, { min: 0, max: 200 }],
  ['TagValue', d.TagValue, { min: 0, max: 256 }],
]

describe('the limits of the model', () => {
  for (const [name, shape, limits] of MODEL) {
    test(`${name} has the limits of the model`, () => {
      const { min, max, pattern } = shape as { min?: number; max?: number; pattern?: string }
      const known = Object.fromEntries(Object.entries({ min, max, pattern }).filter(([, limit]) => limit !== undefined))
      assert.deepEqual(known, limits)
    })
  }

  test('every page has 1 to 50 items', () => {
    const paged = Object.entries(operations).filter(([, { input }]) => 'maxResults' in input.members)
    assert.deepEqual(paged.map(([name]) => name).sort(), [
      'ListDICOMImportJobs',
      'ListDatastores',
      'ListImageSetVersions',
      'SearchImageSets',
    ])
    for (const [name, { input }] of paged) {
      const members = input.members as unknown as Record<string, Parameters<typeof memberOf>[0]>
      assert.deepEqual(memberOf(members.maxResults!).shape, { kind: 'integer', min: 1, max: 50 }, name)
    }
  })
})
