/** The promises of a catalog's principals, access keys and policies. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NewAccessKey } from '../access-repository.ts'
import type { Catalog } from '../catalog.ts'
import type { OpenCatalog } from './catalog.conformance.ts'
import { AT } from './catalog.fixture.ts'

const keyNamed = (accessKeyId: string, createdAt = AT): NewAccessKey => ({
  accessKeyId,
  sealedSecret: Buffer.from(`sealed ${accessKeyId}`),
  createdAt,
})

const create = (
  catalog: Catalog,
  name: string,
  {
    key = keyNamed(`KEY${name}`),
    policies = [],
    tags = {},
    principalsMax = 100,
  }: Partial<Parameters<Catalog['access']['createPrincipal']>[0]> = {},
) => catalog.access.createPrincipal({ name, key, policies, tags, principalsMax, managedNames: ['managed'] })

const keyOf = async (catalog: Catalog, accessKeyId: string) => (await catalog.access.findKey(accessKeyId)).key
const putPolicy = (catalog: Catalog, policyName: string, document = '{}', policiesMax = 100) =>
  catalog.access.putPolicy({ policyName, document, updatedAt: AT }, { policiesMax })

export function testAccess(open: OpenCatalog): void {
  test('a principal is found by its access key, with its policies', async (context) => {
    const catalog = await open(context)
    await putPolicy(catalog, 'shared', '{"a":1}')
    const policies = [
      { policyName: 'shared', document: undefined },
      { policyName: 'managed', document: undefined },
      { policyName: 'inline', document: '{"ü":"\\n"}' },
    ]
    assert.equal(await create(catalog, 'mary', { policies }), 'created')
    const key = await keyOf(catalog, 'KEYmary')
    assert.deepEqual(Buffer.from(key!.sealedSecret).toString(), 'sealed KEYmary')
    assert.deepEqual(
      { ...key, sealedSecret: undefined, principalId: undefined },
      {
        sealedSecret: undefined,
        principalId: undefined,
        expiresAt: undefined,
        name: 'mary',
        isEnabled: true,
        policies: [
          { policyName: 'inline', document: '{"ü":"\\n"}' },
          { policyName: 'managed', document: undefined },
          { policyName: 'shared', document: '{"a":1}' },
        ],
        tags: {},
      },
    )
    assert.equal(await keyOf(catalog, 'keymary'), undefined)
  })

  test('principals are listed by name, with their keys and the policies that belong to them', async (context) => {
    const catalog = await open(context)
    const inline = { policyName: 'inline', document: '{}' }
    await create(catalog, 'mary', { policies: [inline] })
    await create(catalog, 'Zoe')
    await create(catalog, 'ann')
    const listed = await catalog.access.listPrincipals()
    assert.deepEqual(
      listed.map(({ name }) => name),
      ['Zoe', 'ann', 'mary'],
    )
    const mary = {
      name: 'mary',
      isEnabled: true,
      createdAt: AT,
      accessKeys: [{ accessKeyId: 'KEYmary', createdAt: AT, expiresAt: undefined }],
      policies: [inline],
      tags: {},
    }
    assert.deepEqual(listed[2], mary)
    assert.deepEqual(await catalog.access.getPrincipal('mary'), mary)
    assert.equal(await catalog.access.getPrincipal('Mary'), undefined)
  })

  test('a name is used once, up to a number of principals', async (context) => {
    const catalog = await open(context)
    assert.equal(await create(catalog, 'mary'), 'created')
    assert.equal(await create(catalog, 'mary', { key: keyNamed('OTHER') }), 'exists')
    assert.equal(await keyOf(catalog, 'OTHER'), undefined)
    assert.equal(await create(catalog, 'john', { principalsMax: 1 }), 'too-many')
    const outcomes = await Promise.all(['a', 'b', 'c'].map((name) => create(catalog, name, { principalsMax: 2 })))
    assert.deepEqual(outcomes.sort(), ['created', 'too-many', 'too-many'])
  })

  test('a principal is not created with a policy that does not exist', async (context) => {
    const catalog = await open(context)
    const policies = [{ policyName: 'none', document: undefined }]
    assert.equal(await create(catalog, 'mary', { policies }), 'no-such-policy')
    assert.deepEqual(await catalog.access.listPrincipals(), [])
  })

  test('a principal has tags, whose keys are not case-sensitive, up to a number', async (context) => {
    const catalog = await open(context)
    await create(catalog, 'mary', { tags: { Team: 'ct', site: 'Zürich' } })
    const tagsOf = async () => {
      const { tags } = (await keyOf(catalog, 'KEYmary'))!
      assert.deepEqual((await catalog.access.getPrincipal('mary'))!.tags, tags)
      return tags
    }
    assert.deepEqual(await tagsOf(), { Team: 'ct', site: 'Zürich' })
    const before = await catalog.access.changeNumber()
    assert.equal(await catalog.access.tagPrincipal('mary', { team: 'mr', ward: '' }, { tagsMax: 3 }), 'tagged')
    assert.ok((await catalog.access.changeNumber()) > before)
    assert.deepEqual(await tagsOf(), { site: 'Zürich', team: 'mr', ward: '' })
    assert.equal(await catalog.access.tagPrincipal('mary', { floor: '1' }, { tagsMax: 3 }), 'too-many')
    assert.equal(await catalog.access.untagPrincipal('mary', ['SITE', 'none']), 'untagged')
    assert.deepEqual(await tagsOf(), { team: 'mr', ward: '' })
    assert.equal(await catalog.access.tagPrincipal('john', {}, { tagsMax: 3 }), 'absent')
    assert.equal(await catalog.access.untagPrincipal('john', []), 'absent')
  })

  test('a principal is disabled and enabled', async (context) => {
    const catalog = await open(context)
    await create(catalog, 'mary')
    for (const isEnabled of [false, true]) {
      assert.equal(await catalog.access.setEnabled('mary', isEnabled), 'changed')
      assert.equal((await keyOf(catalog, 'KEYmary'))!.isEnabled, isEnabled)
    }
    assert.equal(await catalog.access.setEnabled('john', false), 'absent')
  })

  test('after a rotation the other keys expire, and expired keys are removed by the next', async (context) => {
    const catalog = await open(context)
    await create(catalog, 'mary', { key: keyNamed('ONE', 1_000) })
    const rotate = (id: string, at: number, otherKeysExpireAt: number) =>
      catalog.access.rotateKey('mary', { key: keyNamed(id, at), otherKeysExpireAt })
    assert.equal(await rotate('TWO', 2_000, 3_000), 'rotated')
    assert.equal((await keyOf(catalog, 'ONE'))!.expiresAt, 3_000)
    assert.equal((await keyOf(catalog, 'TWO'))!.expiresAt, undefined)
    assert.equal(await rotate('THREE', 2_500, 9_000), 'rotated')
    assert.equal((await keyOf(catalog, 'ONE'))!.expiresAt, 3_000, 'it does not last longer')
    assert.equal((await keyOf(catalog, 'TWO'))!.expiresAt, 9_000)
    assert.equal(await rotate('FOUR', 3_000, 3_000), 'rotated')
    const kept = (await catalog.access.getPrincipal('mary'))!.accessKeys
    assert.deepEqual(
      kept.map(({ accessKeyId, expiresAt }) => [accessKeyId, expiresAt]),
      [
        ['TWO', 3_000],
        ['THREE', 3_000],
        ['FOUR', undefined],
      ],
    )
    assert.equal(await catalog.access.rotateKey('john', { key: keyNamed('FIVE'), otherKeysExpireAt: 0 }), 'absent')
    assert.equal(await keyOf(catalog, 'FIVE'), undefined)
  })

  test('policies are attached, replaced and detached, up to a number', async (context) => {
    const catalog = await open(context)
    await create(catalog, 'mary')
    const attach = (policyName: string, document?: string, policiesMax = 2) =>
      catalog.access.attachPolicy('mary', { policyName, document }, { policiesMax, managedNames: ['managed'] })
    assert.equal(await attach('a', '{"v":1}'), 'attached')
    assert.equal(await attach('b'), 'no-such-policy')
    await putPolicy(catalog, 'b')
    assert.equal(await attach('b'), 'attached')
    assert.equal(await attach('managed'), 'too-many')
    assert.equal(await attach('a', '{"v":2}'), 'attached')
    assert.deepEqual((await catalog.access.getPrincipal('mary'))!.policies, [
      { policyName: 'a', document: '{"v":2}' },
      { policyName: 'b', document: undefined },
    ])
    assert.equal(await catalog.access.detachPolicy('mary', 'a'), 'detached')
    assert.equal(await catalog.access.detachPolicy('mary', 'a'), 'not-attached')
    assert.equal(await catalog.access.detachPolicy('john', 'a'), 'absent')
    const other = { policyName: 'a', document: undefined }
    assert.equal(await catalog.access.attachPolicy('john', other, { policiesMax: 2, managedNames: [] }), 'absent')
  })

  test('policies are stored, replaced and listed by name, up to a number', async (context) => {
    const catalog = await open(context)
    assert.equal(await putPolicy(catalog, 'b', '{"v":1}'), 'stored')
    assert.equal(await putPolicy(catalog, 'a'), 'stored')
    assert.equal(await putPolicy(catalog, 'c', '{}', 2), 'too-many')
    assert.equal(await putPolicy(catalog, 'b', '{"v":2}', 2), 'stored')
    assert.deepEqual(await catalog.access.listPolicies(), [
      { policyName: 'a', document: '{}', updatedAt: AT },
      { policyName: 'b', document: '{"v":2}', updatedAt: AT },
    ])
    assert.equal((await catalog.access.getPolicy('b'))!.document, '{"v":2}')
    assert.equal(await catalog.access.getPolicy('c'), undefined)
  })

  test('a policy is not deleted while it is attached', async (context) => {
    const catalog = await open(context)
    await putPolicy(catalog, 'shared')
    await create(catalog, 'mary', { policies: [{ policyName: 'shared', document: undefined }] })
    await create(catalog, 'john', { policies: [{ policyName: 'own', document: '{}' }] })
    assert.equal(await catalog.access.deletePolicy('shared'), 'attached')
    assert.equal(await catalog.access.deletePolicy('own'), 'absent')
    await catalog.access.detachPolicy('mary', 'shared')
    assert.equal(await catalog.access.deletePolicy('shared'), 'deleted')
    assert.equal(await catalog.access.deletePolicy('shared'), 'absent')
  })

  test('a deleted principal leaves no key, and another of its name is another principal', async (context) => {
    const catalog = await open(context)
    await create(catalog, 'mary', { policies: [{ policyName: 'own', document: '{}' }] })
    const { principalId } = (await keyOf(catalog, 'KEYmary'))!
    assert.equal(await catalog.access.deletePrincipal('mary'), 'deleted')
    assert.equal(await catalog.access.deletePrincipal('mary'), 'absent')
    assert.equal(await keyOf(catalog, 'KEYmary'), undefined)
    assert.deepEqual(await catalog.access.listPrincipals(), [])
    assert.equal(await create(catalog, 'mary'), 'created')
    const again = (await keyOf(catalog, 'KEYmary'))!
    assert.notEqual(again.principalId, principalId)
    assert.deepEqual(again.policies, [])
  })

  test('the sessions of a caller are ended at the last time, and those of others are not', async (context) => {
    const catalog = await open(context)
    const { access } = catalog
    const before = await access.changeNumber()
    assert.deepEqual(await access.sessionsEndedAt('principal 1'), { changeNumber: before, endedAt: 0 })
    await access.endSessions('principal 1', AT)
    await access.endSessions('principal 1', AT + 5)
    assert.deepEqual(await access.sessionsEndedAt('principal 1'), { changeNumber: before + 2, endedAt: AT + 5 })
    assert.equal((await access.sessionsEndedAt('principal 2')).endedAt, 0)
  })

  test('each change has the next number, which a key is read with', async (context) => {
    const catalog = await open(context)
    const { access } = catalog
    const numbers = [await access.changeNumber()]
    const changes = [
      () => create(catalog, 'mary'),
      () => access.setEnabled('mary', false),
      () => access.rotateKey('mary', { key: keyNamed('TWO'), otherKeysExpireAt: 0 }),
      () => access.attachPolicy('mary', { policyName: 'a', document: '{}' }, { policiesMax: 1, managedNames: [] }),
      () => access.detachPolicy('mary', 'a'),
      () => putPolicy(catalog, 'p'),
      () => access.deletePolicy('p'),
      () => access.deletePrincipal('mary'),
    ]
    for (const change of changes) {
      await change()
      numbers.push(await access.changeNumber())
      assert.equal((await access.findKey('TWO')).changeNumber, numbers.at(-1))
    }
    assert.equal(new Set(numbers).size, changes.length + 1)
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    )
  })
}
