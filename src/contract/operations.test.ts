/**
 * The referee: our table of operations against the schemas that AWS's own SDK carries, in both directions, member by member.
 * Every difference is listed here with its reason; a difference without one fails.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as sdk from '@aws-sdk/client-medical-imaging'
import { NormalizedSchema } from '@smithy/core/schema'
import { type DatastoreProperties, DatastoreStatus, LosslessStorageFormat } from './datastores.ts'
import { ContractError, type ErrorName } from './errors.ts'
import {
  type CopyImageSetInformation,
  type DICOMTags,
  type ImageFrameInformation,
  type ImageSetProperties,
  ImageSetState,
  type ImageSetsMetadataSummary,
  ImageSetWorkflowStatus,
  type SearchByAttributeValue,
  SearchFilter,
  Sort,
  StorageTier,
} from './image-sets.ts'
import { type DICOMImportJobProperties, type DICOMImportJobSummary, JobStatus } from './import-jobs.ts'
import { type Input, type Operation, type OperationName, operations } from './operations.ts'
import { memberOf, type Place, type Shape, type StringShape, type TypeOf } from './shapes.ts'

/** Lines of ours that the SDK (3.958.0) lacks: members of newer models, and our reason for each. */
const OURS_ALONE = [
  // Added to the model after this SDK: metadata of DICOM JSON files in imports.
  'StartDICOMImportJob.input.importConfiguration: union in body',
  'StartDICOMImportJob.input.importConfiguration.dicomJsonMetadataImportConfiguration: structure',
  'StartDICOMImportJob.input.importConfiguration.dicomJsonMetadataImportConfiguration.dicomMetadataMappings: list',
  'StartDICOMImportJob.input.importConfiguration.dicomJsonMetadataImportConfiguration.dicomMetadataMappings[]: structure',
  'StartDICOMImportJob.input.importConfiguration.dicomJsonMetadataImportConfiguration.dicomMetadataMappings[].studyInstanceUID: sensitive string',
  'StartDICOMImportJob.input.importConfiguration.dicomJsonMetadataImportConfiguration.dicomMetadataMappings[].seriesInstanceUID: sensitive string',
  'StartDICOMImportJob.input.importConfiguration.dicomJsonMetadataImportConfiguration.dicomMetadataMappings[].metadataFilePath: string',
  'GetDICOMImportJob.output.jobProperties.importConfiguration: union',
  'GetDICOMImportJob.output.jobProperties.importConfiguration.dicomJsonMetadataImportConfiguration: structure',
  'GetDICOMImportJob.output.jobProperties.importConfiguration.dicomJsonMetadataImportConfiguration.dicomMetadataMappings: list',
  'GetDICOMImportJob.output.jobProperties.importConfiguration.dicomJsonMetadataImportConfiguration.dicomMetadataMappings[]: structure',
  'GetDICOMImportJob.output.jobProperties.importConfiguration.dicomJsonMetadataImportConfiguration.dicomMetadataMappings[].studyInstanceUID: sensitive string',
  'GetDICOMImportJob.output.jobProperties.importConfiguration.dicomJsonMetadataImportConfiguration.dicomMetadataMappings[].seriesInstanceUID: sensitive string',
  'GetDICOMImportJob.output.jobProperties.importConfiguration.dicomJsonMetadataImportConfiguration.dicomMetadataMappings[].metadataFilePath: string',
  // Added to the model after this SDK: one update for all image sets of a study.
  'UpdateImageSetMetadata.input.includeStudyImageSets: boolean in query includeStudyImageSets',
  // The model says 200; recorded answers of the service were 204.
  'TagResource: POST /tags/{resourceArn} 204',
  'UntagResource: DELETE /tags/{resourceArn} 204',
]
/** Lines of the SDK that ours lack. */
const SDK_ALONE = ['TagResource: POST /tags/{resourceArn} 200', 'UntagResource: DELETE /tags/{resourceArn} 200']

