/**
 * Searches of two data stores in turn, with memory for the bounds of fewer leaves than they have: each finds what it finds with memory for all,
 * reads no more leaves, and reads the bounds of some groups again, never those of all.
 */
import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import type { Search } from '../../imaging/search/search.ts'
import { createDatastore, uniqueIds } from '../catalog/conformance/catalog.fixture.ts'
import type { SearchPage } from '../catalog/search-repository.ts'
import { SQLITE } from '../sql/engine/differences.ts'
import { SqliteConnection } from '../sql/engine/sqlite/sqlite-connection.ts'
import { driveAtOnce } from '../sql/engine/statement.ts'
import { openSqliteCatalog } from '../sql/open-sqlite.ts'
import { CachedLeaves } from './cached-leaves.ts'
import { newCachedPages } from './cached-pages.ts'
import { randomFrom } from './kd-tree/hunted-stores.fixture.ts'
import { INDEX_SIZES, type IndexSizes } from './kd-tree/sizes.ts'
import { SearchUpkeep } from './maintenance/update-index.ts'
import { search } from './search.ts'
import { CachedSummaries } from './summaries.ts'
import { CachedWords } from './words/cached-words.ts'

const SIZES = { ...INDEX_SIZES, leafEntriesMax: 4 }
const IMAGE_SETS = 12_000
const DAYS = 4_000
const DAY_MS = 86_400_000
const FROM = Date.UTC(2015, 0, 1)
const SEARCHES = 80
const ROUNDS = 2

interface Wanted {
  readonly datastoreId: string
  readonly search: Search
  readonly count?: 'exact'
}

/** Searches by a range of one date in the order of another, some with their total. */
function searchesOf(datastoreIds: readonly string[], random: () => number): readonly Wanted[] {
  return Array.from({ length: SEARCHES }, (_, at): Wanted => {
    const from = FROM + Math.floor(random() * DAYS * DAY_MS * 0.95)
    const to = from + Math.floor((0.01 + random() * 0.04) * DAYS * DAY_MS)
    const isByStudy = random() < 0.5
    return {
      datastoreId: datastoreIds[at % datastoreIds.length]!,
      search: {
        filters: [
          isByStudy
            ? { attribute: 'DICOMStudyDateAndTime', from: from * 1_000, to: to * 1_000 }
            : { attribute: 'updatedAt', from, to },
        ],
        sort: { sortField: isByStudy ? 'updatedAt' : 'DICOMStudyDateAndTime', sortOrder: 'DESC' },
      },
      ...(at % 4 === 0 && { count: 'exact' as const }),
    }
  })
}

/** Runs the searches in turn. @returns the pages of the last round, and how many rows of leaves each read for their bounds */
function runAll(path: string, wanted: readonly Wanted[], sizes: IndexSizes) {
  const connection = new SqliteConnection(path, { readonly: true, timeoutMs: 1_000 })
  const leaves = new CachedLeaves(sizes)
  const context = {
    dialect: SQLITE,
    sizes,
    leaves,
    words: new CachedWords(sizes),
    summaries: new CachedSummaries(sizes),
  }
  let pages: SearchPage[] = []
  let rowsRead = 0
  let most = 0
  for (let round = 0; round < ROUNDS; round++) {
    pages = []
    rowsRead = 0
    most = 0
    for (const each of wanted) {
      let rows = 0
      const request = { ...each, limit: 11 }
      const page = driveAtOnce(search(request, { ...context, pages: newCachedPages() }), (statement) => {
        const read = connection.execute(statement)
        if (statement.text.includes('entry_count, bounds FROM search_leaves')) rows += read.length
        return read
      })
      pages.push(page)
      rowsRead += rows
      most = Math.max(most, rows)
    }
  }
  connection.close()
  return { pages, mean: rowsRead / wanted.length, most }
}

