/**
 * Parses a policy document. It is strict: what it does not understand is refused with the statement, the member and what is allowed there,
 * because a misspelt word in a policy grants or refuses something else than its author meant.
 */
import { findAction } from './action-patterns.ts'
import { repeatedName } from './json-names.ts'
import { MalformedPolicy } from './malformed-policy.ts'
import { parseConditions } from './parse-conditions.ts'
import type { Policy, Statement } from './policy.ts'
import { arnParts } from './wildcard.ts'

interface PolicyLimits {
  readonly policyDocumentBytes: number
  readonly policyStatements: number
  readonly policyValueCharacters: number
}

const POLICY_MEMBERS = ['Version', 'Id', 'Statement']
const STATEMENT_MEMBERS = ['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition']
const VERSIONS = ['2012-10-17', '2008-10-17']

/** @throws MalformedPolicy */
export function parsePolicy(name: string, text: string, limits: PolicyLimits): Policy {
  const document = parseJson(text, limits)
  checkMembers(document, POLICY_MEMBERS, '')
  if (document.Version !== undefined && !VERSIONS.includes(document.Version as string)) {
    throw new MalformedPolicy('Version', `must be "${VERSIONS[0]}" or "${VERSIONS[1]}"`)
  }
  if (document.Id !== undefined && typeof document.Id !== 'string') throw new MalformedPolicy('Id', 'must be text')
  const { Statement: found } = document
  const list = Array.isArray(found) ? found : [found]
  if (found === undefined || list.length === 0)
    throw new MalformedPolicy('Statement', 'must hold one statement or more')
  if (list.length > limits.policyStatements) {
    throw new MalformedPolicy('Statement', `must hold at most ${limits.policyStatements} statements`)
  }
  const statements = list.map((each, index) => parseStatement(each, index + 1, limits))
  const sids = statements.flatMap(({ sid }) => sid ?? [])
  const repeated = sids.find((sid, index) => sids.indexOf(sid) !== index)
  if (repeated !== undefined) throw new MalformedPolicy('Sid', `'${repeated}' must name one statement only`)
  return { name, statements }
}

type Members = Readonly<Record<string, unknown>>

function parseJson(text: string, { policyDocumentBytes }: PolicyLimits): Members {
  if (new TextEncoder().encode(text).length > policyDocumentBytes) {
    throw new MalformedPolicy('', `The policy must have at most ${policyDocumentBytes} bytes`)
  }
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (cause) {
    throw new MalformedPolicy('', `The policy must be JSON: ${(cause as Error).message}`)
  }
  if (!isMembers(document)) throw new MalformedPolicy('', 'The policy must be a JSON object with Version and Statement')
  const repeated = repeatedName(text)
  if (repeated !== undefined) {
    throw new MalformedPolicy('', `An object has the member '${repeated}' twice. Combine the two into one`)
  }
  return document
}

function parseStatement(found: unknown, number: number, limits: PolicyLimits): Statement {
  const place = `Statement ${number}`
  if (!isMembers(found)) throw new MalformedPolicy(place, 'must be a JSON object')
  checkMembers(found, STATEMENT_MEMBERS, place)
  const { Sid: sid, Effect: effect } = found
  if (sid !== undefined && (typeof sid !== 'string' || !/^[A-Za-z0-9]{1,128}$/.test(sid))) {
    throw new MalformedPolicy(`${place}, Sid`, 'must be 1 to 128 letters and digits')
  }
  const named = sid === undefined ? place : `${place} (${sid})`
  if (effect !== 'Allow' && effect !== 'Deny') throw new MalformedPolicy(`${named}, Effect`, 'must be Allow or Deny')
  const actions = eitherOf(found, ['Action', 'NotAction'], named)
  const resources = eitherOf(found, ['Resource', 'NotResource'], named)
  return {
    number,
    sid,
    effect,
    actions: textsOf(found[actions], `${named}, ${actions}`, limits).map((text) =>
      checkedAction(text, `${named}, ${actions}`),
    ),
    isNotAction: actions === 'NotAction',
    resources: textsOf(found[resources], `${named}, ${resources}`, limits).map((text) =>
      checkedResource(text, `${named}, ${resources}`),
    ),
    isNotResource: resources === 'NotResource',
    conditions:
      found.Condition === undefined
        ? []
        : parseConditions(found.Condition, `${named}, Condition`, (value, place) => textsOf(value, place, limits)),
  }
}

