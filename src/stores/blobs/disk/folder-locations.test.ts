/** Buckets as folders: which can be opened, and the reason why others cannot. */
import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, stat, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { Message } from '../../../contract/import-jobs.ts'
import { asNobody } from '../../../fixtures/as-nobody.ts'
import { removeAtExit } from '../../../fixtures/remove-at-exit.ts'
import { isClosed, type Locations } from '../../locations/locations.ts'
import { readAll } from '../blob-store.ts'
import { openMemoryLocations } from '../memory/memory-locations.ts'
import { openFolderLocations } from './folder-locations.ts'

describe('buckets as folders', () => {
  let root: string
  let locations: Locations
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'hilum-buckets-'))
    removeAtExit(root)
    locations = await openFolderLocations(join(root, 'buckets'))
    await mkdir(join(root, 'buckets', 'scans'))
    await writeFile(join(root, 'buckets', 'scans', 'a.dcm'), 'bytes')
    await writeFile(join(root, 'buckets', 'a-file'), '')
    await mkdir(join(root, 'outside'))
  })

  test('a folder is a bucket whose files are its objects', async () => {
    const bucket = await locations.openBucket('scans')
    assert.ok(!isClosed(bucket))
    assert.equal(String(await readAll((await bucket.open('a.dcm'))!)), 'bytes')
  })

  test('a bucket of Hilum itself is created, if its name is valid', async () => {
    const bucket = await locations.openOwnBucket('our-own')
    assert.ok(!isClosed(bucket))
    await bucket.put('folder/file', Buffer.from('bytes'))
    assert.equal(
      String(await readAll((await ((await locations.openOwnBucket('our-own')) as typeof bucket).open('folder/file'))!)),
      'bytes',
    )
    assert.equal((await stat(join(root, 'buckets', 'our-own'))).mode & 0o777, 0o700)
    for (const name of ['../our-own', 'a-file', 'A']) assert.ok(isClosed(await locations.openOwnBucket(name)))
    assert.deepEqual(await readdir(root), ['buckets', 'outside'])
  })

  test('the free bytes of a bucket are those of its disk', async () => {
    await locations.openOwnBucket('our-own')
    const { bavail, bsize } = await statfs(root)
    const freeBytes = (await locations.freeBytes('our-own'))!
    // Others write to the same disk meanwhile.
    assert.ok(freeBytes > 0 && Math.abs(freeBytes - bavail * bsize) < 1024 ** 3)
    await assert.rejects(locations.freeBytes('no-such'), /the folder of buckets/)
    assert.equal(await openMemoryLocations().freeBytes('any'), undefined)
  })

  for (const name of ['no-such', 'a-file', '..', '.', 'x/../../outside', '../outside', 'A', '', '/tmp']) {
    test(`"${name}" is not a bucket, and the reason is valid in the message of a job`, async () => {
      const bucket = await locations.openBucket(name)
      assert.ok(isClosed(bucket))
      assert.equal(bucket.closed, 'missing')
      assert.match(bucket.reason, new RegExp(`^(?:${Message.pattern})$`, 'u'))
      assert.ok(!bucket.reason.includes(root))
    })
  }

  test('a folder without read access is closed with reason access', async () => {
    await mkdir(join(root, 'buckets', 'locked'), { mode: 0 })
    await chmod(root, 0o755)
    const bucket = await asNobody(() => locations.openBucket('locked'))
    assert.ok(isClosed(bucket))
    assert.equal(bucket.closed, 'access')
  })
})

test('a bucket in memory exists when it was created, and is not replaced', async () => {
  const locations = openMemoryLocations()
  assert.ok(isClosed(await locations.openBucket('scans')))
  await locations.createBucket('scans').put('a', Buffer.from('x'))
  const bucket = await locations.openBucket('scans')
  assert.ok(!isClosed(bucket))
  assert.ok(await bucket.open('a'))
  assert.equal(locations.createBucket('scans'), bucket)
})
