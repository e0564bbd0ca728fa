/**
 * Writes attributes of a metadata document as elements of the DICOM JSON model (PS3.18 annex F). Binary values that are too large for the
 * text are named by a URI.
 */
import { OF_THE_PIXEL_DATA } from './document-data-set.ts'
import { type Surroundings, surroundingsIn, tagNamed, valuesOf, vrOf } from './document-vrs.ts'
import { isLargeBase64, type NameOfValue, nameInReference, referenceIn } from './large-binary.ts'
import { leftOut } from './metadata-values.ts'
import type { JsonObject, JsonValue } from './read-document.ts'

export interface JsonElement {
  readonly tag: string
  /** The member of the object: tag, VR and value. */
  readonly text: string
}

export interface ElementWriting {
  /** Of the elements with their tag as key. */
  readonly vrs: Readonly<Record<string, string>>
  readonly around: Surroundings
  readonly uri: InstanceUri
  readonly nameOf: NameOfValue
}

/** Whether the text of an element names the instance: a quote within a value is escaped. */
export const hasURI = ({ text }: JsonElement): boolean => text.includes('"BulkDataURI":')

/** The URI of a value of the instance is `before`, `/bulkdata/`, its name, and `after`. */
export interface InstanceUri {
  readonly before: string
  readonly after: string
}

/** Without the file meta information and the pixel data, in the order of the document. */
export function elementsOf(object: JsonObject, writing: ElementWriting): JsonElement[] {
  const inside = { ...writing, around: surroundingsIn(object, writing.around) }
  const elements: JsonElement[] = []
  for (const [key, json] of Object.entries(object)) {
    const element = elementNamed(key, json, inside)
    if (element !== undefined) elements.push(element)
  }
  return elements
}

/** Undefined for the file meta information and the pixel data. */
export function elementNamed(key: string, json: JsonValue, inside: ElementWriting): JsonElement | undefined {
  const tag = tagNamed(key)
  if (tag === undefined || OF_THE_PIXEL_DATA.has(tag) || leftOut(tag, 'data-set')) return undefined
  return elementOf({ key, tag, json }, inside)
}

/** An object of the model: its elements in tag order. */
export const objectOfElements = (elements: readonly JsonElement[]): string =>
  `{${inTagOrder(elements)
    .map(({ text }) => text)
    .join(',')}}`

export const inTagOrder = (elements: readonly JsonElement[]): JsonElement[] =>
  [...elements].sort((a, b) => (a.tag < b.tag ? -1 : 1))

/** An element with one text or one URI. */
export const uidElement = (tag: string, uid: string): JsonElement => ({
  tag,
  text: `"${tag}":{"vr":"UI","Value":[${JSON.stringify(uid)}]}`,
})

interface Bulkdata {
  readonly vr: string
  readonly uri: InstanceUri
  readonly name: string
}

export const bulkdataElement = (tag: string, { vr, uri, name }: Bulkdata): JsonElement => ({
  tag,
  text: `"${tag}":{"vr":"${vr}","BulkDataURI":${JSON.stringify(`${uri.before}/bulkdata/${name}${uri.after}`)}}`,
})

const BINARY = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN'])

interface DocumentElement {
  readonly key: string
  readonly tag: string
  readonly json: JsonValue
}

function elementOf({ key, tag, json }: DocumentElement, writing: ElementWriting): JsonElement {
  if (tag === '00080005') return { tag, text: `"${tag}":{"vr":"CS","Value":["ISO_IR 192"]}` }
  const reference = referenceIn(json)
  if (reference !== undefined) {
    const vr = writing.vrs[tag] ?? 'UN'
    const name = nameInReference(reference)
    if (name !== undefined) return bulkdataElement(tag, { vr, uri: writing.uri, name })
    return { tag, text: `"${tag}":{"vr":"${vr}"}` }
  }
  const values = valuesOf(json)
  const vr = vrOf({ key, tag, values }, writing.vrs, writing.around)
  if (values.length === 0) return { tag, text: `"${tag}":{"vr":"${vr}"}` }
  if (BINARY.has(vr)) return binaryElement(tag, { vr, base64: values[0] as string, writing })
  const texts =
    vr === 'SQ' ? values.map((item) => itemText(item, writing)) : values.map((value) => valueText(vr, value))
  return { tag, text: `"${tag}":{"vr":"${vr}","Value":[${texts.join(',')}]}` }
}

const itemText = (item: JsonValue, writing: ElementWriting): string =>
  objectOfElements(elementsOf(item as JsonObject, writing))

function binaryElement(
  tag: string,
  { vr, base64, writing }: { readonly vr: string; readonly base64: string; readonly writing: ElementWriting },
): JsonElement {
  if (!isLargeBase64(base64)) return { tag, text: `"${tag}":{"vr":"${vr}","InlineBinary":"${base64}"}` }
  const name = writing.nameOf(Buffer.from(base64, 'base64'))
  return bulkdataElement(tag, { vr, uri: writing.uri, name })
}

/** Written as they are: any decimal number of JSON. */
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[Ee][+-]?\d+)?$/

function valueText(vr: string, value: JsonValue): string {
  if (value === null || value === '') return 'null'
  if (vr === 'PN') return nameText(String(value))
  if ((vr === 'IS' || vr === 'DS') && typeof value === 'string') return decimalText(value)
  if (typeof value === 'bigint') return `"${value}"`
  if (Object.is(value, -0)) return '-0.0'
  return JSON.stringify(value)
}

/** Keeps the digits of the file where they are a number of JSON. A value that is not a number stays text (PS3.18 F.2.3). */
function decimalText(value: string): string {
  const text = value.trim()
  if (text === '') return 'null'
  if (JSON_NUMBER.test(text)) return text
  const number = Number(text)
  return Number.isFinite(number) && /^[-+.\dEe]+$/.test(text) ? String(number) : JSON.stringify(text)
}

const NAME_GROUPS = ['Alphabetic', 'Ideographic', 'Phonetic'] as const

function nameText(name: string): string {
  const groups = name.split('=')
  const named = NAME_GROUPS.flatMap((group, index) =>
    groups[index] ? [`"${group}":${JSON.stringify(groups[index])}`] : [],
  )
  return named.length === 0 ? 'null' : `{${named.join(',')}}`
}
