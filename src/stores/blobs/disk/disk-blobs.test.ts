/** Blobs on disk: the suite of every blob store, and cases that only a file system has. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { removeAtExit } from '../../../fixtures/remove-at-exit.ts'
import { type BucketFile, isUnreadable } from '../../locations/locations.ts'
import { compareKeys, InvalidBlobKey } from '../blob-key.ts'
import { describeBlobStore } from '../blob-store.conformance.ts'
import { type BlobStore, readAll, readInto } from '../blob-store.ts'
import { openDiskBlobs, openDiskBucket } from './disk-blobs.ts'

const newFolder = () => mkdtemp(join(tmpdir(), 'hilum-blobs-'))

describeBlobStore('blobs on disk, spread over folders', async () => {
  const folder = await newFolder()
  return { blobs: await openDiskBlobs(folder), close: () => rm(folder, { recursive: true }) }
})

describeBlobStore('blobs in the folder of a bucket', async () => {
  const folder = await newFolder()
  return {
    blobs: await openDiskBucket(folder),
    close: () => rm(folder, { recursive: true }),
  }
})

/** A folder `inside` for blobs beside a folder `secret`, removed after the test. */
async function twoFolders(_context: TestContext): Promise<{ inside: string; secret: string }> {
  const folder = await newFolder()
  removeAtExit(folder)
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
  test('links out of the bucket are not followed, to a file, to a folder or through another link', async (context) => {
    const { inside, secret } = await twoFolders(context)
    await symlink(join(secret, 'file'), join(inside, 'file'))
    await symlink(secret, join(inside, 'folder'))
    await symlink('../secret/file', join(inside, 'relative'))
    await symlink('relative', join(inside, 'twice'))
    const blobs = await openDiskBucket(inside)
    assert.deepEqual(await listed(blobs), [])
    for (const key of ['file', 'folder/file', 'relative', 'twice']) assert.equal(await blobs.open(key), undefined, key)
  })

  test('links within the bucket count as their target', async (context) => {
    const { inside } = await twoFolders(context)
    await mkdir(join(inside, 'real'))
    await writeFile(join(inside, 'real', 'file'), 'inside')
    await symlink('real', join(inside, 'also'))
    await symlink('real/file', join(inside, 'direct'))
    const blobs = await openDiskBucket(inside)
    assert.deepEqual(await listed(blobs), ['also/file', 'direct', 'real/file'])
    assert.equal(String(await readAll((await blobs.open('also/file'))!)), 'inside')
  })

  test('a listed file is read into memory, unless its folder has become a link out of the bucket since', async (context) => {
    const { inside, secret } = await twoFolders(context)
    await mkdir(join(inside, 'folder'))
    await writeFile(join(inside, 'folder', 'file'), 'inside')
    await symlink('folder/file', join(inside, 'link'))
    const entries: BucketFile[] = []
    for await (const entry of (await openDiskBucket(inside)).scan('')) if (!isUnreadable(entry)) entries.push(entry)
    assert.deepEqual(
      entries.map(({ key }) => key),
      ['folder/file', 'link'],
    )
    const read = async (entry: BucketFile) => {
      const into = new Uint8Array(20)
      const blob = await entry.open({ start: 2, length: 20, into })
      return blob && String(Buffer.from(await readInto(blob, into)))
    }
    for (const entry of entries) assert.equal(await read(entry), 'side')
    await rename(join(inside, 'folder'), join(inside, 'moved'))
    for (const entry of entries) assert.equal(await read(entry), undefined)
    await symlink(secret, join(inside, 'folder'))
    for (const entry of entries) assert.equal(await read(entry), undefined)
    await rm(join(inside, 'folder'))
    await symlink('moved', join(inside, 'folder'))
    for (const entry of entries) assert.equal(await read(entry), 'side')
  })

  test('nothing is written or removed through a link out of the bucket', async (context) => {
    const { inside, secret } = await twoFolders(context)
    await symlink(secret, join(inside, 'folder'))
    await symlink(join(secret, 'file'), join(inside, 'file'))
    await symlink('nowhere', join(inside, 'broken'))
    const blobs = await openDiskBucket(inside)
    for (const key of ['folder/new', 'folder/a/b/new', 'folder/file', 'broken/new']) {
      await assert.rejects(blobs.put(key, Buffer.from('x')), InvalidBlobKey, key)
      await blobs.remove([key])
    }
    await blobs.put('file', Buffer.from('x'))
    assert.deepEqual(await readdir(secret), ['file'])
    assert.equal(await readFile(join(secret, 'file'), 'utf8'), 'secret')
    assert.deepEqual((await readdir(inside)).sort(), ['broken', 'file', 'folder'])
  })

  test('links within the bucket are followed for writing and removing', async (context) => {
    const { inside } = await twoFolders(context)
    await mkdir(join(inside, 'real'))
    await symlink('real', join(inside, 'also'))
    const blobs = await openDiskBucket(inside)
    await blobs.put('also/a/file', Buffer.from('inside'))
    assert.equal(await readFile(join(inside, 'real/a/file'), 'utf8'), 'inside')
    await blobs.remove(['also/a/file'])
    assert.deepEqual(await listed(blobs), [])
  })

  test('blobs that are put at the same time into a new folder are all stored', async (context) => {
    const { inside } = await twoFolders(context)
    for (let round = 0; round < 5; round++) {
      const names = Array.from({ length: 16 }, (_, at) => `${round}/a/b/${at}`)
      const put = async (name: string, at: number) => {
        // Another bucket for each, as in several requests, which begin one after the other.
        const blobs = await openDiskBucket(inside)
        for (let turn = 0; turn < at; turn++) await new Promise((resolve) => setImmediate(resolve))
        await blobs.put(name, Buffer.from('x'))
      }
      await Promise.all(names.map(put))
    }
    assert.equal((await listed(await openDiskBucket(inside))).length, 5 * 16)
  })

  test('a link to a folder above itself does not make the listing infinite', async (context) => {
    const { inside } = await twoFolders(context)
    await mkdir(join(inside, 'a'))
    await writeFile(join(inside, 'a', 'file'), 'x')
    await symlink('..', join(inside, 'a', 'up'))
    await symlink('.', join(inside, 'a', 'self'))
    await symlink('nowhere', join(inside, 'a', 'broken'))
    const blobs = await openDiskBucket(inside)
    assert.deepEqual(await listed(blobs), ['a/file'])
  })

  test('in a place of Hilum itself no link is followed', async (context) => {
    const { inside } = await twoFolders(context)
    await writeFile(join(inside, 'real'), 'x')
    await symlink('real', join(inside, 'link'))
    const blobs = await openDiskBlobs(inside)
    assert.deepEqual(await listed(blobs), ['real'])
    assert.equal(await blobs.open('link'), undefined)
  })
})

