/**
 * The search index without a database: spaces that grow entry by entry against the meaning of a search, and how little of them is
 * read, which no clock is needed to see.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  comparePositions,
  type Filter,
  matches,
  type Position,
  positionOf,
  type Search,
  type SearchableImageSet,
} from '../../imaging/search.ts'
import { beginBestFirst, nextLeaf, visit } from './best-first.ts'
import {
  changedEntries,
  decodeEntries,
  type Entry,
  encodeEntries,
  entriesOf,
  entryOf,
  hashOf,
  LACKING,
} from './entries.ts'
import { boundsOf, LeafBounds } from './leaf-bounds.ts'
import { buildLeaves, divideLeaf, type Leaf } from './split.ts'

const SEED = 20260402
const SORT_FIELDS = ['createdAt', 'updatedAt', 'DICOMStudyDateAndTime'] as const

/** A space in memory: what the catalog keeps in tables. */
class Space {
  readonly bounds = new LeafBounds()
  readonly #bytes: Uint8Array[] = []
  readonly #entriesMax: number

  constructor(entries: readonly Entry[], entriesMax: number) {
    this.#entriesMax = entriesMax
    const built = buildLeaves(decodeEntries(encodeEntries(entries)), entriesMax)
    for (const { cell, bytes } of built) this.#put(this.#bytes.length, cell, bytes)
  }

  #put(leaf: number, cell: Leaf['cell'], bytes: Uint8Array): void {
    this.#bytes[leaf] = bytes
    const entries = decodeEntries(bytes)
    this.bounds.set(leaf, entries.count, boundsOf(cell, entries))
  }

  add(entry: Entry): void {
    const at = this.bounds.find(entry.point)
    const cell = this.bounds.cellAt(at)
    const bytes = changedEntries(this.#bytes[at]!, { removed: new Set(), added: [entry] })
    const entries = entriesOf(decodeEntries(bytes!))
    const options = {
      extents: this.bounds.extents(LACKING),
      entriesMax: this.#entriesMax,
      added: new Set([entry.point[3]!]),
    }
    for (const [part, leaf] of divideLeaf({ cell, entries }, options).entries()) {
      this.#put(part === 0 ? at : this.#bytes.length, leaf.cell, encodeEntries(leaf.entries))
    }
  }

  remove(entry: Entry): void {
    const at = this.bounds.find(entry.point)
    const bytes = changedEntries(this.#bytes[at]!, { removed: new Set([entry.point[3]!]), added: [] })
    assert.ok(bytes)
    this.#put(at, this.bounds.cellAt(at), bytes)
  }

  search(search: Search, page: { after?: Position | undefined; limit: number }) {
    const found = beginBestFirst([this.bounds], { search, ...page, asOf: Number.MAX_SAFE_INTEGER })
    for (let leaf = nextLeaf(found); leaf !== undefined; leaf = nextLeaf(found)) {
      visit(found, decodeEntries(this.#bytes[leaf]!))
    }
    return found
  }
}

function imageSet(seq: number, [createdAt, updatedAt, study]: readonly [number, number, number | null]) {
  return {
    seq,
    createdAt,
    updatedAt,
    DICOMStudyDateAndTime: study,
    isPrimary: seq % 3 !== 0,
    DICOMPatientId: seq % 2 === 0 ? 'ANON' : `P${seq}`,
    DICOMAccessionNumber: null,
    DICOMStudyId: null,
    DICOMStudyInstanceUID: null,
    DICOMSeriesInstanceUID: null,
  } satisfies SearchableImageSet
}

const imageSets = (most: number) => {
  const date = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: 0, max: 5_000 }))
  return fc
    .array(fc.tuple(date, date, fc.option(date, { freq: 6 })), { minLength: 1, maxLength: 300, size: 'max' })
    .map((dates) => dates.slice(0, most).map((each, seq) => imageSet(seq, each)))
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
      fc.constant<Filter>({ attribute: 'DICOMPatientId', equals: 'ANON' }),
    ),
    { maxLength: 2 },
  ),
  sort: fc.record({ sortField: fc.constantFrom(...SORT_FIELDS), sortOrder: fc.constantFrom('ASC', 'DESC') }),
})

test('a space, built at once or grown entry by entry, answers page by page what a search means', () => {
  fc.assert(
    fc.property(
      imageSets(300),
      imageSets(60),
      fc.integer({ min: 2, max: 9 }),
      fc.integer({ min: 1, max: 40 }),
      fc.array(searches, { minLength: 10, maxLength: 10 }),
      (first, later, entriesMax, limit, tried) => {
        const rows = new Map<number, SearchableImageSet>(first.map((row) => [row.seq, row]))
        const space = new Space(
          first.map((row) => entryOf(row, 1)),
          entriesMax,
        )
        // What comes later takes the place of what has its seq; some goes for good.
        for (const row of later) {
          const before = rows.get(row.seq)
          if (before !== undefined) space.remove(entryOf(before, 1))
          rows.delete(row.seq)
          if (row.seq % 5 === 0) continue
          space.add(entryOf(row, 1))
          rows.set(row.seq, row)
        }
        assert.equal(space.bounds.entryCount(), rows.size)
        for (const search of tried) {
          const meant = [...rows.values()]
            .filter((row) => matches(search, row))
            .map((row) => positionOf(search, row))
            .sort((a, b) => comparePositions(search.sort.sortOrder, a, b))
          for (let start = 0; start <= meant.length; start += limit) {
            const { seqs } = space.search(search, { after: meant[start - 1], limit })
            assert.deepEqual(
              seqs,
              meant.slice(start, start + limit).map(({ seq }) => seq),
            )
          }
        }
      },
    ),
    { seed: SEED, numRuns: 60 },
  )
})

