/** Which key policies grant the service, and which are refused as policies. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultOfPolicy, grantsService, ownerPolicy, SERVICE_STATEMENT, withServiceStatement } from './key-policy.ts'

const keyArn = 'arn:aws:kms:us-east-1:000000000000:key/01234567-89ab-cdef-0123-456789abcdef'
const ID = 'kms:EncryptionContext:aws:medical-imaging:datastoreId'
const request = {
  keyArn,
  action: 'kms:Decrypt',
  context: { 'aws:medical-imaging:datastoreId': 'aaaa', 'kms-arn': keyArn },
}
const allow = { Effect: 'Allow', Principal: { Service: 'medical-imaging.amazonaws.com' }, Action: 'kms:Decrypt' }
const deny = { ...allow, Effect: 'Deny' }

const isGranted = (...Statement: object[]) => grantsService({ Version: '2012-10-17', Statement }, request)

const GRANTING: readonly object[] = [
  allow,
  { ...allow, Resource: '*' },
  { ...allow, Resource: [keyArn] },
  { ...allow, Action: 'kms:*' },
  { ...allow, Action: ['kms:GenerateDataKey', 'KMS:decrypt'] },
  { ...allow, Action: 'kms:De????t' },
  { ...allow, Action: '*' },
  { ...allow, Principal: '*' },
  { ...allow, Principal: { AWS: '*' } },
  { ...allow, Principal: { Service: ['s3.amazonaws.com', 'medical-imaging.amazonaws.com'] } },
  { ...allow, Condition: { StringEquals: { [ID]: 'aaaa', 'kms:EncryptionContext:kms-arn': keyArn } } },
  { ...allow, Condition: { StringEquals: { [ID]: ['bbbb', 'aaaa'] } } },
  { ...allow, Condition: { StringLike: { [ID]: 'a*' } } },
  { ...allow, Condition: { StringNotEquals: { [ID]: 'bbbb' } } },
  { ...allow, Condition: {} },
]

const NOT_GRANTING: readonly object[] = [
  { ...allow, Principal: { Service: 's3.amazonaws.com' } },
  { ...allow, Principal: { AWS: 'arn:aws:iam::000000000000:root' } },
  { ...allow, Principal: {} },
  { ...allow, Action: 'kms:GenerateDataKey' },
  { ...allow, Action: 'kms:Decrypt2' },
  { ...allow, Action: '' },
  { ...allow, Resource: 'arn:aws:kms:us-east-1:000000000000:key/other' },
  { ...allow, Condition: { StringEquals: { [ID]: 'bbbb' } } },
  { ...allow, Condition: { StringEquals: { [ID]: 'AAAA' } } },
  { ...allow, Condition: { StringEquals: { 'kms:EncryptionContext:other': 'aaaa' } } },
  { ...allow, Condition: { StringEquals: { [ID]: 'aaaa' }, StringLike: { [ID]: 'b*' } } },
  // What is not understood.
  { ...allow, Condition: { StringEquals: { 'aws:SourceAccount': '000000000000' } } },
  { ...allow, Condition: { Bool: { [ID]: 'true' } } },
  { ...allow, Condition: 'yes' },
  { Effect: 'Allow', NotPrincipal: { AWS: 'x' }, Action: 'kms:*' },
  { Effect: 'Allow', Principal: '*', NotAction: 'kms:Encrypt' },
  { ...allow, NotResource: 'x' },
]

for (const [at, statement] of GRANTING.entries()) {
  test(`statement ${at + 1} of those that grant: ${JSON.stringify(statement).slice(0, 150)}`, () => {
    assert.equal(isGranted(statement), true)
    assert.equal(isGranted(statement, deny), false, 'a Deny wins')
    assert.equal(isGranted({ ...statement, Effect: 'Deny' }, allow), false, 'the same statement denies')
  })
}

for (const [at, statement] of NOT_GRANTING.entries()) {
  test(`statement ${at + 1} of those that do not grant: ${JSON.stringify(statement).slice(0, 150)}`, () => {
    assert.equal(isGranted(statement), false)
  })
}

test('a Deny that is not understood denies, and one for another data store does not', () => {
  for (const odd of [
    { ...deny, Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
    { Effect: 'Deny', NotPrincipal: { AWS: 'x' }, Action: 'kms:*' },
    { Effect: 'Deny', Principal: '*', NotAction: 'kms:Encrypt' },
    { ...deny, Effect: 'Perhaps' },
  ]) {
    assert.equal(isGranted(allow, odd), false)
  }
  assert.equal(isGranted(allow, { ...deny, Condition: { StringEquals: { [ID]: 'bbbb' } } }), true)
})

test('no policy, an empty one and odd JSON grant nothing', () => {
  for (const policy of [undefined, null, [], 'x', {}, { Statement: [] }, { Statement: 'x' }, { Statement: [null] }]) {
    assert.equal(grantsService(policy, request), false)
  }
})

test('the statement of the service is added once and grants', () => {
  const owner = ownerPolicy('000000000000')
  assert.equal(grantsService(owner, request), false)
  const granted = withServiceStatement(owner)
  assert.equal(grantsService(granted, request), true)
  assert.deepEqual(withServiceStatement(granted), granted)
  assert.deepEqual((granted as typeof owner).Statement.at(-1), SERVICE_STATEMENT)
})

test('a policy that has no effect is named as faulty', () => {
  assert.equal(faultOfPolicy(ownerPolicy('000000000000')), undefined)
  assert.match(faultOfPolicy([])!, /JSON object/)
  assert.match(faultOfPolicy({})!, /no Statement/)
  assert.match(faultOfPolicy({ Statement: [{ ...allow, Effect: 'allow' }] })!, /Statement 1 .*Effect/)
  assert.match(faultOfPolicy({ Statement: [{ Effect: 'Allow', Action: '*' }] })!, /no Principal/)
  assert.match(faultOfPolicy({ Statement: [{ Effect: 'Allow', Principal: '*' }] })!, /no Action/)
})
