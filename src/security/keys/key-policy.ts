/**
 * Whether a key policy (the JSON of KMS) grants the service an action. A statement that this file does not understand never grants, and
 * always denies.
 */
import type { EncryptionContext } from './key-service.ts'

const SERVICE_PRINCIPAL = 'medical-imaging.amazonaws.com'

/** As AWS's page on data protection of HealthImaging lists them. */
const SERVICE_ACTIONS = ['kms:Decrypt', 'kms:GenerateDataKey', 'kms:GenerateDataKeyWithoutPlaintext']

export const SERVICE_STATEMENT = {
  Sid: 'AllowHealthImaging',
  Effect: 'Allow',
  Principal: { Service: SERVICE_PRINCIPAL },
  Action: SERVICE_ACTIONS,
  Resource: '*',
}

/** Only the account that owns the key. */
export const ownerPolicy = (accountId: string) => ({
  Version: '2012-10-17',
  Id: 'key-default',
  Statement: [
    {
      Sid: 'EnableOwner',
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${accountId}:root` },
      Action: 'kms:*',
      Resource: '*',
    },
  ],
})

/** The policy with the statement of the service, unless it has it. */
export function withServiceStatement(policy: object): object {
  const statements = statementsOf(policy)
  const has = statements.some((statement) => isObject(statement) && statement.Sid === SERVICE_STATEMENT.Sid)
  return has ? policy : { ...policy, Statement: [...statements, SERVICE_STATEMENT] }
}

/** Why the policy cannot be used, or undefined. */
export function faultOfPolicy(policy: unknown): string | undefined {
  if (!isObject(policy)) return 'it must be a JSON object'
  const statements = statementsOf(policy)
  if (statements.length === 0) return 'it has no Statement'
  for (const [index, statement] of statements.entries()) {
    const at = `Statement ${index + 1}`
    if (!isObject(statement)) return `${at} must be a JSON object`
    if (statement.Effect !== 'Allow' && statement.Effect !== 'Deny') return `${at} must have the Effect Allow or Deny`
    if (statement.Principal === undefined && statement.NotPrincipal === undefined) return `${at} has no Principal`
    if (statement.Action === undefined && statement.NotAction === undefined) return `${at} has no Action`
  }
  return undefined
}

interface ServiceRequest {
  readonly keyArn: string
  readonly action: string
  readonly context: EncryptionContext
}

export function grantsService(policy: unknown, request: ServiceRequest): boolean {
  const statements = isObject(policy) ? statementsOf(policy).filter(isObject) : []
  const isDenied = statements.some(
    ({ Effect, ...statement }) => Effect !== 'Allow' && matches(statement, request, true),
  )
  return (
    !isDenied && statements.some(({ Effect, ...statement }) => Effect === 'Allow' && matches(statement, request, false))
  )
}

type JsonObject = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value]

const statementsOf = (policy: object): readonly unknown[] => listOf((policy as JsonObject).Statement)

const KNOWN_MEMBERS = ['Sid', 'Principal', 'Action', 'Resource', 'Condition']

/** @param ifUnknown what a part that is not understood counts as */
function matches(statement: JsonObject, request: ServiceRequest, ifUnknown: boolean): boolean {
  if (Object.keys(statement).some((name) => !KNOWN_MEMBERS.includes(name)) && !ifUnknown) return false
  return (
    (statement.Principal === undefined ? ifUnknown : isServicePrincipal(statement.Principal)) &&
    (statement.Action === undefined
      ? ifUnknown
      : anyMatches(statement.Action, request.action, { ignoresCase: true })) &&
    (statement.Resource === undefined || anyMatches(statement.Resource, request.keyArn)) &&
    conditionHolds(statement.Condition, request, ifUnknown)
  )
}

function isServicePrincipal(principal: unknown): boolean {
  if (principal === '*') return true
  if (!isObject(principal)) return false
  return listOf(principal.Service).includes(SERVICE_PRINCIPAL) || listOf(principal.AWS).includes('*')
}

const anyMatches = (patterns: unknown, text: string, options: { readonly ignoresCase?: boolean } = {}): boolean =>
  listOf(patterns).some((pattern) => typeof pattern === 'string' && isLike(text, pattern, options))

/** `*` is any text, `?` any character. */
function isLike(
  text: string,
  pattern: string,
  { ignoresCase = false }: { readonly ignoresCase?: boolean } = {},
): boolean {
  const escaped = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll(/\*+/g, '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${escaped}$`, ignoresCase ? 'is' : 's').test(text)
}

const CONTEXT_KEY = /^kms:EncryptionContext:(.+)$/i

/** @returns `ifUnknown` for an operator or a key that is not understood */
function conditionHolds(condition: unknown, request: ServiceRequest, ifUnknown: boolean): boolean {
  if (condition === undefined) return true
  if (!isObject(condition)) return ifUnknown
  return Object.entries(condition).every(
    ([operator, keys]) =>
      isObject(keys) &&
      Object.entries(keys).every(([key, values]) => comparisonHolds(operator, { key, values }, request) ?? ifUnknown),
  )
}

function comparisonHolds(
  operator: string,
  { key, values }: { readonly key: string; readonly values: unknown },
  { context }: ServiceRequest,
): boolean | undefined {
  const name = CONTEXT_KEY.exec(key)?.[1]
  if (name === undefined) return undefined
  const value = Object.hasOwn(context, name) ? context[name] : undefined
  switch (operator) {
    case 'StringEquals':
      return value !== undefined && listOf(values).includes(value)
    case 'StringLike':
      return value !== undefined && anyMatches(values, value)
    case 'StringNotEquals':
      return value === undefined || !listOf(values).includes(value)
    case 'StringNotLike':
      return value === undefined || !anyMatches(values, value)
    default:
      return undefined
  }
}
