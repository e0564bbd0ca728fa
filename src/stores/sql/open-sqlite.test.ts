/** The catalog on SQLite: the conformance suite in memory and in a file, and tests of a shared file. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import Database from 'better-sqlite3-multiple-ciphers'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { describeCatalog, type OpenContext } from '../catalog/conformance/catalog.conformance.ts'
import {
  AT,
  collected,
  countedIds,
  createDatastore,
  failedFile,
  importFiles,
  publishAll,
  record,
  startJob,
  storedFile,
} from '../catalog/conformance/catalog.fixture.ts'
import type { Lease } from '../catalog/import-job-repository.ts'
import { StoreUnavailable } from '../store-unavailable.ts'
import { openSqliteCatalog } from './open-sqlite.ts'
import { NewerSchema, UnreleasedSchema } from './schema/other-schema.ts'

async function newPath(_context: OpenContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-catalog-'))
  removeAtExit(folder)
  return join(folder, 'catalog.sqlite')
}

async function openAt(context: OpenContext, path: string): Promise<Catalog> {
  const catalog = await openSqliteCatalog({ path, newId: countedIds() })
  context.after(() => catalog.close())
  return catalog
}

describeCatalog('a catalog in memory', (context) => openAt(context, ':memory:'))
describeCatalog('a catalog in a file', async (context) => openAt(context, await newPath(context)))
describeCatalog('a catalog in an encrypted file', async (context) => {
  const catalog = await openSqliteCatalog({ path: await newPath(context), newId: countedIds(), key: randomBytes(32) })
  context.after(() => catalog.close())
  return catalog
})

const EVERYTHING = { filters: [], sort: { sortField: 'updatedAt', sortOrder: 'DESC' } } as const

async function countImageSets(catalog: Catalog, datastoreId: string): Promise<number> {
  return (await catalog.imageSets.search({ datastoreId, search: EVERYTHING, limit: 10_000 })).rows.length
}

describe('a file that is opened again', () => {
  test('has everything that was written', async (context) => {
    const path = await newPath(context)
    const before = await openAt(context, path)
    const datastoreId = await createDatastore(before)
    await importFiles(before, { datastoreId, files: [storedFile('a')] })
    const secret = await before.secret('tokens')
    await before.close()
    const after = await openAt(context, path)
    assert.equal(await countImageSets(after, datastoreId), 1)
    assert.deepEqual(await after.secret('tokens'), secret)
  })

  test('is refused when a newer program has written it', async (context) => {
    const path = await newPath(context)
    await (await openSqliteCatalog({ path, newId: countedIds() })).close()
    const database = new Database(path)
    database.exec('INSERT INTO schema_versions (version) VALUES (99)')
    database.close()
    await assert.rejects(openSqliteCatalog({ path, newId: countedIds() }), (error) => {
      assert.ok(error instanceof NewerSchema)
      assert.match(error.message, /schema 99.*newer version/)
      return true
    })
  })

  test('is refused when a commit before version 0.1.0 has written it, and stays as it is', async (context) => {
    const path = await newPath(context)
    const database = new Database(path)
    context.after(() => database.close())
    database.exec('CREATE TABLE schema_versions (version BIGINT PRIMARY KEY)')
    database.exec('INSERT INTO schema_versions (version) VALUES (1), (9)')
    await assert.rejects(openSqliteCatalog({ path, newId: countedIds() }), (error) => {
      assert.ok(error instanceof UnreleasedSchema)
      assert.match(error.message, /schema 9,.* before version 0\.1\.0 .*empty data folder .*import the files again$/)
      return true
    })
    assert.deepEqual(database.prepare('SELECT name FROM sqlite_schema WHERE type = ?').pluck().all('table'), [
      'schema_versions',
    ])
  })
})

test('the folder of the file is created', async (context) => {
  const path = join(await newPath(context), 'below', 'catalog.sqlite')
  await (await openAt(context, path)).checkWritable()
})

describe('a file that cannot be used', () => {
  test('is reported with its reason', async (context) => {
    const path = await newPath(context)
    await writeFile(path, 'this is no database, '.repeat(1_000))
    const reasons = new Map([
      [path, 'corrupt'],
      [join(path, 'below-a-file'), 'away'],
    ])
    for (const [at, reason] of reasons) {
      await assert.rejects(
        openSqliteCatalog({ path: at, newId: countedIds() }),
        (error) => error instanceof StoreUnavailable && error.reason === reason,
      )
    }
  })
})

describe('catalogs that share a file', () => {
  test('can open a new file at the same time', async (context) => {
    const path = await newPath(context)
    const catalogs = await Promise.all([1, 2, 3].map(() => openAt(context, path)))
    const secrets = await Promise.all(catalogs.map((catalog) => catalog.secret('tokens')))
    assert.deepEqual(secrets[1], secrets[0])
    assert.deepEqual(secrets[2], secrets[0])
  })

  test('see at once what another has written', async (context) => {
    const path = await newPath(context)
    const [one, other] = [await openAt(context, path), await openAt(context, path)]
    const datastoreId = await createDatastore(one)
    assert.equal(await countImageSets(other, datastoreId), 0)
    const [made] = await importFiles(one, { datastoreId, files: [storedFile('a')] })
    assert.equal(await countImageSets(other, datastoreId), 1)
    assert.equal(await other.imageSets.delete({ datastoreId, imageSetId: made!.imageSetId, at: AT }), 'deleted')
    assert.equal(await countImageSets(one, datastoreId), 0)
  })

  test('write concurrently without losing anything', async (context) => {
    const path = await newPath(context)
    const catalogs = [await openAt(context, path), await openAt(context, path)]
    const datastoreId = await createDatastore(catalogs[0]!)
    const files = (owner: number) =>
      Array.from({ length: 100 }, (_, index) => {
        const study = `1.${owner}.${index}`
        return storedFile(`k${String(index).padStart(4, '0')}`, { study, series: `${study}.1` })
      })
    const leases: Lease[] = []
    for (const [owner, catalog] of catalogs.entries()) {
      leases.push(await startJob(catalog, { datastoreId, name: `job ${owner}`, owner: `worker ${owner}` }))
    }
    await Promise.all(
      catalogs.map(async (catalog, owner) => {
        for (const file of files(owner)) await record(catalog, leases[owner]!, [file])
        await publishAll(catalog, leases[owner]!, AT)
      }),
    )
    for (const catalog of catalogs) assert.equal(await countImageSets(catalog, datastoreId), 200)
  })

  test('a second one claims a job after its lease expired, and resumes it', async (context) => {
    const path = await newPath(context)
    const [one, other] = [await openAt(context, path), await openAt(context, path)]
    const datastoreId = await createDatastore(one)
    const lease = await startJob(one, { datastoreId })
    await record(one, lease, [storedFile('a'), failedFile('b')])
    assert.equal(await other.importJobs.claim({ owner: 'heir', now: AT, leaseUntil: AT }), undefined)
    const job = await other.importJobs.claim({ owner: 'heir', now: AT + 30_000, leaseUntil: AT + 60_000 })
    assert.deepEqual([job?.jobId, job?.filesDone], [lease.jobId, 2])
    assert.equal(await other.importJobs.lastRecordedKey(lease.jobId), 'b')
    await assert.rejects(record(one, lease, [storedFile('c')]), { name: 'LeaseLost' })
    const heir = { jobId: lease.jobId, owner: 'heir' }
    await record(other, heir, [storedFile('c')])
    await publishAll(other, heir, AT)
    assert.deepEqual(
      (await collected(one.importJobs.reportLines(lease.jobId))).map((line) => line.key),
      ['a', 'b', 'c'],
    )
  })

  test('a write waits for the transaction of another, while reads and the event loop continue', async (context) => {
    const path = await newPath(context)
    const catalog = await openAt(context, path)
    const datastoreId = await createDatastore(catalog)
    const other = new Database(path)
    other.exec('BEGIN IMMEDIATE')
    let isWritten = false
    const write = createDatastore(catalog, 'second').then(() => {
      isWritten = true
    })
    for (let times = 0; times < 20; times++) {
      await new Promise((resolve) => setImmediate(resolve))
      assert.equal(await countImageSets(catalog, datastoreId), 0)
    }
    assert.equal(isWritten, false)
    other.exec('COMMIT')
    await write
    other.close()
  })
})

describe('the end of a job', () => {
  test('a purge that a crash interrupted is finished by the next claim', async (context) => {
    const path = await newPath(context)
    const catalog = await openAt(context, path)
    const datastoreId = await createDatastore(catalog)
    const lease = await startJob(catalog, { datastoreId })
    await record(catalog, lease, [storedFile('a'), failedFile('b')])
    const database = new Database(path)
    context.after(() => database.close())
    database.exec(`UPDATE import_jobs SET job_status = 'COMPLETED', ended_at = ${AT}, purged = 0`)
    const left = () => database.prepare('SELECT count(*) FROM import_files').pluck().get()
    assert.equal(left(), 2)
    for (let times = 0; times < 3; times++) await catalog.importJobs.claim({ owner: 'w', now: AT, leaseUntil: AT })
    assert.equal(left(), 0)
    assert.equal(database.prepare('SELECT count(*) FROM import_groups').pluck().get(), 0)
  })

  test('the row history does not grow without bound', async (context) => {
    const path = await newPath(context)
    const catalog = await openAt(context, path)
    const datastoreId = await createDatastore(catalog)
    const database = new Database(path, { readonly: true })
    context.after(() => database.close())
    for (let day = 0; day < 10; day++) {
      await importFiles(catalog, { datastoreId, files: [storedFile('a')], at: AT + day * 25 * 3_600_000 })
      assert.ok((database.prepare('SELECT count(*) FROM image_set_history').pluck().get() as number) <= 1)
    }
  })

  test('the rows of a deleted image set contain no patient data', async (context) => {
    const path = await newPath(context)
    const catalog = await openAt(context, path)
    const datastoreId = await createDatastore(catalog)
    const [made] = await importFiles(catalog, {
      datastoreId,
      files: [storedFile('a', { patientId: 'SECRET-1', patientName: 'SECRET^NAME' })],
    })
    await importFiles(catalog, {
      datastoreId,
      files: [storedFile('b', { patientId: 'SECRET-1', patientName: 'SECRET^NAME' })],
    })
    await catalog.imageSets.delete({ datastoreId, imageSetId: made!.imageSetId, at: AT })
    const database = new Database(path, { readonly: true })
    context.after(() => database.close())
    const tables = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).pluck().all() as string[]
    for (const table of tables) {
      assert.ok(!JSON.stringify(database.prepare(`SELECT * FROM ${table}`).all()).includes('SECRET'), table)
    }
  })
})