describe('files that are not blobs', () => {
  test('a pipe is not listed, and opening it does not wait', async (context) => {
    const { inside } = await twoFolders(context)
    execFileSync('mkfifo', [join(inside, 'pipe')])
    const blobs = await openDiskBucket(inside)
    assert.deepEqual(await listed(blobs), [])
    assert.equal(await blobs.open('pipe'), undefined)
  })

  for (const { open, unfinishedIn } of [
    { open: openDiskBlobs, unfinishedIn: '.hilum.unfinished' },
    { open: openDiskBucket, unfinishedIn: 'a' },
  ])
    test(`an unfinished blob in ${unfinishedIn} is not listed, has no key, and is removed in the end`, async (context) => {
      const { inside } = await twoFolders(context)
      const blobs = await open(inside)
      let during: string[] = []
      await blobs.put(
        'a/key',
        (async function* () {
          yield Buffer.from('x')
          during = await readdir(join(inside, unfinishedIn))
          assert.deepEqual(await listed(blobs), [])
        })(),
      )
      assert.equal(during.length, 1)
      for (const key of [`a/${during[0]}`, `${during[0]}/a`, '.hilum.unfinished/a']) {
        await assert.rejects(blobs.put(key, Buffer.from('x')), InvalidBlobKey)
      }
      assert.ok(!(await readdir(join(inside, unfinishedIn))).includes(during[0]!))
      assert.deepEqual(await listed(blobs), ['a/key'])
    })

  test('old unfinished files of a dead process are removed, and nothing else', async (context) => {
    const { inside } = await twoFolders(context)
    const blobs = await openDiskBlobs(inside)
    await blobs.put('a/key', Buffer.from('x'))
    const folder = join(inside, '.hilum.unfinished')
    for (const name of ['.hilum-1.unfinished', '.hilum-2.unfinished', 'other file']) {
      await writeFile(join(folder, name), 'x')
      if (name !== '.hilum-2.unfinished') await utimes(join(folder, name), new Date(0), new Date(0))
    }
    await blobs.removeUnfinished(Date.now() - 3_600_000)
    assert.deepEqual((await readdir(folder)).sort(), ['.hilum-2.unfinished', 'other file'])
    assert.deepEqual(await listed(blobs), ['a/key'])
  })
})

