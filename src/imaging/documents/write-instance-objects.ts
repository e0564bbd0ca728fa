/**
 * Writes instances as objects of the DICOM JSON model, one after another. Most attributes of an instance are the same as of the one before, with
 * the same text: their elements are kept, and only the others are parsed and written. Memory holds the text and elements of one instance, unless
 * it is a large one.
 */
import type { AttributeOverrides } from './attribute-overrides.ts'
import { NO_SURROUNDINGS, type Surroundings, surroundingsIn, tagNamed } from './document-vrs.ts'
import { endOfString, endOfValue, hasPartAt, type MemberText, membersLike, membersOfText } from './json-members.ts'
import type { NameOfValue } from './large-binary.ts'
import type { ImageFrame } from './metadata.ts'
import { type JsonObject, type JsonValue, parseJson } from './read-document.ts'
import {
  type ElementWriting,
  elementNamed,
  elementsOf,
  hasURI,
  type InstanceUri,
  inTagOrder,
  type JsonElement,
} from './write-dicom-json.ts'

/** What an instance says of its pixels. */
export interface PixelAttributes {
  readonly own: JsonObject
  imageFrames(): readonly ImageFrame[]
}

interface InstanceToWrite {
  /** As metadata.ts writes it. */
  readonly text: string
  readonly overrides: AttributeOverrides | undefined
  readonly uri: InstanceUri
  /** Elements that are not in the document. */
  readonly addedOf: (pixels: PixelAttributes) => readonly JsonElement[]
}

/** What decides about the elements besides the text of each. */
interface Context {
  readonly vrsText: string
  readonly vrs: Readonly<Record<string, string>>
  readonly around: Surroundings
  readonly absent: ReadonlySet<string>
}

interface WrittenElement extends JsonElement {
  /** Its text has a URI below that of the instance. */
  readonly hasURI: boolean
}

interface Written extends Context {
  /** Its own members, then those of its overrides. */
  readonly members: readonly MemberText[]
  readonly ownMembers: number
  /** Of each member. */
  readonly elements: readonly (WrittenElement | undefined)[]
  readonly pixelAttributes: JsonObject
  readonly added: readonly JsonElement[]
  /** Of all elements in tag order; and the place among them of each member, then of each added element. */
  readonly texts: string[]
  readonly places: readonly number[]
}

/** An instance like `written`, whose members differ only in the gaps: what lies between them is compared and written as a whole. */
interface Template {
  readonly written: Written
  /** Of the text of an instance: what precedes each gap, and what follows the last. */
  readonly constants: readonly string[]
  /** The index of the member whose value is in each gap. */
  readonly gaps: readonly number[]
  readonly restText: string
  /** Of the object: what precedes each element that is written again, and what follows the last. */
  readonly parts: readonly string[]
  /** Their indexes: of a member, or of an added element after all members. */
  readonly rewritten: readonly number[]
}

interface Rewriting {
  readonly written: Written
  readonly added: readonly JsonElement[]
  readonly writing: ElementWriting
  /** In the gap of the member. */
  readonly value: string | undefined
}

const NOTHING: Written = {
  ...{ vrsText: '', vrs: {}, around: NO_SURROUNDINGS, absent: new Set(), members: [], ownMembers: 0, elements: [] },
  ...{ pixelAttributes: {}, added: [], texts: [], places: [] },
}

/** Of the text of an instance. A longer one is written alone, so that memory never holds two. */
const KEPT_CHARACTERS = 1024 * 1024

const PIXEL_ATTRIBUTES = new Set(['PixelRepresentation', 'BitsAllocated', 'BitsStored', 'Rows', 'Columns'])

export class InstanceObjects {
  readonly #shared: JsonObject
  readonly #nameOf: NameOfValue
  readonly #sharedElements = new Map<string, readonly JsonElement[]>()
  #last = NOTHING
  /** Members of instances with the same places whose text was not always the same. */
  readonly #different = new Set<number>()
  #template: Template | undefined

