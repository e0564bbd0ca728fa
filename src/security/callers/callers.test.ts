/** Callers over a catalog: the cache, rotation, sealed secrets, and sessions. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { DEFAULT_LIMITS } from '../../default-limits.ts'
import type { Limits } from '../../limits.ts'
import { newId } from '../../server/new-id.ts'
import { openSqliteCatalog } from '../../stores/sql/open-sqlite.ts'
import type { Callers } from './callers.ts'
import { openCallers } from './callers.ts'

const OWNER = { accessKeyId: 'OWNEROWNEROWNEROWNER', secretAccessKey: 'owner secret' }
const READ = { policyName: 'AWSHealthImagingReadOnlyAccess', document: undefined }

async function open(t: TestContext, limits: Partial<Limits> = {}) {
  const catalog = await openSqliteCatalog({ path: ':memory:', newId })
  t.after(() => catalog.close())
  const time = { now: 1_000_000, elapsed: 0 }
  const counts = { numbers: 0, keys: 0 }
  const errors: string[] = []
  const access = {
    changeNumber: () => {
      counts.numbers++
      return catalog.access.changeNumber()
    },
    findKey: (id: string) => {
      counts.keys++
      return catalog.access.findKey(id)
    },
    sessionsEndedAt: (id: string) => catalog.access.sessionsEndedAt(id),
  }
  /** Another process of the same catalog. */
  const process = (sealingKey = Buffer.alloc(32, 7), owner = OWNER) =>
    openCallers({
      ...{ owner, sealingKey, access, accountId: '123456789012' },
      limits: { ...DEFAULT_LIMITS, ...limits },
      clock: () => time.now,
      elapsed: () => time.elapsed,
      log: { error: (_, message) => errors.push(message) },
    })
  const callers = process()
  async function create(name: string, policies = [READ]) {
    const { secretAccessKey, stored } = callers.makeKey()
    const request = { name, key: stored, policies, tags: {}, principalsMax: 10, managedNames: [READ.policyName] }
    assert.equal(await catalog.access.createPrincipal(request), 'created')
    return { accessKeyId: stored.accessKeyId, secretAccessKey }
  }
  return { catalog, callers, process, create, time, counts, errors }
}

const find = async (callers: Callers, accessKeyId: string, sessionToken?: string) =>
  callers.find({ accessKeyId, sessionToken })
const mayRead = async (callers: Callers, accessKeyId: string) =>
  (await find(callers, accessKeyId))?.caller.policies.decide({
    action: 'medical-imaging:GetImageSet',
    resource: '*',
    valuesOf: () => undefined,
  }).outcome

test('the owner is found without waiting and without the catalog, and may do everything', async (t) => {
  const { callers, counts } = await open(t)
  const key = callers.find({ accessKeyId: OWNER.accessKeyId, sessionToken: 'stale token of AWS' })
  assert.ok(key !== undefined && !(key instanceof Promise))
  assert.equal(key.secretAccessKey, OWNER.secretAccessKey)
  assert.equal(key.caller.arn, 'arn:aws:iam::123456789012:root')
  assert.deepEqual(counts, { numbers: 0, keys: 0 })
  assert.equal(await find(callers, 'AKIAIOSFODNN7EXAMPLE'), undefined)
  assert.deepEqual(counts, { numbers: 0, keys: 0 }, 'an id of another form is not looked up')
})