test('no leaf is larger than it may be, though all image sets be equal in every date', () => {
  const space = new Space([], 4)
  for (let seq = 0; seq < 100; seq++) space.add(entryOf(imageSet(seq, [7, 7, null]), 1))
  assert.ok(Math.max(...space.bounds.entryCounts) <= 4)
  assert.equal(space.bounds.entryCount(), 100)
})

test('what comes in order of time fills its leaves', () => {
  const space = new Space([], 100)
  for (let seq = 0; seq < 10_000; seq++) space.add(entryOf(imageSet(seq, [seq * 1_000, seq * 1_000, seq * 1_000]), 1))
  assert.ok(space.bounds.count <= 10_000 / 80, `${space.bounds.count} leaves`)
})

test('a text has one hash of sixteen bits, never that of no text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const hash = hashOf(text)
      assert.ok(Number.isInteger(hash) && hash >= 1 && hash <= 0xffff)
    }),
    { seed: SEED, numRuns: 500 },
  )
  assert.equal(hashOf(null), 0)
})

/**
 * The bound of the design without a clock. A box of dates cuts O(n^(2/3)) leaves of a k-d tree in three dimensions; the factor is
 * measured, with room, over the worst that a back-fill and random dates bring together.
 */
const leavesVisitedMax = (leaves: number) => Math.ceil(1.5 * leaves ** (2 / 3)) + 4

describe('a page is read from few leaves', () => {
  const COUNT = 60_000
  const DAY = 86_400_000
  const PER_LEAF = 64
  const LIMIT = 51
  /** Half a migration, newest studies first; half the days after it. */
  const rows = Array.from({ length: COUNT }, (_, seq) => {
    const random = (salt: number) => hashOf(`${seq} ${salt}`) / 0xffff
    const migrated = seq < COUNT / 2
    const part = (seq % (COUNT / 2)) / (COUNT / 2)
    const created = Math.floor(migrated ? part * 30 * DAY : (30 + part * 700) * DAY)
    const live = random(1) < 0.9 ? created : created - random(2) * 5_000 * DAY
    const study = Math.floor(migrated ? -part * 5_000 * DAY : live) * 1_000
    const updated = Math.floor(random(3) < 0.7 ? created + 5_000 : created + random(4) * (730 * DAY - created))
    return imageSet(seq, [created, updated, random(5) < 0.01 ? null : study])
  })
  const grown = new Space(
    rows.slice(0, COUNT / 2).map((row) => entryOf(row, 1)),
    PER_LEAF,
  )
  for (const row of rows.slice(COUNT / 2)) grown.add(entryOf(row, 1))
  const built = new Space(
    rows.map((row) => entryOf(row, 1)),
    PER_LEAF,
  )

  const row = fc.constantFrom(...rows)
  const range = fc
    .tuple(fc.constantFrom(...SORT_FIELDS), row, row, fc.constantFrom(0, 1_000, 600_000, undefined))
    .map(([attribute, a, b, width]): Filter => {
      const [from, to] = [a[attribute] ?? 0, b[attribute] ?? 0]
      if (width !== undefined)
        return { attribute, from, to: from + width * (attribute === 'DICOMStudyDateAndTime' ? 1_000 : 1) }
      return { attribute, from: Math.min(from, to), to: Math.max(from, to) }
    })
  const asked = fc.record({
    filters: fc.array(range, { maxLength: 2 }),
    sort: fc.record({ sortField: fc.constantFrom(...SORT_FIELDS), sortOrder: fc.constantFrom('ASC', 'DESC') }),
    after: fc.option(row, { nil: undefined }),
  })

  for (const [name, space] of [
    ['of a space that was built at once', built],
    ['of a space that has grown', grown],
  ] as const) {
    test(`${name}, for two thousand random searches`, () => {
      let worst = 0
      fc.assert(
        fc.property(asked, ({ after, ...search }) => {
          const { leavesVisited, entriesVisited } = space.search(search, {
            after: after && positionOf(search, after),
            limit: LIMIT,
          })
          worst = Math.max(worst, leavesVisited)
          assert.ok(leavesVisited <= leavesVisitedMax(space.bounds.count), `${leavesVisited} leaves`)
          assert.ok(entriesVisited <= leavesVisited * PER_LEAF)
        }),
        { seed: SEED, numRuns: 2_000 },
      )
      assert.ok(worst > 1, 'the searches were not all trivial')
    })
  }

  test('nothing is read where nothing can match', () => {
    const search: Search = {
      filters: [{ attribute: 'createdAt', from: -5, to: -1 }],
      sort: { sortField: 'updatedAt', sortOrder: 'DESC' },
    }
    assert.equal(built.search(search, { limit: LIMIT }).leavesVisited, 0)
  })
})