  /** @param shared the attributes of patient, study and series */
  constructor(shared: JsonObject, nameOf: NameOfValue) {
    this.#shared = shared
    this.#nameOf = nameOf
  }

  /** @returns the text of the object */
  next(instance: InstanceToWrite): string {
    if (instance.text.length > KEPT_CHARACTERS) this.#forget()
    const object = this.#asTemplate(instance) ?? this.#asDifferences(instance)
    if (instance.text.length > KEPT_CHARACTERS) this.#forget()
    return object
  }

  #forget(): void {
    this.#last = NOTHING
    this.#template = undefined
    this.#different.clear()
  }

  /** Undefined where the instance differs in other members than the template allows. */
  #asTemplate({ text, overrides, uri, addedOf }: InstanceToWrite): string | undefined {
    if (this.#template === undefined || overrides !== undefined) return undefined
    const { written, constants, gaps, restText, parts, rewritten } = this.#template
    const values = valuesBetween(text, constants)
    if (values === undefined || !hasPartAt(text, values.end, restText)) return undefined
    const { end } = values
    const imageFrames = () => parseJson(membersBeside(text, end).framesText) as unknown as readonly ImageFrame[]
    const added = addedOf({ own: written.pixelAttributes, imageFrames })
    if (!hasSameTags(added, written.added)) return undefined
    const writing: ElementWriting = { ...written, uri, nameOf: this.#nameOf }
    let object = parts[0]!
    rewritten.forEach((index, part) => {
      object += this.#rewritten(index, { written, added, writing, value: values.texts[gaps.indexOf(index)] })
      object += parts[part + 1]!
    })
    return object
  }

  #rewritten(index: number, { written, added, writing, value }: Rewriting): string {
    const member = written.members[index]
    if (member === undefined) return added[index - written.members.length]!.text
    return elementNamed(member.key, parsedValue({ value: value ?? member.value }), writing)!.text
  }

  #asDifferences(instance: InstanceToWrite): string {
    const last = this.#last
    const { own, vrsText, framesText } = splitInstance(instance.text, last.members)
    const members = withOverrides(own, instance.overrides, last)
    const pixelAttributes = pixelAttributesOf(members, last)
    const context: Context = {
      ...{ vrsText, vrs: vrsText === last.vrsText ? last.vrs : (parseJson(vrsText) as Record<string, string>) },
      around: pixelAttributes === last.pixelAttributes ? last.around : surroundingsIn(pixelAttributes, NO_SURROUNDINGS),
      absent: absentOf(instance.overrides, own),
    }
    const elements = this.#elementsOf(members, context, instance.uri)
    const imageFrames = () => parseJson(framesText) as unknown as readonly ImageFrame[]
    const added = instance.addedOf({ own: pixelAttributes, imageFrames })
    const written = { ...context, members, ownMembers: own.length, elements, pixelAttributes, added }
    const isSamePlaces = hasSamePlaces(written, last)
    if (!isSamePlaces) this.#different.clear()
    else for (const [index, member] of members.entries()) if (member !== last.members[index]) this.#different.add(index)
    this.#last = isSamePlaces
      ? { ...written, texts: textsAgain(written, last), places: last.places }
      : { ...written, ...this.#placed(written) }
    this.#template = isSamePlaces ? templateOf(this.#last, this.#different) : undefined
    return `{${this.#last.texts.join(',')}}`
  }

  #elementsOf(members: readonly MemberText[], context: Context, uri: InstanceUri): (WrittenElement | undefined)[] {
    const last = this.#last
    const isSame = isSameContext(context, last)
    const writing: ElementWriting = { ...context, uri, nameOf: this.#nameOf }
    const hasSameMember = (index: number) => isSame && last.members[index] === members[index]
    let known: ReadonlyMap<MemberText, WrittenElement | undefined> | undefined
    const knownBefore = (member: MemberText) => {
      known ??= new Map(isSame ? last.members.map((other, at) => [other, last.elements[at]]) : [])
      return known.get(member)
    }
    return members.map((member, index) => {
      const before = hasSameMember(index) ? last.elements[index] : knownBefore(member)
      if (before?.hasURI === false) return before
      const element = elementNamed(member.key, parsedValue(member), writing)
      return element === undefined ? undefined : { ...element, hasURI: hasURI(element) }
    })
  }

  #placed({ members, elements, added, around, absent }: Omit<Written, 'texts' | 'places'>) {
    const own = elements.filter((element) => element !== undefined)
    const taken = new Set(own.map(({ tag }) => tag))
    for (const key of absent) taken.add(tagNamed(key) ?? key)
    const shared = this.#sharedBy(around).filter(({ tag }) => !taken.has(tag))
    const all = inTagOrder([...own, ...shared, ...added])
    const placeOf = new Map(all.map((element, place) => [element, place]))
    const places = members.map((_, index) => placeOf.get(elements[index]!) ?? -1)
    return { texts: all.map(({ text }) => text), places: [...places, ...added.map((one) => placeOf.get(one)!)] }
  }

  /** The elements of patient, study and series are the same for all instances with the same kind of pixels. */
  #sharedBy(around: Surroundings): readonly JsonElement[] {
    const key = `${around.isSigned} ${around.bitsAllocated}`
    let elements = this.#sharedElements.get(key)
    if (elements === undefined) {
      // Their values are short, so that none is named by a URI.
      elements = elementsOf(this.#shared, { vrs: {}, around, uri: { before: '', after: '' }, nameOf: this.#nameOf })
      this.#sharedElements.set(key, elements)
    }
    return elements
  }
}