describe('blobs spread over folders', () => {
  test('the folder of a blob is named after the first characters of its name', async (context) => {
    const { inside } = await twoFolders(context)
    const blobs = await openDiskBlobs(inside)
    await blobs.put('store/job/c0ffee', Buffer.from('x'))
    assert.deepEqual(await readdir(join(inside, 'store/job')), ['~c0'])
    assert.deepEqual(await readdir(join(inside, 'store/job/~c0')), ['c0ffee'])
  })

  test('the name of such a folder is not part of a key', async (context) => {
    const { inside } = await twoFolders(context)
    const blobs = await openDiskBlobs(inside)
    await blobs.put('a/c0ffee', Buffer.from('x'))
    for (const key of ['a/~c0/c0ffee', '~c0', '~c']) {
      assert.equal(await blobs.open(key), undefined)
      await blobs.remove([key])
      await assert.rejects(blobs.put(key, Buffer.from('x')), InvalidBlobKey)
    }
    assert.deepEqual(await listed(blobs), ['a/c0ffee'])
    for await (const { key } of blobs.list('a/~c0/')) assert.fail(key)
  })

  test('blobs of earlier versions, which did not spread them, are read, listed and removed', async (context) => {
    const { inside } = await twoFolders(context)
    await mkdir(join(inside, 'a'))
    for (const name of ['c0ffee', 'c1', 'd']) await writeFile(join(inside, 'a', name), 'earlier')
    const blobs = await openDiskBlobs(inside)
    for (const key of ['a/c0ff', 'a/c0ffef', 'a/c0/1', 'a/c0', 'a/c']) await blobs.put(key, Buffer.from('new'))
    const all = ['a/c', 'a/c0', 'a/c0/1', 'a/c0ff', 'a/c0ffee', 'a/c0ffef', 'a/c1', 'a/d']
    assert.deepEqual(await listed(blobs), all)
    assert.equal(String(await readAll((await blobs.open('a/c0ffee'))!)), 'earlier')
    assert.equal(String(await readAll((await blobs.open('a/c0'))!)), 'new')
    await blobs.put('a/c1', Buffer.from('again'))
    assert.equal(String(await readAll((await blobs.open('a/c1'))!)), 'again')
    await blobs.remove(all)
    assert.deepEqual(await listed(blobs), [])
  })

  test('a folder is removed with its last blob, and so are empty folders above it', async (context) => {
    const { inside } = await twoFolders(context)
    const blobs = await openDiskBlobs(inside)
    for (const key of ['a/b/c0ffee', 'a/b/c1', 'a/d']) await blobs.put(key, Buffer.from('x'))
    await blobs.remove(['a/b/c0ffee'])
    assert.deepEqual(await readdir(join(inside, 'a/b')), ['~c1'])
    await blobs.remove(['a/b/c1', 'a/b/never', 'e/f'])
    assert.deepEqual(await readdir(join(inside, 'a')), ['~d'])
    await blobs.put('a/b/c0ffee', Buffer.from('again'))
    assert.deepEqual(await listed(blobs), ['a/b/c0ffee', 'a/d'])
  })

  test('a blob is put even if its folder is removed meanwhile', async (context) => {
    const { inside } = await twoFolders(context)
    const [one, other] = [await openDiskBlobs(inside), await openDiskBlobs(inside)]
    const put = async () => {
      for (let at = 0; at < 100; at++) await one.put(`a/b/c0-${at}`, Buffer.from('x'))
    }
    const remove = async () => {
      for (let at = 0; at < 100; at++) {
        await other.put(`a/b/c0+${at}`, Buffer.from('x'))
        await other.remove(at === 0 ? ['a/b/c0+0'] : [`a/b/c0+${at}`, `a/b/c0-${at - 1}`])
      }
    }
    await Promise.all([put(), remove()])
    for (const key of await listed(one)) assert.match(key, /^a\/b\/c0-\d+$/)
    assert.ok((await one.open('a/b/c0-99')) !== undefined)
  })

  test('any keys are listed in byte order, completely and after each of them', async (context) => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '!', '0', '/', '~', '\u{1f600}', '\uff61'), maxLength: 6 })
    const keys = fc.uniqueArray(name, { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(keys, async (tried) => {
        const { inside } = await twoFolders(context)
        const blobs = await openDiskBlobs(inside)
        const put: string[] = []
        for (const key of tried) {
          try {
            await blobs.put(key, Buffer.from(key))
            put.push(key)
          } catch (error) {
            assert.ok(error instanceof InvalidBlobKey)
          }
        }
        put.sort(compareKeys)
        assert.deepEqual(await listed(blobs), put)
        for (const [at, after] of put.entries()) {
          const rest: string[] = []
          for await (const { key } of blobs.list('', { after })) rest.push(key)
          assert.deepEqual(rest, put.slice(at + 1))
        }
      }),
      { seed: 20261125, numRuns: 40 },
    )
  })
})