describe('a principal', () => {
  test('is found by its key, with the secret that was made and its policies', async (t) => {
    const { callers, create, catalog } = await open(t)
    const { accessKeyId, secretAccessKey } = await create('mary')
    const key = await find(callers, accessKeyId)
    assert.equal(key!.secretAccessKey, secretAccessKey)
    assert.equal(key!.caller.arn, 'arn:aws:iam::123456789012:user/mary')
    assert.equal(await mayRead(callers, accessKeyId), 'allow')
    const { key: kept } = await catalog.access.findKey(accessKeyId)
    assert.equal(Buffer.from(kept!.sealedSecret).includes(secretAccessKey), false)
  })

  test('is cached: then a request waits for nothing, and after two seconds only for the number of the last change', async (t) => {
    const { callers, create, time, counts } = await open(t)
    const { accessKeyId } = await create('mary')
    await find(callers, accessKeyId)
    assert.deepEqual(counts, { numbers: 1, keys: 1 })
    time.elapsed = 1_999
    assert.ok(!(callers.find({ accessKeyId, sessionToken: undefined }) instanceof Promise))
    time.elapsed = 2_000
    await Promise.all([find(callers, accessKeyId), find(callers, accessKeyId)])
    assert.deepEqual(counts, { numbers: 2, keys: 1 })
  })

  test('that is disabled stops in this process at once, and in another within two seconds', async (t) => {
    const { callers, process, create, catalog, time } = await open(t)
    const other = process()
    const { accessKeyId } = await create('mary')
    for (const each of [callers, other]) assert.ok(await find(each, accessKeyId))
    time.elapsed = 1_000
    await catalog.access.setEnabled('mary', false)
    callers.refresh()
    assert.equal(await find(callers, accessKeyId), undefined)
    assert.ok(await find(other, accessKeyId), 'its cache is still valid')
    time.elapsed = 2_000
    assert.equal(await find(other, accessKeyId), undefined)
    await catalog.access.setEnabled('mary', true)
    callers.refresh()
    time.elapsed = 2_001
    assert.ok(await find(callers, accessKeyId))
  })

  test('has the policies of the last change', async (t) => {
    const { callers, create, catalog, time } = await open(t)
    const { accessKeyId } = await create('mary')
    assert.equal(await mayRead(callers, accessKeyId), 'allow')
    const document = JSON.stringify({ Statement: { Effect: 'Deny', Action: '*', Resource: '*' } })
    const options = { policiesMax: 5, managedNames: [] }
    await catalog.access.attachPolicy('mary', { policyName: 'no', document }, options)
    time.elapsed = 2_000
    assert.equal(await mayRead(callers, accessKeyId), 'explicit deny')
  })

  test('with a policy that cannot be read is denied everything, and the log says so', async (t) => {
    const { callers, create, catalog, errors } = await open(t)
    const { accessKeyId } = await create('mary')
    await catalog.access.attachPolicy(
      'mary',
      { policyName: 'bad', document: '{' },
      { policiesMax: 5, managedNames: [] },
    )
    assert.equal(await mayRead(callers, accessKeyId), 'implicit deny')
    assert.match(errors[0]!, /a policy cannot be read/)
  })

  test('has two keys while a rotation overlaps', async (t) => {
    const { callers, create, catalog, time } = await open(t)
    const { accessKeyId } = await create('mary')
    const { stored } = callers.makeKey()
    await catalog.access.rotateKey('mary', { key: stored, otherKeysExpireAt: time.now + 60_000 })
    callers.refresh()
    time.elapsed = 1
    for (const id of [accessKeyId, stored.accessKeyId]) assert.ok(await find(callers, id))
    time.now += 60_000
    assert.equal(await find(callers, accessKeyId), undefined, 'also from the cache')
    assert.ok(await find(callers, stored.accessKeyId))
  })

  test('whose secret was sealed with another key is not found, and the log says what to do', async (t) => {
    const { process, create, errors } = await open(t)
    const { accessKeyId } = await create('mary')
    assert.equal(await find(process(Buffer.alloc(32, 8)), accessKeyId), undefined)
    assert.match(errors[0]!, /copy sealing\.key from the server that created it, or set HILUM_SEALING_KEY/)
  })

  test('cannot use the sealed secret of another', async (t) => {
    const { callers, create, catalog } = await open(t)
    const mary = await create('mary')
    const { key } = await catalog.access.findKey(mary.accessKeyId)
    const accessKeyId = callers.makeKey().stored.accessKeyId
    const stolen = { accessKeyId, sealedSecret: key!.sealedSecret, createdAt: 0 }
    await catalog.access.createPrincipal({
      name: 'eve',
      key: stolen,
      policies: [],
      tags: {},
      principalsMax: 9,
      managedNames: [],
    })
    assert.equal(await find(callers, accessKeyId), undefined)
  })

  test('is removed from the cache when more are used than it holds', async (t) => {
    const { callers, create, counts } = await open(t, { accessKeysCached: 2 })
    const keys = [await create('a'), await create('b'), await create('c')]
    for (const { accessKeyId } of [...keys, ...keys]) assert.ok(await find(callers, accessKeyId))
    assert.equal(counts.keys, 6)
  })
})

