/** Encodes the elements of a data set in tag order, in one of the three encodings of PS3.5 7.1, including sequences (7.5). */

import { DicomError } from './dicom-error.ts'
import { entryOf, tagOf } from './dictionary.ts'
import { type TextWriter, textWriter } from './encode-text.ts'
import type { Attributes, AttributeValue, ElementValue } from './encode-values.ts'
import { encodeValue, swapUnits, unitBytes } from './encode-values.ts'

export interface Spelling {
  littleEndian: boolean
  explicitVR: boolean
  sequenceLength: 'defined' | 'undefined'
}

/** What an item inherits from the enclosing data set. */
interface Surroundings {
  text: TextWriter
  pixelRepresentation: number
  bitsAllocated: number
}

const UNDEFINED_LENGTH = 0xffffffff
const LONG_FORM = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV'])
const OUTERMOST: Surroundings = { text: textWriter(undefined), pixelRepresentation: 0, bitsAllocated: 16 }

/** @throws DicomError for an unknown name, or a value that does not fit its VR or character set */
export function encodeAttributes(attributes: Attributes, spelling: Spelling): Uint8Array {
  const parts: Uint8Array[] = []
  writeDataSet(attributes, { spelling, around: OUTERMOST, parts })
  return concatenate(parts)
}

/** Like encodeAttributes, in two parts: the elements before and after a given one, which the caller writes. */
export function encodeAttributesAround(
  tag: string,
  attributes: Attributes,
  spelling: Spelling,
): { before: Uint8Array; after: Uint8Array } {
  const around = surroundingsIn(attributes, OUTERMOST)
  const encode = (elements: readonly TaggedAttribute[]) => {
    const parts: Uint8Array[] = []
    for (const element of elements) writeElement(element, { spelling, around, parts })
    return concatenate(parts)
  }
  const elements = inTagOrder(attributes)
  return {
    before: encode(elements.filter((element) => element.tag < tag)),
    after: encode(elements.filter((element) => element.tag > tag)),
  }
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

interface Destination {
  spelling: Spelling
  around: Surroundings
  parts: Uint8Array[]
}

interface TaggedAttribute {
  tag: string
  attribute: AttributeValue
}

function writeDataSet(attributes: Attributes, { spelling, around, parts }: Destination): void {
  const inside = surroundingsIn(attributes, around)
  for (const element of inTagOrder(attributes)) writeElement(element, { spelling, around: inside, parts })
}

function surroundingsIn(attributes: Attributes, around: Surroundings): Surroundings {
  return {
    text: attributes.SpecificCharacterSet === undefined ? around.text : textWriter(charsetOf(attributes)),
    pixelRepresentation: numberOf(attributes.PixelRepresentation) ?? around.pixelRepresentation,
    bitsAllocated: numberOf(attributes.BitsAllocated) ?? around.bitsAllocated,
  }
}

function inTagOrder(attributes: Attributes): TaggedAttribute[] {
  const elements: TaggedAttribute[] = []
  for (const [name, attribute] of Object.entries(attributes)) {
    if (attribute !== undefined) elements.push({ tag: tagNamed(name), attribute })
  }
  return elements.sort((a, b) => (a.tag < b.tag ? -1 : a.tag > b.tag ? 1 : 0))
}

function writeElement({ tag, attribute }: TaggedAttribute, to: Destination): void {
  const { vr, value, undefinedLength } = withVR(tag, attribute, to.around)
  if (vr === 'SQ' && !(value instanceof Uint8Array)) {
    writeSequence(tag, itemsOf(tag, value), to)
    return
  }
  let bytes = encodeValue({ tag, vr, value, text: to.around.text })
  if (!to.spelling.littleEndian) bytes = swapUnits(bytes, unitBytes(vr))
  const length = undefinedLength === true ? UNDEFINED_LENGTH : bytes.length
  to.parts.push(elementHeader({ tag, vr, length }, to.spelling), bytes)
}

function writeSequence(tag: string, items: readonly Attributes[], to: Destination): void {
  const { spelling, around, parts } = to
  const delimited = spelling.sequenceLength === 'undefined'
  const inner: Uint8Array[] = []
  for (const item of items) {
    const body: Uint8Array[] = []
    writeDataSet(item, { spelling, around, parts: body })
    inner.push(itemHeader('FFFEE000', delimited ? UNDEFINED_LENGTH : total(body), spelling))
    append(inner, body)
    if (delimited) inner.push(itemHeader('FFFEE00D', 0, spelling))
  }
  if (delimited) inner.push(itemHeader('FFFEE0DD', 0, spelling))
  parts.push(elementHeader({ tag, vr: 'SQ', length: delimited ? UNDEFINED_LENGTH : total(inner) }, spelling))
  append(parts, inner)
}

/** Not a spread: a long sequence has more parts than a call can have arguments. */
function append(to: Uint8Array[], parts: readonly Uint8Array[]): void {
  for (const part of parts) to.push(part)
}

/** PS3.5 7.1.2: eight bytes, or twelve for VRs with a 32-bit length. */
function elementHeader(element: { tag: string; vr: string; length: number }, spelling: Spelling): Uint8Array {
  if (!spelling.explicitVR) return itemHeader(element.tag, element.length, spelling)
  // A value that exceeds its 16-bit length is written as UN (PS3.5 6.2.2, note 2).
  const vr = element.length > 0xffff && !LONG_FORM.has(element.vr) ? 'UN' : element.vr
  const long = LONG_FORM.has(vr)
  const header = new Uint8Array(long ? 12 : 8)
  const view = new DataView(header.buffer)
  writeTag(view, element.tag, spelling)
  header[4] = vr.charCodeAt(0)
  header[5] = vr.charCodeAt(1)
  if (long) view.setUint32(8, element.length, spelling.littleEndian)
  else view.setUint16(6, element.length, spelling.littleEndian)
  return header
}

function itemHeader(tag: string, length: number, spelling: Spelling): Uint8Array {
  const header = new Uint8Array(8)
  const view = new DataView(header.buffer)
  writeTag(view, tag, spelling)
  view.setUint32(4, length, spelling.littleEndian)
  return header
}

function writeTag(view: DataView, tag: string, spelling: Spelling): void {
  view.setUint16(0, Number.parseInt(tag.slice(0, 4), 16), spelling.littleEndian)
  view.setUint16(2, Number.parseInt(tag.slice(4), 16), spelling.littleEndian)
}

function tagNamed(name: string): string {
  if (/^[0-9A-F]{8}$/.test(name)) return name
  const tag = tagOf(name)
  if (tag === undefined) throw new DicomError({ reason: `the dictionary has no attribute named ${name}` })
  return tag
}

function withVR(tag: string, attribute: AttributeValue, around: Surroundings) {
  if (attribute !== null && typeof attribute === 'object' && 'vr' in attribute) return attribute
  const vr = resolveVR(tag, around)
  return { vr, value: attribute, undefinedLength: false }
}

/** Where the dictionary allows several VRs, the pixel attributes decide (PS3.5 A.1, A.2). */
function resolveVR(tag: string, around: Surroundings): string {
  const entry = entryOf(tag)
  if (entry === undefined) throw new DicomError({ reason: 'an element outside the dictionary needs a VR', tag })
  if (entry.vrs === undefined) return entry.vr
  if (entry.vrs.includes('SS')) return around.pixelRepresentation === 1 ? 'SS' : 'US'
  if (entry.vrs.includes('OB')) return around.bitsAllocated > 8 ? 'OW' : 'OB'
  return entry.vr
}

function itemsOf(tag: string, value: ElementValue): readonly Attributes[] {
  if (value === null) return []
  if (Array.isArray(value) && value.every((item) => typeof item === 'object')) return value as readonly Attributes[]
  throw new DicomError({ reason: 'a sequence takes a list of items', tag })
}

function charsetOf(attributes: Attributes): readonly string[] {
  const attribute = attributes.SpecificCharacterSet
  if (typeof attribute === 'string') return attribute.split('\\')
  return Array.isArray(attribute) ? attribute.map(String) : []
}

function numberOf(attribute: AttributeValue | undefined): number | undefined {
  return typeof attribute === 'number' ? attribute : undefined
}

function total(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0)
}
