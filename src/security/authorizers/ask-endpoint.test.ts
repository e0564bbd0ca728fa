/** Authorizers with an endpoint, a real HTTP server: every row of the table of errors, and what the answered role may do. */
import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, type TestContext, test } from 'node:test'
import type { ContractError } from '../../contract/errors.ts'
import { DEFAULT_LIMITS } from '../../default-limits.ts'
import { AUTHORIZER, bodyOf, openOver, startHttp, tokenOf, VALID } from './authorizers.fixture.ts'

const ROLE = 'arn:aws:iam::123456789012:role/hospital/radiology'
const ROLES = { [ROLE]: { policies: ['AWSHealthImagingReadOnlyAccess', 'no-frames'] } }
const TOKEN = tokenOf(VALID)

const answering =
  (answer: object | string, status = 200) =>
  (_: IncomingMessage, response: ServerResponse) =>
    void response.writeHead(status).end(typeof answer === 'string' ? answer : JSON.stringify(answer))
const ALLOWED = { isTokenValid: true, roleArn: ROLE }

async function over(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  options: Parameters<typeof openOver>[2] = {},
) {
  const endpoint = `${await startHttp(t, answer)}/authorize`
  const opened = await openOver(t, { endpoint }, { roles: ROLES, ...options })
  await opened.putPolicy('no-frames', { Effect: 'Deny', Action: 'medical-imaging:GetImageFrame', Resource: '*' })
  return opened
}

async function refusal(answer: Promise<unknown>): Promise<readonly [number, string, string]> {
  const error = (await answer.then(
    () => assert.fail('the token was accepted'),
    (thrown) => thrown,
  )) as ContractError
  assert.ok(error.status !== undefined, error.stack)
  return [error.status, error.name, error.message]
}

const MISCONFIGURED = [424, 'AuthorizerMisconfigurationException', 'Authorizer Misconfiguration'] as const
const FAILED = [424, 'AuthorizerFailedException', 'Authorizer Failed'] as const
const ELSEWHERE = [424, 'AuthorizerCrossAccountException', 'Authorizer Cross Account/Cross Region Access'] as const
const TIMEOUT = [408, 'AuthorizerTimeoutException', 'Authorizer Timeout'] as const
const INVALID = [403, 'InvalidTokenException', 'Invalid or Expired Token'] as const
const DENIED = [403, 'AccessDeniedException', 'Access Denied'] as const

test('the endpoint receives what the function receives, and the policies of the answered role decide', async (t) => {
  const asked: unknown[] = []
  const { authenticate, datastoreId } = await over(t, async (request, response) => {
    asked.push([request.method, request.url, JSON.parse(await bodyOf(request)), request.headers.authorization])
    response.end(JSON.stringify(ALLOWED))
  })
  const caller = await authenticate(TOKEN)
  const question = { datastoreId, operation: 'GetDICOMInstance', bearerToken: TOKEN }
  assert.deepEqual(asked, [['POST', '/authorize', question, undefined]])
  assert.equal(caller.arn, 'arn:aws:sts::123456789012:assumed-role/radiology/mary')
  assert.deepEqual(caller.bearer, { kind: 'role', authorizerArn: AUTHORIZER, roleArn: ROLE, subject: 'mary' })
  const decide = (action: string) =>
    caller.policies.decide({ action, resource: '*', valuesOf: () => undefined }).outcome
  assert.deepEqual(
    ['GetImageSet', 'GetImageFrame', 'DeleteImageSet'].map((name) => decide(`medical-imaging:${name}`)),
    ['allow', 'explicit deny', 'implicit deny'],
  )
})

