/**
 * The k-d tree without a database: partitions that are built at once or grow entry by entry are compared with the meaning of a search, and
 * the leaves read are counted.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  comparePositions,
  type Filter,
  matches,
  type Position,
  positionOf,
  type Search,
  type SearchableImageSet,
} from '../../../imaging/search/search.ts'
import { ENTRY_FORMAT } from './entries.ts'
import { imageSetOf, Partition } from './partition.fixture.ts'

const SEED = 20260402
const SORT_FIELDS = ['createdAt', 'updatedAt', 'DICOMStudyDateAndTime'] as const

const imageSets = (most: number) => {
  const date = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: 0, max: 5_000 }))
  return fc
    .array(fc.tuple(date, date, fc.option(date, { freq: 6 })), { minLength: 1, maxLength: 300, size: 'max' })
    .map((dates) => dates.slice(0, most).map((each, rowId) => imageSetOf(rowId, each)))
}

const searches: fc.Arbitrary<Search> = fc.record({
  filters: fc.array(
    fc.oneof(
      fc
        .tuple(
          fc.constantFrom(...SORT_FIELDS),
          fc.integer({ min: -4, max: 5_000 }),
          fc.integer({ min: -4, max: 5_000 }),
        )
        .map(([attribute, a, b]): Filter => ({ attribute, from: Math.min(a, b), to: Math.max(a, b) })),
      fc.boolean().map((equals): Filter => ({ attribute: 'isPrimary', equals })),
    ),
    { maxLength: 2 },
  ),
  sort: fc.record({ sortField: fc.constantFrom(...SORT_FIELDS), sortOrder: fc.constantFrom('ASC', 'DESC') }),
})

test('a partition, built at once or grown entry by entry, returns the matching image sets page by page, and their total', () => {
  fc.assert(
    fc.property(
      imageSets(300),
      imageSets(60),
      fc.integer({ min: 2, max: 9 }),
      fc.integer({ min: 1, max: 40 }),
      fc.array(searches, { minLength: 10, maxLength: 10 }),
      (first, later, entriesMax, limit, tried) => {
        const rows = new Map<number, SearchableImageSet>(first.map((row) => [row.rowId, row]))
        const partition = new Partition(first, entriesMax)
        // Later image sets replace those with the same row id; some are deleted.
        for (const row of later) {
          const before = rows.get(row.rowId)
          if (before !== undefined) partition.remove(before)
          rows.delete(row.rowId)
          if (row.rowId % 5 === 0) continue
          partition.add(row)
          rows.set(row.rowId, row)
        }
        assert.equal(partition.bounds.entryCount(), rows.size)
        for (const search of tried) {
          const meant = [...rows.values()]
            .filter((row) => matches(search, row))
            .map((row) => positionOf(search, row))
            .sort((a, b) => comparePositions(search.sort.sortOrder, a, b))
          assert.equal(partition.count(search.filters), meant.length)
          for (let start = 0; start <= meant.length; start += limit) {
            const { rowIds } = partition.search(search, { after: meant[start - 1], limit })
            assert.deepEqual(
              rowIds,
              meant.slice(start, start + limit).map(({ rowId }) => rowId),
            )
          }
        }
      },
    ),
    { seed: SEED, numRuns: 60 },
  )
})

test('leaves are split even where all dates of all image sets are equal', () => {
  const partition = new Partition([], 4)
  for (let rowId = 0; rowId < 100; rowId++) partition.add(imageSetOf(rowId, [7, 7, null]))
  assert.ok(Math.max(...partition.bounds.entryCounts) <= 4)
  assert.equal(partition.bounds.entryCount(), 100)
})

test('image sets that arrive in the order of their dates fill their leaves', () => {
  const partition = new Partition([], 100)
  for (let rowId = 0; rowId < 10_000; rowId++)
    partition.add(imageSetOf(rowId, [rowId * 1_000, rowId * 1_000, rowId * 1_000]))
  assert.ok(partition.bounds.count <= 10_000 / 80, `${partition.bounds.count} leaves`)
})

test('the format names the layout of an entry', () => {
  assert.equal(ENTRY_FORMAT, '2: createdAt updatedAt DICOMStudyDateAndTime rowId changedIn isPrimary')
})

test('no leaf is read where none can match or before the cursor', () => {
  const partition = new Partition(
    Array.from({ length: 1_000 }, (_, rowId) => imageSetOf(rowId, [0, rowId, 0])),
    10,
  )
  const sort = { sortField: 'createdAt', sortOrder: 'DESC' } as const
  const read = (filters: readonly Filter[], after?: Position) =>
    partition.search({ filters, sort }, { after, limit: 11 }).leavesVisited
  assert.equal(read([{ attribute: 'createdAt', from: -5, to: -1 }]), 0)
  assert.equal(read([], { key: 0, rowId: 999 }), 0)
  // A page of 11 is in at most three leaves of five to ten entries, and one more may be crossed.
  assert.ok(read([], { key: 0, rowId: 500 }) <= 4)
})
