/** `hilum verify` as a person calls it: beside a running server, with an exit code, in words and in JSON. */
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import Database from 'better-sqlite3-multiple-ciphers'
import { startHilumProcess } from '../../fixtures/hilum-process.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { describeIndexDifference } from '../../maintenance/verify/index-differences.ts'
import { lockDataFolder } from '../../server/data-folder.ts'
import { newId } from '../../server/new-id.ts'
import { openDiskBlobs } from '../../stores/blobs/disk/disk-blobs.ts'
import {
  BLOB_BYTES,
  createDatastore,
  importFiles,
  storedFile,
} from '../../stores/catalog/conformance/catalog.fixture.ts'
import { openSqliteCatalog } from '../../stores/sql/open-sqlite.ts'

/** The test changes the catalog beside the server, which needs a plain file. */
const PLAIN = { HILUM_ENCRYPTION: 'none' }

function folderFor(_t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-verify-'))
  removeAtExit(folder)
  return folder
}

/** Before a server runs: it would take a job whose lease is of the past for one of a worker that has ended, and claim it. */
async function fill(cwd: string): Promise<void> {
  await (await lockDataFolder(join(cwd, 'data'))).release()
  const catalog = await openSqliteCatalog({ path: join(cwd, 'data', 'catalog.sqlite'), newId })
  const datastoreId = await createDatastore(catalog)
  await importFiles(catalog, {
    datastoreId,
    files: ['a', 'b'].map((key) => storedFile(key, { study: `1.2.${key.charCodeAt(0)}` })),
  })
  await catalog.close()
  // What the files say that they lie in.
  await (await openDiskBlobs(join(cwd, 'data', 'blobs'))).put('blob', BLOB_BYTES)
}

async function verified(t: TestContext, cwd: string, ...words: readonly string[]) {
  const { ended, output } = startHilumProcess(t, ['verify', '--data', 'data', ...words], { cwd })
  return { code: await ended, output: output() }
}

test('a server runs, what is sound is told so, and what is not by its place', async (t) => {
  const cwd = folderFor(t)
  await fill(cwd)
  const server = startHilumProcess(t, ['serve', '--data', 'data', '--port', '0', '--host', '127.0.0.1'], {
    cwd,
    env: PLAIN,
  })
  await server.printed(/Hilum answers at/)
  const sound = await verified(t, cwd)
  assert.equal(sound.code, 0)
  assert.match(sound.output, /^The search index: 2 index partitions, 4 leaves, 2 entries; no difference\.$/m)

  const database = new Database(join(cwd, 'data', 'catalog.sqlite'))
  t.after(() => database.close())
  database.exec('UPDATE image_sets SET updated_at = updated_at + 1 WHERE row_id = 2')
  const unsound = await verified(t, cwd)
  assert.equal(unsound.code, 1)
  assert.match(
    unsound.output,
    /^leaf \d+ of index partition 1 \(primary\) of data store row 1: the entry of image set row 2 differs from the row in updatedAt$/m,
  )
  assert.match(unsound.output, /entries; 2 differences\.$/m)

  const json = await verified(t, cwd, '--json')
  assert.equal(json.code, 1)
  const line = json.output.split('\n').find((each) => each.startsWith('{'))!
  const { isClean, parts } = JSON.parse(line)
  assert.equal(isClean, false)
  assert.deepEqual(
    parts.map(({ part, differenceCount }: { part: string; differenceCount: number }) => [part, differenceCount]),
    [
      ['database', 0],
      ['search index', 2],
      ['uses of blobs', 0],
      ['blobs', 0],
      ['metadata documents', 0],
      ['frames', 0],
    ],
  )
  assert.deepEqual(parts[1].checked, { 'index partitions': 2, leaves: 4, entries: 2 })
  const [{ kind, rowId, differing }] = parts[1].differences
  assert.deepEqual([kind, rowId, differing], ['entry-differs', 2, ['updatedAt']])
})

test('where there is nothing to verify nothing is made', async (t) => {
  const cwd = folderFor(t)
  const { code, output } = await verified(t, cwd)
  assert.equal(code, 1)
  assert.match(output, /is not a data folder of Hilum\. Name the right one with --data\./)
})

test('a difference is said with its place', () => {
  const place = { datastore: 1, partition: 3, isPrimary: true, attributes: ['DICOMPatientId'] } as const
  assert.equal(
    describeIndexDifference({ kind: 'entry-outside-region', ...place, leaf: 17, rowId: 123 }),
    'leaf 17 of index partition 3 (DICOMPatientId, primary) of data store row 1: the entry of image set row 123 is outside its region',
  )
  assert.equal(
    describeIndexDifference({ kind: 'partition-incomplete', ...place, entries: 4, imageSets: 5 }),
    'index partition 3 (DICOMPatientId, primary) of data store row 1: it has 4 entries for 5 image sets',
  )
  assert.equal(
    describeIndexDifference({ kind: 'entries-without-leaf', leaf: 9 }),
    'leaf 9: it has entries but no bounds',
  )
})
