/** `authorizers` and `roles` of the configuration file. Each message completes "authorizers in hilum.json: <place>: ...". */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { isProtectedAddress } from '../security/authorizers/protected-address.ts'
import { isBucketName } from '../stores/locations/s3-uri.ts'
import { OperatorError } from './operator-error.ts'

const text = (what: string) => z.string(`must be ${what}`).min(1, `must be ${what}`)
const address = (what: string) =>
  z.string(`must be ${what}`).refine(isProtectedAddress, `must be ${what}: https://, or http:// on this machine`)
const policyName = text('the name of a policy')
/** Refuses other members by name: a misspelt one would be ignored. */
const objectOf = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `has no member '${issue.keys?.[0]}'. Members are ${Object.keys(shape).join(', ')}`
        : 'must be an object',
  })
/** A misspelt member first: the member that it should have been is missing too. */
export const firstMistake = ({ issues }: z.ZodError): z.core.$ZodIssue =>
  issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]!

/** With a sentence for a name that does not fit. */
const recordBy = <Value extends z.ZodType>(pattern: RegExp, example: string, value: Value) =>
  z.record(z.string(), value, 'must be an object').superRefine((found, context) => {
    for (const name of Object.keys(found)) {
      if (!pattern.test(name))
        context.addIssue({ code: 'custom', path: [name], message: `the name must be an ARN such as ${example}` })
    }
  })

const endpointAuthorizer = objectOf({ endpoint: address('the address of the service') })

const claimPolicy = objectOf({
  claim: text('the name of a claim'),
  value: text('a value of the claim'),
  policy: policyName,
})

const oidcAuthorizer = objectOf({
  issuer: address('the address of the issuer'),
  audience: z.preprocess(
    (found) => (Array.isArray(found) ? found : [found]),
    z.array(text('the audience of the tokens, or a list')).min(1, 'must not be empty'),
  ),
  jwks: address("the address of the issuer's keys").optional(),
  principalClaim: text('the name of a claim').default('sub'),
  policies: z.array(claimPolicy, 'must be a list').min(1, 'must have one row or more'),
})

/** Picked by its members, so that a mistake is explained for the kind that was meant. */
const authorizer = z.unknown().transform((found, context) => {
  const hasEndpoint = typeof found === 'object' && found !== null && 'endpoint' in found
  const checked = (hasEndpoint ? endpointAuthorizer : oidcAuthorizer).safeParse(found)
  if (checked.success) return checked.data
  const { path, message } = firstMistake(checked.error)
  context.addIssue({ code: 'custom', path, message })
  return z.NEVER
})

export const authorizersSchema = recordBy(
  /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w$:-]+$/,
  'arn:aws:lambda:us-east-1:000000000000:function:login',
  authorizer,
)

const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/
const s3Endpoint = z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' })

const roleS3 = objectOf({
  endpoint: s3Endpoint.optional(),
  region: text('a region, such as us-east-1').optional(),
  accessKeyId: text('an access key id').optional(),
  secretAccessKey: text('a secret access key').optional(),
  secretAccessKeyFile: text('the path of a file').optional(),
  assumeRole: objectOf({
    roleArn: z.string('must be the ARN of a role').regex(ROLE_ARN, 'must be the ARN of a role').optional(),
    externalId: text('the external id of the trust policy').optional(),
    sessionName: z
      .string('must be text')
      .regex(/^[\w+=,.@-]{2,64}$/, 'must be 2 to 64 letters, digits and characters of +=,.@_-')
      .default('hilum'),
    endpoint: s3Endpoint.optional(),
  }).optional(),
}).refine(({ accessKeyId, secretAccessKey, secretAccessKeyFile, assumeRole }) => {
  const secrets = [secretAccessKey, secretAccessKeyFile].filter((secret) => secret !== undefined).length
  return assumeRole === undefined
    ? accessKeyId !== undefined && secrets === 1
    : accessKeyId === undefined && secrets === 0
}, 'must have either assumeRole, or accessKeyId with one of secretAccessKey and secretAccessKeyFile')

const role = objectOf({
  policies: z.array(policyName, 'must be a list').optional(),
  s3: roleS3.optional(),
  buckets: z
    .array(
      z.string('must be the name of a bucket').refine(isBucketName, 'must be the name of a bucket'),
      'must be a list',
    )
    .optional(),
})

export const rolesSchema = recordBy(ROLE_ARN, 'arn:aws:iam::000000000000:role/radiology', role)

/** What a role may do with a bearer token, and the buckets of import jobs with it. */
export type RoleSettings = z.infer<typeof role>
/** The S3 credentials of import jobs: an access key, or a role that the server assumes. */
export type RoleS3 = z.infer<typeof roleS3>

/** With the contents of `secretAccessKeyFile`, which is relative to the folder. @throws OperatorError */
export function readRoleSecrets(
  roles: Readonly<Record<string, RoleSettings>>,
  folder: string,
): { readonly roles: Readonly<Record<string, RoleSettings>>; readonly files: readonly string[] } {
  const files: string[] = []
  const read = Object.entries(roles).map(([arn, { s3, ...role }]) => {
    if (s3?.secretAccessKeyFile === undefined) return [arn, { ...role, s3 }] as const
    const { secretAccessKeyFile, ...place } = s3
    const path = resolve(folder, secretAccessKeyFile)
    files.push(path)
    return [arn, { ...role, s3: { ...place, secretAccessKey: secretIn(path, arn) } }] as const
  })
  return { roles: Object.fromEntries(read), files }
}

function secretIn(path: string, arn: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new OperatorError(`The secretAccessKeyFile ${path} of ${arn} cannot be read (${code}).`, {
      exitCode: 2,
      cause,
    })
  }
  if (text !== '') return text
  throw new OperatorError(`The secretAccessKeyFile ${path} of ${arn} is empty.`, { exitCode: 2 })
}