function eitherOf<Name extends string>(found: Members, [one, other]: readonly [Name, Name], place: string): Name {
  if ((found[one] === undefined) === (found[other] === undefined)) {
    throw new MalformedPolicy(place, `must have either ${one} or ${other}`)
  }
  return found[one] === undefined ? other : one
}

/** One text or a list of them. */
function textsOf(value: unknown, place: string, { policyValueCharacters }: PolicyLimits): readonly string[] {
  const list = Array.isArray(value) ? value : [value]
  if (list.length === 0) throw new MalformedPolicy(place, 'must not be empty')
  for (const text of list) {
    if (typeof text !== 'string') throw new MalformedPolicy(place, 'must be text in quotes, or a list of texts')
    if (text.length > policyValueCharacters) {
      throw new MalformedPolicy(place, `must have at most ${policyValueCharacters} characters in each text`)
    }
    if (text.includes('${')) {
      throw new MalformedPolicy(place, `'${text}' has a policy variable, which Hilum does not support`)
    }
  }
  return list
}

function checkedAction(text: string, place: string): string {
  if (text === '*') return text
  if (!/^[a-z0-9-]+:[a-z0-9*?]+$/i.test(text)) {
    throw new MalformedPolicy(place, `'${text}' must be *, or a service and an action such as medical-imaging:Get*`)
  }
  if (findAction(text) === 'unknown') {
    throw new MalformedPolicy(place, `'${text}' matches no action of medical-imaging, hilum or iam:PassRole`)
  }
  return text
}

function checkedResource(text: string, place: string): string {
  if (text === '*') return text
  const form = 'arn:aws:medical-imaging:<region>:<account>:datastore/<id> or .../datastore/<id>/imageset/<id>'
  const parts = arnParts(text)
  if (parts === undefined || parts[0] !== 'arn' || parts[1] === '' || parts[5] === '') {
    throw new MalformedPolicy(place, `'${text}' must be *, or an ARN such as ${form}`)
  }
  const [, , service, , , path] = parts as [string, string, string, string, string, string]
  if (/[*?]/.test(service) || service === '') {
    throw new MalformedPolicy(place, `'${text}' must name its service without a wildcard`)
  }
  const hasOtherCase = /\/imageset\//i.test(path) && !path.includes('/imageset/')
  if (service === 'medical-imaging' && (hasOtherCase || !canBeResource(path))) {
    throw new MalformedPolicy(place, `'${text}' can match no resource. ARNs are ${form}`)
  }
  return text
}

/** Whether the text before the first wildcard can be the beginning of a data store or an image set. */
function canBeResource(path: string): boolean {
  const literal = path.replace(/[*?].*$/s, '')
  return /^(datastore\/[0-9a-z]{0,32}(\/imageset\/[0-9a-z]{0,32})?)$/.test(literal) || isBeginning(literal)
}

function isBeginning(literal: string): boolean {
  const rest = literal.replace(/^datastore\/[0-9a-z]{1,32}(?=\/)/, '')
  return 'datastore/'.startsWith(literal) || (rest !== literal && '/imageset/'.startsWith(rest))
}

function checkMembers(found: Members, allowed: readonly string[], place: string): void {
  const unknown = Object.keys(found).find((name) => !allowed.includes(name))
  if (unknown === undefined) return
  const isPrincipal = unknown === 'Principal' || unknown === 'NotPrincipal'
  const reason = isPrincipal ? 'The principal is the one that the policy is attached to. ' : ''
  throw new MalformedPolicy(place, `has no member '${unknown}'. ${reason}Members are ${allowed.join(', ')}`)
}

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