/** Image sets that arrived in the order of no date, and leaves that were split off in the order of none. */
async function fill(path: string, random: () => number): Promise<readonly string[]> {
  const catalog = await openSqliteCatalog({ path, newId: uniqueIds(), sizes: SIZES })
  const datastoreIds = [await createDatastore(catalog), await createDatastore(catalog, 'other')]
  await catalog.close()
  const connection = new SqliteConnection(path, { readonly: false, timeoutMs: 1_000 })
  connection.command('BEGIN')
  for (let index = 0; index < IMAGE_SETS * datastoreIds.length; index++) {
    const at = FROM + Math.floor(random() * DAYS * DAY_MS)
    connection.execute({
      text: `INSERT INTO image_sets (id_suffix, datastore, version, image_set_state, workflow_status, is_primary, created_at, updated_at,
        last_accessed_at, changed_in, study_timestamp, study_instance_uid, series_instance_uid, patient_id, instance_count, tags)
        VALUES ('', ?, 1, 'ACTIVE', 'CREATED', 1, ?, ?, ?, 0, ?, ?, ?, ?, 1, '{}')`,
      values: [
        ...[1 + (index % datastoreIds.length), at, at, at, (FROM + Math.floor(random() * DAYS) * DAY_MS) * 1_000],
        ...[`1.${index}`, `1.${index}.1`, `P${index}`],
      ],
    })
  }
  const upkeep = new SearchUpkeep({ sizes: SIZES, dialect: SQLITE, name: 'test' })
  for (const table of [
    'search_tokens',
    'search_dictionaries',
    'search_entries',
    'search_leaves',
    'search_partitions',
  ]) {
    connection.command(`DELETE FROM ${table}`)
  }
  connection.drive(upkeep.buildAll())
  // A number that is prime to their count takes them out of the order in which they were built.
  connection.command('PRAGMA defer_foreign_keys = ON')
  for (const table of ['search_leaves', 'search_entries']) {
    connection.command(`UPDATE ${table} SET leaf = -leaf`)
    connection.command(
      `UPDATE ${table} SET leaf = ((-leaf) >> 32 << 32) + 1 + (((-leaf) & 4294967295) * 7919) % 1000003`,
    )
  }
  connection.command('COMMIT')
  connection.close()
  return datastoreIds
}

test('with memory for fewer leaves, searches read the bounds of some groups again, and find the same', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-leaves-'))
  removeAtExit(folder)
  const path = join(folder, 'catalog.sqlite')
  const random = randomFrom(7)
  const datastoreIds = await fill(path, random)
  const connection = new SqliteConnection(path, { readonly: true, timeoutMs: 1_000 })
  const [counted] = connection.execute({ text: 'SELECT count(*) AS leaves FROM search_leaves', values: [] })
  connection.close()
  const all = Number(counted!.leaves)
  const wanted = searchesOf(datastoreIds, random)
  const complete = runAll(path, wanted, { ...SIZES, leavesInMemory: all + 1_000 })
  assert.equal(complete.mean, 0, 'with memory for all, nothing is read again')
  let before = 0
  for (const percent of [50, 25, 10]) {
    const limited = runAll(path, wanted, { ...SIZES, leavesInMemory: Math.ceil((all * percent) / 100) })
    context.diagnostic(
      `${percent} % of ${all} leaves: ${limited.mean.toFixed(1)} rows a search, at most ${limited.most}`,
    )
    assert.deepEqual(limited.pages.map(found), complete.pages.map(found), 'the same pages and totals')
    for (const { visited } of limited.pages) {
      assert.ok(visited.leaves <= visited.bound.leaves!)
      if (visited.count?.bound.leaves !== undefined) assert.ok(visited.count.leaves <= visited.count.bound.leaves)
    }
    assert.ok(limited.most < all / 2, 'no search reads the bounds of a data store whole')
    assert.ok(limited.mean >= before, 'less memory, more rows')
    before = limited.mean
  }
  assert.ok(before > 0)
})

const found = ({ rows, total }: SearchPage) => ({ rows, total })
