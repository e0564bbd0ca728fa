/**
 * Writes the elements of a data set as members of a metadata document: keyword or tag as key, text without padding, lists by the
 * dictionary's VM, numbers by VR, bytes as base64, null for empty values and "" for an empty value in a list. Writes JSON text without
 * building a tree.
 */
import type { DataSet } from '../../dicom/data-set.ts'
import { DicomError } from '../../dicom/dicom-error.ts'
import { type DictionaryEntry, entryOf, tagOf } from '../../dicom/dictionary.ts'

/** Why an element of a file is not in the document. Every element without a rule is in it. */
type LeftOut =
  /** Pixels become frames; those of an icon are not stored at all. */
  | 'pixel-data'
  /** Group lengths describe how the file was written, and are retired except in the file meta information. */
  | 'group-length'
  /** Padding at the end of the file (PS3.10 7.2). */
  | 'trailing-padding'
  /** An element of group 0002 inside the data set, where it is not allowed. */
  | 'stray-file-meta'

export function leftOut(tag: string, within: 'file-meta' | 'data-set'): LeftOut | undefined {
  if (within === 'file-meta') return undefined
  if (tag === '7FE00010' || tag === '7FE00008' || tag === '7FE00009') return 'pixel-data'
  if (tag.endsWith('0000')) return 'group-length'
  if (tag === 'FFFCFFFC') return 'trailing-padding'
  return tag.startsWith('0002') ? 'stray-file-meta' : undefined
}

/** Options and state while the metadata of one instance are written. */
export interface MetadataWriting {
  /** Names a value that the document does not contain; called once per value. */
  readonly nameLargeBinary: (littleEndianBytes: Uint8Array) => string
  /** VRs of the elements with their tag as key, in order of appearance; for a repeated tag, the first. */
  readonly vrs: Map<string, string>
  /** How many more characters the instance may have. */
  charactersLeft: number
}

export interface Member {
  readonly tag: string
  readonly key: string
  /** JSON text. */
  readonly value: string
}

/** Private and unknown binary values longer than this are stored by reference (AWS "Understanding import jobs"). */
export const LARGE_BINARY_BYTES = 1024 * 1024

/** Approximate size of a key and the punctuation around a value. */
const MEMBER_CHARACTERS = 24

const NUMBERS = new Set(['US', 'SS', 'UL', 'SL', 'FD'])
const BINARY = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN'])

/** In tag order. @throws DicomError where the metadata exceed their limit */
export function* membersOf(
  dataSet: DataSet,
  within: 'file-meta' | 'data-set',
  writing: MetadataWriting,
): Generator<Member> {
  for (const tag of dataSet.tags()) {
    if (leftOut(tag, within) !== undefined) continue
    const entry = entryOf(tag)
    const key = keyOf(tag, entry)
    if (key === tag && !writing.vrs.has(tag)) writing.vrs.set(tag, dataSet.vr(tag)!)
    yield { tag, key, value: valueText(dataSet, { tag, entry, writing }) }
  }
}

function charge(characters: number, { tag, writing }: Pick<Place, 'tag' | 'writing'>): void {
  writing.charactersLeft -= characters
  if (writing.charactersLeft >= 0) return
  throw new DicomError({ reason: 'The attributes have more metadata than can be imported', tag })
}

export const objectOf = (members: Iterable<Member>): string => {
  const parts: string[] = []
  for (const { key, value } of members) parts.push(`"${key}":${value}`)
  return `{${parts.join(',')}}`
}

/** The JSON text of one element's value in a document; undefined where absent. Only for elements of the dictionary. */
export function elementText(dataSet: DataSet, tag: string): string | undefined {
  if (!dataSet.has(tag)) return undefined
  const writing: MetadataWriting = {
    nameLargeBinary: () => '',
    vrs: new Map(),
    charactersLeft: Number.POSITIVE_INFINITY,
  }
  return valueText(dataSet, { tag, entry: entryOf(tag), writing })
}

/** A keyword stands for one tag only: the tags of a repeating group share one, and the first of them has it. */
const keyOf = (tag: string, entry: DictionaryEntry | undefined): string =>
  entry !== undefined && tagOf(entry.keyword) === tag ? entry.keyword : tag

interface Place {
  readonly tag: string
  readonly entry: DictionaryEntry | undefined
  readonly writing: MetadataWriting
}

function valueText(dataSet: DataSet, place: Place): string {
  const { tag, entry, writing } = place
  const vr = dataSet.vr(tag)!
  if (vr === 'SQ') {
    const items = dataSet.items(tag).map((item) => {
      charge(MEMBER_CHARACTERS, place)
      return objectOf(membersOf(item, 'data-set', writing))
    })
    return items.length === 0 ? 'null' : `[${items.join(',')}]`
  }
  if (BINARY.has(vr)) return binaryOf(dataSet, place)
  const values = scalarsOf(dataSet, tag, vr)
  for (const value of values) charge(value.length, place)
  charge(MEMBER_CHARACTERS, place)
  if (values.length === 0) return 'null'
  return values.length === 1 && (entry === undefined || entry.vm === '1') ? values[0]! : `[${values.join(',')}]`
}

function scalarsOf(dataSet: DataSet, tag: string, vr: string): string[] {
  if (vr === 'UV' || vr === 'SV') return dataSet.integers(tag).map(String)
  if (vr === 'FL') return dataSet.numbers(tag).map((value) => numberText(value, shortestSingle))
  if (NUMBERS.has(vr)) return dataSet.numbers(tag).map((value) => numberText(value, String))
  const texts = dataSet.rawStrings(tag)
  // An empty value in a list is an empty string, as in a document recorded from AWS; a single one is null.
  return texts.map((text) => (text === '' && texts.length === 1 ? 'null' : JSON.stringify(text)))
}

/** JSON has no NaN and infinity; the strings of the DICOM JSON model are used (PS3.18 F.2.3). */
function numberText(value: number, spell: (value: number) => string): string {
  if (Number.isNaN(value)) return '"NaN"'
  if (!Number.isFinite(value)) return value > 0 ? '"inf"' : '"-inf"'
  return Object.is(value, -0) ? '-0.0' : spell(value)
}

/** The fewest digits that read back as the same 32 bits: 0.1, where the double would be 0.10000000149011612. */
function shortestSingle(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits))
    if (Math.fround(rounded) === value) return String(rounded)
  }
  return String(Number(value.toPrecision(9)))
}

function binaryOf(dataSet: DataSet, place: Place): string {
  const { tag, entry, writing } = place
  const bytes = dataSet.littleEndianBytes(tag)!
  if (bytes.length === 0) return 'null'
  if (entry === undefined && bytes.length > LARGE_BINARY_BYTES) {
    return JSON.stringify({ BulkDataURI: writing.nameLargeBinary(bytes) })
  }
  // Checked before encoding: base64 has four characters for three bytes.
  charge(Math.ceil(bytes.length / 3) * 4 + MEMBER_CHARACTERS, place)
  return `"${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}"`
}
