import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { asNobody } from '../../fixtures/as-nobody.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { loadConfig } from '../../server/config.ts'
import { openImportBucket } from './import-bucket.ts'
import { listInputFiles } from './input-files.ts'

async function scansFor(_t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-scans-'))
  removeAtExit(folder)
  await mkdir(join(folder, 'disc', 'A 1'), { recursive: true })
  await writeFile(join(folder, 'disc', 'DICOMDIR'), 'd')
  await writeFile(join(folder, 'disc', 'A 1', 'IM_0001'), 'one')
  return folder
}

const keysOf = async (path: string) => (await listInputFiles(path)).files.map(({ key }) => key).sort()

test('all files of a folder are listed at any depth, with or without a trailing slash', async (t) => {
  const folder = await scansFor(t)
  assert.deepEqual(await keysOf(join(folder, 'disc')), ['A 1/IM_0001', 'DICOMDIR'])
  assert.deepEqual(await keysOf(`${folder}/disc/`), ['A 1/IM_0001', 'DICOMDIR'])
})

test('a single file is listed', async (t) => {
  assert.deepEqual(await keysOf(join(await scansFor(t), 'disc', 'A 1', 'IM_0001')), ['IM_0001'])
})

test('a link to a file is followed; a link to a folder and a broken link are reported', async (t) => {
  const folder = await scansFor(t)
  await symlink('DICOMDIR', join(folder, 'disc', 'link'))
  await symlink('..', join(folder, 'disc', 'loop'))
  await symlink('nowhere', join(folder, 'disc', 'broken'))
  assert.deepEqual(await keysOf(join(folder, 'disc')), ['A 1/IM_0001', 'DICOMDIR', 'link'])
  assert.deepEqual((await listInputFiles(join(folder, 'disc'))).unread, [
    { file: 'broken', reason: 'The link leads to nothing' },
    { file: 'loop', reason: 'Links to folders are not followed. Import the folder that it leads to' },
  ])
})

test('files and folders whose names are not UTF-8 have escaped keys, and their real paths', async (t) => {
  const folder = await scansFor(t)
  const odd = Buffer.from(`${folder}/disc/M\xfcller`, 'latin1')
  await mkdir(odd)
  await writeFile(Buffer.concat([odd, Buffer.from('/1\xff', 'latin1')]), 'odd')
  const { files, unread } = await listInputFiles(join(folder, 'disc'))
  assert.deepEqual(
    files.map(({ key }) => key),
    ['A 1/IM_0001', 'DICOMDIR', 'M%FCller/1%FF'],
  )
  assert.equal(await readFile(files[2]!.path, 'utf8'), 'odd')
  assert.deepEqual(unread, [])
})

test('a pipe and an inaccessible folder are reported, and a folder without other entries is refused', async (t) => {
  const folder = await scansFor(t)
  await mkdir(join(folder, 'mixed/locked'), { recursive: true })
  execFileSync('mkfifo', [join(folder, 'mixed/pipe')])
  await chmod(folder, 0o755)
  await chmod(join(folder, 'mixed/locked'), 0)
  try {
    await asNobody(async () => {
      await assert.rejects(listInputFiles(join(folder, 'mixed')), (error: Error) => {
        assert.match(error.message, /mixed holds no file that can be read:$/m)
        assert.match(error.message, /^ {2}locked\/: It cannot be read: access denied/m)
        assert.match(error.message, /^ {2}pipe: It is not a file but a pipe$/m)
        return true
      })
      await assert.rejects(listInputFiles(join(folder, 'mixed/locked')), /no permission to list .* \(EACCES\)/)
      await assert.rejects(listInputFiles(join(folder, 'mixed/pipe')), /is neither a file nor a folder/)
    })
  } finally {
    await chmod(join(folder, 'mixed/locked'), 0o755)
  }
})

test('an absent path and an empty folder are refused', async (t) => {
  const folder = await scansFor(t)
  await assert.rejects(listInputFiles(join(folder, 'none')), /none does not exist\.$/)
  await mkdir(join(folder, 'empty'))
  await assert.rejects(listInputFiles(join(folder, 'empty')), /holds no file\.$/)
})

test('a file is added to the bucket as a hard link, and removing it keeps the original', async (t) => {
  const folder = await scansFor(t)
  const config = loadConfig({ cwd: folder, flags: { data: 'data' } })
  const bucket = await openImportBucket(config, 'hilum-import')
  const path = join(folder, 'disc', 'DICOMDIR')
  await bucket.addFile('x/y/z', Buffer.from(path))
  const stored = join(folder, 'data', 'buckets', 'hilum-import', 'x', 'y', 'z')
  assert.equal((await stat(stored)).ino, (await stat(path)).ino)
  assert.equal(await readFile(stored, 'utf8'), 'd')
  await bucket.removeAll('x/')
  await assert.rejects(stat(stored), { code: 'ENOENT' })
  assert.equal(await readFile(path, 'utf8'), 'd')
})
