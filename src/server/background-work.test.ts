/** Work in the background that meets a store which is away: it is tried again, and a server that stops does not wait for it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { BackgroundWork } from './background-work.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const away = () => new StoreUnavailable({ store: 'the catalog', reason: 'away', code: 'ECONNREFUSED' })

test('a data store does not stay CREATING because the catalog was away for a moment', async () => {
  const background = new BackgroundWork(silent)
  const done = Promise.withResolvers<number>()
  let tries = 0
  background.run('settle data store', async () => {
    if (++tries === 1) throw away()
    done.resolve(tries)
  })
  assert.equal(await done.promise, 2)
  await background.drain()
})

test('work whose store stays away ends with the server', async () => {
  const logged: string[] = []
  const background = new BackgroundWork({ ...silent, error: (_, message) => logged.push(message) })
  background.run('settle data store', async () => {
    throw away()
  })
  await background.drain()
  assert.deepEqual(logged, ['background work failed; it is tried again at the next start'])
})

test('work that fails of something else is not tried again', async () => {
  const background = new BackgroundWork(silent)
  let tries = 0
  background.run('settle data store', async () => {
    tries += 1
    throw new Error('a bug')
  })
  await background.drain()
  assert.equal(tries, 1)
})
