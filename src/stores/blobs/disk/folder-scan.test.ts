/** Listing a folder of other people's files: every entry is a file or a refusal with its reason, and the listing is complete or throws. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { asNobody } from '../../../fixtures/as-nobody.ts'
import { type Bucket, isUnreadable } from '../../locations/locations.ts'
import { StoreUnavailable } from '../../store-unavailable.ts'
import { compareKeys } from '../blob-key.ts'
import { readAll } from '../blob-store.ts'
import { openDiskBucket } from './disk-blobs.ts'
import { asUnavailable } from './disk-failure.ts'
import { asUnlistable, refusalOfFile } from './folder-entries.ts'
import { scanFolder } from './folder-scan.ts'

/** A folder `bucket` beside a folder `outside`, removed after the test. */
async function foldersFor(context: TestContext): Promise<{ bucket: string; outside: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-scan-'))
  context.after(async () => {
    for (const closed of ['locked', 'names-only'])
      if (existsSync(join(bucket, closed))) chmodSync(join(bucket, closed), 0o755)
    await rm(folder, { recursive: true, force: true })
  })
  chmodSync(folder, 0o755)
  const [bucket, outside] = [join(folder, 'bucket'), join(folder, 'outside')]
  for (const made of [bucket, outside]) mkdirSync(made)
  writeFileSync(join(outside, 'secret'), 'secret')
  return { bucket, outside }
}

/** @param name each character is one byte (Latin-1) */
const pathOf = (folder: string, name: string) => Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')])

function write(folder: string, ...names: string[]): void {
  for (const name of names) {
    const path = pathOf(folder, name)
    mkdirSync(path.subarray(0, path.lastIndexOf('/')), { recursive: true })
    writeFileSync(path, name, 'latin1')
  }
}

/** Files as their keys, refusals as `key: reason`. */
async function scanned(bucket: Pick<Bucket, 'scan'>, prefix = '', after?: string): Promise<string[]> {
  const found: string[] = []
  for await (const entry of bucket.scan(prefix, after === undefined ? {} : { after })) {
    found.push(isUnreadable(entry) ? `${entry.key}: ${entry.reason}` : entry.key)
  }
  return found
}

describe('names that are not UTF-8', () => {
  const NAMES = ['a.dcm', 'dir\xff/in.dcm', 'z1.dcm', 'z2.dcm', 'zz/z3.dcm', 'z\xfcrich']
  const KEYS = ['a.dcm', 'dir%FF/in.dcm', 'z%FCrich', 'z1.dcm', 'z2.dcm', 'zz/z3.dcm']

  test('a folder or file whose name is not UTF-8 is read under an escaped key, and the rest is listed too', async (context) => {
    const { bucket } = await foldersFor(context)
    write(bucket, ...NAMES)
    const blobs = await openDiskBucket(bucket)
    assert.deepEqual(await scanned(blobs), KEYS)
    for await (const entry of blobs.scan('')) {
      assert.ok(!isUnreadable(entry))
      const text = Buffer.from(await readAll((await entry.open())!)).toString('latin1')
      assert.equal(text.replace('\xff', '%FF').replace('\xfc', '%FC'), entry.key)
      assert.equal(entry.sizeBytes, text.length)
    }
  })

  test('a listing continues after every key, escaped or not', async (context) => {
    const { bucket } = await foldersFor(context)
    write(bucket, ...NAMES)
    const blobs = await openDiskBucket(bucket)
    for (const [at, key] of KEYS.entries()) assert.deepEqual(await scanned(blobs, '', key), KEYS.slice(at + 1), key)
  })

  test('an escaped key is a prefix like any other', async (context) => {
    const { bucket } = await foldersFor(context)
    write(bucket, ...NAMES, 'dir\xff/deep\xfe/in.dcm')
    const blobs = await openDiskBucket(bucket)
    assert.deepEqual(await scanned(blobs, 'dir%FF/'), ['dir%FF/deep%FE/in.dcm', 'dir%FF/in.dcm'])
    assert.deepEqual(await scanned(blobs, 'dir%FF/deep%FE/'), ['dir%FF/deep%FE/in.dcm'])
    assert.deepEqual(await scanned(blobs, 'z%FC'), ['z%FCrich'])
    assert.deepEqual(await scanned(blobs, 'dir%FE/'), [])
  })

  test('a file whose name equals the escaped name of another has a different key', async (context) => {
    const { bucket } = await foldersFor(context)
    write(bucket, 'a\xff', 'a%FF')
    const blobs = await openDiskBucket(bucket)
    assert.deepEqual(await scanned(blobs), ['a%FF', 'a%FF%'])
    assert.equal(String(await readAll((await blobs.open('a%FF'))!)), 'a%FF')
  })

  test('any names are listed in byte order of their keys, no key twice, and completely after each key', async (context) => {
    const unit = fc.constantFrom('a', '%', 'F', '\xff', '\xc3', '\xa4', '0', '-')
    const name = fc.string({ unit, minLength: 1, maxLength: 4 })
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(path, { maxLength: 20 }), async (paths) => {
        const { bucket } = await foldersFor(context)
        let written = 0
        for (const one of paths) {
          try {
            write(bucket, one)
            written += 1
          } catch {
            // One name cannot be a file and a folder.
          }
        }
        const blobs = await openDiskBucket(bucket)
        const keys = await scanned(blobs)
        assert.equal(keys.length, written)
        assert.deepEqual(keys, [...new Set(keys)].sort(compareKeys))
        for (const [at, key] of keys.entries()) assert.deepEqual(await scanned(blobs, '', key), keys.slice(at + 1))
        rmSync(dirname(bucket), { recursive: true })
      }),
      { seed: 20261201, numRuns: 60 },
    )
  })
})