describe('an unknown key', () => {
  const unknownIds = (count: number) =>
    Array.from({ length: count }, (_, at) => `HILUM${'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[at]!.repeat(15)}`)

  test('is looked up once until something changes', async (t) => {
    const { callers, create, counts, time } = await open(t)
    const [id] = unknownIds(1) as [string]
    for (let requests = 0; requests < 5; requests++) assert.equal(await find(callers, id), undefined)
    assert.deepEqual(counts, { numbers: 1, keys: 1 })
    await create('mary')
    time.elapsed = 2_000
    for (let requests = 0; requests < 5; requests++) assert.equal(await find(callers, id), undefined)
    assert.equal(counts.keys, 2)
  })

  test('does not displace the keys in use', async (t) => {
    const { callers, create, counts } = await open(t, { accessKeysCached: 2 })
    const { accessKeyId } = await create('mary')
    await find(callers, accessKeyId)
    for (const id of unknownIds(10)) await find(callers, id)
    assert.equal(counts.keys, 11)
    assert.ok(!(callers.find({ accessKeyId, sessionToken: undefined }) instanceof Promise))
  })

  test('is not looked up for an address with too many bad signatures, where keys that were used still are', async (t) => {
    const { callers, process, create, catalog, counts, time } = await open(t)
    const { accessKeyId } = await create('mary')
    const limited = async (of: Callers, id: string, sessionToken?: string) =>
      of.find({ accessKeyId: id, sessionToken, lookUpAfterSeconds: 3 })
    const throttled = { name: 'ThrottlingException', retryAfterSeconds: 3 }
    await assert.rejects(limited(callers, accessKeyId), throttled)
    assert.equal(counts.keys, 0)
    const { caller } = (await find(callers, accessKeyId))!
    const session = callers.startSession(caller)
    const asKnown = async (of: Callers) => {
      assert.ok(await limited(of, accessKeyId))
      assert.ok(await limited(of, session.accessKeyId, session.sessionToken))
      assert.ok(await limited(of, OWNER.accessKeyId))
    }
    await asKnown(callers)
    // A change empties the cache.
    await catalog.access.setEnabled('mary', false)
    await catalog.access.setEnabled('mary', true)
    time.elapsed = 2_000
    await asKnown(callers)
    const other = process()
    await assert.rejects(limited(other, session.accessKeyId, session.sessionToken), throttled)
    assert.equal(await limited(other, 'AKIAIOSFODNN7EXAMPLE'), undefined, 'it would not be looked up anyway')
  })
})

test('a read that began before a change is not cached after it', async (t) => {
  const { catalog, create, time } = await open(t)
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const slow = openCallers({
    ...{ owner: OWNER, sealingKey: Buffer.alloc(32, 7), accountId: '1', limits: DEFAULT_LIMITS },
    clock: () => time.now,
    elapsed: () => time.elapsed++,
    log: { error: () => {} },
    access: {
      changeNumber: () => catalog.access.changeNumber(),
      sessionsEndedAt: (id) => catalog.access.sessionsEndedAt(id),
      async findKey(id) {
        const found = await catalog.access.findKey(id)
        await held
        return found
      },
    },
  })
  const { accessKeyId } = await create('mary')
  const early = find(slow, accessKeyId)
  await new Promise((resolve) => setTimeout(resolve, 20))
  await catalog.access.setEnabled('mary', false)
  slow.refresh()
  release()
  await early
  assert.equal(await find(slow, accessKeyId), undefined)
})

