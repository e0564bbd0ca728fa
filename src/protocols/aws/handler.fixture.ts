/** The AWS API's protocol handler over a few plain functions, with its log captured. */
import assert from 'node:assert/strict'
import type { App } from '../../app.ts'
import type { Handlers } from '../../contract/handlers.ts'
import { type OperationName, operations } from '../../contract/operations.ts'
import { DEFAULT_LIMITS } from '../../default-limits.ts'
import { NO_AUDIT_LOG } from '../../security/audit/audit-log.ts'
import { TokenBuckets } from '../http/token-buckets.ts'
import type { ProtocolHandler } from '../http/wire.ts'
import { awsHandler } from './serve.ts'
import { ACCESS_KEY_ID, NOW, SECRET, signingKey } from './signed-request.fixture.ts'
import { createVerifier } from './sigv4.ts'

export interface LogLine {
  readonly level: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

export function logInto(lines: LogLine[]): App['log'] {
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields: { ...fields }, message })
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

export interface HandlerFixture {
  readonly handler: ProtocolHandler
  readonly lines: LogLine[]
  /** The handler's clock, in milliseconds. */
  readonly time: { now: number }
}

export function handlerOver(
  built: Partial<Handlers<App>>,
  { awsQuotas = false }: { readonly awsQuotas?: boolean } = {},
): HandlerFixture {
  const lines: LogLine[] = []
  const time = { now: NOW }
  let requests = 0
  const app = {
    callers: {
      find: ({ accessKeyId }: { readonly accessKeyId: string }) =>
        [ACCESS_KEY_ID, 'SECOND'].includes(accessKeyId) ? signingKey(accessKeyId, SECRET) : undefined,
    },
    authorize: () => {},
    region: 'us-east-1',
    accountId: '123456789012',
    audit: NO_AUDIT_LOG,
    limits: DEFAULT_LIMITS,
    clock: () => time.now,
    newId: () => (++requests).toString(16).padStart(32, '0'),
    log: logInto(lines),
    awsQuotas,
    throttleBuckets: new TokenBuckets(DEFAULT_LIMITS.rateLimitsKept),
    serverCount: () => 1,
  }
  const notCalled = async () => assert.fail('the test calls no other operation')
  const others = (Object.keys(operations) as OperationName[]).map((name) => [name, notCalled])
  // The handler uses no other members of an App.
  const { callers: credentials, limits } = app
  const verify = createVerifier({ credentials, limits, service: 'medical-imaging' })
  const all = { ...Object.fromEntries(others), ...built }
  const handler = awsHandler(app as unknown as App, all, { verify, checkPrincipal: () => {} })
  return { handler, lines, time }
}
