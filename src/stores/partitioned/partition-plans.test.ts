/**
 * Every statement of a partition names its partition: the plans of what imports, searches, updates and deletions ask of one read and write tables of
 * its schema only. On Citus each is a router query, which one node answers.
 */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import pg from 'pg'
import type { Search } from '../../imaging/search/search.ts'
import { toTerms } from '../../imaging/search/terms.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { AT, collected, createDatastore, importFiles } from '../catalog/conformance/catalog.fixture.ts'
import { describedFile, update } from '../catalog/conformance/workflow.fixture.ts'
import { SMALL_SIZES } from '../search/small-sizes.fixture.ts'
import { catalogKinds, openCatalogAt } from './catalog-kinds.fixture.ts'

interface Asked {
  /** Undefined: that of the control catalog. */
  readonly schema: string | undefined
  readonly text: string
  readonly values: readonly unknown[]
}

/** Collects the statements of all connections: of each text one for the control catalog, and one for a partition. */
function collectStatements(context: TestContext): ReadonlyMap<string, Asked> {
  const asked = new Map<string, Asked>()
  const schemas = new WeakMap<object, string>()
  const query = pg.Client.prototype.query as (this: pg.Client, ...of: unknown[]) => Promise<unknown>
  pg.Client.prototype.query = function (this: pg.Client, statement: string | pg.QueryConfig, ...more: unknown[]) {
    const text = typeof statement === 'string' ? statement : statement.text
    if (/^(BEGIN|COMMIT|ROLLBACK)/.test(text)) schemas.delete(this)
    const named = /SET LOCAL search_path = (\w+)/.exec(text)
    if (named !== null) schemas.set(this, named[1]!)
    if (typeof statement === 'object' && /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/.test(text)) {
      const schema = schemas.get(this)
      asked.set(`${schema === undefined} ${text}`, { schema, text, values: statement.values ?? [] })
    }
    return query.call(this, statement, ...more)
  } as typeof pg.Client.prototype.query
  context.after(() => {
    pg.Client.prototype.query = query as typeof pg.Client.prototype.query
  })
  return asked
}

const SEARCHES: readonly Search[] = [
  { filters: [], sort: { sortField: 'updatedAt', sortOrder: 'DESC' } },
  {
    filters: [{ attribute: 'DICOMPatientId', equals: 'P1' }],
    sort: { sortField: 'DICOMStudyDateAndTime', sortOrder: 'ASC' },
  },
  {
    filters: [{ attribute: 'createdAt', from: 0, to: 2 * AT }],
    sort: { sortField: 'createdAt', sortOrder: 'ASC' },
    terms: toTerms([['PatientName', 'doe']], []),
  },
]

