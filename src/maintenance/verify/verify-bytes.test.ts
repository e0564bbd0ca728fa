/** `hilum verify` on stored bytes: every damage is reported with its location, and concurrent changes are not reported. */
import assert from 'node:assert/strict'
import { mkdir, open, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import Database from 'better-sqlite3-multiple-ciphers'
import { startHilumProcess } from '../../fixtures/hilum-process.ts'
import { appIn, imageSetIdsOf, importInstances, newDataFolder } from '../../jobs/imported-instances.fixture.ts'
import { pathsOf } from '../../stores/blobs/disk/disk-paths.ts'
import type { BlobRecord } from '../../stores/catalog/blob-repository.ts'
import { collectGarbage } from '../collect-garbage.ts'
import { differencesIn } from './verify.fixture.ts'
import { verifyBlobs } from './verify-blobs.ts'

const INSTANCES = [1, 2, 3].flatMap((series) => [1, 2].map((number) => ({ series, number })))

async function imported(context: TestContext) {
  const folder = await newDataFolder(context)
  const app = await appIn(context, folder)
  await importInstances(app, INSTANCES)
  const blobs = await app.catalog.blobs.list({ after: undefined, limit: 100 })
  const documents = await app.catalog.blobs.listDocuments({ after: undefined, limit: 100 })
  const pathTo = (key: string) => join(folder, 'blobs', pathsOf(key, 'spread')[0]!)
  return { folder, app, blobs, documents, pathTo }
}

/** Changes one bit. */
async function damage(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+')
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at)
  buffer[0]! ^= 0x10
  await file.write(buffer, 0, 1, at)
  await file.close()
}

const kindsOf = (differences: readonly { readonly kind: string }[]) => differences.map(({ kind }) => kind)

test('after an import nothing differs, and every blob has a digest', async (context) => {
  const { app, blobs, documents } = await imported(context)
  assert.deepEqual(await differencesIn(app), [])
  assert.ok(blobs.length >= 2 && documents.length === 3)
  for (const { digest, blobKey } of blobs) assert.match(digest?.sha256 ?? '', /^[0-9a-f]{64}$/, blobKey)
})

describe('damage is found', () => {
  test('one bit of any blob, also by the checksum of a document', async (context) => {
    const { app, blobs, documents, pathTo } = await imported(context)
    for (const { blobKey, digest } of blobs) {
      const inIt = documents.filter(({ range }) => range.blobKey === blobKey)
      const path = pathTo(blobKey)
      const before = await readFile(path)
      const at = inIt.length === 0 ? digest!.sizeBytes - 1 : inIt[1]!.range.offsetBytes + 40
      await damage(path, at)
      const found = await differencesIn(app)
      assert.deepEqual(kindsOf(found), ['blob-bytes-differ', ...(inIt.length === 0 ? [] : ['document-differs'])])
      assert.match(found[0]!.text, new RegExp(`^blob ${blobKey}: its bytes differ from those that were stored$`))
      await writeFile(path, before)
    }
  })

  test('every byte of a document', async (context) => {
    const { app, documents, pathTo } = await imported(context)
    const { range, rowId } = documents[1]!
    const path = pathTo(range.blobKey)
    const before = await readFile(path)
    for (let at = 0; at < range.sizeBytes; at += 17) {
      await damage(path, range.offsetBytes + at)
      const found = (await differencesIn(app)).filter(({ kind }) => kind === 'document-differs')
      assert.equal(found.length, 1, `byte ${at}`)
      assert.match(
        found[0]!.text,
        new RegExp(`^document of version 1 of image set row ${rowId}, in blob ${range.blobKey}: `),
      )
      await writeFile(path, before)
    }
  })

  test('a blob that is missing, truncated or too long', async (context) => {
    const { app, blobs, pathTo } = await imported(context)
    const { blobKey, digest } = blobs.find(({ blobKey }) => !blobKey.includes('documents'))!
    const path = pathTo(blobKey)
    const before = await readFile(path)
    await rm(path)
    const missing = (await differencesIn(app)).filter(({ kind }) => kind.startsWith('blob-'))
    assert.deepEqual(missing, [{ kind: 'blob-missing', text: `blob ${blobKey}: missing` }])
    for (const sizeBytes of [0, before.length - 1, before.length + 1]) {
      await writeFile(path, before)
      await truncate(path, sizeBytes)
      const text = `blob ${blobKey}: has ${sizeBytes} bytes, but ${digest!.sizeBytes} were stored`
      assert.deepEqual((await differencesIn(app))[0], { kind: 'blob-size-differs', text })
    }
  })

  test('old files that are not in the catalog, without names that Hilum did not write', async (context) => {
    const { app, folder, blobs } = await imported(context)
    const [datastoreId] = blobs[0]!.blobKey.split('/')
    const places = ['stray.dcm', `${datastoreId}/DOE^JANE/scan 1`, `${datastoreId}/documents/${'0'.repeat(32)}`]
    for (const place of places) {
      const path = join(folder, 'blobs', place)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, 'bytes')
      await utimes(path, new Date(0), new Date(0))
    }
    const texts = (await differencesIn(app)).map(({ text }) => text.replace(/ \(5 bytes, stored 1970-01-01T.*\)$/, ''))
    assert.deepEqual(texts, [
      `blob ${datastoreId}/…/…: not in the catalog`,
      `blob ${datastoreId}/documents/${'0'.repeat(32)}: not in the catalog`,
      'blob …: not in the catalog',
    ])
  })

  const rows: Readonly<Record<string, readonly [sql: string, kinds: readonly string[]]>> = {
    'a use that is not recorded': ['DELETE FROM blob_uses WHERE row_id = 2 AND blob = 1', ['use-not-recorded']],
    'a recorded use that is not needed': [
      'DELETE FROM image_set_documents WHERE row_id = 2; UPDATE image_set_versions SET attributes_blob = NULL WHERE row_id = 2',
      ['use-not-needed'],
    ],
    'a used blob that is marked as unreferenced': [
      'UPDATE blobs SET unreferenced_since = 0 WHERE blob = 1',
      ['used-blob-unreferenced'],
    ],
    'a range beyond the end of its blob': [
      'UPDATE instances SET offset_bytes = 100000000 WHERE row_id = 3',
      ['range-beyond-end'],
    ],
    'a used blob that is marked as purged': ['UPDATE blobs SET purged_at = 0 WHERE blob = 1', ['blob-not-recorded']],
    'the length of a document': [
      'UPDATE image_set_documents SET content_bytes = content_bytes + 1 WHERE row_id = 1',
      ['document-differs'],
    ],
    'the range of a document': [
      'UPDATE image_set_documents SET size_bytes = size_bytes - 3 WHERE row_id = 1',
      ['document-differs'],
    ],
  }
  for (const [what, [sql, kinds]] of Object.entries(rows)) {
    test(`in the catalog: ${what}`, async (context) => {
      const { app, folder } = await imported(context)
      const database = new Database(join(folder, 'catalog.sqlite'))
      context.after(() => database.close())
      database.exec(sql)
      const found = kindsOf(await differencesIn(app))
      for (const kind of kinds) assert.ok(found.includes(kind), `${kind} among ${found}`)
    })
  }
})

