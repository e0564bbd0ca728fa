/** Verification finds each way in which the search index can differ from the image sets, and nothing where they are equal. */
import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import Database from 'better-sqlite3-multiple-ciphers'
import fc from 'fast-check'
import pg from 'pg'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { openPostgres } from '../../fixtures/shared-servers.ts'
import type { Catalog } from '../catalog/catalog.ts'
import {
  AT,
  collected,
  createDatastore,
  importFiles,
  publishAll,
  record,
  startJob,
  storedFile,
  uniqueIds,
} from '../catalog/conformance/catalog.fixture.ts'
import type { IndexDifference } from '../catalog/search-repository.ts'
import { POSTGRES_TEST_LIMITS, postgresIsMissing } from '../sql/engine/postgres/postgres.fixture.ts'
import { inPostgres } from '../sql/engine/postgres/postgres-connection.ts'
import { POSTGRES_TYPES } from '../sql/engine/postgres/postgres-values.ts'
import type { Row } from '../sql/engine/statement.ts'
import { openPostgresCatalog } from '../sql/open-postgres.ts'
import { openSqliteCatalog } from '../sql/open-sqlite.ts'
import { NewerSchema, NoSchema, UnreleasedSchema } from '../sql/schema/other-schema.ts'
import { DAMAGES, type Place } from './damages.fixture.ts'
import { OtherIndexFormat } from './index-format.ts'
import { SMALL_SIZES } from './small-sizes.fixture.ts'

const SEED = 20260403

const postgres = postgresIsMissing === undefined ? await openPostgres() : undefined
after(() => postgres?.remove())

async function sqlitePlace(context: TestContext): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-verify-'))
  removeAtExit(folder)
  const path = join(folder, 'catalog.sqlite')
  return {
    open: async (options) =>
      closing(context, await openSqliteCatalog({ ...{ path, newId: uniqueIds() }, ...SIZES, ...options })),
    async sql(text, ...values) {
      const database = new Database(path)
      try {
        database.pragma('foreign_keys = OFF')
        const statement = database.prepare<unknown[], Row>(text)
        if (statement.reader) return statement.all(values)
        statement.run(values)
        return []
      } finally {
        database.close()
      }
    },
  }
}

async function postgresPlace(context: TestContext): Promise<Place> {
  const url = await postgres!.newDatabase()
  return {
    open: async (options) =>
      closing(
        context,
        await openPostgresCatalog({
          ...{ url, newId: uniqueIds(), limits: POSTGRES_TEST_LIMITS },
          ...SIZES,
          ...options,
        }),
      ),
    async sql(text, ...values) {
      const client = new pg.Client({ connectionString: url, types: POSTGRES_TYPES })
      await client.connect()
      try {
        await client.query('SET session_replication_role = replica')
        return (await client.query<Row>(inPostgres(text), [...values])).rows
      } finally {
        await client.end()
      }
    },
  }
}

const SIZES = { sizes: SMALL_SIZES }

function closing(context: TestContext, catalog: Catalog): Catalog {
  context.after(() => catalog.close())
  return catalog
}

async function differencesIn(catalog: Catalog): Promise<readonly IndexDifference[]> {
  return (await collected(catalog.searchIndex.verify())).flatMap(({ differences }) => differences)
}

const studies = (name: string, count: number, values: { patientId?: string } = {}) =>
  Array.from({ length: count }, (_, index) =>
    storedFile(`k${String(index).padStart(4, '0')}`, {
      study: `1.${name}.${index}`,
      accessionNumber: `A${name}.${index}`,
      studyId: '1',
      patientId: 'ANON',
      studyDate: index % 9 === 0 ? null : `202601${String((index % 28) + 1).padStart(2, '0')}`,
      ...values,
    }),
  )

/** 40 primary image sets of one patient and one study id, rows 1 to 40: eight partitions, four of them empty. */
async function fill(place: Place): Promise<void> {
  const catalog = await place.open()
  const datastoreId = await createDatastore(catalog)
  await importFiles(catalog, { datastoreId, files: studies('1', 40) })
}

