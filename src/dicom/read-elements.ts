/**
 * Reads the elements of a data set (PS3.5 chapter 7) and records the place of each value without copying it. Strict about lengths: every
 * value must end inside its item, its sequence and the file. Time is linear in the bytes, and memory is bounded by `elementsMax`. Three
 * faults that lose nothing are tolerated and recorded.
 */
import { DicomError, type DicomFault, PrefixTooShortError } from './dicom-error.ts'
import { entryOfNumber, formatTag } from './dictionary.ts'
import { isDelimiterBeginning } from './pixel-items.ts'
import { type ToleratedFault, TRAILING_ZEROS_MAX } from './tolerated-faults.ts'

/** How deep sequences may nest. PS3.3 needs about ten levels; a malicious file may have thousands. */
export const SEQUENCE_DEPTH_MAX = 64

/** How many elements and items a file may have, nested ones included: each takes about 100 bytes of memory. */
export const ELEMENTS_MAX = 2_000_000

/** After this many UN values that turned out not to be sequences, the remaining ones are kept as bytes: each attempt takes time. */
const FAILED_UN_SEQUENCES_MAX = 100

export interface Encoding {
  explicitVR: boolean
  littleEndian: boolean
}

export interface Element {
  tag: number
  /** As written; '' in implicit VR, where the dictionary determines it. */
  vr: string
  /** Start of the value. */
  offsetBytes: number
  /** Length of the value; for an undefined length, up to but excluding the sequence delimiter. */
  lengthBytes: number
  undefinedLength: boolean
  /** Only for sequences. */
  items: Item[] | undefined
}

export interface Item {
  elements: Element[]
  encoding: Encoding
}

/** The bytes being read, and the current position. */
export interface Cursor {
  readonly bytes: Uint8Array
  /** The size of the whole file, of which `bytes` is all or the beginning. */
  readonly sizeBytes: number
  position: number
  /** How many more elements and items may follow. */
  elementsLeft: number
  failedUNSequences: number
  readonly tolerated: Set<ToleratedFault>
}

/** A cursor at the start of the bytes. */
export function cursorOver(bytes: Uint8Array, limits: { sizeBytes: number; elementsMax: number }): Cursor {
  const sizeBytes = Math.max(limits.sizeBytes, bytes.length)
  return { bytes, sizeBytes, position: 0, elementsLeft: limits.elementsMax, failedUNSequences: 0, tolerated: new Set() }
}

const UNDEFINED_LENGTH = 0xffffffff
const IMPLICIT_IN_UN: Encoding = { explicitVR: false, littleEndian: true }

const ITEM = 0xfffee000
const ITEM_DELIMITER = 0xfffee00d
const SEQUENCE_DELIMITER = 0xfffee0dd

const FLOAT_PIXEL_DATA = 0x7fe00008
const DOUBLE_FLOAT_PIXEL_DATA = 0x7fe00009
const PIXEL_DATA = 0x7fe00010

const SHORT_LENGTH_VRS = 'AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US'.split(' ')
const LONG_LENGTH_VRS = 'OB OD OF OL OV OW SQ SV UC UN UR UT UV'.split(' ')

/** The VRs of PS3.5 6.2, by their two bytes as a number, with the size of the length field (7.1.2). */
const VRS: ReadonlyMap<number, { vr: string; longLength: boolean }> = new Map(
  [...SHORT_LENGTH_VRS, ...LONG_LENGTH_VRS].map((vr) => [
    (vr.charCodeAt(0) << 8) | vr.charCodeAt(1),
    { vr, longLength: LONG_LENGTH_VRS.includes(vr) },
  ]),
)

/** The data set, item or sequence being read. */
interface Place {
  encoding: Encoding
  /** Nothing may extend past this byte: its own end or, if a delimiter closes it, the end of what contains it. */
  end: number
  delimited: boolean
  depth: number
}

export function isPixelData(tag: number): boolean {
  return tag === PIXEL_DATA || tag === FLOAT_PIXEL_DATA || tag === DOUBLE_FLOAT_PIXEL_DATA
}

/**
 * Reads the top-level data set from the cursor to the end of the file. If only the beginning of the file is given, stops at the pixel data
 * and checks its length against the file's size.
 * @throws DicomError; PrefixTooShortError where the given bytes end before the pixel data
 */
export function readDataSet(cursor: Cursor, encoding: Encoding): Element[] {
  const elements: Element[] = []
  const place = topLevel(cursor, encoding)
  while (cursor.position < cursor.sizeBytes && !skipTrailingZeros(cursor)) {
    const element = readHeader(cursor, place)
    elements.push(element)
    if (isPixelData(element.tag) && cursor.bytes.length < cursor.sizeBytes) {
      if (!element.undefinedLength) checkEnd(cursor, place, endOf(element), 'the value of an element', element.tag)
      return elements
    }
    readValue(cursor, element, place)
  }
  return elements
}

