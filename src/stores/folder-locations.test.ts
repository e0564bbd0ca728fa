/** Buckets as folders: which are open, and what is said of those that are not. */
import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Message } from '../contract/import-jobs.ts'
import { asNobody } from '../fixtures/as-nobody.ts'
import { readAll } from './blob-store.ts'
import { openFolderLocations } from './folder-locations.ts'
import { isClosed, type Locations } from './locations.ts'
import { openMemoryLocations } from './memory-locations.ts'

describe('buckets as folders', () => {
  let root: string
  let locations: Locations
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'hilum-buckets-'))
    locations = await openFolderLocations(join(root, 'buckets'))
    await mkdir(join(root, 'buckets', 'scans'))
    await writeFile(join(root, 'buckets', 'scans', 'a.dcm'), 'bytes')
    await writeFile(join(root, 'buckets', 'a-file'), '')
    await mkdir(join(root, 'outside'))
  })
  after(() => rm(root, { recursive: true }))

  test('a folder is a bucket whose files are its objects', async () => {
    const bucket = await locations.openBucket('scans')
    assert.ok(!isClosed(bucket))
    assert.equal(String(await readAll((await bucket.open('a.dcm'))!)), 'bytes')
  })

  for (const name of ['no-such', 'a-file', '..', '.', 'x/../../outside', '../outside', 'A', '', '/tmp']) {
    test(`"${name}" is no bucket, and the reason can stand in a job's message`, async () => {
      const bucket = await locations.openBucket(name)
      assert.ok(isClosed(bucket))
      assert.equal(bucket.closed, 'missing')
      assert.match(bucket.reason, new RegExp(`^(?:${Message.pattern})$`, 'u'))
      assert.ok(!bucket.reason.includes(root))
    })
  }

  test('a folder that may not be read is closed for lack of access', async () => {
    await mkdir(join(root, 'buckets', 'locked'), { mode: 0 })
    await chmod(root, 0o755)
    const bucket = await asNobody(() => locations.openBucket('locked'))
    assert.ok(isClosed(bucket))
    assert.equal(bucket.closed, 'access')
  })
})

test('a bucket in memory is there once it was made, and stays the same one', async () => {
  const locations = openMemoryLocations()
  assert.ok(isClosed(await locations.openBucket('scans')))
  await locations.createBucket('scans').put('a', Buffer.from('x'))
  const bucket = await locations.openBucket('scans')
  assert.ok(!isClosed(bucket))
  assert.ok(await bucket.open('a'))
  assert.equal(locations.createBucket('scans'), bucket)
})
