/**
 * What each operation of the API needs: its action, and the ARNs on which the caller's policies must allow it (Service Authorization Reference,
 * "Actions defined by AWS HealthImaging"). Operations on image sets need the data store and the image set.
 */
import type { Action } from '../../contract/actions.ts'
import { LOCK_TAGS } from '../../contract/lock-tags.ts'
import type { Input, OperationName } from '../../contract/operations.ts'
import type { Arns } from './arns.ts'

export interface Need {
  readonly action: Action
  /** An ARN, or `*` for an action without a resource. */
  readonly resource: string
  /** Condition keys of the request by their name in lower case. */
  readonly values?: Readonly<Record<string, readonly string[]>>
  /** Everyone may, unless a policy denies it. */
  readonly isAllowedByDefault?: true
}

type NeedsOf<N extends OperationName> = (input: Input<N>, arns: Arns) => readonly Need[]

interface OfDatastore {
  readonly datastoreId: string
}
interface OfImageSet extends OfDatastore {
  readonly imageSetId: string
}

const onDatastore =
  (action: Action) =>
  ({ datastoreId }: OfDatastore, arns: Arns): readonly Need[] => [{ action, resource: arns.datastore(datastoreId) }]

const onImageSet =
  (action: Action) =>
  ({ datastoreId, imageSetId }: OfImageSet, arns: Arns): readonly Need[] => [
    { action, resource: arns.datastore(datastoreId) },
    { action, resource: arns.imageSet(datastoreId, imageSetId) },
  ]

export const OPERATION_NEEDS: { readonly [N in OperationName]: NeedsOf<N> } = {
  CreateDatastore: ({ tags = {} }, arns) => {
    const values = tagValues(tags)
    const create: Need = { action: 'medical-imaging:CreateDatastore', resource: '*', values }
    if (Object.keys(tags).length === 0) return [create]
    return [create, { action: 'medical-imaging:TagResource', resource: arns.datastore('*'), values }]
  },
  GetDatastore: onDatastore('medical-imaging:GetDatastore'),
  ListDatastores: () => [{ action: 'medical-imaging:ListDatastores', resource: '*' }],
  DeleteDatastore: onDatastore('medical-imaging:DeleteDatastore'),
  StartDICOMImportJob: ({ datastoreId, dataAccessRoleArn }, arns) => [
    { action: 'medical-imaging:StartDICOMImportJob', resource: arns.datastore(datastoreId) },
    {
      action: 'iam:PassRole',
      resource: dataAccessRoleArn,
      values: { 'iam:passedtoservice': ['medical-imaging.amazonaws.com'] },
    },
  ],
  GetDICOMImportJob: onDatastore('medical-imaging:GetDICOMImportJob'),
  ListDICOMImportJobs: onDatastore('medical-imaging:ListDICOMImportJobs'),
  SearchImageSets: onDatastore('medical-imaging:SearchImageSets'),
  GetImageSet: onImageSet('medical-imaging:GetImageSet'),
  GetImageSetMetadata: onImageSet('medical-imaging:GetImageSetMetadata'),
  GetImageFrame: onImageSet('medical-imaging:GetImageFrame'),
  ListImageSetVersions: onImageSet('medical-imaging:ListImageSetVersions'),
  UpdateImageSetMetadata: (input, arns) => {
    const action = 'medical-imaging:UpdateImageSetMetadata'
    const needs = onImageSet(action)(input, arns)
    // It changes other image sets of the study, which are found later.
    return input.includeStudyImageSets ? [...needs, { action, resource: arns.imageSet(input.datastoreId, '*') }] : needs
  },
  CopyImageSet: ({ datastoreId, sourceImageSetId, copyImageSetInformation }, arns) => {
    const action = 'medical-imaging:CopyImageSet'
    const needs = onImageSet(action)({ datastoreId, imageSetId: sourceImageSetId }, arns)
    const destination = copyImageSetInformation.destinationImageSet?.imageSetId
    return destination === undefined ? needs : [...needs, { action, resource: arns.imageSet(datastoreId, destination) }]
  },
  DeleteImageSet: onImageSet('medical-imaging:DeleteImageSet'),
  TagResource: ({ resourceArn, tags }) => [
    { action: 'medical-imaging:TagResource', resource: resourceArn, values: tagValues(tags) },
  ],
  UntagResource: ({ resourceArn, tagKeys }) => {
    const values = { 'aws:tagkeys': tagKeys }
    const untag: Need = { action: 'medical-imaging:UntagResource', resource: resourceArn, values }
    // A lock protects nothing if the action that removes any tag ends it.
    return LOCK_TAGS.some((key) => tagKeys.includes(key))
      ? [untag, { action: 'hilum:ReleaseObjectLock', resource: resourceArn, values }]
      : [untag]
  },
  ListTagsForResource: ({ resourceArn }) => [{ action: 'medical-imaging:ListTagsForResource', resource: resourceArn }],
}

/** aws:RequestTag/<key> and aws:TagKeys. */
export function tagValues(tags: Readonly<Record<string, string>>): Record<string, readonly string[]> {
  const values: Record<string, readonly string[]> = { 'aws:tagkeys': Object.keys(tags) }
  for (const [key, value] of Object.entries(tags)) {
    const name = `aws:requesttag/${key.toLowerCase()}`
    values[name] = [...(values[name] ?? []), value]
  }
  return values
}