/** No element begins with zeros (PS3.5 7.8.1), so these are padding. */
function skipTrailingZeros(cursor: Cursor): boolean {
  const { bytes, sizeBytes, position } = cursor
  if (bytes[position] !== 0 || sizeBytes - position > TRAILING_ZEROS_MAX || bytes.length < sizeBytes) return false
  if (!bytes.subarray(position).every((byte) => byte === 0)) return false
  cursor.tolerated.add('trailing-zeros')
  cursor.position = sizeBytes
  return true
}

/** Reads the elements of group 0002 (PS3.10 7.1: always explicit VR little endian) up to the first element of another group. */
export function readMeta(cursor: Cursor): Element[] {
  const elements: Element[] = []
  const place = topLevel(cursor, { explicitVR: true, littleEndian: true })
  while (cursor.position < cursor.sizeBytes) {
    claim(cursor, place, cursor.position + 2, 'an element header')
    if (readUint16(cursor.bytes, cursor.position, true) !== 0x0002) break
    const element = readHeader(cursor, place)
    readValue(cursor, element, place)
    elements.push(element)
  }
  return elements
}

function topLevel(cursor: Cursor, encoding: Encoding): Place {
  return { encoding, end: cursor.sizeBytes, delimited: false, depth: 0 }
}

/** Whether the two bytes after a tag are a VR of PS3.5 6.2, as in explicit VR. */
export function hasKnownVR(bytes: Uint8Array, offsetBytes: number): boolean {
  return VRS.has((bytes[offsetBytes + 4]! << 8) | bytes[offsetBytes + 5]!)
}

/** Leaves the cursor at the value. Delimiters are read as elements; the caller decides whether one is allowed. */
function readHeader(cursor: Cursor, place: Place): Element {
  const { bytes, position } = cursor
  const { explicitVR, littleEndian } = place.encoding
  claim(cursor, place, position + 8, 'an element header')
  countElement(cursor)
  const tag = readTag(bytes, position, littleEndian)
  checkTag(tag, position)
  cursor.position = position + 8
  if (!explicitVR || tag >>> 16 === 0xfffe) {
    return newElement(tag, '', position + 8, readUint32(bytes, position + 4, littleEndian))
  }
  const { vr, longLength } = readVR(cursor, position, tag)
  if (!longLength) return newElement(tag, vr, position + 8, readUint16(bytes, position + 6, littleEndian))
  claim(cursor, place, position + 12, 'an element header', tag)
  cursor.position = position + 12
  return newElement(tag, vr, position + 12, readUint32(bytes, position + 8, littleEndian))
}

function countElement(cursor: Cursor): void {
  cursor.elementsLeft -= 1
  if (cursor.elementsLeft >= 0) return
  throw new DicomError({ reason: 'the file holds too many elements', offsetBytes: cursor.position })
}

/** Positional, in the same order for every element: this is the only allocation of the loop. */
function newElement(tag: number, vr: string, offsetBytes: number, lengthBytes: number): Element {
  return { tag, vr, offsetBytes, lengthBytes, undefinedLength: lengthBytes === UNDEFINED_LENGTH, items: undefined }
}

/** Group 0000 belongs to DIMSE messages, and group FFFF is reserved (PS3.5 7.8.1): such bytes are padding or garbage. */
function checkTag(tag: number, offsetBytes: number): void {
  const group = tag >>> 16
  if (group === 0x0000 || group === 0xffff) {
    throw new DicomError({ reason: 'bytes that are not a DICOM element', offsetBytes })
  }
}

/**
 * Two unknown capital letters are a future VR, for which PS3.5 6.2 guarantees a 32-bit length. `??` is what dcmtk and others wrote for a
 * private element of unknown VR, with a 16-bit length. Both are read as UN. Two blanks also have a 16-bit length, as in dcmtk, and the
 * dictionary determines the VR.
 */
function readVR({ bytes, tolerated }: Cursor, offsetBytes: number, tag: number): { vr: string; longLength: boolean } {
  const first = bytes[offsetBytes + 4]!
  const second = bytes[offsetBytes + 5]!
  const known = VRS.get((first << 8) | second)
  if (known !== undefined) return known
  if (isCapital(first) && isCapital(second)) return { vr: 'UN', longLength: true }
  if (first === 0x3f && second === 0x3f) return { vr: 'UN', longLength: false }
  if (first === 0x20 && second === 0x20) {
    tolerated.add('blank-vr')
    return { vr: '', longLength: false }
  }
  throw new DicomError({ reason: 'an element without a value representation', tag: formatTag(tag), offsetBytes })
}

