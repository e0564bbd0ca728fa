/** The parser of policies: what it refuses, with which sentence, and that it throws nothing else for any text. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { DEFAULT_LIMITS } from '../../default-limits.ts'
import { compilePolicies } from './compile-policies.ts'
import { MalformedPolicy } from './malformed-policy.ts'
import { parsePolicy } from './parse-policy.ts'
import { POLICIES } from './policy-cases.fixture.ts'

const parse = (text: string) => parsePolicy('p', text, DEFAULT_LIMITS)
const statement = (members: object) =>
  JSON.stringify({ Statement: [{ Effect: 'Allow', Action: '*', Resource: '*', ...members }] })
const condition = (Condition: unknown) => statement({ Condition })

describe('a policy is refused with the place and the rule', () => {
  const store = 'arn:aws:medical-imaging:us-east-1:123456789012:datastore'
  const refused: readonly (readonly [text: string, message: RegExp])[] = [
    ['', /^The policy must be JSON: /],
    ['[]', /must be a JSON object with Version and Statement/],
    ['{"Statement":[],"Statement":[]}', /has the member 'Statement' twice/],
    [statement({}).replace('"Effect"', '"Action":"*","Effect"'), /has the member 'Action' twice/],
    ['{"Version":"2012-10-18","Statement":[]}', /^Version: must be "2012-10-17" or "2008-10-17"\.$/],
    ['{"Version":"2012-10-17"}', /^Statement: must hold one statement or more/],
    ['{"Statements":[]}', /has no member 'Statements'\. Members are Version, Id, Statement/],
    ['{"Statement":["x"]}', /^Statement 1: must be a JSON object/],
    [statement({ Principal: '*' }), /^Statement 1: has no member 'Principal'\. The principal is the one/],
    [statement({ Effect: 'allow' }), /^Statement 1, Effect: must be Allow or Deny/],
    [statement({ Sid: 'read only' }), /^Statement 1, Sid: must be 1 to 128 letters and digits/],
    [statement({ Sid: 'A', NotAction: '*' }), /^Statement 1 \(A\): must have either Action or NotAction/],
    [statement({ Resource: undefined }), /must have either Resource or NotResource/],
    [statement({ Action: [] }), /^Statement 1, Action: must not be empty/],
    [statement({ Action: 5 }), /must be text in quotes/],
    [statement({ Action: 'GetDatastore' }), /'GetDatastore' must be \*, or a service and an action/],
    [statement({ Action: 'medical-imaging:GetDataStor' }), /matches no action of medical-imaging/],
    [statement({ Action: 'hilum:Foo*' }), /matches no action/],
    [statement({ Action: `s3:${'a'.repeat(3_000)}` }), /at most 2048 characters/],
    [statement({ Resource: 'datastore/1' }), /must be \*, or an ARN such as/],
    [statement({ Resource: 'arn:aws:*:::x' }), /must name its service without a wildcard/],
    [statement({ Resource: `${store.slice(0, -9)}imageset/*` }), /can match no resource/],
    [statement({ Resource: `${store}/${'1'.repeat(32)}/imageSet/*` }), /can match no resource/],
    [statement({ Resource: `${store}/*/imageSet/*` }), /can match no resource/],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable.
    [statement({ Resource: 'arn:aws:s3:::${aws:username}' }), /policy variable, which Hilum does not support/],
    [condition({}), /^Statement 1, Condition: must be a JSON object with one member or more/],
    [condition({ StringEqual: { 'aws:username': 'a' } }), /'StringEqual' is not an operator\. Operators are /],
    [condition({ NullIfExists: { 'aws:username': 'a' } }), /Null takes neither/],
    [
      condition({ StringEquals: { 'aws:SourceVpc': 'a' } }),
      /aws:SourceVpc: is not a condition key of Hilum\. Keys are /,
    ],
    [condition({ StringEquals: { 'aws:RequestTag/': 'a' } }), /is not a condition key/],
    [condition({ StringEquals: { 'aws:SourceIp': '10.0.0.1' } }), /needs an operator for addresses/],
    [condition({ StringEquals: { 'aws:TagKeys': 'a' } }), /begin the operator with ForAllValues: or ForAnyValue:/],
    [condition({ IpAddress: { 'aws:SourceIp': '10.0.0.0/33' } }), /'10\.0\.0\.0\/33' must be an address or a range/],
    [condition({ DateLessThan: { 'aws:CurrentTime': 'soon' } }), /'soon' must be a date such as/],
    [condition({ Bool: { 'aws:SecureTransport': 'yes' } }), /must be true or false/],
    [condition({ NumericEquals: { 'aws:EpochTime': 'x' } }), /must be a number in quotes/],
    [condition({ ArnLike: { 'aws:PrincipalArn': 'mary' } }), /must be an ARN of six parts/],
    [JSON.stringify({ Statement: Array(101).fill(JSON.parse(statement({})).Statement[0]) }), /at most 100 statements/],
    [`${statement({})}${' '.repeat(40_000)}`, /at most 32768 bytes/],
  ]
  for (const [text, message] of refused) {
    test(`${text.slice(0, 100)}`, () => {
      assert.throws(
        () => parse(text),
        (error) => error instanceof MalformedPolicy && message.test(error.message),
      )
    })
  }

  test('a Sid names one statement', () => {
    const one = { Sid: 'A', Effect: 'Allow', Action: '*', Resource: '*' }
    assert.throws(() => parse(JSON.stringify({ Statement: [one, one] })), /'A' must name one statement only/)
  })
})

test('a member name inside a value is not a repeated member', () => {
  assert.equal(parse(statement({ Resource: 'arn:aws:s3:::{"Effect":"Allow","Effect":' })).statements.length, 1)
})

test('for any text the parser returns a policy or throws MalformedPolicy', () => {
  const documents = Object.values(POLICIES).map((each) => JSON.stringify(each))
  const pieces = ['"', '{', '}', '[', ']', ',', ':', '*', '\\', '__proto__', 'Null', 'ForAllValues:', '0', 'é', '']
  const mutated = fc
    .tuple(
      fc.constantFrom(...documents),
      fc.array(fc.tuple(fc.nat(), fc.nat(12), fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 5 }))), {
        maxLength: 4,
      }),
    )
    .map(([text, edits]) =>
      edits.reduce((found, [at, length, piece]) => {
        const start = at % (found.length + 1)
        return found.slice(0, start) + piece + found.slice(start + length)
      }, text),
    )
  const values = fc.json().map((json) => json.replaceAll('a', 'Statement'))
  const members = fc
    .dictionary(fc.constantFrom('Effect', 'Action', 'Resource', 'Condition', 'Sid', 'x', '__proto__'), fc.jsonValue())
    .map((each) => JSON.stringify({ Statement: [each] }))
  let accepted = 0
  fc.assert(
    fc.property(fc.oneof(mutated, values, members), (text) => {
      try {
        const set = compilePolicies([parse(text)])
        set.decide({ action: 'medical-imaging:GetDatastore', resource: '*', valuesOf: () => ['x'] })
        accepted++
      } catch (error) {
        if (!(error instanceof MalformedPolicy)) throw error
      }
    }),
    { seed: 20_261_126, numRuns: 5_000 },
  )
  assert.ok(accepted > 200, String(accepted))
})
