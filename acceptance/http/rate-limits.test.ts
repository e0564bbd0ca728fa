/** Limits on the rate of requests over HTTP, for clients of the API and of the extensions. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ListDatastoresCommand } from '@aws-sdk/client-medical-imaging'
import { movableClock } from '../support/clock.ts'
import { rejectsAs } from '../support/errors.ts'
import { openHilum } from '../support/hilum.ts'
import { sendSigned } from '../support/raw-request.ts'
import { choice } from '../support/sources.ts'

describe('the rate of requests', choice, () => {
  test('of a principal is limited over all its requests, with the time to wait', async () => {
    const clock = movableClock('2026-03-01T00:00:00Z')
    const limits = { requestsPerSecondPerPrincipal: 1, requestBurstPerPrincipal: 3 }
    const { hilum, sdk } = await openHilum({ ...clock.options, limits: { ...clock.options.limits, ...limits } })
    const list = () => sdk.send(new ListDatastoresCommand({}))
    const session = async () => (await sendSigned(hilum, { method: 'POST', path: '/hilum/session' })).status
    await list()
    assert.equal(await session(), 200)
    await list()
    await rejectsAs(list(), 'ThrottlingException', 'Rate exceeded: too many requests of this principal.')
    const refused = await sendSigned(hilum, { method: 'GET', path: '/datastore' })
    assert.deepEqual([refused.status, refused.headers['retry-after']], [429, '1'])
    assert.equal(await session(), 429)
    clock.advance(1_000)
    await list()
  })

  test('of an address is limited over all its requests, signed or not', async () => {
    const clock = movableClock('2026-03-01T00:00:00Z')
    const limits = { requestsPerSecondPerAddress: 1, requestBurstPerAddress: 2 }
    const { hilum, sdk } = await openHilum({ ...clock.options, limits: { ...clock.options.limits, ...limits } })
    assert.equal((await fetch(`${hilum.endpoint}/nothing`)).status, 404)
    await sdk.send(new ListDatastoresCommand({}))
    const refused = await fetch(`${hilum.endpoint}/console/`)
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '1'])
    await rejectsAs(
      sdk.send(new ListDatastoresCommand({})),
      'ThrottlingException',
      'Rate exceeded: too many requests from this address.',
    )
    clock.advance(1_000)
    await sdk.send(new ListDatastoresCommand({}))
  })

  test('with bad signatures is limited per address, and the keys in use keep working there', async () => {
    const clock = movableClock('2026-03-01T00:00:00Z')
    const limits = { failedSignaturesPerMinutePerAddress: 1, failedSignatureBurstPerAddress: 5 }
    const { hilum, sdk } = await openHilum({ ...clock.options, limits: { ...clock.options.limits, ...limits } })
    const unknown = { accessKeyId: `HILUM${'A'.repeat(15)}`, secretAccessKey: 'x'.repeat(40) }
    const bad = () => sendSigned(hilum, { method: 'GET', path: '/datastore', credentials: unknown })
    for (let n = 0; n < 10; n++) assert.equal((await fetch(`${hilum.endpoint}/datastore`)).status, 403)
    const types = []
    for (let n = 0; n < 7; n++) types.push((await bad()).headers['x-amzn-errortype'])
    const [forbidden, throttled] = ['UnrecognizedClientException', 'ThrottlingException']
    assert.deepEqual(types, [...Array(5).fill(forbidden), throttled, throttled])
    assert.equal((await bad()).headers['retry-after'], '60')
    await sdk.send(new ListDatastoresCommand({}))
    clock.advance(60_000)
    assert.equal((await bad()).headers['x-amzn-errortype'], forbidden)
  })
})
