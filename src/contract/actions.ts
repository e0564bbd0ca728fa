/**
 * Every action that a policy can name: the operations of the API, those of DICOMweb (Service Authorization Reference, "Actions defined by AWS
 * HealthImaging"), and Hilum's own (docs/extensions.md).
 */
import { type OperationName, operations } from './operations.ts'

const DICOMWEB_ACTIONS = [
  'GetDICOMBulkdata',
  'GetDICOMInstance',
  'GetDICOMInstanceFrames',
  'GetDICOMInstanceMetadata',
  'GetDICOMSeriesMetadata',
  'SearchDICOMInstances',
  'SearchDICOMSeries',
  'SearchDICOMStudies',
  'StoreDICOM',
  'StoreDICOMStudy',
] as const

export type DicomwebAction = (typeof DICOMWEB_ACTIONS)[number]

const HILUM_ACTIONS = [
  'AttachPolicy',
  'CreateConsoleLink',
  'CreatePrincipal',
  'CreateSession',
  'CreateUpload',
  'DeletePolicy',
  'DeletePrincipal',
  'DeleteUpload',
  'DetachPolicy',
  'DisablePrincipal',
  'EnablePrincipal',
  'EndSessions',
  'GetImportReport',
  'GetImportedFile',
  'GetPolicy',
  'JoinUploadFile',
  'ListMaintenanceRuns',
  'ListPolicies',
  'ListPrincipals',
  'PutPolicy',
  'PutUploadFile',
  'ReleaseObjectLock',
  'RotateAccessKey',
  'SearchAuditLog',
  'SimulatePolicy',
  'TagPrincipal',
  'UntagPrincipal',
] as const

export type Action =
  | `medical-imaging:${OperationName | DicomwebAction}`
  | `hilum:${(typeof HILUM_ACTIONS)[number]}`
  | 'iam:PassRole'

export const ACTIONS: readonly Action[] = [
  ...(Object.keys(operations) as OperationName[]).map((name) => `medical-imaging:${name}` as const),
  ...DICOMWEB_ACTIONS.map((name) => `medical-imaging:${name}` as const),
  ...HILUM_ACTIONS.map((name) => `hilum:${name}` as const),
  'iam:PassRole',
]
