import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { CREDENTIALS_FILE, loadCredentials, readCredentials } from './credentials.ts'

async function folderFor(_t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-credentials-'))
  removeAtExit(folder)
  return folder
}

test('the first start creates a key that only its owner can read, and later starts use it', async (t) => {
  const folder = await folderFor(t)
  const first = await loadCredentials(folder)
  assert.match(first.accessKeyId, /^HILUM[A-Z2-7]{15}$/)
  assert.match(first.secretAccessKey, /^[A-Za-z0-9+/]{40}$/)
  assert.equal((await stat(join(folder, CREDENTIALS_FILE))).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(folder), [CREDENTIALS_FILE], 'no temporary file remains')
  assert.deepEqual(await loadCredentials(folder), first)
})

test('concurrent starts use the same key', async (t) => {
  const folder = await folderFor(t)
  const keys = await Promise.all(Array.from({ length: 20 }, () => loadCredentials(folder)))
  assert.equal(new Set(keys.map((key) => key.secretAccessKey)).size, 1)
  assert.equal(JSON.parse(await readFile(join(folder, CREDENTIALS_FILE), 'utf8')).accessKeyId, keys[0]?.accessKeyId)
  assert.deepEqual(await readdir(folder), [CREDENTIALS_FILE])
})

test('a configured key is used and not stored', async (t) => {
  const folder = await folderFor(t)
  const configured = { accessKeyId: 'A'.repeat(20), secretAccessKey: 's'.repeat(40) }
  assert.deepEqual(await loadCredentials(folder, configured), { ...configured, warning: undefined })
  assert.deepEqual(await readdir(folder), [])
})

test('reading creates nothing', async (t) => {
  const folder = await folderFor(t)
  assert.equal(await readCredentials(folder), undefined)
  assert.equal(await readCredentials(join(folder, 'absent')), undefined)
  assert.deepEqual(await readdir(folder), [])
})

test('a file that others can read causes a warning with the command to fix it', async (t) => {
  const folder = await folderFor(t)
  assert.equal((await loadCredentials(folder)).warning, undefined)
  await chmod(join(folder, CREDENTIALS_FILE), 0o640)
  assert.match((await loadCredentials(folder)).warning ?? '', /chmod 600/)
})

test('an invalid file is refused without quoting its content', async (t) => {
  const folder = await folderFor(t)
  for (const content of [
    '{"accessKeyId": "A", "secretAccessKey": "topsecret"',
    '{"secretAccessKey":"topsecret"}',
    '',
  ]) {
    await writeFile(join(folder, CREDENTIALS_FILE), content)
    await assert.rejects(loadCredentials(folder), (error: Error) => {
      assert.match(error.message, /is not a credentials file/)
      assert.doesNotMatch(`${error.message} ${error.cause}`, /topsecret/)
      return true
    })
  }
})