function splitInstance(text: string, like: readonly MemberText[]) {
  const start = endOfString(text, 0) + 1
  if (!hasPartAt(text, start, DICOM)) throw new Error('stored metadata of an instance have no DICOM')
  const { members: own, end } = membersLike(text, start + DICOM.length, like)
  return { own, ...membersBeside(text, end) }
}

/** @param at the offset after DICOM */
function membersBeside(text: string, at: number) {
  const members = membersOfText(`{${text.slice(text[at] === ',' ? at + 1 : at)}`)
  return { vrsText: members.get('DICOMVRs') ?? '{}', framesText: members.get('ImageFrames') ?? '[]' }
}

const DICOM = '{"DICOM":'
const DICOM_VRS = ',"DICOMVRs":'

/** The own attribute of an instance takes precedence. */
function withOverrides(
  own: readonly MemberText[],
  overrides: AttributeOverrides | undefined,
  last: Written,
): readonly MemberText[] {
  if (overrides === undefined) return own
  const keys = new Set(own.map(({ key }) => key))
  const before = new Map(last.members.slice(last.ownMembers).map((member) => [member.key, member]))
  const different = [...overrides.values].filter(([key]) => !keys.has(key))
  return [
    ...own,
    ...different.map(([key, value]) => {
      const member = before.get(key)
      return member?.value === value ? member : { key, value, text: `${JSON.stringify(key)}:${value}` }
    }),
  ]
}

const NONE: ReadonlySet<string> = new Set()

function absentOf(overrides: AttributeOverrides | undefined, own: readonly MemberText[]): ReadonlySet<string> {
  if (overrides === undefined || overrides.absent.size === 0) return NONE
  const keys = new Set(own.map(({ key }) => key))
  return new Set([...overrides.absent].filter((key) => !keys.has(key)))
}

/** Most values are a string without escapes. Others are parsed in a list, since long integers are found by the signs around them. */
const parsedValue = ({ value }: Pick<MemberText, 'value'>): JsonValue =>
  value.startsWith('"') && !value.includes('\\')
    ? value.slice(1, -1)
    : (parseJson(`[${value}]`) as readonly JsonValue[])[0]!

/** The very same object where the attributes are the same as before. */
function pixelAttributesOf(members: readonly MemberText[], last: Written): JsonObject {
  if (members.length === last.members.length) {
    const isSame = members.every((one, at) => one === last.members[at] || isOtherThanPixels(one, last.members[at]!))
    if (isSame) return last.pixelAttributes
  }
  const of = members.filter(({ key }) => PIXEL_ATTRIBUTES.has(key))
  return Object.fromEntries(of.map((member) => [member.key, parsedValue(member)]))
}