/** Imports, updates, deletes, searches and looks after a data store. */
async function work(catalog: Catalog): Promise<void> {
  const datastoreId = await createDatastore(catalog)
  const fileOf = (study: number, round: string) =>
    describedFile(`${round} ${String(study).padStart(2, '0')}`, {
      ...{ study: `1.2.${study}`, patientId: `P${study % 3}`, sop: `1.2.${study}.${round.length}` },
    })
  const studies = Array.from({ length: 60 }, (_, study) => study)
  const made = await importFiles(catalog, { datastoreId, files: studies.map((study) => fileOf(study, 'a')) })
  for (const { imageSetId } of made.slice(30, 40)) {
    await update(catalog, { datastoreId, imageSetId }, { from: 1 })
    await catalog.imageSets.get({ datastoreId, imageSetId, deletedSince: 0 })
    await catalog.imageSets.versions({ datastoreId, imageSetId, deletedSince: 0, before: undefined, limit: 5 })
  }
  await importFiles(catalog, {
    datastoreId,
    files: studies.slice(0, 20).map((study) => fileOf(study, 'again')),
    at: AT + 1,
  })
  for (const { imageSetId } of made.slice(50)) await catalog.imageSets.delete({ datastoreId, imageSetId, at: AT + 2 })
  for (const search of SEARCHES) {
    const { rows, snapshotVersion } = await catalog.imageSets.search({ datastoreId, search, limit: 5, count: 'exact' })
    const { rowId, updatedAt, createdAt, DICOMStudyDateAndTime } = rows.at(-1)!
    const key = { updatedAt, createdAt, DICOMStudyDateAndTime }[search.sort.sortField] ?? null
    await catalog.imageSets.search({ datastoreId, search, limit: 5, after: { key, rowId }, snapshotVersion })
  }
  const all = { datastoreId, criteria: [], offset: 0, limit: 7 }
  await catalog.studies.search({ ...all, order: [{ keyword: 'PatientName', descending: false }], isCounted: true })
  await catalog.series.searchSeries({ ...all, order: [{ keyword: 'SeriesNumber', descending: false }], rowsMax: 1_000 })
  await catalog.series.searchInstances({ ...all, order: [], rowsMax: 3 })
  const study = { datastoreId, studyInstanceUID: '1.2.3' }
  await catalog.imageSets.ofStudy(study)
  await catalog.imageSets.instancesOfSeries({ ...study, seriesInstanceUID: '1.2.3.1' })
  await catalog.blobs.listUnreferenced({ before: AT + 10, now: AT + 10, limit: 10 })
  await catalog.blobs.list({ after: undefined, limit: 10 })
  await catalog.statistics()
  await collected(catalog.searchIndex.verify())
}

/** Citus explains no statement with parameters. */
const withValues = (text: string, values: readonly unknown[]): string =>
  text.replaceAll(/\$(\d+)/g, (_, number) => {
    const value = values[Number(number) - 1]
    if (value === null || value === undefined) return 'NULL'
    if (value instanceof Uint8Array) return `'\\x${Buffer.from(value).toString('hex')}'::bytea`
    return typeof value === 'number' ? String(value) : pg.escapeLiteral(String(value))
  })

/** All values of the name in a plan, which is JSON. */
const valuesOf = (plan: string, name: string): readonly string[] =>
  [...plan.matchAll(new RegExp(`"${name}": "?([^",\\n]+)`, 'g'))].map((match) => match[1]!)

for (const kind of await catalogKinds()) {
  if (kind.partitions === 1 || kind.engine === 'SQLite') continue
  describe(`statements on ${kind.name}`, { skip: kind.skip ?? false }, () => {
    test('of a partition read and write its tables only', async (context) => {
      const place = await kind.newPlace()
      const asked = collectStatements(context)
      const catalog = await openCatalogAt(place, { sizes: SMALL_SIZES })
      context.after(() => catalog.close())
      await work(catalog)
      const statements = [...asked.values()]
      const client = new pg.Client(place.at)
      await client.connect()
      context.after(() => client.end())
      const counts = new Map<string, number>()
      for (const { schema = 'public', text, values } of statements) {
        await client.query('BEGIN')
        await client.query(`SET LOCAL search_path = ${schema}`)
        const { rows } = await client.query(`EXPLAIN (VERBOSE, FORMAT JSON) ${withValues(text, values)}`)
        await client.query('ROLLBACK')
        const plan = JSON.stringify(rows[0]['QUERY PLAN'], undefined, 1)
        const schemas = new Set(valuesOf(plan, 'Schema').filter((name) => !['pg_catalog'].includes(name)))
        // A plan of Citus names what the nodes do, and has a task for each that is asked.
        const tasks = valuesOf(plan, 'Task Count')
        if (tasks.length > 0) assert.deepEqual([...new Set(tasks)], ['1'], `${text}\n${plan}`)
        for (const name of schemas) assert.equal(name, schema, `${text}\n${plan}`)
        if (tasks.length > 0 || schemas.size > 0) counts.set(schema, (counts.get(schema) ?? 0) + 1)
      }
      const { public: ofControl = 0, ...ofPartitions } = Object.fromEntries(counts)
      const sum = Object.values(ofPartitions).reduce((a, b) => a + b)
      assert.ok(ofControl > 5 && sum > 80, JSON.stringify(Object.fromEntries(counts)))
    })
  })
}