describe('entries that cannot be read', () => {
  test('a pipe, a link out of the bucket, a broken link and a loop are each listed with a reason, among the files', async (context) => {
    const { bucket, outside } = await foldersFor(context)
    write(bucket, 'a', 'sub/b', 'z')
    execFileSync('mkfifo', [join(bucket, 'pipe')])
    symlinkSync(outside, join(bucket, 'out'))
    symlinkSync(join(outside, 'secret'), join(bucket, 'out-file'))
    symlinkSync('nowhere', join(bucket, 'broken'))
    symlinkSync('..', join(bucket, 'sub/top'))
    symlinkSync('.', join(bucket, 'sub/up'))
    symlinkSync('itself', join(bucket, 'sub/itself'))
    const blobs = await openDiskBucket(bucket)
    const lines = [
      'a',
      'broken: The link leads to nothing',
      'out: The link leads out of the bucket',
      'out-file: The link leads out of the bucket',
      'pipe: It is not a file but a pipe',
      'sub/b',
      'sub/itself: The link leads back to itself',
      'sub/top: The link leads back to a folder that it is in',
      'sub/up/: The link leads back to a folder that it is in',
      'z',
    ]
    assert.deepEqual(await scanned(blobs), lines)
    for (const [at, line] of lines.entries()) {
      assert.deepEqual(await scanned(blobs, '', line.split(':')[0]), lines.slice(at + 1))
    }
  })

  test('a prefix that is a link out of the bucket lists the link and nothing below it', async (context) => {
    const { bucket, outside } = await foldersFor(context)
    symlinkSync(outside, join(bucket, 'out'))
    const blobs = await openDiskBucket(bucket)
    assert.deepEqual(await scanned(blobs, 'out/'), ['out/: The link leads out of the bucket'])
    assert.deepEqual(await scanned(blobs, 'out/', 'out/'), [])
    assert.deepEqual(await scanned(blobs, 'out/s'), [])
  })

  test('a prefix that no key can have lists nothing', async (context) => {
    const { bucket } = await foldersFor(context)
    write(bucket, 'a')
    const blobs = await openDiskBucket(bucket)
    for (const prefix of ['\0', 'a\0/', '\0/b', '../', './a', 'a//', '.hilum-1.unfinished/']) {
      assert.deepEqual(await scanned(blobs, prefix), [], JSON.stringify(prefix))
    }
  })

  test('a folder without read access is one refusal, and its neighbours are listed', async (context) => {
    const { bucket } = await foldersFor(context)
    write(bucket, 'a', 'locked/b', 'z')
    chmodSync(join(bucket, 'locked'), 0)
    const lines = ['a', 'locked/: It cannot be read: access denied. Nothing below it was imported', 'z']
    await asNobody(async () => {
      const blobs = await openDiskBucket(bucket)
      assert.deepEqual(await scanned(blobs), lines)
      assert.deepEqual(await scanned(blobs, '', 'a'), lines.slice(1))
      assert.deepEqual(await scanned(blobs, '', 'locked/'), ['z'])
    })
  })

  test('if a folder was listed in part before access was denied, the continued listing fails', async (context) => {
    const { bucket } = await foldersFor(context)
    write(bucket, 'a', 'locked/b', 'locked/c', 'z')
    chmodSync(join(bucket, 'locked'), 0)
    await asNobody(async () => {
      const blobs = await openDiskBucket(bucket)
      await assert.rejects(scanned(blobs, '', 'locked/b'), isUnavailable('access'))
      await assert.rejects(scanned(blobs, 'locked/'), isUnavailable('access'))
    })
  })

  test('files whose size cannot be read are each refused', async (context) => {
    const { bucket } = await foldersFor(context)
    write(bucket, 'a', 'names-only/b', 'names-only/c')
    chmodSync(join(bucket, 'names-only'), 0o744)
    await asNobody(async () => {
      const denied = (key: string) => `${key}: It cannot be read: access denied`
      const blobs = await openDiskBucket(bucket)
      assert.deepEqual(await scanned(blobs), ['a', denied('names-only/b'), denied('names-only/c')])
    })
  })
})

