/**
 * The entries of one leaf: what a search compares of a few hundred image sets, encoded column by column. Little-endian, as every machine
 * that runs Node: five columns of Float64, then one of Uint16 for isPrimary and for each text.
 */
import assert from 'node:assert/strict'
import {
  SORT_FIELDS,
  type SortField,
  TEXT_ATTRIBUTES,
  type TextAttribute,
} from '../../../contract/search-attributes.ts'
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
const SHORTS = 1 + TEXT_ATTRIBUTES.length
export const ENTRY_BYTES = NUMBERS * 8 + SHORTS * 2

/**
 * The format of entries and bounds. The layout is part of it, so that a change of the table of search attributes is a new format; a change
 * that the layout does not show raises the number.
 */
export const ENTRY_FORMAT = `1: ${[...DIMENSIONS, 'changedIn', 'isPrimary', ...TEXT_ATTRIBUTES].join(' ')}`

export interface Entry {
  /** In the order of DIMENSIONS; LACKING where there is no study timestamp. */
  readonly point: readonly number[]
  /** The last change of the image set. */
  readonly changedIn: number
  readonly isPrimary: boolean
  /** For each of TEXT_ATTRIBUTES; 0 where it has no value. */
  readonly hashes: readonly number[]
}

/** Columns over the bytes of a leaf, each `count` long. */
export interface Entries {
  readonly count: number
  /** In the order of DIMENSIONS. */
  readonly columns: readonly Float64Array[]
  readonly changedIn: Float64Array
  readonly isPrimary: Uint16Array
  readonly hashes: readonly Uint16Array[]
}

export function entryOf(imageSet: SearchableImageSet, changedIn: number): Entry {
  return {
    point: DIMENSIONS.map((dimension) => imageSet[dimension] ?? LACKING),
    changedIn,
    isPrimary: imageSet.isPrimary,
    hashes: TEXT_ATTRIBUTES.map((attribute) => hashOf(imageSet[attribute])),
  }
}

export const hashColumnOf = (attribute: TextAttribute): number => TEXT_ATTRIBUTES.indexOf(attribute)

/** FNV-1a, folded to 1..65535. A search that compares hashes compares the texts themselves before it returns. */
export function hashOf(text: string | null): number {
  if (text === null) return 0
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return ((((hash >>> 16) ^ hash) & 0xffff) % 0xffff) + 1
}

export function encodeEntries(entries: readonly Entry[]): Uint8Array {
  const bytes = new Uint8Array(entries.length * ENTRY_BYTES)
  const { columns, changedIn, isPrimary, hashes } = decodeEntries(bytes)
  for (const [at, entry] of entries.entries()) {
    for (const [dimension, column] of columns.entries()) column[at] = entry.point[dimension]!
    changedIn[at] = entry.changedIn
    isPrimary[at] = entry.isPrimary ? 1 : 0
    for (const [text, column] of hashes.entries()) column[at] = entry.hashes[text]!
  }
  return bytes
}

/** Views of the bytes, which are copied only where they are not aligned to eight bytes. */
export function decodeEntries(bytes: Uint8Array): Entries {
  assert.equal(bytes.byteLength % ENTRY_BYTES, 0, 'a leaf holds whole entries')
  const count = bytes.byteLength / ENTRY_BYTES
  const { buffer, byteOffset } = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes)
  const numbers = (column: number) => new Float64Array(buffer, byteOffset + column * count * 8, count)
  const shorts = (column: number) =>
    new Uint16Array(buffer, byteOffset + NUMBERS * count * 8 + column * count * 2, count)
  return {
    count,
    columns: DIMENSIONS.map((_, dimension) => numbers(dimension)),
    changedIn: numbers(CHANGED),
    isPrimary: shorts(0),
    hashes: TEXT_ATTRIBUTES.map((_, text) => shorts(1 + text)),
  }
}

export const entriesOf = ({ count, columns, changedIn, isPrimary, hashes }: Entries): Entry[] =>
  Array.from({ length: count }, (_, at) => ({
    point: columns.map((column) => column[at]!),
    changedIn: changedIn[at]!,
    isPrimary: isPrimary[at] === 1,
    hashes: hashes.map((column) => column[at]!),
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
  for (const [at, column] of entries.hashes.entries()) pick(column, picked.hashes[at]!)
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
    for (const [at, column] of part.hashes.entries()) joined.hashes[at]!.set(column, start)
    start += part.count
  }
  return joined
}
