/** `hilum reindex` as a process, beside a running server. */
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import Database from 'better-sqlite3-multiple-ciphers'
import { startHilumProcess } from '../../fixtures/hilum-process.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
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

test('a lost index is rebuilt beside a running server, and verify finds no difference any more', async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-reindex-'))
  removeAtExit(cwd)
  // Before the server runs: it would take a job whose lease is of the past for one of a worker that has ended, and claim it.
  await (await lockDataFolder(join(cwd, 'data'))).release()
  const path = join(cwd, 'data', 'catalog.sqlite')
  const catalog = await openSqliteCatalog({ path, newId })
  const datastoreId = await createDatastore(catalog)
  const files = ['a', 'b', 'c'].map((key) => storedFile(key, { study: `1.2.${key.charCodeAt(0)}` }))
  await importFiles(catalog, { datastoreId, files })
  await catalog.close()
  // The blob that the files refer to.
  await (await openDiskBlobs(join(cwd, 'data', 'blobs'))).put('blob', BLOB_BYTES)
  const server = startHilumProcess(t, ['serve', '--data', 'data', '--port', '0', '--host', '127.0.0.1'], {
    cwd,
    env: PLAIN,
  })
  await server.printed(/Hilum answers at/)
  const database = new Database(path)
  t.after(() => database.close())
  database.exec('DELETE FROM search_entries; DELETE FROM search_leaves; DELETE FROM search_partitions')

  const verify = () => startHilumProcess(t, ['verify', '--data', 'data'], { cwd }).ended
  assert.equal(await verify(), 1)
  const { ended, output } = startHilumProcess(t, ['reindex', '--data', 'data'], { cwd })
  assert.equal(await ended, 0)
  assert.match(output(), /^The search index was rebuilt from 3 rows in \d+\.\d s\.$/m)
  assert.equal(await verify(), 0)
})

test('without a data folder nothing is created', async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-reindex-'))
  removeAtExit(cwd)
  const { ended, output } = startHilumProcess(t, ['reindex', '--data', 'data'], { cwd })
  assert.equal(await ended, 1)
  assert.match(output(), /is not a data folder of Hilum\. Name the right one with --data\./)
})
