/** A partition of the search index in memory, without a database. */
import assert from 'node:assert/strict'
import { TEXT_ATTRIBUTES, type TextAttribute } from '../../../contract/search-attributes.ts'
import type { Filter, Position, Search, SearchableImageSet } from '../../../imaging/search/search.ts'
import type { Sql } from '../../sql/engine/statement.ts'
import { readWordLeaves } from '../strategies/word-leaves.ts'
import { type HitsOfLeaves, RowLeaves } from '../words/row-leaves.ts'
import type { RowSet } from '../words/row-set.ts'
import { type BestFirst, beginBestFirst, nextLeaf, visit } from './best-first.ts'
import { beginTally, countMatching, type Tally, tallyGroup } from './count.ts'
import { type Criteria, criteriaOf } from './criteria.ts'
import {
  changedEntries,
  decodeEntries,
  type Entries,
  encodeEntries,
  entriesOf,
  entryOf,
  LACKING,
  ROW_ID,
} from './entries.ts'
import { boundsOf, LeafBounds, type MissingGroup } from './leaf-bounds.ts'
import { buildLeaves, divideLeaf, type Leaf } from './split.ts'

export class Partition {
  readonly bounds = new LeafBounds()
  /** By the number of the leaf. Numbers begin at 1, as in the catalog. */
  readonly #bytes: Uint8Array[] = [new Uint8Array(0)]
  readonly #decoded: Entries[] = []
  readonly #numbers: Float64Array[] = []
  groupsLoaded = 0
  #rowLeaves: RowLeaves | undefined
  readonly #entriesMax: number

  constructor(imageSets: readonly SearchableImageSet[], entriesMax: number) {
    this.#entriesMax = entriesMax
    const entries = encodeEntries(imageSets.map((imageSet) => entryOf(imageSet, 1)))
    for (const { region, bytes } of buildLeaves(decodeEntries(entries), entriesMax)) {
      this.#put(this.#bytes.length, region, bytes)
    }
  }

  #put(leaf: number, region: Leaf['region'], bytes: Uint8Array): void {
    this.#bytes[leaf] = bytes
    const entries = decodeEntries(bytes)
    this.#decoded[leaf] = entries
    this.#rowLeaves = undefined
    this.#numbers[leaf] = boundsOf(region, entries)
    this.bounds.set(leaf, entries.count, this.#numbers[leaf]!)
  }

  add(imageSet: SearchableImageSet): void {
    this.#edit(imageSet, { removed: new Set(), added: [entryOf(imageSet, 1)] })
  }

  remove(imageSet: SearchableImageSet): void {
    this.#edit(imageSet, { removed: new Set([imageSet.rowId]), added: [] })
  }

  #edit(imageSet: SearchableImageSet, edit: Parameters<typeof changedEntries>[1]): void {
    const { point } = entryOf(imageSet, 1)
    let at = this.bounds.find(point)
    while (typeof at === 'object') {
      this.#load(at)
      at = this.bounds.find(point, at.group)
    }
    assert.ok(at !== undefined)
    const region = this.bounds.regionAt(at)
    const number = this.bounds.leaves[at]!
    const bytes = changedEntries(this.#bytes[number]!, edit)
    assert.ok(bytes)
    const entries = decodeEntries(bytes)
    if (entries.count <= this.#entriesMax) {
      this.#put(number, region, bytes)
      return
    }
    const options = {
      extents: this.bounds.extents(LACKING),
      entriesMax: this.#entriesMax,
      added: new Set([imageSet.rowId]),
    }
    for (const [part, leaf] of divideLeaf({ region, entries: entriesOf(entries) }, options).entries()) {
      this.#put(part === 0 ? number : this.#bytes.length, leaf.region, encodeEntries(leaf.entries))
    }
  }

