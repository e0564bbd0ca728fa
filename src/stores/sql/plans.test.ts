/**
 * How SQLite goes about the statements that must stay fast on millions of rows. Searches that an index can answer alone are answered
 * by it alone: no look at every row, no sorting of what was found.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Search, TEXT_ATTRIBUTES } from '../../imaging/search.ts'
import { AT, datastoreNamed, idOf, tokenOf } from '../catalog-fixture.ts'
import { datastoresOver } from './datastores.ts'
import { SQLITE } from './differences.ts'
import { primariesOfStudy } from './grouping-columns.ts'
import { waitingGroups } from './import-files.ts'
import { migrate } from './migrate.ts'
import { search } from './search-sql.ts'
import { SqliteConnection } from './sqlite-connection.ts'
import type { Sql, Statement, Verb } from './statement.ts'

const SORT_FIELDS = ['updatedAt', 'createdAt', 'DICOMStudyDateAndTime'] as const
const ORDERS = ['ASC', 'DESC'] as const
const NO_PLACE = undefined
const POSITIONS = [NO_PLACE, { key: AT, seq: 5 }] as const

async function emptyCatalog(): Promise<SqliteConnection> {
  const connection = new SqliteConnection(':memory:', { readonly: false, timeoutMs: 0 })
  connection.drive(migrate(SQLITE))
  const drive = async <T>(verb: Verb<T>) => connection.drive(verb())
  const datastores = datastoresOver({ read: drive, write: drive, close: async () => {} })
  await datastores.create({ datastore: datastoreNamed('store'), tags: {}, token: tokenOf('t') })
  return connection
}

/** How SQLite goes about each statement of a verb that reads the table. */
function plansOf(connection: SqliteConnection, verb: Sql<unknown>, table: string): string[] {
  const statements: Statement[] = []
  for (let step = verb.next([]); !step.done; step = verb.next(connection.execute(step.value)))
    statements.push(step.value)
  return statements
    .filter(({ text }) => new RegExp(`\\bFROM ${table}\\b`).test(text))
    .flatMap(({ text, values }) => connection.execute({ text: `EXPLAIN QUERY PLAN ${text}`, values }))
    .map((row) => String(row.detail))
}

const plansOfSearch = (connection: SqliteConnection, request: Parameters<typeof search>[0]) =>
  plansOf(connection, search(request, SQLITE), 'image_sets')

function searches(): { name: string; search: Search; index: RegExp }[] {
  const all: { name: string; search: Search; index: RegExp }[] = []
  for (const sortField of SORT_FIELDS) {
    for (const sortOrder of ORDERS) {
      const sort = { sortField, sortOrder }
      const index = { updatedAt: /_updated /, createdAt: /_created /, DICOMStudyDateAndTime: /_study_instant / }[
        sortField
      ]
      all.push({ name: `all by ${sortField} ${sortOrder}`, search: { filters: [], sort }, index })
      const range = { attribute: sortField, from: AT - 1_000, to: AT + 1_000 }
      all.push({ name: `a range of ${sortField} ${sortOrder}`, search: { filters: [range], sort }, index })
      const primary = { attribute: 'isPrimary', equals: true } as const
      all.push({ name: `primary ones by ${sortField} ${sortOrder}`, search: { filters: [primary], sort }, index })
    }
  }
  for (const sortOrder of ORDERS) {
    const sort = { sortField: 'updatedAt', sortOrder } as const
    for (const attribute of TEXT_ATTRIBUTES) {
      const index = /_(patient|accession|study_id|study|series) /
      all.push({
        name: `one ${attribute} by updatedAt ${sortOrder}`,
        search: { filters: [{ attribute, equals: 'x' }], sort },
        index,
      })
    }
    const filter = { attribute: 'isPrimary', equals: false } as const
    all.push({
      name: `not primary by updatedAt ${sortOrder}`,
      search: { filters: [filter], sort },
      index: /_not_primary /,
    })
  }
  return all
}

describe('one walk along an index answers', async () => {
  const connection = await emptyCatalog()
  for (const { name, search, index } of searches()) {
    for (const after of POSITIONS) {
      test(`${name}${after === NO_PLACE ? '' : ', a later page'}`, () => {
        const place = after === NO_PLACE ? {} : { after }
        const plans = plansOfSearch(connection, { datastoreId: idOf('store'), search, limit: 51, ...place })
        assert.ok(plans.length > 0)
        for (const plan of plans) {
          assert.match(plan, /^SEARCH image_sets USING INDEX/)
          assert.match(plan, index)
        }
      })
    }
  }
})

describe('a text is looked up before anything is sorted', async () => {
  const connection = await emptyCatalog()
  for (const sortField of ['createdAt', 'DICOMStudyDateAndTime'] as const) {
    test(`one patient by ${sortField}`, () => {
      const search = {
        filters: [{ attribute: 'DICOMPatientId', equals: 'x' }],
        sort: { sortField, sortOrder: 'DESC' },
      } as const
      const plans = plansOfSearch(connection, { datastoreId: idOf('store'), search, limit: 51 })
      const looksUp = plans.filter((plan) => plan.startsWith('SEARCH') || plan.startsWith('SCAN'))
      assert.ok(looksUp.length > 0)
      for (const plan of looksUp)
        assert.match(plan, /^SEARCH image_sets USING INDEX image_sets_patient \(datastore=\? AND patient_id=\?/)
    })
  }
})

describe('an import does not become slower as it goes on', async () => {
  const connection = await emptyCatalog()

  test('groups that wait are found without passing those that have their image sets', () => {
    const [plan, ...others] = plansOf(connection, waitingGroups(idOf('job'), 10), 'import_groups')
    assert.match(plan!, /^SEARCH import_groups USING INDEX import_groups_by_image_set \(job=\? AND seq=\?\)/)
    assert.ok(!others.some((each) => each.includes('ORDER BY')))
  })

  test('the image sets of a study are found by the study', () => {
    const plans = plansOf(connection, primariesOfStudy(1, '1.2'), 'image_sets')
    assert.match(
      plans.join(),
      /^SEARCH image_sets USING INDEX image_sets_study \(datastore=\? AND study_instance_uid=\?\)$/,
    )
  })
})