describe('keys that a file system refuses', () => {
  test('a part of more than 255 bytes is refused with a reason and is not stored', async (context) => {
    const { inside } = await twoFolders(context)
    const blobs = await openDiskBucket(inside)
    await assert.rejects(blobs.put('x'.repeat(300), Buffer.from('x')), InvalidBlobKey)
    assert.equal(await blobs.open('x'.repeat(300)), undefined)
    assert.deepEqual(await readdir(inside), [])
  })

  for (const key of ['/etc/passwd', 'a//b', 'a/']) {
    test(`${key} is refused`, async (context) => {
      const { inside } = await twoFolders(context)
      const blobs = await openDiskBucket(inside)
      await assert.rejects(blobs.put(key, Buffer.from('x')), InvalidBlobKey)
      assert.equal(await blobs.open(key), undefined)
    })
  }

  test('a key below another blob’s key is refused with a reason', async (context) => {
    const { inside } = await twoFolders(context)
    const blobs = await openDiskBucket(inside)
    await blobs.put('a', Buffer.from('x'))
    await blobs.put('b/c', Buffer.from('x'))
    await assert.rejects(blobs.put('a/b', Buffer.from('x')), InvalidBlobKey)
    await assert.rejects(blobs.put('b', Buffer.from('x')), InvalidBlobKey)
    assert.deepEqual(await listed(blobs), ['a', 'b/c'])
  })
})

test('the file of a large blob that is opened and never read is closed', async (context) => {
  const { inside } = await twoFolders(context)
  const blobs = await openDiskBucket(inside)
  await blobs.put('large', Buffer.alloc(2 * 1024 ** 2))
  const openFiles = async () => (await readdir('/proc/self/fd')).length
  const before = await openFiles()
  for (let times = 0; times < 10; times++) {
    await (await blobs.open('large'))!.bytes[Symbol.asyncIterator]().return?.()
  }
  assert.equal(await openFiles(), before)
})