  search(search: Search, page: { after?: Position | undefined; limit: number }): BestFirst {
    const found = beginBestFirst([this.bounds], { search, ...page, snapshotVersion: Number.MAX_SAFE_INTEGER })
    for (;;) {
      const leaf = this.#loaded(() => nextLeaf(found))
      if (leaf === undefined) return found
      visit(found, this.#decoded[leaf]!)
    }
  }

  /** As the catalog searches by words: only image sets among `rows` are found. */
  searchWords(
    search: Search,
    { rows, ...page }: { after?: Position | undefined; limit: number; rows: RowSet },
  ): { readonly rowIds: readonly number[]; readonly leavesVisited: number } {
    const wanted = { search, ...page, snapshotVersion: Number.MAX_SAFE_INTEGER }
    const { found, tried } = withoutStatements(
      readWordLeaves([this.bounds], wanted, {
        leavesAtOnce: 1,
        load: (missing) => known(this.#load(missing)),
        entriesOf: (leaves) => known(leaves.map((leaf) => this.#decoded[leaf]!)),
        hits: { rows, ofLeaves: () => known(this.#hitsOf(rows)) },
      }),
    )
    return { rowIds: found.rowIds, leavesVisited: found.leavesVisited + (tried?.leavesVisited ?? 0) }
  }

  #hitsOf(rows: RowSet): HitsOfLeaves {
    if (this.#rowLeaves === undefined) {
      this.#rowLeaves = new RowLeaves()
      for (const leaf of this.bounds.leaves) this.#rowLeaves.set(leaf, this.#decoded[leaf]!.columns[ROW_ID]!)
    }
    return this.#rowLeaves.hitsOf(rows)
  }

  /** The leaves that a total reads. @param rows the image sets that are counted; all where it is undefined */
  leavesToCount(filters: readonly Filter[], rows?: RowSet): readonly number[] {
    return this.#tally(criteriaOf(filters), rows && this.#hitsOf(rows)).leavesToRead
  }

  count(filters: readonly Filter[]): number {
    const criteria = criteriaOf(filters)
    const { counted, leavesToRead } = this.#tally(criteria)
    return leavesToRead.reduce((sum, leaf) => sum + countMatching(this.#decoded[leaf]!, criteria), counted)
  }

  #tally(criteria: Criteria, hits?: HitsOfLeaves): Tally {
    const tally = beginTally()
    for (let group = 0; group < this.bounds.groupCount; group++) {
      if (!this.bounds.isLoaded(group)) this.#load({ bounds: this.bounds, group })
      tallyGroup(tally, this.bounds, group, { criteria, hits })
    }
    return tally
  }

  /** Drops the bounds of all leaves: they are read again as they are needed. */
  dropAll(): void {
    for (let round = 0; round < 2; round++) this.bounds.drop(this.bounds.count)
  }

  #loaded<T>(work: () => T | MissingGroup): T {
    for (;;) {
      const found = work()
      if (typeof found !== 'object' || found === null || !('group' in found)) return found as T
      this.#load(found)
    }
  }

  #load({ bounds, group }: MissingGroup): void {
    this.groupsLoaded += 1
    bounds.load(group, new Map(bounds.leavesOf(group).map((leaf) => [leaf, this.#numbers[leaf]!])))
  }
}

function* known<T>(value: T): Sql<T> {
  yield* []
  return value
}

function withoutStatements<T>(sql: Sql<T>): T {
  const step = sql.next([])
  assert.ok(step.done, 'nothing is read from a database')
  return step.value
}

export function imageSetOf(
  rowId: number,
  dates: readonly [createdAt: number, updatedAt: number, study: number | null],
): SearchableImageSet {
  const [createdAt, updatedAt, DICOMStudyDateAndTime] = dates
  return {
    rowId,
    createdAt,
    updatedAt,
    DICOMStudyDateAndTime,
    isPrimary: rowId % 3 !== 0,
    ...(Object.fromEntries(TEXT_ATTRIBUTES.map((attribute) => [attribute, null])) as Record<TextAttribute, null>),
    DICOMPatientId: rowId % 2 === 0 ? 'ANON' : `P${rowId}`,
  }
}
