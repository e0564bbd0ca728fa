/** Blobs read into memory of the caller, from the cache of open files. */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, readlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { removeAtExit } from '../../../fixtures/remove-at-exit.ts'
import { type BlobStore, readAll } from '../blob-store.ts'
import { openDiskBlobs } from './disk-blobs.ts'

const folder = await mkdtemp(join(tmpdir(), 'hilum-open-files-'))
removeAtExit(folder)
const blobs = await openDiskBlobs(folder)

async function readInto(store: BlobStore, key: string, range: { start: number; length: number; memory?: number }) {
  const into = new Uint8Array(range.memory ?? range.length)
  const blob = await store.open(key, { start: range.start, length: range.length, into })
  if (blob === undefined) return undefined
  const bytes = await readAll(blob)
  return { text: Buffer.from(bytes).toString(), sizeBytes: blob.sizeBytes, isInto: bytes.buffer === into.buffer }
}

/** The number of open files in the folder (Linux only). */
async function openCount(): Promise<number> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  )
  return links.filter((link) => link.startsWith(folder)).length
}

test('a range is read into the given memory, and into other memory if it does not fit', async () => {
  await blobs.put('one', Buffer.from('0123456789'))
  const read = { text: '3456', sizeBytes: 10 }
  assert.deepEqual(await readInto(blobs, 'one', { start: 3, length: 4 }), { ...read, isInto: true })
  assert.deepEqual(await readInto(blobs, 'one', { start: 3, length: 4, memory: 9 }), { ...read, isInto: true })
  assert.deepEqual(await readInto(blobs, 'one', { start: 3, length: 4, memory: 3 }), { ...read, isInto: false })
  assert.equal((await readInto(blobs, 'one', { start: 8, length: 4 }))?.text, '89')
  assert.equal((await readInto(blobs, 'one', { start: 20, length: 4 }))?.text, '')
})

test('a missing blob and a folder are undefined', async () => {
  await blobs.put('folder/one', Buffer.from('x'))
  for (const key of ['none', 'folder', 'none/none']) {
    assert.equal(await readInto(blobs, key, { start: 0, length: 1 }), undefined)
  }
  await blobs.put('none', Buffer.from('now there'))
  assert.equal((await readInto(blobs, 'none', { start: 0, length: 3 }))?.text, 'now')
})

test('a removed blob is undefined, and one that is put again is read', async () => {
  await blobs.put('again', Buffer.from('first'))
  assert.equal((await readInto(blobs, 'again', { start: 0, length: 5 }))?.text, 'first')
  await blobs.remove(['again'])
  assert.equal(await readInto(blobs, 'again', { start: 0, length: 5 }), undefined)
  await blobs.put('again', Buffer.from('later'))
  assert.equal((await readInto(blobs, 'again', { start: 0, length: 5 }))?.text, 'later')
})

test('many concurrent reads leave few files open', { skip: process.platform !== 'linux' }, async () => {
  const keys = Array.from({ length: 300 }, (_, index) => `many/${index}`)
  for (const key of keys) await blobs.put(key, Buffer.from(key))
  for (let round = 0; round < 3; round++) {
    const read = await Promise.all(keys.map((key) => readInto(blobs, key, { start: 0, length: 20 })))
    assert.deepEqual(
      read.map((each) => each?.text),
      keys,
    )
  }
  assert.ok((await openCount()) <= 64, `${await openCount()} files are open`)
  await blobs.remove(keys)
  assert.ok((await openCount()) < 10, 'files of removed blobs are closed')
})
