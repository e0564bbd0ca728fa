/** Policies that exist without being created: those of AWS (developer guide, "AWS managed policies for AWS HealthImaging"), and Hilum's own. */

const READ_ACTIONS = [
  'GetDICOMImportJob',
  'GetDatastore',
  'GetImageFrame',
  'GetImageSet',
  'GetImageSetMetadata',
  'ListDICOMImportJobs',
  'ListDatastores',
  'ListImageSetVersions',
  'ListTagsForResource',
  'SearchImageSets',
].map((name) => `medical-imaging:${name}`)

const CONSOLE_ACTIONS = ['CreateConsoleLink', 'CreateSession', 'GetImportReport', 'GetImportedFile']
const UPLOAD_ACTIONS = ['CreateUpload', 'DeleteUpload', 'JoinUploadFile', 'PutUploadFile']
const ofHilum = (names: readonly string[]) => names.map((name) => `hilum:${name}`)

const allow = (Action: string | readonly string[], Condition?: object) => ({
  Effect: 'Allow',
  Action,
  Resource: '*',
  ...(Condition && { Condition }),
})
const documentOf = (...Statement: readonly object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement }, undefined, 2)

export const MANAGED_POLICIES: Readonly<Record<string, string>> = {
  AWSHealthImagingFullAccess: documentOf(
    allow('medical-imaging:*'),
    allow('iam:PassRole', { StringEquals: { 'iam:PassedToService': 'medical-imaging.amazonaws.com' } }),
  ),
  AWSHealthImagingReadOnlyAccess: documentOf(allow(READ_ACTIONS)),
  HilumAdministratorAccess: documentOf(allow('*')),
  HilumConsoleAccess: documentOf(allow(ofHilum([...CONSOLE_ACTIONS, ...UPLOAD_ACTIONS]))),
  HilumConsoleReadOnlyAccess: documentOf(allow(ofHilum(CONSOLE_ACTIONS))),
}