function isCapital(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a
}

function readValue(cursor: Cursor, element: Element, place: Place): void {
  const { tag, offsetBytes } = element
  if (tag >>> 16 === 0xfffe) {
    throw new DicomError({ reason: 'an item or delimiter outside a sequence', tag: formatTag(tag), offsetBytes })
  }
  const vr = element.vr === '' ? (entryOfNumber(tag)?.vr ?? 'UN') : element.vr
  if (element.undefinedLength) {
    readUndefinedLength(cursor, element, { vr, place })
    return
  }
  const end = endOf(element)
  if (vr === 'SQ') {
    claim(cursor, place, end, 'a sequence', tag)
    readSequence(cursor, element, { ...place, end })
    return
  }
  claim(cursor, place, end, 'the value of an element', tag)
  if (vr === 'UN' && entryOfNumber(tag)?.vr === 'SQ') readSequenceInUN(cursor, element, { ...place, end })
  cursor.position = end
}

/** OB and OW of undefined length are encapsulated pixel data (A.4); UN is an implicit VR little endian sequence (6.2.2). */
function readUndefinedLength(cursor: Cursor, element: Element, { vr, place }: { vr: string; place: Place }): void {
  const { tag, offsetBytes } = element
  if (isPixelData(tag) || vr === 'OB' || vr === 'OW') {
    readFragments(cursor, element, place)
  } else if (vr === 'SQ' || vr === 'UN') {
    const encoding = element.vr === 'UN' ? IMPLICIT_IN_UN : place.encoding
    readSequence(cursor, element, { ...place, encoding, delimited: true })
  } else {
    const reason = 'an element that cannot have an undefined length'
    throw new DicomError({ reason, tag: formatTag(tag), offsetBytes })
  }
}

/**
 * By 6.2.2, a known sequence inside a UN of defined length is implicit VR little endian. But any bytes are legal in a UN, so those that are
 * not a valid sequence stay bytes.
 */
function readSequenceInUN(cursor: Cursor, element: Element, place: Place): void {
  const startsWithItem = element.lengthBytes >= 8 && readTag(cursor.bytes, element.offsetBytes, true) === ITEM
  if (!startsWithItem || cursor.failedUNSequences >= FAILED_UN_SEQUENCES_MAX) return
  try {
    readSequence(cursor, element, { ...place, encoding: IMPLICIT_IN_UN })
  } catch (error) {
    if (!(error instanceof DicomError) || cursor.elementsLeft < 0) throw error
    cursor.failedUNSequences += 1
    element.items = undefined
  }
}

function readSequence(cursor: Cursor, element: Element, place: Place): void {
  const { tag, offsetBytes } = element
  const { encoding, delimited } = place
  if (place.depth >= SEQUENCE_DEPTH_MAX) {
    throw new DicomError({ reason: 'sequences nest too deep', tag: formatTag(tag), offsetBytes })
  }
  const items: Item[] = []
  element.items = items
  while (delimited || cursor.position < place.end) {
    const { position } = cursor
    claim(cursor, place, position + 8, 'a sequence', tag)
    countElement(cursor)
    const marker = readTag(cursor.bytes, position, encoding.littleEndian)
    const lengthBytes = readUint32(cursor.bytes, position + 4, encoding.littleEndian)
    cursor.position = position + 8
    if (marker === SEQUENCE_DELIMITER && (delimited || cursor.position === place.end)) {
      element.lengthBytes = position - offsetBytes
      return
    }
    if (marker !== ITEM) {
      throw new DicomError({
        reason: 'a sequence holds what is not an item',
        tag: formatTag(tag),
        offsetBytes: position,
      })
    }
    const itemDelimited = lengthBytes === UNDEFINED_LENGTH
    const end = itemDelimited ? place.end : cursor.position + lengthBytes
    if (!itemDelimited) claim(cursor, place, end, 'an item', tag)
    items.push(readItem(cursor, { encoding, end, delimited: itemDelimited, depth: place.depth + 1 }))
  }
}

/** An item whose first element has no VR in an explicit data set is implicit: some old private sequences are written like that. */
function readItem(cursor: Cursor, place: Place): Item {
  const encoding = looksImplicit(cursor, place) ? { ...place.encoding, explicitVR: false } : place.encoding
  const inside: Place = { ...place, encoding }
  const elements: Element[] = []
  while (place.delimited || cursor.position < place.end) {
    const element = readHeader(cursor, inside)
    if (element.tag === ITEM_DELIMITER && (place.delimited || element.offsetBytes === place.end)) break
    readValue(cursor, element, inside)
    elements.push(element)
  }
  return { elements, encoding }
}

