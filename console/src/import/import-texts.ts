/** What a person types for an import, and what is wrong with it before anything is sent: the patterns of AWS's model. */

export interface ImportTexts {
  readonly jobName: string
  readonly input: string
  readonly output: string
  readonly role: string
}

/** Hilum assumes no role; the API asks for one. */
export const NO_TEXTS: ImportTexts = {
  jobName: '',
  input: '',
  output: '',
  role: 'arn:aws:iam::000000000000:role/hilum-console',
}

export type From = 'computer' | 's3'
export type Faults = { readonly [Field in keyof ImportTexts]?: string }

const JOB_NAME = /^[A-Za-z0-9._/#-]{1,64}$/
const S3_URI = /^s3:\/\/[a-z0-9][.\-a-z0-9]{1,61}[a-z0-9](\/.*)?$/
const ROLE = /^arn:aws(-[^:]+)?:iam::[0-9]{12}:role\/.+$/

const NO_URI = 'It looks like s3://bucket/prefix/, with a bucket of lower-case letters, digits, . and -'

export function faultsOf({ jobName, input, output, role }: ImportTexts, from: From): Faults {
  const faults: { -readonly [Field in keyof ImportTexts]?: string } = {}
  if (jobName !== '' && !JOB_NAME.test(jobName)) {
    faults.jobName = 'A name has up to 64 letters, digits and the signs . _ / # - and no space.'
  }
  if (from === 'computer') return faults
  if (!S3_URI.test(input)) faults.input = NO_URI
  if (!S3_URI.test(output)) faults.output = NO_URI
  if (!ROLE.test(role)) faults.role = 'It looks like arn:aws:iam::123456789012:role/name.'
  return faults
}