for (const [engine, openPlace, skip] of [
  ['SQLite', sqlitePlace, undefined],
  ['PostgreSQL', postgresPlace, postgresIsMissing],
] as const) {
  describe(`on ${engine}`, { skip: skip ?? false }, () => {
    for (const { what, kinds, differing, by } of DAMAGES) {
      test(`${what} is found`, async (context) => {
        const place = await openPlace(context)
        await fill(place)
        const catalog = await place.open({ readOnly: true })
        assert.deepEqual(await differencesIn(catalog), [])
        await by(place)
        const found = await differencesIn(catalog)
        assert.deepEqual([...new Set(found.map(({ kind }) => kind))].sort(), kinds)
        for (const each of found) if (each.kind === 'entry-differs') assert.deepEqual(each.differing, differing)
        // Differences never contain values of a patient.
        assert.ok(!JSON.stringify(found).includes('ANON'))
      })
    }

    test('nothing differs after any history, and every entry was verified', async (context) => {
      const step = fc.record({
        kind: fc.constantFrom('import', 'import', 'again', 'delete'),
        count: fc.integer({ min: 1, max: 25 }),
        patientId: fc.constantFrom('ANON', 'ANON', 'P1', 'P2'),
      })
      const histories = fc.array(step, { minLength: 8, maxLength: 14 })
      await fc.assert(
        fc.asyncProperty(histories, async (history) => {
          const catalog = await (await openPlace(context)).open()
          const datastoreId = await createDatastore(catalog)
          let living: string[] = []
          for (const [at, { kind, count, patientId }] of history.entries()) {
            if (kind === 'delete') {
              for (const imageSetId of living.splice(0, count)) {
                await catalog.imageSets.delete({ datastoreId, imageSetId, at: AT + at })
              }
              continue
            }
            // Study 0 again: the next version, or, with another patient, an image set that is not primary.
            const files = studies(kind === 'again' ? '0' : `${at}`, count, { patientId })
            const made = await importFiles(catalog, { datastoreId, files, at: AT + at })
            living = [...new Set([...living, ...made.map(({ imageSetId }) => imageSetId)])]
          }
          const verified = await collected(catalog.searchIndex.verify())
          assert.deepEqual(
            verified.flatMap(({ differences }) => differences),
            [],
          )
          const { entries, entriesInAll } = verified.at(-1)!
          assert.equal(entries, entriesInAll)
          assert.ok(entries >= living.length)
        }),
        { seed: SEED, numRuns: engine === 'SQLite' ? 3 : 1, endOnFailure: true },
      )
    })

    test('nothing differs while others publish, delete and rebuild the index', async (context) => {
      const place = await openPlace(context)
      const [writer, reader] = [await place.open(), await place.open({ readOnly: true })]
      const datastoreId = await createDatastore(writer)
      await importFiles(writer, { datastoreId, files: studies('0', 60) })
      const lease = await startJob(writer, { datastoreId, name: 'meanwhile' })
      let verifications = 0
      let isWriting = true
      const verifying = (async () => {
        while (isWriting || verifications === 0) {
          assert.deepEqual(await differencesIn(reader), [])
          verifications += 1
        }
      })()
      const rebuilding = (async () => {
        for await (const _ of writer.searchIndex.rebuild());
      })()
      const made: string[] = []
      for (let round = 0; round < 30 || verifications < 3; round++) {
        const key = (index: number) => `r${String(round).padStart(5, '0')}-${index}`
        // New image sets, or the first ones again.
        const files = studies(round % 3 === 0 ? '0' : `${round}`, 5).map((file, index) => ({
          ...file,
          key: key(index),
        }))
        await record(writer, lease, files)
        const published = await publishAll(writer, lease, AT + round)
        made.push(...published.map(({ imageSetId }) => imageSetId))
        if (round % 2 === 1) {
          for (const imageSetId of made.splice(0, 6)) await writer.imageSets.delete({ datastoreId, imageSetId, at: AT })
        }
      }
      isWriting = false
      await Promise.all([verifying, rebuilding])
    })

    test('a catalog that is opened read-only refuses writes', async (context) => {
      const place = await openPlace(context)
      await fill(place)
      const catalog = await place.open({ readOnly: true })
      await assert.rejects(createDatastore(catalog, 'another'), /opened read-only/)
      await assert.rejects(catalog.checkWritable(), /opened read-only/)
    })

    test('an index of another format is reported by a read-only opening and rebuilt by the next opening', async (context) => {
      const place = await openPlace(context)
      await fill(place)
      // Leaves as a version with one more text would have written them: they must not be decoded.
      const leaves = await place.sql('SELECT leaf, entry_count FROM search_leaves')
      for (const { leaf, entry_count } of leaves) {
        const bytes = new Uint8Array(Number(entry_count) * 54)
        await place.sql('UPDATE search_entries SET entries = ? WHERE leaf = ?', bytes, leaf!)
      }
      await place.sql(`UPDATE settings SET value = '0: another layout' WHERE name = 'search index format'`)
      await assert.rejects(place.open({ readOnly: true }), OtherIndexFormat)
      const catalog = await place.open()
      assert.deepEqual(await differencesIn(catalog), [])
      assert.deepEqual(await differencesIn(await place.open({ readOnly: true })), [])
    })

    test('no index of another format is read or written that another version built after the catalog was opened', async (context) => {
      const place = await openPlace(context)
      await fill(place)
      const catalog = await place.open()
      const datastoreId = await createDatastore(catalog, 'another')
      await place.sql(`UPDATE settings SET value = '0: another layout' WHERE name = 'search index format'`)
      const search = { filters: [], sort: { sortField: 'updatedAt', sortOrder: 'DESC' } } as const
      await assert.rejects(catalog.imageSets.search({ datastoreId, search, limit: 1 }), OtherIndexFormat)
      await assert.rejects(importFiles(catalog, { datastoreId, files: studies('2', 1) }), OtherIndexFormat)
    })

    test('a catalog of another schema is left alone', async (context) => {
      const place = await openPlace(context)
      await place.open()
      await place.sql('INSERT INTO schema_versions (version) VALUES (99)')
      await assert.rejects(place.open({ readOnly: true }), NewerSchema)
      await place.sql('UPDATE schema_versions SET version = 9 WHERE version < 99')
      await place.sql('DELETE FROM schema_versions WHERE version = 99')
      await assert.rejects(place.open({ readOnly: true }), UnreleasedSchema)
      await place.sql('DELETE FROM schema_versions')
      await assert.rejects(place.open({ readOnly: true }), NoSchema)
    })
  })
}