test('blobs that are recorded or removed during verification are no difference', async (context) => {
  const { app, blobs } = await imported(context)
  const records = new Map(blobs.map((blob) => [blob.blobKey, blob]))
  const [first, last] = [blobs[0]!, blobs.at(-1)!]
  const changing = {
    ...app.catalog,
    blobs: {
      ...app.catalog.blobs,
      // The listing misses the first blob; the last one is unreferenced when it is checked again.
      list: async (request: { after: string | undefined; limit: number }): Promise<readonly BlobRecord[]> => {
        const some = await app.catalog.blobs.list(request)
        return request.after === undefined ? some.filter(({ blobKey }) => blobKey !== first.blobKey) : some
      },
      get: async (keys: readonly string[]) =>
        keys.map(
          (key): BlobRecord => ({ ...records.get(key)!, ...(key === last.blobKey && { isUnreferenced: true }) }),
        ),
    },
  }
  await app.blobs.remove([last.blobKey])
  const verification = { catalog: changing, blobs: app.blobs, now: () => Date.now() + 86_400_000, isQuick: false }
  for await (const { differences } of verifyBlobs(verification)) assert.deepEqual(differences, [])
})

test('there is no difference during imports, deletions and garbage collection', async (context) => {
  const app = await appIn(context, await newDataFolder(context))
  const datastoreId = await importInstances(app, INSTANCES)
  let isFinished = false
  const change = async () => {
    for (let round = 0; round < 6; round++) {
      await importInstances(app, [{ series: 10 + round, number: 1 }], datastoreId)
      const [oldest] = (await imageSetIdsOf(app, datastoreId)).values()
      await app.catalog.imageSets.delete({ datastoreId, imageSetId: oldest!, at: Date.now() })
      // Without the grace period.
      await collectGarbage({ ...app, clock: () => Date.now() + 3_600_000 })
    }
    isFinished = true
  }
  const verifyRepeatedly = async () => {
    let runs = 0
    for (; !isFinished; runs++) assert.deepEqual(await differencesIn(app, { now: Date.now }), [])
    return runs
  }
  const [, runs] = await Promise.all([change(), verifyRepeatedly()])
  assert.ok(runs > 3, `${runs} runs`)
  assert.deepEqual(await differencesIn(app), [])
})

test('the exit code reports differences; --quick does not read bytes', async (context) => {
  const { folder, blobs, pathTo } = await imported(context)
  const run = async (...words: string[]) => {
    const { ended, output } = startHilumProcess(context, ['verify', '--data', folder, ...words], { cwd: folder })
    return { code: await ended, output: output() }
  }
  const sound = await run()
  assert.equal(sound.code, 0, sound.output)
  assert.match(sound.output, /^The uses of blobs: 3 image sets, \d+ uses; no difference\.$/m)
  assert.match(sound.output, new RegExp(`^The blobs: ${blobs.length} blobs, 1 MiB; no difference\\.$`, 'm'))
  assert.match(sound.output, /^The metadata documents: 3 documents; no difference\.$/m)
  await damage(pathTo(blobs[0]!.blobKey), 1)
  assert.equal((await run('--quick')).code, 0)
  const unsound = await run()
  assert.equal(unsound.code, 1)
  assert.match(
    unsound.output,
    new RegExp(`^blob ${blobs[0]!.blobKey}: its bytes differ from those that were stored$`, 'm'),
  )
  await rm(pathTo(blobs[0]!.blobKey))
  const quick = await run('--quick', '--json')
  assert.equal(quick.code, 1)
  const { parts } = JSON.parse(quick.output.split('\n').find((line) => line.startsWith('{'))!)
  assert.deepEqual(
    parts.map(({ part, differenceCount }: { part: string; differenceCount: number }) => [part, differenceCount]),
    [
      ['database', 0],
      ['search index', 0],
      ['uses of blobs', 0],
      ['blobs', 1],
    ],
  )
})