describe('the table of operations against the official SDK', () => {
  const names = Object.keys(operations) as OperationName[]
  const sdkExports: unknown[] = Object.values(sdk)
  const ours = new Set(names.flatMap(ourLines))
  const theirs = new Set(Object.entries(sdk).flatMap(([name, value]) => sdkLines(name, value)))

  test('both know the same 18 operations', () => {
    const inSdk = sdkExports.filter(isOperationSchema).map((schema) => schema[2])
    assert.deepEqual([...names].sort(), inSdk.sort())
    assert.equal(names.length, 18)
  })

  test('the SDK has nothing that the table lacks, but for what is listed', () => {
    assert.deepEqual([...theirs].filter((line) => !ours.has(line)).sort(), [...SDK_ALONE].sort())
  })

  test('the table has nothing that the SDK lacks, but for what is listed', () => {
    assert.deepEqual([...ours].filter((line) => !theirs.has(line)).sort(), [...OURS_ALONE].sort())
  })

  test('every error of the SDK has its status, and the two it lacks are known', () => {
    const theirErrors = new Map(sdkExports.filter(isErrorSchema).map((schema) => [schema[2], schema[3].httpError]))
    for (const [name, status] of theirErrors)
      assert.equal(new ContractError(name as ErrorName, '').status, status, name)
    const modelled = new Set<string>(names.flatMap((name) => operations[name].errors))
    // Added to GetImageFrame after this SDK; any client sees them by name in the header.
    const newer = ['BadRequestException', 'NotAcceptableException']
    assert.deepEqual([...modelled].sort(), [...theirErrors.keys(), ...newer].sort())
  })

  test('enumerations have the values of the SDK, and one of a newer model', () => {
    const pairs: [string, StringShape, Record<string, string>][] = [
      ['DatastoreStatus', DatastoreStatus, sdk.DatastoreStatus],
      ['LosslessStorageFormat', LosslessStorageFormat, sdk.LosslessStorageFormat],
      ['ImageSetState', ImageSetState, sdk.ImageSetState],
      ['JobStatus', JobStatus, sdk.JobStatus],
      ['StorageTier', StorageTier, sdk.StorageTier],
      ['Operator', SearchFilter.members.operator, sdk.Operator],
      ['SortField', Sort.members.sortField, sdk.SortField],
      ['SortOrder', Sort.members.sortOrder, sdk.SortOrder],
    ]
    for (const [name, shape, theirs] of pairs) {
      assert.deepEqual([...(shape.values ?? [])].sort(), Object.values(theirs).sort(), name)
    }
    assert.deepEqual(
      [...(ImageSetWorkflowStatus.values ?? [])].sort(),
      [...Object.values(sdk.ImageSetWorkflowStatus), 'UPDATING_FOR_STUDY_CONSISTENCY'].sort(),
    )
  })

  test('members are required where the types of the SDK require them', () => {
    // Checked by the compiler: a line does not compile where the names differ. SDKs fill in the token for their callers.
    type Token = { clientToken: string }
    const inputs: Record<OperationName, true> = {
      CopyImageSet: requiresAlike<Input<'CopyImageSet'>, sdk.CopyImageSetCommandInput>(true),
      CreateDatastore: requiresAlike<Input<'CreateDatastore'>, sdk.CreateDatastoreCommandInput & Token>(true),
      DeleteDatastore: requiresAlike<Input<'DeleteDatastore'>, sdk.DeleteDatastoreCommandInput>(true),
      DeleteImageSet: requiresAlike<Input<'DeleteImageSet'>, sdk.DeleteImageSetCommandInput>(true),
      GetDICOMImportJob: requiresAlike<Input<'GetDICOMImportJob'>, sdk.GetDICOMImportJobCommandInput>(true),
      GetDatastore: requiresAlike<Input<'GetDatastore'>, sdk.GetDatastoreCommandInput>(true),
      GetImageFrame: requiresAlike<Input<'GetImageFrame'>, sdk.GetImageFrameCommandInput>(true),
      GetImageSet: requiresAlike<Input<'GetImageSet'>, sdk.GetImageSetCommandInput>(true),
      GetImageSetMetadata: requiresAlike<Input<'GetImageSetMetadata'>, sdk.GetImageSetMetadataCommandInput>(true),
      ListDICOMImportJobs: requiresAlike<Input<'ListDICOMImportJobs'>, sdk.ListDICOMImportJobsCommandInput>(true),
      ListDatastores: requiresAlike<Input<'ListDatastores'>, sdk.ListDatastoresCommandInput>(true),
      ListImageSetVersions: requiresAlike<Input<'ListImageSetVersions'>, sdk.ListImageSetVersionsCommandInput>(true),
      ListTagsForResource: requiresAlike<Input<'ListTagsForResource'>, sdk.ListTagsForResourceCommandInput>(true),
      SearchImageSets: requiresAlike<Input<'SearchImageSets'>, sdk.SearchImageSetsCommandInput>(true),
      StartDICOMImportJob: requiresAlike<Input<'StartDICOMImportJob'>, sdk.StartDICOMImportJobCommandInput & Token>(
        true,
      ),
      TagResource: requiresAlike<Input<'TagResource'>, sdk.TagResourceCommandInput>(true),
      UntagResource: requiresAlike<Input<'UntagResource'>, sdk.UntagResourceCommandInput>(true),
      UpdateImageSetMetadata: requiresAlike<Input<'UpdateImageSetMetadata'>, sdk.UpdateImageSetMetadataCommandInput>(
        true,
      ),
    }
    const structures = [
      requiresAlike<TypeOf<typeof SearchFilter>, sdk.SearchFilter>(true),
      requiresAlike<TypeOf<typeof Sort>, sdk.Sort>(true),
      requiresAlike<Study, sdk.DICOMStudyDateAndTime>(true),
      requiresAlike<Copy, sdk.CopyImageSetInformation>(true),
      requiresAlike<Copy['sourceImageSet'], sdk.CopySourceImageSetInformation>(true),
      requiresAlike<NonNullable<Copy['destinationImageSet']>, sdk.CopyDestinationImageSet>(true),
      requiresAlike<NonNullable<Copy['sourceImageSet']['DICOMCopies']>, sdk.MetadataCopies>(true),
      requiresAlike<TypeOf<typeof ImageFrameInformation>, sdk.ImageFrameInformation>(true),
      requiresAlike<TypeOf<typeof DICOMTags>, sdk.DICOMTags>(true),
      requiresAlike<TypeOf<typeof ImageSetsMetadataSummary>, sdk.ImageSetsMetadataSummary>(true),
      requiresAlike<TypeOf<typeof ImageSetProperties>, sdk.ImageSetProperties>(true),
      // The SDK requires datastoreName and jobName, which the service's own recorded answers lack.
      requiresAlike<TypeOf<typeof DatastoreProperties> & { datastoreName: string }, sdk.DatastoreProperties>(true),
      requiresAlike<TypeOf<typeof DICOMImportJobProperties> & { jobName: string }, sdk.DICOMImportJobProperties>(true),
      requiresAlike<TypeOf<typeof DICOMImportJobSummary> & { jobName: string }, sdk.DICOMImportJobSummary>(true),
    ]
    assert.deepEqual(Object.keys(inputs).sort(), [...names].sort())
    assert.ok(structures.every((alike) => alike))
  })
})

