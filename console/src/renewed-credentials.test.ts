import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renewedCredentials } from './renewed-credentials.ts'
import type { AccessKey } from './session.ts'

const HOUR_MS = 3_600_000

function open(first: AccessKey) {
  const time = { now: 0 }
  const stored: AccessKey[] = []
  const server = { renewals: 0, isAway: false }
  const others = { renewed: undefined as AccessKey | undefined }
  let latest = first
  const credentials = renewedCredentials({
    now: () => time.now,
    random: () => 0,
    latest: () => latest,
    onRenewed(next) {
      latest = next
      stored.push(next)
    },
    async inTurn(renewal) {
      latest = others.renewed ?? latest
      await renewal()
    },
    async renew() {
      if (server.isAway) throw new TypeError('Failed to fetch')
      const accessKeyId = `SESSION${++server.renewals}`
      return { accessKeyId, secretAccessKey: 's', sessionToken: 't', expiresAt: (time.now + HOUR_MS) / 1000 }
    },
  })
  const id = async () => (await credentials.get()).accessKeyId
  return { id, time, stored, server, others }
}
const SESSION = { accessKeyId: 'FIRST', secretAccessKey: 's', sessionToken: 't', expiresAt: HOUR_MS / 1000 }

test('an access key is used as it is', async () => {
  const { id, time, server } = open({ accessKeyId: 'KEY', secretAccessKey: 's' })
  time.now = 100 * HOUR_MS
  assert.equal(await id(), 'KEY')
  assert.equal(server.renewals, 0)
})

test('session credentials are renewed once, in the second half of their hour', async () => {
  const { id, time, stored } = open(SESSION)
  time.now = HOUR_MS / 2
  assert.equal(await id(), 'FIRST')
  time.now += 1
  assert.deepEqual(await Promise.all([id(), id(), id()]), ['SESSION1', 'SESSION1', 'SESSION1'])
  assert.deepEqual(
    stored.map(({ accessKeyId }) => accessKeyId),
    ['SESSION1'],
  )
  time.now += HOUR_MS / 2 + 1
  assert.equal(await id(), 'SESSION2')
})

test('a failed renewal keeps the current ones, and is tried again half a minute later', async () => {
  const { id, time, server } = open(SESSION)
  time.now = HOUR_MS / 2 + 1
  server.isAway = true
  assert.equal(await id(), 'FIRST')
  server.isAway = false
  time.now += 29_999
  assert.equal(await id(), 'FIRST')
  time.now += 1
  assert.equal(await id(), 'SESSION1')
})

test('credentials that another tab has renewed are used, and not renewed again', async () => {
  const { id, time, server, others } = open(SESSION)
  time.now = HOUR_MS / 2 + 1
  others.renewed = { ...SESSION, accessKeyId: 'OTHER', expiresAt: (1.5 * HOUR_MS) / 1000 }
  assert.equal(await id(), 'OTHER')
  assert.equal(server.renewals, 0)
})
