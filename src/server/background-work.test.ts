/** Background work while a store is unavailable: it is retried, but does not delay a stopping server. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { BackgroundWork } from './background-work.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const away = () => new StoreUnavailable({ store: 'the catalog', reason: 'away', code: 'ECONNREFUSED' })

test('a data store becomes ACTIVE after the catalog was briefly unavailable', async () => {
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

test('work whose store stays unavailable ends when the server stops', async () => {
  const logged: string[] = []
  const background = new BackgroundWork({ ...silent, error: (_, message) => logged.push(message) })
  background.run('settle data store', async () => {
    throw away()
  })
  await background.drain()
  assert.deepEqual(logged, ['background work failed; it is retried at the next start'])
})

test('work that fails for another reason is not retried', async () => {
  const background = new BackgroundWork(silent)
  let tries = 0
  background.run('settle data store', async () => {
    tries += 1
    throw new Error('a bug')
  })
  await background.drain()
  assert.equal(tries, 1)
})
