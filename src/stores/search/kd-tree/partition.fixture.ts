/** A partition of the search index in memory, without a database. */
import assert from 'node:assert/strict'
import { TEXT_ATTRIBUTES, type TextAttribute } from '../../../contract/search-attributes.ts'
import type { Filter, Position, Search, SearchableImageSet } from '../../../imaging/search/search.ts'
import { type BestFirst, beginBestFirst, nextLeaf, visit } from './best-first.ts'
import { countMatching, tally } from './count.ts'
import { criteriaOf } from './criteria.ts'
import { changedEntries, decodeEntries, encodeEntries, entriesOf, entryOf, LACKING } from './entries.ts'
import { boundsOf, LeafBounds } from './leaf-bounds.ts'
import { buildLeaves, divideLeaf, type Leaf } from './split.ts'

export class Partition {
  readonly bounds = new LeafBounds()
  readonly #bytes: Uint8Array[] = []
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
    this.bounds.set(leaf, entries.count, boundsOf(region, entries))
  }

  add(imageSet: SearchableImageSet): void {
    this.#edit(imageSet, { removed: new Set(), added: [entryOf(imageSet, 1)] })
  }

  remove(imageSet: SearchableImageSet): void {
    this.#edit(imageSet, { removed: new Set([imageSet.rowId]), added: [] })
  }

  #edit(imageSet: SearchableImageSet, edit: Parameters<typeof changedEntries>[1]): void {
    const at = this.bounds.find(entryOf(imageSet, 1).point)
    const region = this.bounds.regionAt(at)
    const bytes = changedEntries(this.#bytes[at]!, edit)
    assert.ok(bytes)
    const entries = decodeEntries(bytes)
    if (entries.count <= this.#entriesMax) {
      this.#put(at, region, bytes)
      return
    }
    const options = {
      extents: this.bounds.extents(LACKING),
      entriesMax: this.#entriesMax,
      added: new Set([imageSet.rowId]),
    }
    for (const [part, leaf] of divideLeaf({ region, entries: entriesOf(entries) }, options).entries()) {
      this.#put(part === 0 ? at : this.#bytes.length, leaf.region, encodeEntries(leaf.entries))
    }
  }

  search(search: Search, page: { after?: Position | undefined; limit: number }): BestFirst {
    const found = beginBestFirst([this.bounds], { search, ...page, snapshotVersion: Number.MAX_SAFE_INTEGER })
    for (let leaf = nextLeaf(found); leaf !== undefined; leaf = nextLeaf(found)) {
      visit(found, decodeEntries(this.#bytes[leaf]!))
    }
    return found
  }

  count(filters: readonly Filter[]): { readonly total: number; readonly leavesRead: number } {
    const criteria = criteriaOf(filters)
    const { counted, leavesToRead } = tally([this.bounds], criteria)
    const read = leavesToRead.map((leaf) => countMatching(decodeEntries(this.#bytes[leaf]!), criteria))
    return { total: read.reduce((sum, count) => sum + count, counted), leavesRead: leavesToRead.length }
  }
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
