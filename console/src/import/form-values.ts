/** The values of the import form, and their validation against the patterns of AWS's model before a request is sent. */
import type { ChosenFile } from '../uploads/chosen-files.ts'

export type ImportSource = 'computer' | 's3'

export interface ImportFormValues {
  readonly source: ImportSource
  readonly files: readonly ChosenFile[]
  readonly jobName: string
  readonly inputS3Uri: string
  readonly outputS3Uri: string
  readonly dataAccessRoleArn: string
}

export type ImportFormErrors = { readonly [Field in keyof ImportFormValues]?: string }

const JOB_NAME = /^[A-Za-z0-9._/#-]{1,64}$/
const S3_URI = /^s3:\/\/[a-z0-9][.\-a-z0-9]{1,61}[a-z0-9](\/.*)?$/
const ROLE_ARN = /^arn:aws(-[^:]+)?:iam::[0-9]{12}:role\/.+$/

const INVALID_URI =
  'Enter an S3 URI, for example s3://bucket/prefix/. The bucket name has lowercase letters, numbers, periods, and hyphens.'

export function validateImportForm(values: ImportFormValues): ImportFormErrors {
  const { source, files, jobName, inputS3Uri, outputS3Uri, dataAccessRoleArn } = values
  const errors: { -readonly [Field in keyof ImportFormValues]?: string } = {}
  if (jobName !== '' && !JOB_NAME.test(jobName)) {
    errors.jobName = 'Enter up to 64 letters, numbers, and the characters . _ / # - without spaces.'
  }
  if (source === 'computer') {
    if (files.length === 0) errors.files = 'Choose at least one file.'
    return errors
  }
  if (!S3_URI.test(inputS3Uri)) errors.inputS3Uri = INVALID_URI
  if (!S3_URI.test(outputS3Uri)) errors.outputS3Uri = INVALID_URI
  if (!ROLE_ARN.test(dataAccessRoleArn)) {
    errors.dataAccessRoleArn = 'Enter a role ARN, for example arn:aws:iam::123456789012:role/name.'
  }
  return errors
}
