/** What `hilum verify` says of stored bytes: of sound ones nothing, of each damage where it is; and what it does not take for one. */
import assert from 'node:assert/strict'
import { mkdir, open, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import Database from 'better-sqlite3'
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

test('of what was imported nothing differs, and every blob is known with its digest', async (context) => {
  const { app, blobs, documents } = await imported(context)
  assert.deepEqual(await differencesIn(app), [])
  assert.ok(blobs.length >= 2 && documents.length === 3)
  for (const { digest, blobKey } of blobs) assert.match(digest?.sha256 ?? '', /^[0-9a-f]{64}$/, blobKey)
})

describe('damages', () => {
  test('one bit of any blob, and of a document its checksum too', async (context) => {
    const { app, blobs, documents, pathTo } = await imported(context)
    for (const { blobKey, digest } of blobs) {
      const inIt = documents.filter(({ range }) => range.blobKey === blobKey)
      const path = pathTo(blobKey)
      const before = await readFile(path)
      const at = inIt.length === 0 ? digest!.sizeBytes - 1 : inIt[1]!.range.offsetBytes + 40
      await damage(path, at)
      const found = await differencesIn(app)
      assert.deepEqual(kindsOf(found), ['blob-bytes-differ', ...(inIt.length === 0 ? [] : ['document-differs'])])
      assert.match(found[0]!.text, new RegExp(`^blob ${blobKey}: its bytes are not those that were put$`))
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

  test('a blob that is missing, cut off or longer', async (context) => {
    const { app, blobs, pathTo } = await imported(context)
    const { blobKey, digest } = blobs.find(({ blobKey }) => !blobKey.includes('documents'))!
    const path = pathTo(blobKey)
    const before = await readFile(path)
    await rm(path)
    const missing = (await differencesIn(app)).filter(({ kind }) => kind.startsWith('blob-'))
    assert.deepEqual(missing, [{ kind: 'blob-missing', text: `blob ${blobKey}: it is not there` }])
    for (const sizeBytes of [0, before.length - 1, before.length + 1]) {
      await writeFile(path, before)
      await truncate(path, sizeBytes)
      const text = `blob ${blobKey}: it has ${sizeBytes} bytes, and ${digest!.sizeBytes} were put`
      assert.deepEqual((await differencesIn(app))[0], { kind: 'blob-size-differs', text })
    }
  })

  test('files that nobody knows of, once they are old, and without the words of strangers', async (context) => {
    const { app, folder, blobs } = await imported(context)
    const [datastoreId] = blobs[0]!.blobKey.split('/')
    const places = ['stray.dcm', `${datastoreId}/DOE^JANE/scan 1`, `${datastoreId}/documents/${'0'.repeat(32)}`]
    for (const place of places) {
      const path = join(folder, 'blobs', place)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, 'bytes')
      await utimes(path, new Date(0), new Date(0))
    }
    const told = (await differencesIn(app)).map(({ text }) => text.replace(/ \(5 bytes, put 1970-01-01T.*\)$/, ''))
    assert.deepEqual(told, [
      `blob ${datastoreId}/…/…: nobody knows of it`,
      `blob ${datastoreId}/documents/${'0'.repeat(32)}: nobody knows of it`,
      'blob …: nobody knows of it',
    ])
  })

  const rows: Readonly<Record<string, readonly [sql: string, kinds: readonly string[]]>> = {
    'a use that is not kept': ['DELETE FROM blob_uses WHERE row_id = 2 AND blob = 1', ['blob-not-kept']],
    'a blob kept for nothing': [
      'DELETE FROM image_set_documents WHERE row_id = 2; UPDATE image_set_versions SET attributes_blob = NULL WHERE row_id = 2',
      ['kept-for-nothing'],
    ],
    'a blob in use that may be removed at any time': [
      'UPDATE blobs SET unreferenced_since = 0 WHERE blob = 1',
      ['blob-free'],
    ],
    'a place behind the end of its blob': [
      'UPDATE instances SET offset_bytes = 100000000 WHERE row_id = 3',
      ['beyond-the-end'],
    ],
    'a blob that was forgotten': ['UPDATE blobs SET purged_at = 0 WHERE blob = 1', ['blob-not-known']],
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
    test(`of the rows: ${what}`, async (context) => {
      const { app, folder } = await imported(context)
      const database = new Database(join(folder, 'catalog.sqlite'))
      context.after(() => database.close())
      database.exec(sql)
      const found = kindsOf(await differencesIn(app))
      for (const kind of kinds) assert.ok(found.includes(kind), `${kind} among ${found}`)
    })
  }
})

test('what comes and goes beside it is no difference', async (context) => {
  const { app, blobs } = await imported(context)
  const known = new Map(blobs.map((blob) => [blob.blobKey, blob]))
  const [first, last] = [blobs[0]!, blobs.at(-1)!]
  const changing = {
    ...app.catalog,
    blobs: {
      ...app.catalog.blobs,
      // One blob is recorded behind the listing; one is free by the time that it is asked for again.
      list: async (request: { after: string | undefined; limit: number }): Promise<readonly BlobRecord[]> => {
        const some = await app.catalog.blobs.list(request)
        return request.after === undefined ? some.filter(({ blobKey }) => blobKey !== first.blobKey) : some
      },
      get: async (keys: readonly string[]) =>
        keys.map((key): BlobRecord => ({ ...known.get(key)!, ...(key === last.blobKey && { isUnreferenced: true }) })),
    },
  }
  await app.blobs.remove([last.blobKey])
  const looking = { catalog: changing, blobs: app.blobs, now: () => Date.now() + 86_400_000, isQuick: false }
  for await (const { differences } of verifyBlobs(looking)) assert.deepEqual(differences, [])
})

test('beside imports, deletions and sweeps there is no difference, however often it is looked', async (context) => {
  const app = await appIn(context, await newDataFolder(context))
  const datastoreId = await importInstances(app, INSTANCES)
  let isOver = false
  const change = async () => {
    for (let round = 0; round < 6; round++) {
      await importInstances(app, [{ series: 10 + round, number: 1 }], datastoreId)
      const [oldest] = (await imageSetIdsOf(app, datastoreId)).values()
      await app.catalog.imageSets.delete({ datastoreId, imageSetId: oldest!, at: Date.now() })
      // At once, and not minutes later.
      await collectGarbage({ ...app, clock: () => Date.now() + 3_600_000 })
    }
    isOver = true
  }
  const look = async () => {
    let looks = 0
    for (; !isOver; looks++) assert.deepEqual(await differencesIn(app, { now: Date.now }), [])
    return looks
  }
  const [, looks] = await Promise.all([change(), look()])
  assert.ok(looks > 3, `${looks} looks`)
  assert.deepEqual(await differencesIn(app), [])
})

test('it is told with an exit code, and quickly without reading', async (context) => {
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
  assert.match(unsound.output, new RegExp(`^blob ${blobs[0]!.blobKey}: its bytes are not those that were put$`, 'm'))
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