type Copy = TypeOf<typeof CopyImageSetInformation>
type Study = NonNullable<TypeOf<typeof SearchByAttributeValue>['DICOMStudyDateAndTime']>
type RequiredNames<T> = { [K in keyof T]-?: object extends Pick<T, K> ? never : K }[keyof T]
type Equal<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
const requiresAlike = <Ours, Theirs>(alike: Equal<RequiredNames<Ours>, RequiredNames<Theirs>>): true => alike as true

// ---- Both sides as lines of one form ------------------------------------------------------------------------------

function ourLines(name: OperationName): string[] {
  const { http, success, hostPrefix, input, output }: Operation = operations[name]
  return [
    `${name}: ${http} ${success}`,
    ...(hostPrefix === '' ? [] : [`${name}: host ${hostPrefix}`]),
    ...Object.entries(input.members).flatMap(([member, shape]) => ourMember(`${name}.input`, member, shape)),
    ...Object.entries(output.members).flatMap(([member, shape]) => ourMember(`${name}.output`, member, shape)),
  ]

  function ourMember(path: string, memberName: string, value: Parameters<typeof memberOf>[0]): string[] {
    const { shape, place } = memberOf(value)
    const [first, ...rest] = shapeLines(`${path}.${memberName}`, shape)
    return [`${first} in ${placeText(place, memberName)}`, ...rest]
  }
}

