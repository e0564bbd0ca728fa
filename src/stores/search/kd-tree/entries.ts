/**
 * The entries of one leaf of the search index: what a search compares of some hundred image sets, column by column, as one piece
 * of bytes. Little-endian, as every machine is that runs Node: five columns of Float64, then six of Uint16.
 */
import assert from 'node:assert/strict'
import { type SearchableImageSet, TEXT_ATTRIBUTES, type TextAttribute } from '../../../imaging/search/search.ts'

/** Stands for the study instant of an image set that has none: beyond every range, and behind every other. */
export const LACKING = Number.MAX_VALUE

/** The dimensions in which leaves are cut, and the first four columns of an entry. seq parts what is equal in all dates. */
export const DIMENSIONS = ['createdAt', 'updatedAt', 'DICOMStudyDateAndTime', 'seq'] as const
export const CREATED = 0
export const UPDATED = 1
export const STUDY = 2
export const SEQ = 3
const CHANGED = 4
const NUMBERS = 5
const SHORTS = 1 + TEXT_ATTRIBUTES.length
export const ENTRY_BYTES = NUMBERS * 8 + SHORTS * 2

export interface Entry {
  /** createdAt, updatedAt, study instant or LACKING, seq. */
  readonly point: readonly number[]
  /** The number of the change that made the image set what it is. */
  readonly changedIn: number
  readonly isPrimary: boolean
  /** Of each of TEXT_ATTRIBUTES a hash; 0 where it has no value. */
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
  const { createdAt, updatedAt, DICOMStudyDateAndTime, seq, isPrimary } = imageSet
  return {
    point: [createdAt, updatedAt, DICOMStudyDateAndTime ?? LACKING, seq],
    changedIn,
    isPrimary,
    hashes: TEXT_ATTRIBUTES.map((attribute) => hashOf(imageSet[attribute])),
  }
}

export const hashColumnOf = (attribute: TextAttribute): number => TEXT_ATTRIBUTES.indexOf(attribute)

/** FNV-1a, folded to 1..65535. A search that goes by hashes compares the texts themselves before it answers. */
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

/** Columns that look into the bytes; a copy is made only of bytes that do not lie on a multiple of eight. */
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

/** The bytes of a leaf once some entries are taken out of it, by their seqs, and others are added; undefined where one is not there. */
export function changedEntries(
  bytes: Uint8Array,
  { removed, added }: { readonly removed: ReadonlySet<number>; readonly added: readonly Entry[] },
): Uint8Array | undefined {
  const before = decodeEntries(bytes)
  const seqs = before.columns[SEQ]!
  const places = Uint32Array.from(seqs.keys()).filter((place) => !removed.has(seqs[place]!))
  if (places.length !== before.count - removed.size) return undefined
  const kept = pickEntries(before, places)
  return added.length === 0 ? kept : bytesOf(joinEntries([kept, encodeEntries(added)]))
}

const bytesOf = ({ changedIn }: Entries): Uint8Array => new Uint8Array(changedIn.buffer)

/** The bytes of some entries of many, given by their places. */
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

/** The entries of several pieces of bytes, one after the other. */
export function joinEntries(pieces: readonly Uint8Array[]): Entries {
  const joined = decodeEntries(new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0)))
  let start = 0
  for (const piece of pieces.map(decodeEntries)) {
    for (const [at, column] of piece.columns.entries()) joined.columns[at]!.set(column, start)
    joined.changedIn.set(piece.changedIn, start)
    joined.isPrimary.set(piece.isPrimary, start)
    for (const [at, column] of piece.hashes.entries()) joined.hashes[at]!.set(column, start)
    start += piece.count
  }
  return joined
}