const isOtherThanPixels = (one: MemberText, other: MemberText): boolean =>
  one.key === other.key && !PIXEL_ATTRIBUTES.has(one.key)

const isSameContext = (one: Context, other: Context): boolean =>
  one.vrsText === other.vrsText &&
  one.around.isSigned === other.around.isSigned &&
  one.around.bitsAllocated === other.around.bitsAllocated

/** Whether all elements have the places that they had in the instance before. */
function hasSamePlaces(written: Omit<Written, 'texts' | 'places'>, last: Written): boolean {
  const { members, absent, added } = written
  return (
    isSameContext(written, last) &&
    members.length === last.members.length &&
    absent.size === last.absent.size &&
    [...absent].every((key) => last.absent.has(key)) &&
    hasSameTags(added, last.added) &&
    members.every((member, index) => member === last.members[index] || member.key === last.members[index]!.key)
  )
}

function textsAgain({ elements, added }: Omit<Written, 'texts' | 'places'>, last: Written): string[] {
  const { texts, places } = last
  elements.forEach((element, index) => {
    if (element !== undefined && element !== last.elements[index]) texts[places[index]!] = element.text
  })
  added.forEach((element, index) => {
    texts[places[elements.length + index]!] = element.text
  })
  return texts
}

const hasSameTags = (some: readonly JsonElement[], others: readonly JsonElement[]): boolean =>
  some.length === others.length && some.every(({ tag }, index) => tag === others[index]!.tag)

/** Undefined where instances differ in what decides about the elements of others. */
function templateOf(written: Written, different: ReadonlySet<number>): Template | undefined {
  const { members, ownMembers, absent, elements, texts, places } = written
  const gaps = [...different].sort((a, b) => a - b)
  const isOrdinary = ownMembers === members.length && absent.size === 0
  if (!isOrdinary || gaps.some((index) => PIXEL_ATTRIBUTES.has(members[index]!.key))) return undefined
  const constants: string[] = []
  let constant = DICOM
  members.forEach(({ text, value }, index) => {
    constant += index === 0 ? '{' : ','
    if (different.has(index)) {
      constants.push(constant + text.slice(0, text.length - value.length))
      constant = ''
    } else constant += text
  })
  const isRewritten = (index: number) =>
    index >= members.length || (elements[index] !== undefined && (different.has(index) || elements[index].hasURI))
  const rewritten = [...places.keys()].filter(isRewritten).sort((a, b) => places[a]! - places[b]!)
  const parts: string[] = []
  let at = 0
  for (const index of rewritten) {
    parts.push(partOf(texts, at, places[index]!))
    at = places[index]! + 1
  }
  parts.push(partOf(texts, at, texts.length))
  return {
    ...{ written, gaps, rewritten, parts, restText: `${DICOM_VRS}${written.vrsText},` },
    constants: [...constants, `${members.length === 0 ? '{' : ''}${constant}}`],
  }
}

/** With the signs around it. */
function partOf(texts: readonly string[], from: number, to: number): string {
  const [start, end] = [from === 0 ? '{' : ',', to === texts.length ? '}' : ',']
  if (from < to) return `${start}${texts.slice(from, to).join(',')}${end}`
  return from === 0 && to < texts.length ? start : from === 0 ? '{}' : end
}

/** The texts of the values between constants; undefined where the text has others. */
function valuesBetween(text: string, constants: readonly string[]) {
  const texts: string[] = []
  let end = endOfString(text, 0) + 1
  for (const [index, constant] of constants.entries()) {
    if (!hasPartAt(text, end, constant)) return undefined
    end += constant.length
    if (index === constants.length - 1) break
    const start = end
    end = endOfValue(text, start)
    texts.push(text.slice(start, end))
  }
  return { texts, end }
}
