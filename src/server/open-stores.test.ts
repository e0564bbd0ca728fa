/** What is refused before a store is opened. */
import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { loadConfig } from './config.ts'
import { openCatalog, placesOf } from './open-stores.ts'

test('PostgreSQL on another machine is not used without verified TLS, unless that is allowed', async () => {
  const open = (catalog: string, flags = {}) =>
    openCatalog(placesOf(loadConfig({ cwd: tmpdir(), flags: { catalog, ...flags } })))
  // The name exists nowhere, so that a connection fails.
  await assert.rejects(open('postgres://hilum@db.invalid/hilum'), {
    name: 'OperatorError',
    message: /not be protected by verified TLS\. Add \?sslmode=verify-full .* --allow-plain-postgresql/,
  })
  await assert.rejects(open('postgres://hilum@db.invalid/hilum?sslmode=no-verify'), { name: 'OperatorError' })
  await assert.rejects(open('postgres://hilum@db.invalid/hilum?sslmode=verify-full'), StoreUnavailable)
  await assert.rejects(open('postgres://hilum@db.invalid/hilum', { 'allow-plain-postgresql': true }), StoreUnavailable)
})
