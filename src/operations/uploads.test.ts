/** Uploads with several access keys, after a restart, and on a real disk. */
import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { App } from '../app.ts'
import { DEFAULT_LIMITS } from '../default-limits.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import type { Limits } from '../limits.ts'
import { newId } from '../server/new-id.ts'
import { openFolderLocations } from '../stores/blobs/disk/folder-locations.ts'
import { openMemoryLocations } from '../stores/blobs/memory/memory-locations.ts'
import type { Locations } from '../stores/locations/locations.ts'
import { openUploadUsage } from './upload-usage.ts'
import { joinUploadFile, putUploadFile, putUploadFiles, removeUpload, startUpload } from './uploads.ts'

const ONE = { callerId: 'ONE' }
const OTHER = { callerId: 'OTHER' }
const bytes = new Uint8Array(100)

/** A newly started server on these buckets. */
const appOver = (locations: Locations, limits: Partial<Limits> = {}): App =>
  ({
    locations,
    limits: { ...DEFAULT_LIMITS, ...limits },
    clock: Date.now,
    newId,
    background: { run: (_name: string, work: () => Promise<void>) => void work() },
    uploadUsage: openUploadUsage({ countedMs: 0, serverCount: () => 1 }),
  }) as unknown as App

const quota = { name: 'ServiceQuotaExceededException' }

describe('the upload quota of an access key', () => {
  test('is separate for each key, and no key can access the uploads of another', async () => {
    const app = appOver(openMemoryLocations(), { uploadBytesPerKey: 150 })
    const { uploadId } = await startUpload(ONE, app)
    await putUploadFile({ ...ONE, uploadId, name: 'a', bytes }, app)
    await assert.rejects(putUploadFile({ ...ONE, uploadId, name: 'b', bytes }, app), quota)
    const noId = { message: 'There is no upload with this id. Start one with POST /hilum/uploads.' }
    await assert.rejects(putUploadFile({ ...OTHER, uploadId, name: 'b', bytes }, app), noId)
    await assert.rejects(removeUpload({ ...OTHER, uploadId }, app), noId)
    const other = await startUpload(OTHER, app)
    await putUploadFile({ ...OTHER, uploadId: other.uploadId, name: 'a', bytes }, app)
  })

  test('includes uploads from before a restart, and parts', async () => {
    const locations = openMemoryLocations()
    const before = appOver(locations)
    const { uploadId } = await startUpload(ONE, before)
    await putUploadFile({ ...ONE, uploadId, name: 'a', bytes }, before)
    await putUploadFile({ ...ONE, uploadId, name: 'b', part: 1, bytes }, before)
    const after = appOver(locations, { uploadBytesPerKey: 299 })
    await assert.rejects(putUploadFile({ ...ONE, uploadId, name: 'c', bytes }, after), quota)
    // By another server.
    await removeUpload({ ...ONE, uploadId }, before)
    await putUploadFile({ ...ONE, uploadId, name: 'c', bytes }, after)
  })

  test('does not count a file twice that is stored while the uploads are counted', async () => {
    const usage = openUploadUsage({ countedMs: 0, serverCount: () => 1 })
    const wanted = { owner: 'ONE', bytes: 100, limitBytes: 250 }
    const settle = await usage.take(wanted, async () => 0)
    usage.forget()
    let counts = 0
    const second = await usage.take(wanted, async () => {
      counts += 1
      // It is in the bucket already.
      if (counts === 1) settle!(true)
      return 100
    })
    assert.ok(second !== undefined)
    assert.equal(counts, 2)
    second(true)
    assert.equal(await usage.take(wanted, async () => 200), undefined)
  })

  test('is released when a file could not be stored', async () => {
    const locations = openMemoryLocations()
    const app = appOver(locations, { uploadBytesPerKey: 150 })
    const { uploadId } = await startUpload(ONE, app)
    const failing = (async function* () {
      yield new Uint8Array(1)
      throw new Error('the disk is gone')
    })()
    await assert.rejects(
      putUploadFile({ ...ONE, uploadId, name: 'a', bytes: Object.assign(failing, { length: 100 }) as never }, app),
    )
    await putUploadFile({ ...ONE, uploadId, name: 'a', bytes }, app)
  })
})

test('files of one request are stored even if another of them cannot be, and count', async (_t) => {
  const root = await mkdtemp(join(tmpdir(), 'hilum-uploads-'))
  removeAtExit(root)
  const app = appOver(await openFolderLocations(root), { uploadBytesPerKey: 300, uploadDiskBytesKeptFree: 1 })
  const { uploadId } = await startUpload(ONE, app)
  const put = (...names: readonly string[]) =>
    putUploadFiles({ ...ONE, uploadId, files: names.map((name) => ({ name, bytes })) }, app)
  await put('a/1')
  await assert.rejects(put('a', 'b'), { name: 'InvalidBlobKey' })
  await put('c')
  await assert.rejects(put('d'), quota)
})

test('uploads leave part of the disk free, and the refusal names the limit', async (_t) => {
  const root = await mkdtemp(join(tmpdir(), 'hilum-uploads-'))
  removeAtExit(root)
  const locations = await openFolderLocations(root)
  const roomy = appOver(locations, { uploadDiskBytesKeptFree: 1 })
  const { uploadId } = await startUpload(ONE, roomy)
  await putUploadFile({ ...ONE, uploadId, name: 'a', part: 1, bytes }, roomy)
  const full = appOver(locations, { uploadDiskBytesKeptFree: 2 ** 52 })
  const refused = {
    ...quota,
    message:
      /^The server's disk has [\d.]+ [GM]iB left, of which uploads leave 4194304\.0 GiB free\. .*limits\.uploadDiskBytesKeptFree /,
  }
  await assert.rejects(startUpload(ONE, full), refused)
  await assert.rejects(putUploadFile({ ...ONE, uploadId, name: 'b', bytes }, full), refused)
  await assert.rejects(joinUploadFile({ ...ONE, uploadId, name: 'a', parts: 1 }, full), refused)
  await joinUploadFile({ ...ONE, uploadId, name: 'a', parts: 1 }, roomy)
  await removeUpload({ ...ONE, uploadId }, full)
})