describe('changes during a listing', () => {
  test('a folder that vanishes is a refusal with its reason, and all others are listed', async (context) => {
    const { bucket } = await foldersFor(context)
    const names = Array.from({ length: 300 }, (_, at) => `${String(at).padStart(3, '0')}/in.dcm`)
    write(bucket, ...names)
    const blobs = await openDiskBucket(bucket)
    const found: string[] = []
    for await (const entry of blobs.scan('')) {
      if (found.length === 0) rmSync(join(bucket, '290'), { recursive: true })
      found.push(isUnreadable(entry) ? `${entry.key} ${entry.reason}` : entry.key)
    }
    const vanished = '290/ It was removed or renamed while the import listed it. Nothing below it was imported'
    assert.deepEqual(found, names.with(290, vanished))
  })

  test('a file that vanishes is a refusal, and one that became a folder too', async (context) => {
    const { bucket } = await foldersFor(context)
    write(bucket, ...Array.from({ length: 40 }, (_, at) => `${10 + at}`))
    const blobs = await openDiskBucket(bucket)
    const refused: string[] = []
    let listed = 0
    for await (const entry of blobs.scan('')) {
      if (++listed === 1) {
        for (const name of ['48', '49']) rmSync(join(bucket, name))
        mkdirSync(join(bucket, '49'))
      }
      if (isUnreadable(entry)) refused.push(`${entry.key}: ${entry.reason}`)
    }
    assert.deepEqual(refused, [
      '48: It was removed or renamed while the import listed it',
      '49: It is no longer a file',
    ])
    assert.equal(listed, 40)
  })

  test('a bucket that is removed fails the listing, which can be retried', async (context) => {
    const { bucket } = await foldersFor(context)
    write(bucket, 'a/1', 'b/1')
    const blobs = await openDiskBucket(bucket)
    const listing = blobs.scan('')[Symbol.asyncIterator]()
    await listing.next()
    rmSync(bucket, { recursive: true })
    await assert.rejects(listing.next(), isUnavailable('away'))
    await assert.rejects(scanned(blobs), isUnavailable('away'))
  })

  test('a folder that becomes a link out of the bucket is not read through it', async (context) => {
    const { bucket, outside } = await foldersFor(context)
    write(bucket, 'a/secret')
    const blobs = await openDiskBucket(bucket)
    for await (const entry of blobs.scan('')) {
      rmSync(join(bucket, 'a'), { recursive: true })
      symlinkSync(outside, join(bucket, 'a'))
      assert.ok(!isUnreadable(entry))
      assert.equal(await entry.open(), undefined)
    }
  })
})

describe('errors of the file system', () => {
  const failure = (code: string) =>
    Object.assign(new Error(`${code}: scandir '/p/DOE^JANE'`), { code, syscall: 'scandir' })
  const reasonOf = (code: string) => (asUnlistable(failure(code)) as StoreUnavailable).reason

  test('an I/O error is permanent; an unavailable file server and too many open files are temporary', () => {
    assert.deepEqual(['EIO', 'EUCLEAN', 'EINVAL'].map(reasonOf), ['corrupt', 'corrupt', 'corrupt'])
    assert.deepEqual(['ESTALE', 'ENOTCONN', 'EMFILE'].map(reasonOf), ['away', 'away', 'busy'])
  })

  test('an error that Node does not name is recognized by its number', () => {
    const unnamed = (errno: number) => Object.assign(failure(`Unknown system error ${errno}`), { errno })
    const unlistable = (errno: number) => asUnlistable(unnamed(errno)) as StoreUnavailable
    const { code, reason } = unlistable(-constants.errno.ESTALE)
    assert.deepEqual([code, reason], ['ESTALE', 'away'])
    assert.equal(unlistable(-117).reason, 'corrupt')
    assert.equal(unlistable(-99_999).code, 'errno 99999')
    const full = asUnavailable(unnamed(-constants.errno.EDQUOT), 'the blob store') as StoreUnavailable
    assert.equal(full.reason, 'full')
  })

  test('the message of an error, which has the path, is dropped', () => {
    assert.doesNotMatch(String(asUnlistable(failure('EIO'))), /DOE|scandir/)
  })

  test('one damaged file is refused and does not end the listing', () => {
    assert.equal(refusalOfFile(failure('EIO')).unreadable, 'damaged')
    assert.throws(() => refusalOfFile(failure('ESTALE')), isUnavailable('away'))
  })
})

test('for the command line, links to files are followed everywhere, and other links are refused with a reason', async (context) => {
  const { bucket, outside } = await foldersFor(context)
  write(bucket, 'a', '.hilum-1.unfinished')
  symlinkSync(join(outside, 'secret'), join(bucket, 'file'))
  symlinkSync(outside, join(bucket, 'folder'))
  const found: string[] = []
  for await (const entry of scanFolder(bucket, { rules: 'command line', prefix: '', after: undefined })) {
    found.push('unreadable' in entry ? `${entry.key}: ${entry.reason}` : `${entry.key} ${entry.path}`)
  }
  assert.deepEqual(found, [
    '.hilum-1.unfinished: Hilum uses such names for unfinished files',
    `a ${bucket}/a`,
    `file ${outside}/secret`,
    'folder: Links to folders are not followed. Import the folder that it leads to',
  ])
})

const isUnavailable = (reason: string) => (error: unknown) =>
  error instanceof StoreUnavailable && error.reason === reason