describe('a token is refused with the error of the table', () => {
  const rows: Record<string, [Parameters<typeof over>[1], readonly [number, string, string]]> = {
    'an endpoint that says no': [answering({ isTokenValid: false, roleArn: ROLE }), INVALID],
    'an endpoint that returns an empty role': [answering({ isTokenValid: true, roleArn: '' }), DENIED],
    'an answer without a role': [answering({ isTokenValid: true }), MISCONFIGURED],
    'an answer whose isTokenValid is text': [answering({ ...ALLOWED, isTokenValid: 'true' }), MISCONFIGURED],
    'an answer that is a list': [answering('[]'), MISCONFIGURED],
    'an answer that is not JSON': [answering('<html>'), MISCONFIGURED],
    'an empty answer': [answering(''), MISCONFIGURED],
    'a huge answer': [answering('x'.repeat(DEFAULT_LIMITS.authorizerAnswerBytes + 1)), MISCONFIGURED],
    'an endpoint that does not exist': [answering('', 404), MISCONFIGURED],
    'an endpoint that fails': [answering(ALLOWED, 500), FAILED],
    'a redirect, which is not followed': [
      (_, response) => void response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(),
      MISCONFIGURED,
    ],
    'a connection that breaks': [(request) => void request.socket.destroy(), FAILED],
    'an answer that breaks off': [
      (_, response) => {
        response.writeHead(200, { 'content-length': 100 })
        response.write('{', () => response.destroy())
      },
      FAILED,
    ],
    'a role that is not configured': [
      answering({ ...ALLOWED, roleArn: 'arn:aws:iam::123456789012:role/other' }),
      MISCONFIGURED,
    ],
    'a role that is no ARN': [answering({ ...ALLOWED, roleArn: 'radiology' }), ELSEWHERE],
    'a role of another account': [answering({ ...ALLOWED, roleArn: 'arn:aws:iam::999999999999:role/r' }), ELSEWHERE],
  }
  for (const [name, [answer, expected]] of Object.entries(rows)) {
    test(name, async (t) => {
      const { authenticate, warnings } = await over(t, answer)
      assert.deepEqual(await refusal(authenticate(TOKEN)), expected)
      // The operator learns of an authorizer that has to be repaired, and never reads the token.
      assert.equal(warnings.length, expected[0] === 403 ? 0 : 1)
      assert.ok(!warnings.join().includes(TOKEN.split('.')[1]!))
    })
  }

  test('an endpoint that does not answer in time, or only begins to', async (t) => {
    const limits = { authorizerTimeoutMs: 50 }
    const silent = await over(t, () => {}, { limits })
    assert.deepEqual(await refusal(silent.authenticate(TOKEN)), TIMEOUT)
    const slow = await over(t, (_, response) => void response.write('{'), { limits })
    assert.deepEqual(await refusal(slow.authenticate(TOKEN)), TIMEOUT)
  })

  test('a role with a policy that does not exist', async (t) => {
    const { authenticate, warnings } = await over(t, answering(ALLOWED), { roles: { [ROLE]: { policies: ['gone'] } } })
    assert.deepEqual(await refusal(authenticate(TOKEN)), MISCONFIGURED)
    assert.deepEqual(warnings, ['the policy gone does not exist'])
  })

  test('a role without policies, which has S3 credentials only', async (t) => {
    const { authenticate } = await over(t, answering(ALLOWED), { roles: { [ROLE]: {} } })
    assert.deepEqual(await refusal(authenticate(TOKEN)), MISCONFIGURED)
  })

  test('an authorizer that is no longer configured, or is of another region or account', async (t) => {
    const gone = await openOver(t, undefined)
    assert.deepEqual(await refusal(gone.authenticate(TOKEN)), MISCONFIGURED)
    for (const arn of [
      AUTHORIZER.replace('us-east-1', 'eu-west-1'),
      AUTHORIZER.replace('123456789012', '1'.repeat(12)),
    ]) {
      const other = await openOver(t, undefined, { arn })
      assert.deepEqual(await refusal(other.authenticate(TOKEN)), ELSEWHERE)
    }
  })

  test('a data store without an authorizer, and one that does not exist', async (t) => {
    const without = await openOver(t, undefined, { arn: undefined })
    assert.deepEqual(await refusal(without.authenticate(TOKEN)), DENIED)
    assert.deepEqual(await refusal(without.authenticate(TOKEN, { datastoreId: 'f'.repeat(32) })), DENIED)
  })

  test('a token that has expired is refused without a request', async (t) => {
    let requests = 0
    const { authenticate } = await over(t, (request, response) => {
      requests++
      answering(ALLOWED)(request, response)
    })
    assert.deepEqual(await refusal(authenticate(tokenOf({ ...VALID, exp: 1 }))), INVALID)
    assert.equal(requests, 0)
  })
})

