/**
 * PostgreSQL's query plans of searches and claims, with statistics (ANALYZE) of some thousand image sets: each statement scans one index and stops.
 * For a range of one date that is sorted by another the planner estimates, which is not tested.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { TEXT_ATTRIBUTES } from '../../contract/search-attributes.ts'
import { openPostgres } from '../../fixtures/shared-servers.ts'
import type { Search } from '../../imaging/search/search.ts'
import { AT, createDatastore, uniqueIds } from '../catalog/conformance/catalog.fixture.ts'
import { CachedLeaves } from '../search/cached-leaves.ts'
import { newCachedPages } from '../search/cached-pages.ts'
import { INDEX_SIZES } from '../search/kd-tree/sizes.ts'
import { search } from '../search/search.ts'
import { CachedSummaries } from '../search/summaries.ts'
import { CachedWords } from '../search/words/cached-words.ts'
import { POSTGRES } from './engine/differences.ts'
import { POSTGRES_TEST_LIMITS, postgresIsMissing } from './engine/postgres/postgres.fixture.ts'
import { drive, executeOnce, inPostgres } from './engine/postgres/postgres-connection.ts'
import { POSTGRES_TYPES, toPostgres } from './engine/postgres/postgres-values.ts'
import type { Statement } from './engine/statement.ts'
import { isOneWaiting, nextJob } from './imports/claim-job.ts'
import { openPostgresCatalog } from './open-postgres.ts'

const ROWS = 8_000

/** Four image sets a study, half of them not primary; no two dates in the same order. */
const FILL = `
INSERT INTO image_sets (id_suffix, datastore, version, image_set_state, workflow_status, is_primary, created_at, updated_at,
  last_accessed_at, changed_in, study_timestamp, patient_id, accession_number, study_id, study_instance_uid, series_instance_uid,
  instance_count, tags)
SELECT lpad(n::text, 20, '0'), 1, 1, 'ACTIVE', 'CREATED', n % 2, ${AT} + n, ${AT} + (n * 7919) % ${ROWS}, ${AT}, 0,
  (${AT} + (n * 104729) % ${ROWS}) * 1000, 'P' || n / 8, 'A' || n / 4, 'S' || n / 4, '1.2.' || n / 4, '1.2.3.' || n, 1, '{}'
FROM generate_series(1, ${ROWS}) AS n`

/** Of 100,000 jobs, 100 have not ended. */
const FILL_JOBS = `
INSERT INTO import_jobs (job_id, datastore, job_status, data_access_role_arn, input_s3_uri, output_s3_uri, submitted_at, ended_at, files_done,
  files_failed, files_skipped, attempts, served_at, purged)
SELECT 'j' || n, 1, 'COMPLETED', '', 's3://a/', 's3://b/', n, CASE WHEN n % 1000 = 0 THEN NULL ELSE n END, 0, 0, 0, 0, n, 1
FROM generate_series(1, 100000) AS n`

const SORTS = {
  updatedAt: { index: 'image_sets_updated', key: AT + 4_000 },
  createdAt: { index: 'image_sets_created', key: AT + 4_000 },
  DICOMStudyDateAndTime: { index: 'image_sets_study_timestamp', key: (AT + 4_000) * 1_000 },
} as const

describe('a search of PostgreSQL', { skip: postgresIsMissing ?? false }, () => {
  let server: Awaited<ReturnType<typeof openPostgres>>
  let client: pg.Client
  let datastoreId: string

  before(async () => {
    server = await openPostgres()
    const url = await server.newDatabase()
    const catalog = await openPostgresCatalog({ url, newId: uniqueIds(), limits: POSTGRES_TEST_LIMITS })
    datastoreId = await createDatastore(catalog)
    await catalog.close()
    client = new pg.Client({ connectionString: url, types: POSTGRES_TYPES })
    await client.connect()
    await client.query(FILL)
    await client.query(FILL_JOBS)
    await client.query('ANALYZE')
  })
  after(async () => {
    await client?.end()
    await server?.remove()
  })

  test('the next import job is found without reading those that have ended', async () => {
    for (const transaction of [nextJob(AT), isOneWaiting(AT)]) {
      const { text, values } = transaction.next([]).value as Statement
      const { rows } = await client.query(`EXPLAIN ${inPostgres(text)}`, values.map(toPostgres))
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      assert.match(plan, /using import_jobs_running|on import_jobs_running/)
      assert.doesNotMatch(plan, /Seq Scan on import_jobs/)
    }
  })

  async function plansOf(wanted: Search, after?: { key: number; rowId: number }): Promise<string[]> {
    const statements: Statement[] = []
    const request = { datastoreId, search: wanted, limit: 51, ...(after && { after }) }
    const context = {
      dialect: POSTGRES,
      leaves: new CachedLeaves(INDEX_SIZES),
      summaries: new CachedSummaries(INDEX_SIZES),
      pages: newCachedPages(),
      words: new CachedWords(INDEX_SIZES),
      sizes: INDEX_SIZES,
    }
    await drive(search(request, context), async (statement) => {
      if (/FROM image_sets\b/.test(statement.text)) statements.push(statement)
      return executeOnce(client)(statement)
    })
    assert.ok(statements.length > 0)
    const plans: string[] = []
    for (const { text, values } of statements) {
      const { rows } = await client.query(`EXPLAIN ${inPostgres(text)}`, values.map(toPostgres))
      plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
    }
    return plans
  }

  for (const [sortField, { index, key }] of Object.entries(SORTS)) {
    for (const sortOrder of ['ASC', 'DESC'] as const) {
      const sort = { sortField: sortField as keyof typeof SORTS, sortOrder }
      const range = { attribute: sort.sortField, from: key - 100, to: key + 3_000 }
      for (const filters of [[], [range]]) {
        test(`${filters.length === 0 ? 'of everything' : 'of a range'} scans ${index} ${sortOrder}`, async () => {
          for (const place of [undefined, { key: key + 10, rowId: 5 }]) {
            const plans = await plansOf({ filters, sort }, place)
            assert.match(plans.pop()!, /Index Scan using image_sets_pkey /, 'the rows come last, by their keys')
            assert.ok(plans.length > 0)
            for (const plan of plans) {
              assert.match(plan, new RegExp(`Index (Only )?Scan (Backward )?using ${index} `))
              assert.doesNotMatch(plan, /Seq Scan|Bitmap|Sort/)
            }
          }
        })
      }
    }
  }

  for (const attribute of TEXT_ATTRIBUTES) {
    test(`of one ${attribute} looks it up with every sort`, async () => {
      const value = { DICOMPatientId: 'P9', DICOMAccessionNumber: 'A9', DICOMStudyId: 'S9' }[attribute as string]
      const equals = value ?? (attribute === 'DICOMStudyInstanceUID' ? '1.2.9' : '1.2.3.9')
      for (const sortField of Object.keys(SORTS) as (keyof typeof SORTS)[]) {
        const filters = [{ attribute, equals }]
        for (const plan of await plansOf({ filters, sort: { sortField, sortOrder: 'DESC' } })) {
          assert.doesNotMatch(plan, /Seq Scan/)
        }
      }
    })
  }
})
