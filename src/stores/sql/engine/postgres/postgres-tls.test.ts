/** Which addresses of PostgreSQL are safe from others on the network, and a real server with a certificate. */
import assert from 'node:assert/strict'
import { chown, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { openAuthority } from '../../../../fixtures/certificates.ts'
import { removeAtExit } from '../../../../fixtures/remove-at-exit.ts'
import { countedIds } from '../../../catalog/conformance/catalog.fixture.ts'
import { openPostgresCatalog } from '../../open-postgres.ts'
import {
  POSTGRES_TEST_LIMITS,
  type PostgresServer,
  postgresIsMissing,
  startPostgres,
  UNPRIVILEGED,
} from './postgres.fixture.ts'
import { reachOf } from './postgres-tls.ts'

describe('an address of PostgreSQL', () => {
  const expected = {
    'this machine': [
      'postgres://hilum@127.0.0.1/hilum',
      'postgres://hilum@127.1.2.3:5433/hilum',
      'postgres://[::1]/hilum',
      'postgres://localhost/hilum',
      'postgres:///hilum',
      'postgres:///hilum?host=/run/postgresql',
      'postgres://hilum@%2Frun%2Fpostgresql/hilum',
    ],
    'verified TLS': [
      'postgres://hilum@db.example/hilum?sslmode=verify-full',
      'postgres://hilum@10.0.0.5/hilum?sslmode=verify-full',
      'postgres://db.example/hilum?ssl=true',
    ],
    'readable by others': [
      'postgres://hilum@db.example/hilum',
      'postgres://hilum@10.0.0.5/hilum',
      'postgres://127.example/hilum',
      'postgres://localhost.example/hilum',
      'postgres://localhost/hilum?host=db.example',
      'postgres://hilum@db.example/hilum?sslmode=disable',
      'postgres://hilum@db.example/hilum?sslmode=no-verify',
      'postgres://hilum@db.example/hilum?sslmode=require&uselibpqcompat=true',
      'postgres://hilum@db.example/hilum?ssl=0',
    ],
  } as const
  for (const [reach, urls] of Object.entries(expected)) {
    test(`reaches PostgreSQL so: ${reach}`, () => {
      for (const url of urls) assert.equal(reachOf(url), reach, url)
    })
  }

  test('is read with the PG* variables', (context) => {
    process.env.PGSSLMODE = 'verify-full'
    context.after(() => delete process.env.PGSSLMODE)
    assert.equal(reachOf('postgres://hilum@db.example/hilum'), 'verified TLS')
  })
})

describe('a PostgreSQL with a certificate', { skip: postgresIsMissing ?? false }, () => {
  let folder: string
  let server: PostgresServer

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hilum-certificates-'))
    removeAtExit(folder)
    const authority = openAuthority()
    const issued = authority.issue(['127.0.0.1'])
    const [certificate, key] = [join(folder, 'server.pem'), join(folder, 'server.key')]
    await writeFile(join(folder, 'authority.pem'), authority.cert)
    await writeFile(certificate, issued.cert)
    await writeFile(key, issued.key, { mode: 0o600 })
    // PostgreSQL reads its key only if the file belongs to its user.
    for (const path of [folder, key]) await chown(path, UNPRIVILEGED.uid ?? -1, UNPRIVILEGED.gid ?? -1)
    server = await startPostgres(['ssl=on', `ssl_cert_file=${certificate}`, `ssl_key_file=${key}`])
  })
  after(() => server?.remove())

  const open = async (parameters: string) => {
    const url = `${await server.newDatabase()}?${parameters}`
    const catalog = await openPostgresCatalog({ url, newId: countedIds(), limits: POSTGRES_TEST_LIMITS })
    await catalog.close()
  }

  test('is used if the authority that signed it is named', () =>
    open(`sslmode=verify-full&sslrootcert=${folder}/authority.pem`))

  test('is refused if the authority is unknown, or its name is another', async () => {
    await assert.rejects(open('sslmode=verify-full'), /cannot be reached|certificate/)
    await assert.rejects(
      open(`sslmode=verify-full&sslrootcert=${folder}/authority.pem&host=localhost`),
      /cannot be reached|certificate|altnames/,
    )
  })
})

describe('a PostgreSQL without a certificate', { skip: postgresIsMissing ?? false }, () => {
  test('is not used in plain text if the address asks for TLS', async (context) => {
    const server = await startPostgres()
    context.after(() => server.remove())
    const url = `${await server.newDatabase()}?sslmode=verify-full`
    await assert.rejects(openPostgresCatalog({ url, newId: countedIds(), limits: POSTGRES_TEST_LIMITS }))
  })
})
