import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { isDataFolder, lockDataFolder, MARKER_FILE } from './data-folder.ts'
import { LOCK_FILES, serverOf } from './data-folder-lock.ts'

async function parentFor(_t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-folder-'))
  removeAtExit(folder)
  return folder
}

test('the folder is created for its owner only, and marked', async (t) => {
  const folder = join(await parentFor(t), 'deep', 'folder')
  const lock = await lockDataFolder(folder)
  assert.equal((await stat(folder)).mode & 0o777, 0o700)
  assert.equal(await isDataFolder(folder), true)
  assert.deepEqual((await readdir(folder)).sort(), [MARKER_FILE, ...LOCK_FILES].sort())
  await lock.release()
  assert.deepEqual((await readdir(folder)).sort(), [MARKER_FILE, 'lock.processes.sqlite', 'lock.sqlite'])
})

test('a second server is refused until the first releases the lock', async (t) => {
  const folder = await parentFor(t)
  const lock = await lockDataFolder(folder)
  assert.equal(await serverOf(folder), `process ${process.pid}`)
  await assert.rejects(lockDataFolder(folder), /A Hilum server \(process \d+\) is using the data folder .*--data/)
  await lock.release()
  assert.equal(await serverOf(folder), undefined)
  await (await lockDataFolder(folder)).release()
})

test('a folder that already has buckets and a configuration becomes a data folder', async (t) => {
  const folder = await parentFor(t)
  await mkdir(join(folder, 'buckets'))
  await writeFile(join(folder, 'hilum.json'), '{}')
  await (await lockDataFolder(folder)).release()
  assert.equal(await isDataFolder(folder), true)
})

test('a folder with other files is refused', async (t) => {
  const folder = await parentFor(t)
  await writeFile(join(folder, 'thesis.txt'), '')
  await assert.rejects(lockDataFolder(folder), /is not a data folder of Hilum: it holds 'thesis\.txt'/)
  assert.deepEqual(await readdir(folder), ['thesis.txt'])
})

test('a folder that cannot be created is refused with a message', async (t) => {
  const file = join(await parentFor(t), 'file')
  await writeFile(file, '')
  await assert.rejects(lockDataFolder(join(file, 'folder')), /cannot be created or written \(ENOTDIR\)/)
})
