/** What the database says of its own files is part of what `hilum verify` reports. */
import assert from 'node:assert/strict'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import Database from 'better-sqlite3'
import pg from 'pg'
import { startHilumProcess } from '../../fixtures/hilum-process.ts'
import { appIn, importInstances, newDataFolder } from '../../jobs/imported-instances.fixture.ts'
import { newId } from '../../server/new-id.ts'
import { openMemoryBlobs } from '../../stores/blobs/memory/memory-blobs.ts'
import type { Catalog } from '../../stores/catalog/catalog.ts'
import {
  POSTGRES_TEST_LIMITS,
  postgresIsMissing,
  startPostgres,
} from '../../stores/sql/engine/postgres/postgres.fixture.ts'
import { openPostgresCatalog } from '../../stores/sql/open-postgres.ts'
import { verifyIntegrity } from './verify-integrity.ts'

async function writeOver(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+')
  await file.write(Buffer.alloc(512, 0xa5), 0, 512, at)
  await file.close()
}

describe('a SQLite catalog', () => {
  const damages: Readonly<Record<string, (path: string) => Promise<void>>> = {
    'with a page that was written over': async (path) => {
      const database = new Database(path)
      database.pragma('wal_checkpoint(TRUNCATE)')
      const { rootpage } = database
        .prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'import_jobs_newest'`)
        .get() as { readonly rootpage: number }
      const pageBytes = database.pragma('page_size', { simple: true }) as number
      database.close()
      await writeOver(path, (rootpage - 1) * pageBytes)
    },
    'with an index that lacks rows': async (path) => {
      const database = new Database(path).unsafeMode()
      database.pragma('writable_schema = ON')
      const sql = 'CREATE INDEX blobs_unreferenced ON blobs (blob) WHERE unreferenced_since IS NULL'
      database.prepare(`UPDATE sqlite_schema SET sql = ? WHERE name = 'blobs_unreferenced'`).run(sql)
      database.close()
    },
  }
  for (const [what, damage] of Object.entries(damages)) {
    test(`${what} is reported with exit code 1, whatever else is sound`, async (context) => {
      const folder = await newDataFolder(context)
      const app = await appIn(context, folder)
      await importInstances(app, [{ series: 1, number: 1 }])
      const verified = async (...words: string[]) => {
        const { ended, output } = startHilumProcess(context, ['verify', '--data', folder, ...words], { cwd: folder })
        return { code: await ended, output: output() }
      }
      const sound = await verified()
      assert.equal(sound.code, 0, sound.output)
      assert.match(sound.output, /^The database: \d+ tables and indexes; no difference\.$/m)
      await damage(join(folder, 'catalog.sqlite'))
      const unsound = await verified()
      assert.equal(unsound.code, 1, unsound.output)
      assert.match(unsound.output, /^database: /m)
      assert.match(unsound.output, /^The database: .*\d+ differences?\.$/m)
      assert.match(unsound.output, /^The frames: /m, 'the other parts are looked at')
    })
  }
})

describe('a catalog on PostgreSQL', { skip: postgresIsMissing ?? false }, async () => {
  const server = postgresIsMissing === undefined ? await startPostgres() : undefined
  after(() => server?.remove())

  async function report(catalog: Catalog) {
    const looking = { catalog, blobs: openMemoryBlobs(), now: Date.now, isQuick: false }
    const said = { differences: [] as string[], notChecked: undefined as string | undefined, looked: 0 }
    for await (const { differences, notChecked, done } of verifyIntegrity(looking)) {
      said.differences.push(...differences.map(({ text }) => text))
      said.notChecked ??= notChecked
      said.looked = done
    }
    return said
  }

  test('is looked through with amcheck where that is installed, and else said not to be', async (context) => {
    const url = await server!.newDatabase()
    const catalog = await openPostgresCatalog({ url, newId, limits: POSTGRES_TEST_LIMITS })
    context.after(() => catalog.close())
    const without = await report(catalog)
    assert.deepEqual([without.differences, without.looked], [[], 0])
    assert.match(without.notChecked!, /amcheck is not installed/)
    const client = new pg.Client(url)
    await client.connect()
    await client.query('CREATE EXTENSION amcheck')
    const sound = await report(catalog)
    assert.deepEqual([sound.differences, sound.notChecked], [[], undefined])
    assert.ok(sound.looked > 20, `${sound.looked} indexes`)

    // An index that is used by nothing else here.
    await client.query('CREATE INDEX extra ON changes (number); CHECKPOINT')
    const { rows } = await client.query(
      `SELECT current_setting('data_directory') || '/' || pg_relation_filepath('extra') AS path`,
    )
    await client.end()
    await server!.kill()
    await writeOver(rows[0].path, 8_192 + 4_096)
    await server!.start()
    const damaged = await report(catalog)
    assert.deepEqual(damaged.differences, ['database: index extra: PostgreSQL calls it damaged (XX001)'])
    assert.equal(damaged.looked, sound.looked + 1, 'the others are looked at')
  })
})
