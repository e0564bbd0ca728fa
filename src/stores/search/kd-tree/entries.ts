/**
 * The entries of one leaf: what a search compares of a few hundred image sets, encoded column by column. Little-endian, as every machine
 * that runs Node: five columns of Float64, then one of Uint16 for isPrimary.
 */
import assert from 'node:assert/strict'
import { SORT_FIELDS, type SortField } from '../../../contract/search-attributes.ts'
import type { SearchableImageSet } from '../../../imaging/search/search.ts'

/** The study timestamp of image sets without one: outside every range, and after every other. */
export const LACKING = Number.MAX_VALUE

/** The dimensions along which leaves are split, and the first columns of an entry. The row id separates entries whose dates are all equal. */
export const DIMENSIONS: readonly (SortField | 'rowId')[] = [...SORT_FIELDS, 'rowId']
export const CREATED = DIMENSIONS.indexOf('createdAt')
export const UPDATED = DIMENSIONS.indexOf('updatedAt')
export const STUDY = DIMENSIONS.indexOf('DICOMStudyDateAndTime')
export const ROW_ID = DIMENSIONS.indexOf('rowId')
const CHANGED = DIMENSIONS.length
const NUMBERS = CHANGED + 1
export const ENTRY_BYTES = NUMBERS * 8 + 2

/**
 * The format of entries and bounds. The layout is part of it, so that a change of the table of search attributes is a new format; a change
 * that the layout does not show raises the number.
 */
export const ENTRY_FORMAT = `2: ${[...DIMENSIONS, 'changedIn', 'isPrimary'].join(' ')}`

export interface Entry {
  /** In the order of DIMENSIONS; LACKING where there is no study timestamp. */
  readonly point: readonly number[]
  /** The last change of the image set. */
  readonly changedIn: number
  readonly isPrimary: boolean
}

/** Columns over the bytes of a leaf, each `count` long. */
export interface Entries {
  readonly count: number
  /** In the order of DIMENSIONS. */
  readonly columns: readonly Float64Array[]
  readonly changedIn: Float64Array
  readonly isPrimary: Uint16Array
}

type Dated = Pick<SearchableImageSet, SortField | 'rowId' | 'isPrimary'>

export const entryOf = (imageSet: Dated, changedIn: number): Entry => ({
  point: DIMENSIONS.map((dimension) => imageSet[dimension] ?? LACKING),
  changedIn,
  isPrimary: imageSet.isPrimary,
})

export function encodeEntries(entries: readonly Entry[]): Uint8Array {
  const bytes = new Uint8Array(entries.length * ENTRY_BYTES)
  const { columns, changedIn, isPrimary } = decodeEntries(bytes)
  for (const [at, entry] of entries.entries()) {
    for (const [dimension, column] of columns.entries()) column[at] = entry.point[dimension]!
    changedIn[at] = entry.changedIn
    isPrimary[at] = entry.isPrimary ? 1 : 0
  }
  return bytes
}

/** Views of the bytes, which are copied only where they are not aligned to eight bytes. */
export function decodeEntries(bytes: Uint8Array): Entries {
  assert.equal(bytes.byteLength % ENTRY_BYTES, 0, 'a leaf holds whole entries')
  const count = bytes.byteLength / ENTRY_BYTES
  const { buffer, byteOffset } = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes)
  const numbers = (column: number) => new Float64Array(buffer, byteOffset + column * count * 8, count)
  return {
    count,
    columns: DIMENSIONS.map((_, dimension) => numbers(dimension)),
    changedIn: numbers(CHANGED),
    isPrimary: new Uint16Array(buffer, byteOffset + NUMBERS * count * 8, count),
  }
}

export const entriesOf = ({ count, columns, changedIn, isPrimary }: Entries): Entry[] =>
  Array.from({ length: count }, (_, at) => ({
    point: columns.map((column) => column[at]!),
    changedIn: changedIn[at]!,
    isPrimary: isPrimary[at] === 1,
  }))

/** The bytes of a leaf without the entries of some row ids and with others added; undefined where a removed entry is not in it. */
export function changedEntries(
  bytes: Uint8Array,
  { removed, added }: { readonly removed: ReadonlySet<number>; readonly added: readonly Entry[] },
): Uint8Array | undefined {
  const before = decodeEntries(bytes)
  const rowIds = before.columns[ROW_ID]!
  const places = Uint32Array.from(rowIds.keys()).filter((place) => !removed.has(rowIds[place]!))
  if (places.length !== before.count - removed.size) return undefined
  const kept = pickEntries(before, places)
  return added.length === 0 ? kept : bytesOf(joinEntries([kept, encodeEntries(added)]))
}

const bytesOf = ({ changedIn }: Entries): Uint8Array => new Uint8Array(changedIn.buffer)

/** The bytes of the entries at some indexes. */
export function pickEntries(entries: Entries, places: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(places.length * ENTRY_BYTES)
  const picked = decodeEntries(bytes)
  const pick = (from: Float64Array | Uint16Array, to: Float64Array | Uint16Array) => {
    for (let at = 0; at < places.length; at++) to[at] = from[places[at]!]!
  }
  for (const [at, column] of entries.columns.entries()) pick(column, picked.columns[at]!)
  pick(entries.changedIn, picked.changedIn)
  pick(entries.isPrimary, picked.isPrimary)
  return bytes
}

/** Concatenates encoded entries. */
export function joinEntries(parts: readonly Uint8Array[]): Entries {
  const joined = decodeEntries(new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0)))
  let start = 0
  for (const part of parts.map(decodeEntries)) {
    for (const [at, column] of part.columns.entries()) joined.columns[at]!.set(column, start)
    joined.changedIn.set(part.changedIn, start)
    joined.isPrimary.set(part.isPrimary, start)
    start += part.count
  }
  return joined
}