describe('the number of requests', () => {
  function counting(t: TestContext, limits: object) {
    const waiting: ServerResponse[] = []
    const arrivals: (() => void)[] = []
    const opened = over(
      t,
      (_, response) => {
        waiting.push(response)
        for (const arrived of arrivals.splice(0)) arrived()
      },
      { limits },
    )
    const arrived = () => new Promise<void>((resolve) => arrivals.push(resolve))
    const answerAll = (answer: object, status = 200) => {
      for (const response of waiting.splice(0)) response.writeHead(status).end(JSON.stringify(answer))
    }
    return { opened, arrived, answerAll, waiting }
  }

  test('requests with one token share one decision, until it is too old', async (t) => {
    const { opened, arrived, answerAll, waiting } = counting(t, {})
    const { authenticate } = await opened
    const first = arrived()
    const all = Array.from({ length: 50 }, () => authenticate(TOKEN))
    await first
    assert.equal(waiting.length, 1)
    answerAll(ALLOWED)
    assert.equal(new Set(await Promise.all(all)).size, 1)
    const later = DEFAULT_LIMITS.authorizerCacheMs
    const now = VALID.iat * 1000 + 60_000
    assert.ok(await authenticate(TOKEN, { now: now + later - 1 }))
    const second = arrived()
    const again = authenticate(TOKEN, { now: now + later })
    await second
    answerAll({ isTokenValid: false })
    assert.deepEqual(await refusal(again), INVALID)
  })

  test('another operation is another decision, and a failure is not remembered', async (t) => {
    const { opened, arrived, answerAll } = counting(t, {})
    const { authenticate } = await opened
    const ask = async (operation: string, status = 200) => {
      const one = arrived()
      const answer = authenticate(TOKEN, { operation })
      await one
      answerAll(ALLOWED, status)
      return answer
    }
    assert.ok(await ask('GetDICOMInstance'))
    assert.deepEqual(await refusal(ask('SearchDICOMStudies', 500)), FAILED)
    assert.ok(await ask('SearchDICOMStudies'))
  })

  test('too many different tokens at the same time are refused', async (t) => {
    const { opened, arrived, answerAll } = counting(t, { authorizerCalls: 1 })
    const { authenticate } = await opened
    const one = arrived()
    const first = authenticate(TOKEN)
    await one
    const other = await refusal(authenticate(tokenOf({ ...VALID, sub: 'john' })))
    assert.deepEqual(other, [429, 'ThrottlingException', 'Too many requests'])
    answerAll(ALLOWED)
    assert.ok(await first)
  })

  test('for an address with too many wrong tokens, only a token that was accepted once is decided', async (t) => {
    const { opened, arrived, answerAll, waiting } = counting(t, {})
    const { authenticate, datastoreId } = await opened
    const answered = async (answer: object, request: object) => {
      const one = arrived()
      const caller = authenticate(TOKEN, request)
      await one
      answerAll(answer)
      return caller
    }
    const late = VALID.iat * 1000 + 60_000 + DEFAULT_LIMITS.authorizerCacheMs
    const limited = { decideAfterSeconds: 0.5 }
    const throttled = { name: 'ThrottlingException', retryAfterSeconds: 0.5 }
    assert.deepEqual(await refusal(answered({ isTokenValid: false }, {})), INVALID)
    await assert.rejects(authenticate(TOKEN, limited), throttled)
    assert.ok(await answered(ALLOWED, {}))
    assert.ok(await authenticate(TOKEN, limited), 'the decision is remembered')
    assert.ok(await answered(ALLOWED, { ...limited, now: late, operation: 'SearchDICOMStudies' }))
    await assert.rejects(authenticate(tokenOf({ ...VALID, sub: 'john' }), limited), throttled)
    await assert.rejects(authenticate(TOKEN, { ...limited, datastoreId: `${datastoreId.slice(1)}0` }), throttled)
    assert.equal(waiting.length, 0)
    assert.deepEqual(await refusal(authenticate(tokenOf({ ...VALID, exp: 1 }), limited)), INVALID)
  })
})
