import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEFAULT_LIMITS } from '../../default-limits.ts'
import type { Limits } from '../../limits.ts'
import { type LogLine, logInto } from '../aws/handler.fixture.ts'
import { createRateLimits, type RefusalReason } from './rate-limits.ts'
import { bodyOf } from './request-body.fixture.ts'
import { TokenBuckets } from './token-buckets.ts'

const from = (remoteAddress: string) => ({ method: 'GET', target: '/', headers: {}, body: bodyOf(''), remoteAddress })

function open(limits: Partial<Limits>) {
  const time = { now: 1_000_000 }
  const lines: LogLine[] = []
  const refused: RefusalReason[] = []
  const app = { limits: { ...DEFAULT_LIMITS, ...limits }, clock: () => time.now, log: logInto(lines) }
  const rateLimits = createRateLimits({ ...app, serverCount: () => 1 }, (reason) => refused.push(reason))
  return { ...rateLimits, time, lines, refused }
}

describe('a token bucket', () => {
  const rate = { perSecond: 2, burst: 3 }

  test('has its burst at first, and fills at its rate', () => {
    const buckets = new TokenBuckets(10)
    const taken = (now: number) => buckets.take('a', rate, now)
    assert.deepEqual([taken(0), taken(0), taken(0), taken(0)], [undefined, undefined, undefined, 0.5])
    assert.equal(taken(250), 0.25)
    assert.equal(taken(500), undefined)
    assert.deepEqual(
      [1, 2, 3, 4].map(() => taken(60_000)),
      [undefined, undefined, undefined, 0.5],
    )
    assert.equal(taken(0), 0.5, 'a clock that is set back adds nothing')
    assert.equal(buckets.take('b', rate, 0), undefined)
  })

  test('is forgotten when others were used later', () => {
    const buckets = new TokenBuckets(2)
    for (let n = 0; n < 4; n++) buckets.take('a', rate, 0)
    buckets.take('b', rate, 0)
    assert.equal(buckets.take('a', rate, 0), 0.5)
    buckets.take('c', rate, 0)
    assert.equal(buckets.take('a', rate, 0), 0.5, 'it was used after b')
    for (let n = 0; n < 1_000; n++) buckets.take(`x${n}`, rate, 0)
    assert.equal(buckets.size, 2)
    assert.equal(buckets.wait('a', rate, 0), undefined)
  })
})

test('an address is limited, with its /64 network, and others are not', () => {
  const { refusalOf, time, lines, refused } = open({ requestsPerSecondPerAddress: 1, requestBurstPerAddress: 2 })
  for (const address of ['192.0.2.1', '2001:db8::1']) {
    assert.equal(refusalOf(from(address)), undefined)
    assert.equal(refusalOf(from(address)), undefined)
  }
  for (const address of ['192.0.2.1', '::ffff:192.0.2.1', '2001:db8::2']) {
    const refusal = refusalOf(from(address))
    assert.deepEqual([refusal?.status, refusal?.retryAfterSeconds], [429, 1], address)
  }
  assert.equal(refusalOf(from('192.0.2.2')), undefined)
  assert.deepEqual(refused, ['address', 'address', 'address'])
  assert.deepEqual(
    lines.map(({ level, fields }) => [level, fields]),
    [['warn', { limit: 'requestsPerSecondPerAddress', value: 1 }]],
    'one line a minute',
  )
  time.now += 1_000
  assert.equal(refusalOf(from('192.0.2.1')), undefined)
})

test('a principal is limited from all its addresses', () => {
  const { checkPrincipal, refused } = open({ requestsPerSecondPerPrincipal: 2, requestBurstPerPrincipal: 1 })
  checkPrincipal('mary', 0)
  assert.throws(() => checkPrincipal('mary', 0), { name: 'HttpRefusal', status: 429, retryAfterSeconds: 0.5 })
  checkPrincipal('john', 0)
  checkPrincipal('mary', 500)
  assert.deepEqual(refused, ['principal'])
})

test('bad signatures of an address are counted, and a pause forgives them', () => {
  const { signatures } = open({ failedSignaturesPerMinutePerAddress: 60, failedSignatureBurstPerAddress: 2 })
  const bad = from('192.0.2.1')
  assert.equal(signatures.waitSeconds(bad, 0), undefined)
  signatures.count(bad, 0)
  assert.equal(signatures.waitSeconds(bad, 0), undefined)
  signatures.count(bad, 0)
  assert.equal(signatures.waitSeconds(bad, 0), 1)
  assert.equal(signatures.waitSeconds(from('192.0.2.2'), 0), undefined)
  assert.equal(signatures.waitSeconds(bad, 1_000), undefined)
})
