/** `authorizers` and `roles` of the configuration file. Each message completes "authorizers in hilum.json: <place>: ...". */
import { z } from 'zod'
import { isProtectedAddress } from '../security/authorizers/protected-address.ts'

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
  for (const { path, message } of checked.error.issues) context.addIssue({ code: 'custom', path, message })
  return z.NEVER
})

export const authorizersSchema = recordBy(
  /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w$:-]+$/,
  'arn:aws:lambda:us-east-1:000000000000:function:login',
  authorizer,
)

export const rolesSchema = recordBy(
  /^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/,
  'arn:aws:iam::000000000000:role/radiology',
  objectOf({ policies: z.array(policyName, 'must be a list').optional() }),
)
