/** The evaluator of policies: IAM's decisions as data, and random policies compared with a second evaluator. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ACTIONS } from '../../contract/actions.ts'
import { DEFAULT_LIMITS } from '../../default-limits.ts'
import { compilePolicies } from './compile-policies.ts'
import { MANAGED_POLICIES } from './managed-policies.ts'
import { naiveDecision } from './naive-evaluator.fixture.ts'
import { parsePolicy } from './parse-policy.ts'
import { CASES, POLICIES, RESOURCES } from './policy-cases.fixture.ts'

const parsed = (document: object, name = 'p') => parsePolicy(name, JSON.stringify(document), DEFAULT_LIMITS)

function valuesOf(text: string): Record<string, string[]> {
  const pairs = text === '' ? [] : text.split('; ')
  return Object.fromEntries(
    pairs.map((pair) => {
      const [key, value] = pair.split('=') as [string, string]
      return [key.toLowerCase(), value.split(',')]
    }),
  )
}

const cases = CASES.trim()
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()) as [string, string, string, string, string])

describe('decisions', () => {
  test('there are at least 150, and every policy has one', () => {
    assert.ok(cases.length >= 150, String(cases.length))
    const used = new Set(cases.flatMap(([names]) => names.split('+')))
    assert.deepEqual(
      Object.keys(POLICIES).filter((name) => !used.has(name)),
      [],
    )
  })

  for (const [names, action, resource, context, decision] of cases) {
    test(`${names}: ${action} on ${resource}${context && ` with ${context}`}: ${decision}`, () => {
      const set = compilePolicies(names.split('+').map((name) => parsed(POLICIES[name]!, name)))
      const values = valuesOf(context)
      const found = set.decide({ action, resource: RESOURCES[resource]!, valuesOf: (key) => values[key] })
      assert.equal(found.outcome, decision)
    })
  }

  test('without a policy everything is denied', () => {
    const request = { action: 'medical-imaging:GetDatastore', resource: '*', valuesOf: () => undefined }
    assert.deepEqual(compilePolicies([]).decide(request), { outcome: 'implicit deny' })
  })

  test('a decision names the policy and the statement that made it', () => {
    const set = compilePolicies([parsed(POLICIES.one!, 'one'), parsed(POLICIES.denynot!, 'denynot')])
    const at = (action: string) => set.decide({ action, resource: '*', valuesOf: () => undefined })
    const sid = undefined
    assert.deepEqual(at('medical-imaging:GetDatastore').by, { policy: 'one', statement: 1, sid })
    assert.deepEqual(at('hilum:GetPolicy').by, { policy: 'denynot', statement: 2, sid })
  })

  test('only policies with aws:ResourceTag read the tags of resources', () => {
    assert.equal(compilePolicies([parsed(POLICIES.tag!)]).readsResourceTags, true)
    assert.equal(compilePolicies([parsed(POLICIES.nocase!), parsed(POLICIES.alltags!)]).readsResourceTags, false)
  })
})

describe('managed policies', () => {
  const allowed = (name: string, resource = '*') => {
    const set = compilePolicies([parsePolicy(name, MANAGED_POLICIES[name]!, DEFAULT_LIMITS)])
    const valuesOf = (key: string) => (key === 'iam:passedtoservice' ? ['medical-imaging.amazonaws.com'] : undefined)
    return ACTIONS.filter((action) => set.decide({ action, resource, valuesOf }).outcome === 'allow')
  }

  test('full access is every action of the service, and passing a role to it', () => {
    assert.deepEqual(
      allowed('AWSHealthImagingFullAccess'),
      ACTIONS.filter((action) => !action.startsWith('hilum:')),
    )
  })

  test('read-only access is the ten actions of AWS', () => {
    const found = allowed('AWSHealthImagingReadOnlyAccess')
    assert.equal(found.length, 10)
    assert.ok(found.every((action) => /^medical-imaging:(Get|List|Search)/.test(action)))
  })

  test("Hilum's own are parsed, and the administrator may do everything", () => {
    assert.deepEqual(allowed('HilumAdministratorAccess'), ACTIONS)
    assert.equal(allowed('HilumConsoleAccess').length, 8)
    assert.equal(allowed('HilumConsoleReadOnlyAccess').length, 4)
  })
})

describe('random policies', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '*', '?'), minLength: 1, maxLength: 6 })
  const value = fc.string({ unit: fc.constantFrom('a', 'b', 'A'), maxLength: 4 })
  const action = fc.oneof(
    fc.constantFrom('*', 's3:*', 's3:ab', ...ACTIONS.slice(0, 4)),
    letters.map((text) => `s3:${text}`),
  )
  const arn = (text: fc.Arbitrary<string>) =>
    fc.tuple(text, text, text).map(([region, account, path]) => `arn:aws:s3:${region}:${account}:${path}`)
  const resource = fc.oneof(fc.constant('*'), arn(letters))
  const keys = ['aws:username', 'aws:RequestTag/a', 'aws:ResourceTag/B'] as const
  const operators = ['StringEquals', 'StringNotEquals', 'StringLike', 'StringNotLike', 'StringEqualsIgnoreCase']
  const tests = fc.dictionary(fc.constantFrom(...keys), fc.array(letters, { minLength: 1, maxLength: 2 }), {
    minKeys: 1,
  })
  const condition = fc
    .dictionary(
      fc
        .tuple(
          fc.constantFrom('', 'ForAnyValue:', 'ForAllValues:'),
          fc.constantFrom(...operators),
          fc.constantFrom('', 'IfExists'),
        )
        .map((parts) => parts.join('')),
      tests,
      { maxKeys: 2 },
    )
    .map((found) => (Object.keys(found).length === 0 ? undefined : found))
  const others = fc.constantFrom<object | undefined>(
    undefined,
    { Null: { 'aws:username': 'true' } },
    { Bool: { 'aws:SecureTransport': 'true' } },
    { NumericLessThan: { 'aws:EpochTime': '50' } },
    { NumericNotEquals: { 'aws:EpochTime': '70' } },
    { DateGreaterThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' } },
    { ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::?:user/a*' } },
  )
  const list = (of: fc.Arbitrary<string>) => fc.array(of, { minLength: 1, maxLength: 3 })
  const statement = fc
    .record({
      effect: fc.constantFrom('Allow', 'Allow', 'Deny'),
      actions: list(action),
      isNotAction: fc.boolean(),
      resources: list(resource),
      isNotResource: fc.boolean(),
      condition: fc.oneof(condition, others),
    })
    .map(({ effect, actions, isNotAction, resources, isNotResource, condition }) => ({
      Effect: effect,
      [isNotAction ? 'NotAction' : 'Action']: actions,
      [isNotResource ? 'NotResource' : 'Resource']: resources,
      ...(condition && { Condition: condition }),
    }))
  const documents = fc.array(fc.record({ Statement: fc.array(statement, { minLength: 1, maxLength: 4 }) }), {
    maxLength: 3,
  })
  const values = fc.record(
    {
      'aws:username': fc.tuple(value),
      'aws:requesttag/a': fc.array(value, { maxLength: 2 }),
      'aws:resourcetag/b': fc.tuple(value),
      'aws:securetransport': fc.constantFrom(['true'], ['false']),
      'aws:epochtime': fc.constantFrom(['49'], ['50'], ['70']),
      'aws:currenttime': fc.constantFrom(['2026-01-01T00:00:00Z'], ['2026-01-02T00:00:00Z']),
      'aws:principalarn': fc.constantFrom(['arn:aws:iam::1:user/ab'], ['arn:aws:iam::12:user/ab']),
    },
    { requiredKeys: [] },
  )
  const request = fc.record({
    action: fc.constantFrom('s3:ab', 's3:a', 's3:ba', ...ACTIONS.slice(0, 4)),
    resource: fc.oneof(fc.constant('*'), arn(value.filter((text) => text !== ''))),
    values,
  })

  test('are decided as the naive evaluator decides them', () => {
    const counts: Record<string, number> = {}
    fc.assert(
      fc.property(documents, fc.array(request, { minLength: 1, maxLength: 8 }), (policies, requests) => {
        const set = compilePolicies(policies.map((each) => parsed(each)))
        for (const each of requests) {
          const values: Record<string, readonly string[] | undefined> = each.values
          const { outcome } = set.decide({ ...each, valuesOf: (key) => values[key] })
          counts[outcome] = (counts[outcome] ?? 0) + 1
          assert.equal(outcome, naiveDecision(policies, each as Parameters<typeof naiveDecision>[1]))
        }
      }),
      { seed: 20_261_126, numRuns: 3_000 },
    )
    for (const outcome of ['allow', 'explicit deny', 'implicit deny']) assert.ok(counts[outcome]! > 300, outcome)
  })
})
