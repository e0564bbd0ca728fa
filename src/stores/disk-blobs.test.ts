/** Blobs on disk: the promises of every blob store, and what only a file system can get wrong. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { InvalidBlobKey } from './blob-key.ts'
import { describeBlobStore } from './blob-store.conformance.ts'
import { type BlobStore, readAll } from './blob-store.ts'
import { openDiskBlobs } from './disk-blobs.ts'

const newFolder = () => mkdtemp(join(tmpdir(), 'hilum-blobs-'))

describeBlobStore('blobs on disk', async () => {
  const folder = await newFolder()
  return { blobs: await openDiskBlobs(folder), close: () => rm(folder, { recursive: true }) }
})

describeBlobStore('blobs in the folder of a bucket', async () => {
  const folder = await newFolder()
  return {
    blobs: await openDiskBlobs(folder, { followLinks: 'inside' }),
    close: () => rm(folder, { recursive: true }),
  }
})

/** A folder `inside` for blobs with a neighbour `secret`, removed after the test. */
async function twoFolders(context: TestContext): Promise<{ inside: string; secret: string }> {
  const folder = await newFolder()
  context.after(() => rm(folder, { recursive: true }))
  const [inside, secret] = [join(folder, 'inside'), join(folder, 'secret')]
  await mkdir(inside)
  await mkdir(secret)
  await writeFile(join(secret, 'file'), 'secret')
  return { inside, secret }
}

async function listed(blobs: BlobStore): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of blobs.list('')) keys.push(key)
  return keys
}

describe('symbolic links in a bucket', () => {
  test('links out of the bucket lead nowhere, whether to a file, to a folder or by way of another link', async (context) => {
    const { inside, secret } = await twoFolders(context)
    await symlink(join(secret, 'file'), join(inside, 'file'))
    await symlink(secret, join(inside, 'folder'))
    await symlink('../secret/file', join(inside, 'relative'))
    await symlink('relative', join(inside, 'twice'))
    const blobs = await openDiskBlobs(inside, { followLinks: 'inside' })
    assert.deepEqual(await listed(blobs), [])
    for (const key of ['file', 'folder/file', 'relative', 'twice']) assert.equal(await blobs.open(key), undefined, key)
  })

  test('links within the bucket count as what they lead to', async (context) => {
    const { inside } = await twoFolders(context)
    await mkdir(join(inside, 'real'))
    await writeFile(join(inside, 'real', 'file'), 'inside')
    await symlink('real', join(inside, 'also'))
    await symlink('real/file', join(inside, 'direct'))
    const blobs = await openDiskBlobs(inside, { followLinks: 'inside' })
    assert.deepEqual(await listed(blobs), ['also/file', 'direct', 'real/file'])
    assert.equal(String(await readAll((await blobs.open('also/file'))!)), 'inside')
  })

  test('a link to a folder above itself does not make the listing endless', async (context) => {
    const { inside } = await twoFolders(context)
    await mkdir(join(inside, 'a'))
    await writeFile(join(inside, 'a', 'file'), 'x')
    await symlink('..', join(inside, 'a', 'up'))
    await symlink('.', join(inside, 'a', 'self'))
    await symlink('nowhere', join(inside, 'a', 'broken'))
    const blobs = await openDiskBlobs(inside, { followLinks: 'inside' })
    assert.deepEqual(await listed(blobs), ['a/file'])
  })

  test('without the option no link counts', async (context) => {
    const { inside } = await twoFolders(context)
    await writeFile(join(inside, 'real'), 'x')
    await symlink('real', join(inside, 'link'))
    const blobs = await openDiskBlobs(inside)
    assert.deepEqual(await listed(blobs), ['real'])
    assert.equal(await blobs.open('link'), undefined)
  })
})

describe('files that are not blobs', () => {
  test('a pipe is neither listed nor waited for', async (context) => {
    const { inside } = await twoFolders(context)
    execFileSync('mkfifo', [join(inside, 'pipe')])
    const blobs = await openDiskBlobs(inside, { followLinks: 'inside' })
    assert.deepEqual(await listed(blobs), [])
    assert.equal(await blobs.open('pipe'), undefined)
  })

  test('a blob that is still being written cannot be seen, named or left behind', async (context) => {
    const { inside } = await twoFolders(context)
    const blobs = await openDiskBlobs(inside)
    let during: string[] = []
    await blobs.put(
      'a/key',
      (async function* () {
        yield Buffer.from('x')
        during = await readdir(join(inside, 'a'))
        assert.deepEqual(await listed(blobs), [])
      })(),
    )
    assert.equal(during.length, 1)
    await assert.rejects(blobs.put(`a/${during[0]}`, Buffer.from('x')), InvalidBlobKey)
    assert.deepEqual(await readdir(join(inside, 'a')), ['key'])
  })
})

describe('keys that a file system refuses', () => {
  test('a part of more than 255 bytes is refused with a reason and is not there', async (context) => {
    const { inside } = await twoFolders(context)
    const blobs = await openDiskBlobs(inside)
    await assert.rejects(blobs.put('x'.repeat(300), Buffer.from('x')), InvalidBlobKey)
    assert.equal(await blobs.open('x'.repeat(300)), undefined)
    assert.deepEqual(await readdir(inside), [])
  })

  for (const key of ['/etc/passwd', 'a//b', 'a/']) {
    test(`${key} is refused`, async (context) => {
      const { inside } = await twoFolders(context)
      const blobs = await openDiskBlobs(inside)
      await assert.rejects(blobs.put(key, Buffer.from('x')), InvalidBlobKey)
      assert.equal(await blobs.open(key), undefined)
    })
  }

  test('a key below another blob’s key is refused with a reason', async (context) => {
    const { inside } = await twoFolders(context)
    const blobs = await openDiskBlobs(inside)
    await blobs.put('a', Buffer.from('x'))
    await blobs.put('b/c', Buffer.from('x'))
    await assert.rejects(blobs.put('a/b', Buffer.from('x')), InvalidBlobKey)
    await assert.rejects(blobs.put('b', Buffer.from('x')), InvalidBlobKey)
    assert.deepEqual(await listed(blobs), ['a', 'b/c'])
  })
})

test('a large blob that is opened and never read gives its file back', async (context) => {
  const { inside } = await twoFolders(context)
  const blobs = await openDiskBlobs(inside)
  await blobs.put('large', Buffer.alloc(2 * 1024 ** 2))
  const openFiles = async () => (await readdir('/proc/self/fd')).length
  const before = await openFiles()
  for (let times = 0; times < 10; times++) {
    await (await blobs.open('large'))!.bytes[Symbol.asyncIterator]().return?.()
  }
  assert.equal(await openFiles(), before)
})
