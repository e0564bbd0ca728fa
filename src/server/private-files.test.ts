/** Files that Hilum writes are private to their owner, whatever the umask of the shell and the mode of the folder. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, type TestContext, test } from 'node:test'
import { CreateDatastoreCommand, GetDatastoreCommand } from '@aws-sdk/client-medical-imaging'
import { openClient } from '../cli/client/client.ts'
import { ExplicitVRLittleEndian, encodeP10 } from '../dicom/encode.ts'
import { startHilumProcess } from '../fixtures/hilum-process.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { startHilum } from '../testing.ts'
import { findOpenFolder } from './data-folder.ts'
import { findOpenFiles } from './private-files.ts'

const skip = process.platform === 'win32' ? 'Windows has no file modes' : false

// The usual umask, with which new files are readable by all users.
before(() => process.umask(0o022))

function folderFor(_t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-private-'))
  removeAtExit(folder)
  return folder
}

/** Paths below the folder that the group or others may read, write or enter. */
const openPaths = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => (statSync(join(folder, path)).mode & 0o077) !== 0,
  )

const DATA = ['--data', 'data', '--host', '127.0.0.1']

test('files in an existing data folder of mode 0755 are private to the owner', { skip }, async (t) => {
  const cwd = folderFor(t)
  mkdirSync(join(cwd, 'data'))
  assert.equal(statSync(join(cwd, 'data')).mode & 0o777, 0o755)
  const server = startHilumProcess(t, ['serve', ...DATA, '--port', '0'], { cwd })
  const [, endpoint] = await server.printed(/^Hilum answers at (http:\S+)/m)
  const run = async (...words: string[]) => {
    const command = startHilumProcess(t, [...words, ...DATA, '--port', new URL(endpoint!).port], { cwd })
    assert.equal(await command.ended, 0, command.output())
    return command.output()
  }

  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = JSON.parse(
    await run('env', '--json'),
  )
  const client = openClient({ endpoint: endpoint!, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey } })
  const { datastoreId } = await client.send(new CreateDatastoreCommand({ datastoreName: 'mine' }))
  const status = async () =>
    (await client.send(new GetDatastoreCommand({ datastoreId }))).datastoreProperties?.datastoreStatus
  while ((await status()) !== 'ACTIVE') assert.notEqual(await status(), 'CREATE_FAILED')
  client.destroy()
  const attributes = {
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
    SOPInstanceUID: '2.25.1.1.1',
    StudyInstanceUID: '2.25.1',
    SeriesInstanceUID: '2.25.1.1',
    PatientName: 'Doe^Jane',
  }
  writeFileSync(join(cwd, 'scan.dcm'), encodeP10({ transferSyntaxUID: ExplicitVRLittleEndian, attributes }))
  await run('import', 'scan.dcm', '--datastore', 'mine')
  await run('export', '--datastore', 'mine', '--study', '2.25.1', '--to', 'out')

  const written = readdirSync(join(cwd, 'data'), { recursive: true, encoding: 'utf8' })
  for (const name of ['catalog.sqlite', 'catalog.sqlite-wal', 'blobs', 'buckets']) assert.ok(written.includes(name))
  assert.ok(written.some((path) => path.endsWith('job-output-manifest.json')))
  assert.deepEqual(openPaths(join(cwd, 'data')), [])
  assert.deepEqual(readdirSync(join(cwd, 'out')), ['2.25.1'])
  assert.equal(statSync(join(cwd, 'out')).mode & 0o077, 0)
  assert.deepEqual(openPaths(join(cwd, 'out')), [], 'exported files hold patient data too')
})

test('serve and doctor warn of a data folder that others can access, with the command that fixes it', {
  skip,
}, async (t) => {
  const cwd = folderFor(t)
  mkdirSync(join(cwd, 'data'))
  chmodSync(join(cwd, 'data'), 0o750)
  const server = startHilumProcess(t, ['serve', ...DATA, '--port', '0'], { cwd })
  const [, endpoint] = await server.printed(/^Hilum answers at (http:\S+)/m)
  const warning = /data is open to other users of this machine \(mode 0750\)/
  const fix = `chmod -R go= ${join(cwd, 'data')}`
  assert.match(server.output(), warning)
  assert.ok(server.output().includes(`Run: ${fix}`))

  const doctor = async () => {
    const words = ['doctor', '--json', ...DATA, '--port', new URL(endpoint!).port]
    const command = startHilumProcess(t, words, { cwd })
    assert.equal(await command.ended, 0, command.output())
    return JSON.parse(command.output()).find((found: { subject: string }) => found.subject === 'other users')
  }
  const found = await doctor()
  assert.deepEqual([found.state, found.fixes], ['warn', [fix]])
  assert.match(found.detail, warning)
  chmodSync(join(cwd, 'data'), 0o700)
  assert.equal((await doctor()).state, 'ok')
  assert.equal(await findOpenFolder(join(cwd, 'data')), undefined)
})

test('hilum/testing does not change the umask of its process', { skip }, async () => {
  const hilum = await startHilum()
  await hilum.stop()
  assert.equal(process.umask(), 0o022)
})

test('a file with secrets that others may read is named, with the command that fixes it', { skip }, async (t) => {
  const folder = folderFor(t)
  const [open, closed] = [join(folder, "a secret's file"), join(folder, 'other')]
  writeFileSync(open, 'secret', { mode: 0o640 })
  writeFileSync(closed, 'secret', { mode: 0o600 })
  const found = await findOpenFiles([open, closed])
  assert.deepEqual(
    found.map(({ path }) => path),
    [open],
  )
  assert.match(found[0]!.fix, /^chmod 600 /)
})