function placeText(place: Place, memberName: string): string {
  if (place.in === 'query') return `query ${place.name ?? memberName}`
  return place.in === 'header' ? `header ${place.name}` : place.in
}

function shapeLines(path: string, shape: Shape): string[] {
  switch (shape.kind) {
    case 'list':
      return [`${path}: list`, ...shapeLines(`${path}[]`, shape.item)]
    case 'map':
      return [`${path}: map`, ...shapeLines(`${path}{}`, shape.item)]
    case 'structure':
    case 'union': {
      const members = Object.entries(shape.members)
      return [
        `${path}: ${shape.kind}`,
        ...members.flatMap(([name, member]) => shapeLines(`${path}.${name}`, memberOf(member).shape)),
      ]
    }
    case 'string':
      return [`${path}: ${shape.sensitive ? 'sensitive ' : ''}string`]
    default:
      return [`${path}: ${shape.kind}`]
  }
}

type SdkTraits = { readonly endpoint?: readonly string[]; readonly http: readonly [string, string, number] }
type OperationSchema = readonly [9, string, string, SdkTraits, () => unknown, () => unknown]
type ErrorSchema = readonly [-3, string, string, { readonly httpError: number }]

function isOperationSchema(value: unknown): value is OperationSchema {
  return Array.isArray(value) && value[0] === 9
}
function isErrorSchema(value: unknown): value is ErrorSchema {
  return Array.isArray(value) && value[0] === -3 && typeof value[3] === 'object'
}

function sdkLines(exportName: string, value: unknown): string[] {
  if (!isOperationSchema(value)) return []
  const [, , name, traits, input, output] = value
  assert.equal(exportName, `${name}$`)
  const members = (direction: string, schema: unknown) =>
    [...NormalizedSchema.of(schema as never).structIterator()].flatMap(([member, memberSchema]) => {
      const [first, ...rest] = sdkShapeLines(`${name}.${direction}.${member}`, memberSchema)
      return [`${first} in ${sdkPlace(memberSchema)}`, ...rest]
    })
  return [
    `${name}: ${traits.http[0]} ${traits.http[1]} ${traits.http[2]}`,
    ...(traits.endpoint === undefined ? [] : [`${name}: host ${traits.endpoint[0]}`]),
    ...members('input', input()),
    ...members('output', output()),
  ]
}

function sdkPlace(schema: NormalizedSchema): string {
  const traits = schema.getMergedTraits()
  if (traits.httpLabel) return 'label'
  if (traits.httpPayload) return 'payload'
  if (traits.httpQuery) return `query ${traits.httpQuery}`
  return traits.httpHeader ? `header ${traits.httpHeader}` : 'body'
}

function sdkShapeLines(path: string, schema: NormalizedSchema): string[] {
  if (schema.isListSchema()) return [`${path}: list`, ...sdkShapeLines(`${path}[]`, schema.getValueSchema())]
  if (schema.isMapSchema()) return [`${path}: map`, ...sdkShapeLines(`${path}{}`, schema.getValueSchema())]
  if (schema.isStructSchema()) {
    const kind = schema.isUnionSchema() ? 'union' : 'structure'
    const members = [...schema.structIterator()]
    return [`${path}: ${kind}`, ...members.flatMap(([name, member]) => sdkShapeLines(`${path}.${name}`, member))]
  }
  return [`${path}: ${sdkScalar(schema)}`]
}

function sdkScalar(schema: NormalizedSchema): string {
  if (schema.isTimestampSchema()) return 'timestamp'
  if (schema.isBooleanSchema()) return 'boolean'
  if (schema.isNumericSchema()) return 'integer'
  if (schema.isBlobSchema()) return schema.isStreaming() ? 'stream' : 'blob'
  assert.ok(schema.isStringSchema(), `a schema of no known kind: ${schema.getName()}`)
  return schema.getMergedTraits().sensitive ? 'sensitive string' : 'string'
}
