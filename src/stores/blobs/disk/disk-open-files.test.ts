/** Blobs read into the caller's memory, from files that stay open. */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type BlobStore, readAll } from '../blob-store.ts'
import { openDiskBlobs } from './disk-blobs.ts'

const folder = await mkdtemp(join(tmpdir(), 'hilum-open-files-'))
after(() => rm(folder, { recursive: true, force: true }))
const blobs = await openDiskBlobs(folder)

async function readInto(store: BlobStore, key: string, range: { start: number; length: number; room?: number }) {
  const into = new Uint8Array(range.room ?? range.length)
  const blob = await store.open(key, { start: range.start, length: range.length, into })
  if (blob === undefined) return undefined
  const bytes = await readAll(blob)
  return { text: Buffer.from(bytes).toString(), sizeBytes: blob.sizeBytes, isInto: bytes.buffer === into.buffer }
}

/** Of the blobs in the folder; Linux tells it. */
async function openCount(): Promise<number> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  )
  return links.filter((link) => link.startsWith(folder)).length
}

test('a range lies in the memory that was given, and in other memory where it does not fit', async () => {
  await blobs.put('one', Buffer.from('0123456789'))
  const read = { text: '3456', sizeBytes: 10 }
  assert.deepEqual(await readInto(blobs, 'one', { start: 3, length: 4 }), { ...read, isInto: true })
  assert.deepEqual(await readInto(blobs, 'one', { start: 3, length: 4, room: 9 }), { ...read, isInto: true })
  assert.deepEqual(await readInto(blobs, 'one', { start: 3, length: 4, room: 3 }), { ...read, isInto: false })
  assert.equal((await readInto(blobs, 'one', { start: 8, length: 4 }))?.text, '89')
  assert.equal((await readInto(blobs, 'one', { start: 20, length: 4 }))?.text, '')
})

test('a blob that is not there, and a folder, are undefined', async () => {
  await blobs.put('folder/one', Buffer.from('x'))
  for (const key of ['none', 'folder', 'none/none']) {
    assert.equal(await readInto(blobs, key, { start: 0, length: 1 }), undefined)
  }
  await blobs.put('none', Buffer.from('now there'))
  assert.equal((await readInto(blobs, 'none', { start: 0, length: 3 }))?.text, 'now')
})

test('what was removed is gone, and what was put again is there', async () => {
  await blobs.put('again', Buffer.from('first'))
  assert.equal((await readInto(blobs, 'again', { start: 0, length: 5 }))?.text, 'first')
  await blobs.remove(['again'])
  assert.equal(await readInto(blobs, 'again', { start: 0, length: 5 }), undefined)
  await blobs.put('again', Buffer.from('later'))
  assert.equal((await readInto(blobs, 'again', { start: 0, length: 5 }))?.text, 'later')
})

test('many blobs read at once leave few files open', { skip: process.platform !== 'linux' }, async () => {
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
  assert.ok((await openCount()) < 10, 'those of removed blobs are closed')
})
