/** `hilum verify` reports the result of the database's own check. */
import assert from 'node:assert/strict'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import Database from 'better-sqlite3-multiple-ciphers'
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

async function overwrite(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+')
  await file.write(Buffer.alloc(512, 0xa5), 0, 512, at)
  await file.close()
}

describe('a SQLite catalog', () => {
  const damages: Readonly<Record<string, (path: string) => Promise<void>>> = {
    'with an overwritten page': async (path) => {
      const database = new Database(path)
      database.pragma('wal_checkpoint(TRUNCATE)')
      const { rootpage } = database
        .prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'import_jobs_newest'`)
        .get() as { readonly rootpage: number }
      const pageBytes = database.pragma('page_size', { simple: true }) as number
      database.close()
      await overwrite(path, (rootpage - 1) * pageBytes)
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
    test(`${what} is reported with exit code 1`, async (context) => {
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
      assert.match(unsound.output, /^The frames: /m, 'the other parts are checked')
    })
  }
})

describe('a catalog on PostgreSQL', { skip: postgresIsMissing ?? false }, async () => {
  const server = postgresIsMissing === undefined ? await startPostgres() : undefined
  after(() => server?.remove())

  async function report(catalog: Catalog) {
    const verification = { catalog, blobs: openMemoryBlobs(), now: Date.now, isQuick: false }
    const result = { differences: [] as string[], notChecked: undefined as string | undefined, checked: 0 }
    for await (const { differences, notChecked, done } of verifyIntegrity(verification)) {
      result.differences.push(...differences.map(({ text }) => text))
      result.notChecked ??= notChecked
      result.checked = done
    }
    return result
  }

  test('is checked with amcheck if that is installed, and otherwise reported as not checked', async (context) => {
    const url = await server!.newDatabase()
    const catalog = await openPostgresCatalog({ url, newId, limits: POSTGRES_TEST_LIMITS })
    context.after(() => catalog.close())
    const without = await report(catalog)
    assert.deepEqual([without.differences, without.checked], [[], 0])
    assert.match(without.notChecked!, /amcheck is not installed/)
    const client = new pg.Client(url)
    await client.connect()
    await client.query('CREATE EXTENSION amcheck')
    const sound = await report(catalog)
    assert.deepEqual([sound.differences, sound.notChecked], [[], undefined])
    assert.ok(sound.checked > 20, `${sound.checked} indexes`)

    // An index that no statement of the test uses.
    await client.query('CREATE INDEX extra ON creations (only_row); CHECKPOINT')
    const { rows } = await client.query(
      `SELECT current_setting('data_directory') || '/' || pg_relation_filepath('extra') AS path`,
    )
    await client.end()
    await server!.kill()
    await overwrite(rows[0].path, 8_192 + 4_096)
    await server!.start()
    const damaged = await report(catalog)
    assert.deepEqual(damaged.differences, ['database: index extra: PostgreSQL calls it damaged (XX001)'])
    assert.equal(damaged.checked, sound.checked + 1, 'the other indexes are checked')
  })
})