function looksImplicit({ bytes, position }: Cursor, { encoding, end }: Place): boolean {
  if (!encoding.explicitVR || position + 8 > Math.min(end, bytes.length)) return false
  if (readUint16(bytes, position, encoding.littleEndian) === 0xfffe) return false
  const first = bytes[position + 4]!
  const second = bytes[position + 5]!
  return (
    !(isCapital(first) && isCapital(second)) && !(first === 0x3f && second === 0x3f) && !hasBlankVR(bytes, position)
  )
}

/** Two blanks and a length: in implicit VR this would be a value far longer than any first element has. */
export function hasBlankVR(bytes: Uint8Array, offsetBytes: number): boolean {
  const [first, second, low, high] = bytes.subarray(offsetBytes + 4, offsetBytes + 8)
  return first === 0x20 && second === 0x20 && (low !== 0 || high !== 0)
}

/** The offset table and the fragments, each an item of defined length, up to the sequence delimiter (A.4). */
function readFragments(cursor: Cursor, element: Element, place: Place): void {
  const { tag, offsetBytes } = element
  const { littleEndian } = place.encoding
  for (let items = 0; ; items += 1) {
    const { position } = cursor
    if (items > 1 && endsWithoutDelimiter(cursor, place)) {
      element.lengthBytes = position - offsetBytes
      cursor.position = place.end
      cursor.tolerated.add('pixel-data-without-delimiter')
      return
    }
    claim(cursor, place, position + 8, 'encapsulated pixel data', tag)
    const marker = readTag(cursor.bytes, position, littleEndian)
    const lengthBytes = readUint32(cursor.bytes, position + 4, littleEndian)
    cursor.position = position + 8
    if (marker === SEQUENCE_DELIMITER) {
      element.lengthBytes = position - offsetBytes
      return
    }
    if (marker !== ITEM || lengthBytes === UNDEFINED_LENGTH) {
      const reason = 'encapsulated pixel data holds what is not a fragment'
      throw new DicomError({ reason, tag: formatTag(tag), offsetBytes: position })
    }
    claim(cursor, place, cursor.position + lengthBytes, 'a fragment of pixel data', tag)
    cursor.position += lengthBytes
  }
}

/** The file ends right after a fragment, or inside the delimiter. */
function endsWithoutDelimiter({ bytes, sizeBytes, position }: Cursor, place: Place): boolean {
  const isEnd = place.depth === 0 && position + 8 > sizeBytes && bytes.length === sizeBytes
  return isEnd && isDelimiterBeginning(bytes.subarray(position))
}

function endOf(element: Element): number {
  return element.offsetBytes + element.lengthBytes
}

/** Throws unless the bytes up to `end` lie in the place and are available. Positional: it runs for every element. */
function claim(cursor: Cursor, place: Place, end: number, inside: string, tag?: number): void {
  if (end > place.end) checkEnd(cursor, place, end, inside, tag)
  if (end <= cursor.bytes.length) return
  throw new PrefixTooShortError({
    ...fault(cursor, `the given beginning of the file ends inside ${inside}`, tag),
    minimumSizeBytes: end,
  })
}

function checkEnd(cursor: Cursor, place: Place, end: number, inside: string, tag?: number): void {
  if (end <= place.end) return
  if (place.end === cursor.sizeBytes) throw new DicomError(fault(cursor, `the file ends inside ${inside}`, tag))
  throw new DicomError(fault(cursor, `${inside} runs past the end of the item or sequence that holds it`, tag))
}

function fault(cursor: Cursor, reason: string, tag: number | undefined): DicomFault {
  return { reason, offsetBytes: cursor.position, ...(tag === undefined ? {} : { tag: formatTag(tag) }) }
}

function readTag(bytes: Uint8Array, offsetBytes: number, littleEndian: boolean): number {
  return readUint16(bytes, offsetBytes, littleEndian) * 0x10000 + readUint16(bytes, offsetBytes + 2, littleEndian)
}

function readUint16(bytes: Uint8Array, offsetBytes: number, littleEndian: boolean): number {
  const first = bytes[offsetBytes]!
  const second = bytes[offsetBytes + 1]!
  return littleEndian ? first | (second << 8) : (first << 8) | second
}

function readUint32(bytes: Uint8Array, offsetBytes: number, littleEndian: boolean): number {
  const first = readUint16(bytes, offsetBytes, littleEndian)
  const second = readUint16(bytes, offsetBytes + 2, littleEndian)
  return littleEndian ? first + second * 0x10000 : first * 0x10000 + second
}
