/** The password of PostgreSQL: its sources, and that it is never printed. */
import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { startHilumProcess } from '../fixtures/hilum-process.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { loadConfig } from '../server/config.ts'
import { OperatorError } from '../server/operator-error.ts'
import { postgresIn, postgresIsMissing } from '../stores/sql/engine/postgres/postgres.fixture.ts'
import { catalogPasswordWarning } from './catalog-password.ts'

const PASSWORD = 'pw-Xq7#of/tests'

test('only an address with a password causes a warning', () => {
  const warns = (catalog: string) => catalogPasswordWarning({ catalog }) !== undefined
  for (const catalog of [
    'postgres://hilum:secret@db/hilum',
    'postgresql://hilum:a%23b@db:5432/hilum?sslmode=require',
    'postgres://:secret@db/hilum',
    'postgres://hilum:secret@/hilum?host=/run',
    'postgres://db/hilum?user=hilum&password=secret',
  ]) {
    assert.equal(warns(catalog), true, catalog)
  }
  for (const catalog of ['postgres://hilum@db:5432/hilum', 'postgres://db/hilum', 'postgres://hilum:@db/hilum']) {
    assert.equal(warns(catalog), false, catalog)
  }
  assert.equal(catalogPasswordWarning({}), undefined)
})

test('an invalid address is refused without being quoted', () => {
  const load = (catalog: string) => loadConfig({ cwd: tmpdir(), flags: { catalog } })
  assert.throws(
    () => load('postgres://hilum:se#cret@db/hilum'),
    (error) => {
      assert.ok(error instanceof OperatorError && !error.message.includes('cret'))
      assert.match(error.message, /^--catalog must be an address such as .*special characters as %23/)
      return true
    },
  )
  for (const catalog of ['postgres://hilum:x@/hilum?host=/run', 'postgres:///hilum']) {
    assert.equal(load(catalog).catalog, catalog)
  }
})

/** A database that asks for a password. */
async function startWithPassword(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-password-'))
  removeAtExit(folder)
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, PASSWORD)
  // PostgreSQL runs as another user.
  await chmod(folder, 0o755)
  await chmod(passwordFile, 0o644)
  const place = join(folder, 'postgres')
  await mkdir(place)
  // For the fixture, which connects until the server is ready.
  process.env.PGPASSWORD = PASSWORD
  const initdb = ['--no-sync', '--auth=scram-sha-256', `--pwfile=${passwordFile}`]
  const server = await postgresIn(place, { initdb, settings: ['fsync=off'] })
  delete process.env.PGPASSWORD
  t.after(() => server.stop('SIGINT'))
  const cwd = join(folder, 'hilum')
  await mkdir(cwd)
  return { cwd, url: server.urlOf('postgres') }
}

test('the password comes from a variable, a file or the address, and is never printed', {
  skip: postgresIsMissing ?? false,
}, async (t) => {
  const { cwd, url } = await startWithPassword(t)
  const withPassword = url.replace('hilum@', `hilum:${encodeURIComponent(PASSWORD)}@`)
  const { port } = new URL(url)
  const passwordFile = join(cwd, 'pgpass')
  await writeFile(passwordFile, `127.0.0.1:${port}:*:hilum:${PASSWORD}\n`, { mode: 0o600 })
  const all = ['--data', 'data', '--host', '127.0.0.1', '--log-level', 'debug']
  const printsNoPassword = (output: string) => {
    for (const written of [PASSWORD, encodeURIComponent(PASSWORD)]) assert.ok(!output.includes(written), output)
  }

  const serves = async (words: readonly string[], env: Record<string, string>) => {
    const server = startHilumProcess(t, ['serve', ...all, '--port', '0', ...words], { cwd, env })
    await server.printed(/^Hilum answers at/m)
    server.child.kill('SIGTERM')
    assert.equal(await server.ended, 0)
    printsNoPassword(server.output())
    return server.output()
  }
  const warning = /^hilum: The password in --catalog is in the list of processes/m
  for (const env of [{ PGPASSWORD: PASSWORD }, { PGPASSFILE: passwordFile }]) {
    assert.doesNotMatch(await serves(['--catalog', url], env), warning)
  }
  assert.doesNotMatch(await serves([], { HILUM_CATALOG: withPassword }), warning)
  assert.match(await serves(['--catalog', withPassword], {}), warning)

  const fails = async (command: string, words: readonly string[], env: Record<string, string> = {}) => {
    const failed = startHilumProcess(t, [command, ...all, '--port', '9', ...words], { cwd, env })
    assert.equal(await failed.ended, 1)
    printsNoPassword(failed.output())
    return failed.output()
  }
  assert.match(await fails('serve', ['--catalog', url]), /^hilum: Hilum cannot start: the catalog .*\(no password\)/m)
  assert.match(
    await fails('serve', ['--catalog', url], { PGPASSWORD: 'wrong' }),
    /cannot start: the catalog .*\(28P01\)/,
  )
  const elsewhere = withPassword.replace('/postgres', '/absent')
  for (const command of ['serve', 'doctor', 'verify']) {
    assert.match(await fails(command, ['--catalog', elsewhere]), /the catalog cannot be reached \(3D000\)/)
  }
  assert.match(await fails('doctor', ['--catalog', url]), /PGPASSWORD or ~\/\.pgpass/)
})

test('serve --help names the sources of the password', async (t) => {
  const help = startHilumProcess(t, ['serve', '--help'], { cwd: tmpdir() })
  assert.equal(await help.ended, 0)
  assert.match(
    help.output().replaceAll(/\s+/g, ' '),
    /password of --catalog is read from PGPASSWORD, ~\/\.pgpass or the file that PGPASSFILE names/,
  )
})
