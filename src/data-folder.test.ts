import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isDataFolder, LOCK_FILE, lockDataFolder, MARKER_FILE, serverOf } from './data-folder.ts'

async function parentFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-folder-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

/** A living process that is not this one. */
async function stranger(t: TestContext): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] })
  await once(child, 'spawn')
  t.after(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  return child.pid!
}

async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return child.pid!
}

test('the folder is made for its owner only, and marked', async (t) => {
  const folder = join(await parentFor(t), 'deep', 'folder')
  const lock = await lockDataFolder(folder)
  assert.equal((await stat(folder)).mode & 0o777, 0o700)
  assert.equal(await isDataFolder(folder), true)
  assert.equal((await stat(join(folder, LOCK_FILE))).mode & 0o777, 0o600)
  await lock.release()
  assert.deepEqual(await readdir(folder), [MARKER_FILE])
})

test('a second server is refused until the first lets go', async (t) => {
  const folder = await parentFor(t)
  const lock = await lockDataFolder(folder)
  assert.equal(await serverOf(folder), process.pid)
  await assert.rejects(lockDataFolder(folder), /A Hilum server \(process \d+\) is using the data folder .*--data/)
  await lock.release()
  assert.equal(await serverOf(folder), undefined)
  await (await lockDataFolder(folder)).release()
})

test('of many that start at once, one gets the folder', async (t) => {
  const folder = await parentFor(t)
  await writeFile(join(folder, LOCK_FILE), JSON.stringify({ pid: await deadProcess(), started: '' }))
  const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => lockDataFolder(folder)))
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  assert.deepEqual((await readdir(folder)).sort(), [MARKER_FILE, LOCK_FILE])
})

test('the lock of a process that is dead is taken over', async (t) => {
  const folder = await parentFor(t)
  await writeFile(join(folder, LOCK_FILE), JSON.stringify({ pid: await deadProcess(), started: '' }))
  const lock = await lockDataFolder(folder)
  assert.equal(JSON.parse(await readFile(join(folder, LOCK_FILE), 'utf8')).pid, process.pid)
  await lock.release()
})

test('the lock of an earlier process with the pid of a living one is taken over', async (t) => {
  if (process.platform !== 'linux') return t.skip('the start of a process is read from /proc')
  const folder = await parentFor(t)
  await writeFile(join(folder, LOCK_FILE), JSON.stringify({ pid: await stranger(t), started: 'another-boot/1' }))
  await (await lockDataFolder(folder)).release()
})

test('the lock of a living process is respected, and a torn lock is not', async (t) => {
  const folder = await parentFor(t)
  const pid = await stranger(t)
  await writeFile(join(folder, LOCK_FILE), JSON.stringify({ pid, started: '' }))
  await assert.rejects(lockDataFolder(folder), new RegExp(`process ${pid}`))
  await writeFile(join(folder, LOCK_FILE), '{"pid":')
  await (await lockDataFolder(folder)).release()
})

test('letting go leaves the lock of another process alone', async (t) => {
  const folder = await parentFor(t)
  const lock = await lockDataFolder(folder)
  const theirs = JSON.stringify({ pid: await stranger(t), started: '' })
  await writeFile(join(folder, LOCK_FILE), theirs)
  await lock.release()
  assert.equal(await readFile(join(folder, LOCK_FILE), 'utf8'), theirs)
})

test('a folder with buckets and a configuration waiting in it becomes a data folder', async (t) => {
  const folder = await parentFor(t)
  await mkdir(join(folder, 'buckets'))
  await writeFile(join(folder, 'hilum.json'), '{}')
  await (await lockDataFolder(folder)).release()
  assert.equal(await isDataFolder(folder), true)
})

test("a folder that holds somebody else's files is not taken", async (t) => {
  const folder = await parentFor(t)
  await writeFile(join(folder, 'thesis.txt'), '')
  await assert.rejects(lockDataFolder(folder), /is not a data folder of Hilum: it holds 'thesis\.txt'/)
  assert.deepEqual(await readdir(folder), ['thesis.txt'])
})

test('a folder that cannot be made is said in a sentence', async (t) => {
  const file = join(await parentFor(t), 'file')
  await writeFile(file, '')
  await assert.rejects(lockDataFolder(join(file, 'folder')), /cannot be made or written \(ENOTDIR\)/)
})