describe('a session', () => {
  test('has the permissions of its caller until it expires, in every process with the sealing key', async (t) => {
    const { callers, process, create, time } = await open(t)
    const { accessKeyId } = await create('mary')
    const { caller } = (await find(callers, accessKeyId))!
    const session = callers.startSession(caller)
    assert.equal(session.expiresAt, time.now + 3_600_000)
    const key = await find(process(), session.accessKeyId, session.sessionToken)
    assert.equal(key!.secretAccessKey, session.secretAccessKey)
    assert.deepEqual(
      { ...key!.caller, policies: undefined },
      {
        ...caller,
        policies: undefined,
        accessKeyId: session.accessKeyId,
        renewableUntil: time.now + 12 * 3_600_000,
        sessionStartedAt: time.now,
      },
    )
    assert.equal(await find(process(Buffer.alloc(32, 8)), session.accessKeyId, session.sessionToken), undefined)
    time.now += 3_600_000
    await assert.rejects(find(callers, session.accessKeyId, session.sessionToken), { name: 'ExpiredTokenException' })
  })

  test('is renewed until twelve hours after sign-in', async (t) => {
    const { callers, time } = await open(t)
    let { caller } = (await find(callers, OWNER.accessKeyId))!
    const signedInAt = time.now
    let session = callers.startSession(caller)
    for (let renewals = 0; session.expiresAt > time.now; renewals++) {
      assert.ok(renewals < 30)
      caller = (await find(callers, session.accessKeyId, session.sessionToken))!.caller
      session = callers.startSession(caller)
      time.now += 45 * 60_000
    }
    assert.equal(session.expiresAt, signedInAt + 12 * 3_600_000)
    assert.equal(caller.id, OWNER.accessKeyId)
  })

  test('ends with the access key that it was started with', async (t) => {
    const { callers, process, create, catalog, time } = await open(t)
    const { accessKeyId } = await create('mary')
    const { accessKeyId: id, sessionToken } = callers.startSession((await find(callers, accessKeyId))!.caller)
    await catalog.access.setEnabled('mary', false)
    time.elapsed = 2_000
    assert.equal(await find(callers, id, sessionToken), undefined)
    await catalog.access.setEnabled('mary', true)
    time.elapsed = 4_000
    assert.ok(await find(callers, id, sessionToken))
    const { stored } = callers.makeKey()
    await catalog.access.rotateKey('mary', { key: stored, otherKeysExpireAt: time.now })
    time.elapsed = 6_000
    assert.equal(await find(callers, id, sessionToken), undefined)

    const ofOwner = callers.startSession((await find(callers, OWNER.accessKeyId))!.caller)
    const otherOwner = process(Buffer.alloc(32, 7), { accessKeyId: 'ANOTHER', secretAccessKey: 'x' })
    assert.equal(await find(otherOwner, ofOwner.accessKeyId, ofOwner.sessionToken), undefined)
  })

  test('ends when the sessions of its caller are ended, with its renewals, and a new one does not', async (t) => {
    const { callers, process, create, catalog, time } = await open(t)
    const other = process()
    const { accessKeyId } = await create('mary')
    for (const signInKeyId of [accessKeyId, OWNER.accessKeyId]) {
      const { caller } = (await find(callers, signInKeyId))!
      const first = callers.startSession(caller)
      time.now += 45 * 60_000
      const renewing = (await find(callers, first.accessKeyId, first.sessionToken))!.caller
      const renewed = callers.startSession(renewing)
      await find(other, renewed.accessKeyId, renewed.sessionToken)
      await catalog.access.endSessions(caller.id, time.now)
      callers.refresh()
      const ended = { name: 'ExpiredTokenException' }
      await assert.rejects(find(callers, first.accessKeyId, first.sessionToken), ended)
      await assert.rejects(find(callers, renewed.accessKeyId, renewed.sessionToken), ended)
      time.elapsed += 2_000
      await assert.rejects(find(other, renewed.accessKeyId, renewed.sessionToken), ended)
      const next = callers.startSession(caller)
      assert.ok(await find(callers, next.accessKeyId, next.sessionToken))
      assert.ok(await find(other, signInKeyId))
    }
  })

  test('token is bound to its access key, and a changed one is none', async (t) => {
    const { callers } = await open(t)
    const { caller } = (await find(callers, OWNER.accessKeyId))!
    const [one, other] = [callers.startSession(caller), callers.startSession(caller)]
    assert.equal(await find(callers, one.accessKeyId, other.sessionToken), undefined)
    assert.equal(await find(callers, one.accessKeyId), undefined)
    const bytes = Buffer.from(one.sessionToken, 'base64url')
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at]! ^= 1
      assert.equal(await find(callers, one.accessKeyId, changed.toString('base64url')), undefined, String(at))
    }
    for (const token of ['', 'x', 'é', one.sessionToken.slice(0, 40), 'A'.repeat(5_000)]) {
      assert.equal(await find(callers, one.accessKeyId, token), undefined)
    }
  })
})
