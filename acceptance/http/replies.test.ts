/** The format of every response on the wire. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  CreateDatastoreCommand,
  type DatastoreStatus,
  DeleteDatastoreCommand,
  GetDatastoreCommand,
  MedicalImagingClient,
} from '@aws-sdk/client-medical-imaging'
import { movableClock } from '../support/clock.ts'
import { activeDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { openHilum, sdkFor } from '../support/hilum.ts'
import { sendSigned } from '../support/raw-request.ts'
import { choice, documented, recorded } from '../support/sources.ts'
import { until } from '../support/until.ts'

const startedAt = Date.now()
const { hilum, sdk } = await openHilum()
const datastoreId = await activeDatastore(sdk, { datastoreName: 'wire' })
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The header has seconds, and the server makes it once a second. */
const DATE_PRECISION_MS = 2_000

const assertBetween = (time: number, from: number, to: number) =>
  assert.ok(time >= from && time <= to, `${time} is between ${from} and ${to}`)

describe('a successful response', recorded, () => {
  test('is JSON with its length, a request id and the time', async () => {
    const sentAt = Date.now()
    const { status, headers, body } = await sendSigned(hilum, { method: 'GET', path: `/datastore/${datastoreId}` })
    assert.equal(status, 200)
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(headers['content-length'], String(Buffer.byteLength(body)))
    assert.match(headers['x-amzn-requestid']!, UUID)
    assertBetween(Date.parse(headers.date!), sentAt - DATE_PRECISION_MS, Date.now())
    assert.equal(headers['content-encoding'], undefined)
  })

  test('has times in seconds, and omits absent members', async () => {
    const reply = await sendSigned(hilum, { method: 'GET', path: `/datastore/${datastoreId}` })
    const { createdAt, updatedAt, ...rest } = reply.json().datastoreProperties
    for (const time of [createdAt, updatedAt]) assertBetween(Math.round(time * 1000), startedAt, Date.now())
    assert.deepEqual(Object.keys(rest).toSorted(), [
      'datastoreArn',
      'datastoreId',
      'datastoreName',
      'datastoreStatus',
      'losslessStorageFormat',
    ])
    assert.doesNotMatch(reply.body, /null/)
  })

  test('has a unique request id', choice, async () => {
    const ids = new Set<string | undefined>()
    for (let n = 0; n < 10; n++) {
      ids.add((await sendSigned(hilum, { method: 'GET', path: '/datastore' })).headers['x-amzn-requestid'])
    }
    assert.equal(ids.size, 10)
  })
})

describe('an error', recorded, () => {
  test('has its name in a header and its message in the body', async () => {
    const { status, headers, json } = await sendSigned(hilum, { method: 'GET', path: `/datastore/${'0'.repeat(32)}` })
    assert.equal(status, 404)
    assert.equal(headers['x-amzn-errortype'], 'ResourceNotFoundException')
    assert.equal(headers['content-type'], 'application/json')
    assert.match(headers['x-amzn-requestid']!, UUID)
    assert.deepEqual(Object.keys(json()), ['message'])
  })

  test('of validation lists the invalid members', choice, async () => {
    const { json } = await sendSigned(hilum, { method: 'GET', path: '/datastore/XX' })
    assert.deepEqual(Object.keys(json()), ['message', 'fieldList'])
    assert.equal(json().fieldList[0].path, '/datastoreId')
  })
})

describe('with the quotas of the service', documented, () => {
  test('requests above the rate limit are throttled', async () => {
    const clock = movableClock('2026-03-01T00:00:00Z')
    const limited = await openHilum({ ...clock.options, awsQuotas: true })
    const create = (clientToken: string) => limited.sdk.send(new CreateDatastoreCommand({ clientToken }))
    await create('first')
    await rejectsAs(create('second'), 'ThrottlingException', 'Rate exceeded')
    const raw = await sendSigned(limited.hilum, { method: 'POST', path: '/datastore', body: '{"clientToken":"third"}' })
    assert.equal(raw.status, 429)
    assert.equal(raw.headers['retry-after'], '12')
    clock.advance(12_000)
    await create('second')
  })

  test('the SDK retries throttled requests', async () => {
    const clock = movableClock('2026-03-01T00:00:00Z')
    const limited = await openHilum({ ...clock.options, awsQuotas: true })
    const { datastoreId: id } = await limited.sdk.send(new CreateDatastoreCommand({ clientToken: 'only' }))
    const retrying = new MedicalImagingClient(limited.hilum.client)
    const statuses: number[] = []
    retrying.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args)
        const { statusCode } = result.response as { statusCode: number }
        statuses.push(statusCode)
        // The first that is refused may be sent again.
        if (statusCode === 429) clock.advance(100)
        return result
      },
      { step: 'deserialize', priority: 'low' },
    )
    const attempts = []
    for (let n = 0; n < 21; n++) {
      attempts.push((await retrying.send(new GetDatastoreCommand({ datastoreId: id! }))).$metadata.attempts)
    }
    assert.deepEqual(attempts, [...Array(20).fill(1), 2])
    assert.deepEqual(statuses, [...Array(20).fill(200), 429, 200])
    retrying.destroy()
  })

  test('the eleventh data store is refused until another is deleted', async () => {
    const clock = movableClock('2026-03-01T00:00:00Z')
    const limited = await openHilum({ ...clock.options, awsQuotas: true })
    const create = (n: number) => {
      clock.advance(12_000)
      return limited.sdk.send(new CreateDatastoreCommand({ clientToken: `store-${n}` }))
    }
    /** Polls as often as the machine needs: the clock moves on with each request. */
    const becomes = (id: string, status: DatastoreStatus) =>
      until(async () => {
        clock.advance(1_000)
        const { datastoreProperties } = await limited.sdk.send(new GetDatastoreCommand({ datastoreId: id }))
        return datastoreProperties?.datastoreStatus === status || undefined
      })
    const { datastoreId: first } = await create(0)
    for (let n = 1; n < 10; n++) await create(n)
    await rejectsAs(create(10), 'ServiceQuotaExceededException', /10/)
    await becomes(first!, 'ACTIVE')
    await limited.sdk.send(new DeleteDatastoreCommand({ datastoreId: first! }))
    await becomes(first!, 'DELETED')
    await create(10)
  })

  test('without the quotas there is no limit', choice, async () => {
    const client = sdkFor(hilum)
    for (let n = 0; n < 15; n++) await client.send(new CreateDatastoreCommand({ clientToken: `free-${n}` }))
    client.destroy()
  })
})
