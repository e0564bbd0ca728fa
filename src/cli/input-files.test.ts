import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadConfig } from '../config.ts'
import { openImportBucket } from './import-bucket.ts'
import { listInputFiles } from './input-files.ts'

async function scansFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-scans-'))
  t.after(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'disc', 'A 1'), { recursive: true })
  await writeFile(join(folder, 'disc', 'DICOMDIR'), 'd')
  await writeFile(join(folder, 'disc', 'A 1', 'IM_0001'), 'one')
  return folder
}

const keysOf = async (path: string) => (await listInputFiles(path)).map(({ key }) => key).sort()

test('a folder gives all its files at any depth, with or without a slash at its end', async (t) => {
  const folder = await scansFor(t)
  assert.deepEqual(await keysOf(join(folder, 'disc')), ['A 1/IM_0001', 'DICOMDIR'])
  assert.deepEqual(await keysOf(`${folder}/disc/`), ['A 1/IM_0001', 'DICOMDIR'])
})

test('a file gives itself', async (t) => {
  assert.deepEqual(await keysOf(join(await scansFor(t), 'disc', 'A 1', 'IM_0001')), ['IM_0001'])
})

test('a link to a file is followed, a link to a folder and a broken one are not', async (t) => {
  const folder = await scansFor(t)
  await symlink('DICOMDIR', join(folder, 'disc', 'link'))
  await symlink('..', join(folder, 'disc', 'loop'))
  await symlink('nowhere', join(folder, 'disc', 'broken'))
  assert.deepEqual(await keysOf(join(folder, 'disc')), ['A 1/IM_0001', 'DICOMDIR', 'link'])
})

test('nothing there and nothing in it are said', async (t) => {
  const folder = await scansFor(t)
  await assert.rejects(listInputFiles(join(folder, 'none')), /none is not there\.$/)
  await mkdir(join(folder, 'empty'))
  await assert.rejects(listInputFiles(join(folder, 'empty')), /holds no file\.$/)
})

test('the bucket takes a file by a hard link, and removing it there leaves the original', async (t) => {
  const folder = await scansFor(t)
  const config = loadConfig({ cwd: folder, flags: { data: 'data' } })
  const bucket = await openImportBucket(config, 'hilum-import')
  const path = join(folder, 'disc', 'DICOMDIR')
  await bucket.addFile('x/y/z', path)
  assert.equal((await stat(join(folder, 'data', 'buckets', 'hilum-import', 'x', 'y', 'z'))).ino, (await stat(path)).ino)
  assert.equal(new TextDecoder().decode(await bucket.read('x/y/z')), 'd')
  await bucket.removeAll('x/')
  assert.equal(await bucket.read('x/y/z'), undefined)
  assert.equal(await readFile(path, 'utf8'), 'd')
})
