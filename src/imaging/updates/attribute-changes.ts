/**
 * The attributes of one module of an update, each held against the rules of its own (AWS "DICOM metadata constraints" and "DICOM element
 * constraints"): which can never be changed, which stand elsewhere, which need force and why. Names of attributes are told, values never.
 */
import { ContractError } from '../../contract/errors.ts'
import { entryOf, isPrivateTag, tagOf } from '../../dicom/dictionary.ts'
import { documentValue, rulesOf } from '../documents/attribute-values.ts'
import { levelOf, type NormalizedLevel } from '../documents/metadata-levels.ts'
import { leftOut } from '../documents/metadata-values.ts'
import { isList, isObject, type Json, type JsonObject } from '../documents/strict-json.ts'
import { fitsVR, isVR } from '../documents/value-representations.ts'
import { SUMMARY_ATTRIBUTES, summaryText } from '../search/summary-attributes.ts'

export interface AttributeChange {
  /** As the document has it: the keyword, or `GGGGEEEE`. */
  readonly key: string
  /** How a message may call it: the key, or where it stands if the key is no word of the standard. */
  readonly name: string
  /** As the document has it. */
  readonly value: Json
  /** What DICOMVRs says of each element that goes by its tag, those within a sequence among them. */
  readonly vrs: ReadonlyMap<string, string>
  /** A sentence that says why, where the change needs force. */
  readonly needsForce: string | undefined
}

export interface Module {
  /** Undefined is an instance's. */
  readonly level: NormalizedLevel | undefined
  readonly place: string
  readonly isRemoval: boolean
}

/** AWS's own words for what it makes itself, wherever they stand. */
const GENERATED = new Set([
  ...['SchemaVersion', 'DatastoreID', 'ImageSetID', 'PixelData', 'Checksum', 'Width', 'Height', 'MinPixelValue'],
  ...['MaxPixelValue', 'FrameSizeInBytes', 'ImageFrames', 'ChecksumType', 'StoredTransferSyntaxUID'],
])

/** A file without them is not imported; an image set never loses them. */
const REQUIRED = new Set(['StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID', 'SOPClassUID'])
export const IDENTIFYING_UIDS = ['StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID'] as const
const IDENTIFYING = new Set<string>([...IDENTIFYING_UIDS, 'StudyID'])

/** Values, not lengths (AWS "DICOM element constraints"). */
const GREATEST: ReadonlyMap<string, number> = new Map([
  ['NumberOfStudyRelatedSeries', 1_000_000],
  ['NumberOfStudyRelatedInstances', 1_000_000],
])

/** @param members `DICOM` and, of instances, `DICOMVRs`. @throws ContractError ValidationException */
export function readAttributes(members: JsonObject, module: Module): AttributeChange[] {
  const attributes = members.get('DICOM') ?? new Map()
  if (!isObject(attributes)) throw invalid(`${capital(module.place)} is no JSON object.`)
  const vrs = readVRs(members.get('DICOMVRs'), module)
  let index = 0
  const changes = [...attributes].map(([key, value]) => readAttribute(key, value, { module, vrs, index: ++index }))
  const used = new Set(changes.flatMap((change) => [...change.vrs.keys()]))
  const idle = [...vrs.keys()].find((tag) => !used.has(tag))
  if (idle !== undefined) throw invalid(`DICOMVRs names ${idle}, but ${module.place} has no such element.`)
  return changes
}

function readVRs(value: Json | undefined, { place }: Module): ReadonlyMap<string, string> {
  if (value === undefined) return new Map()
  if (!isObject(value)) throw invalid(`DICOMVRs beside ${place} is no JSON object.`)
  const vrs = new Map<string, string>()
  for (const [tag, vr] of value) {
    if (!TAG.test(tag)) {
      throw invalid(`DICOMVRs beside ${place} has a key that is not the eight upper-case hex digits of a tag.`)
    }
    if (typeof vr !== 'string' || !isVR(vr)) throw invalid(`DICOMVRs gives ${tag} a VR that DICOM does not have.`)
    vrs.set(tag, vr)
  }
  return vrs
}

const TAG = /^[0-9A-F]{8}$/
const KEYWORD = /^[A-Za-z][A-Za-z0-9]{0,127}$/

interface Place {
  readonly module: Module
  readonly vrs: ReadonlyMap<string, string>
  /** From 1: how messages name what is no word of the standard. */
  readonly index: number
}

function readAttribute(key: string, given: Json, { module, vrs, index }: Place): AttributeChange {
  const { place, isRemoval } = module
  const tag = TAG.test(key) ? key : tagOf(key)
  const name = tag === undefined ? `Attribute ${index} of ${place}` : key
  const verb = isRemoval ? 'removed' : 'updated'
  if (GENERATED.has(key)) throw invalid(`${key} cannot be updated or removed.`)
  if (tag !== undefined) requireOwnTag(tag, { name, verb })
  requireKey(key, name)
  requireLevel(tag, { name, module })
  const entry = tag === undefined ? undefined : entryOf(tag)
  const used = new Map<string, string>()
  if (vrs.has(key)) used.set(key, vrs.get(key)!)
  const vr = used.get(key)
  const value =
    isRemoval && isElsewhere(given)
      ? given
      : readValue(given, { ...rulesOf(entry), ...(vr === undefined ? {} : { vr }), name, vrs, used })
  if (REQUIRED.has(key) && (isRemoval || value === null)) {
    throw invalid(`${key} can be neither removed nor emptied: every instance has it.`)
  }
  if (!isRemoval) requireAdmitted(key, value)
  const reason = forceReason({ key, tag, value, isRemoval })
  return { key, name, value, vrs: used, needsForce: reason && `${name} can only be ${verb} with force: ${reason}.` }
}

function requireKey(key: string, name: string): void {
  if (TAG.test(key)) {
    const entry = entryOf(key)
    if (entry !== undefined && tagOf(entry.keyword) === key) {
      throw invalid(`${key} has the keyword ${entry.keyword}: metadata name it by that.`)
    }
    return
  }
  if (/^[0-9A-Fa-f]{8}$/.test(key)) {
    throw invalid(`${name} has small letters: metadata spell the digits of a tag in capitals.`)
  }
  if (!KEYWORD.test(key)) {
    throw invalid(`${name} is neither a keyword of the DICOM standard nor the eight hex digits of a tag.`)
  }
}

const LEVEL_PLACES: Readonly<Record<NormalizedLevel | 'instance', string>> = {
  Patient: 'Patient.DICOM',
  Study: 'Study.DICOM',
  Series: 'the DICOM of the series',
  instance: 'the DICOM of an instance',
}

function requireLevel(tag: string | undefined, { name, module }: { name: string; module: Module }): void {
  // What the standard does not have may stand anywhere, if it is forced to.
  if (tag === undefined) return
  const level = levelOf(tag)
  if (level === module.level) return
  throw invalid(`${name} is in ${module.place}, but belongs to ${LEVEL_PLACES[level ?? 'instance']}.`)
}

function requireOwnTag(tag: string, { name, verb }: { name: string; verb: string }): void {
  if (tag.startsWith('0000') || tag.startsWith('FFFE')) {
    throw invalid(`${name} cannot be ${verb}: it belongs to how DICOM is sent and written, not to an instance.`)
  }
  const rule = leftOut(tag, 'data-set')
  if (rule === 'stray-file-meta') {
    throw invalid(`${name} cannot be ${verb}: it is file meta information, which tells how the file came.`)
  }
  if (rule !== undefined) {
    throw invalid(`${name} cannot be ${verb}: metadata do not have it (${rule.replaceAll('-', ' ')}).`)
  }
}

interface ValuePlace {
  readonly vr: string | undefined
  readonly vm: string | undefined
  readonly name: string
  readonly vrs: ReadonlyMap<string, string>
  /** Gathers which of `vrs` the value has elements for. */
  readonly used: Map<string, string>
}

/** What shape a value has no force can change: scalars and lists of them, and objects only as the items of sequences. */
function readValue(value: Json, place: ValuePlace): Json {
  const values = isList(value) ? value : [value]
  const items = values.filter(isObject)
  if (values.some(isList)) throw invalid(`${place.name} has a list within a list.`)
  const mayBeSequence = place.vr === 'SQ' || place.vr === undefined
  if (items.length > 0 && (!mayBeSequence || !isList(value) || items.length < values.length)) {
    throw invalid(
      mayBeSequence
        ? `${place.name} mixes items with other values, or has an item outside of a list.`
        : `${place.name} has an object for a value, which only sequences have.`,
    )
  }
  if (items.length > 0) return items.map((item) => readItem(item, place))
  if (place.vr === 'SQ' && values.some((one) => one !== null)) {
    throw invalid(`${place.name} is a sequence: its value is a list of objects, or null.`)
  }
  return place.vr === 'SQ' ? null : documentValue(value, place)
}

function readItem(item: JsonObject, { name, vrs, used }: ValuePlace): JsonObject {
  const elements = new Map<string, Json>()
  let index = 0
  for (const [key, value] of item) {
    index += 1
    const tag = TAG.test(key) ? key : tagOf(key)
    const inner = tag === undefined ? `Attribute ${index} of an item of ${name}` : `${key} in ${name}`
    if (GENERATED.has(key)) throw invalid(`${inner} cannot be updated.`)
    if (tag !== undefined) requireOwnTag(tag, { name: inner, verb: 'updated' })
    requireKey(key, inner)
    const vr = vrs.get(key)
    if (vr !== undefined) used.set(key, vr)
    const rules = rulesOf(tag === undefined ? undefined : entryOf(tag))
    elements.set(key, readValue(value, { ...rules, ...(vr === undefined ? {} : { vr }), name: inner, vrs, used }))
  }
  return elements
}

/** A value too large for the document, as the document names it. */
const isElsewhere = (value: Json): boolean => isObject(value) && value.size === 1 && value.has('BulkDataURI')

/** Whatever is forced: beyond these a search could not answer the value, or the image set would lose its name. */
function requireAdmitted(key: string, value: Json): void {
  const text = summaryText(value)
  const max = Object.hasOwn(SUMMARY_ATTRIBUTES, key)
    ? SUMMARY_ATTRIBUTES[key as keyof typeof SUMMARY_ATTRIBUTES].max
    : undefined
  if (max !== undefined && text !== null && text.length > max) {
    throw invalid(`${key} has ${text.length} characters, more than the ${max} that it may have.`)
  }
  const greatest = GREATEST.get(key)
  if (greatest !== undefined && Number(text) > greatest) throw invalid(`${key} is greater than ${greatest}.`)
  if (!(IDENTIFYING_UIDS as readonly string[]).includes(key)) return
  if (typeof value !== 'string' || !/^\d+(\.\d+)+$/.test(value)) {
    throw invalid(`${key} is not a UID: numbers joined by single periods.`)
  }
}

interface Reasoning {
  readonly key: string
  readonly tag: string | undefined
  readonly value: Json
  readonly isRemoval: boolean
}

function forceReason({ key, tag, value, isRemoval }: Reasoning): string | undefined {
  if (tag === undefined) return 'it is no keyword of the DICOM standard'
  const entry = entryOf(tag)
  if (isPrivateTag(Number.parseInt(tag, 16))) return 'it is a private element'
  if (entry === undefined) return 'the DICOM standard does not have the element'
  if (IDENTIFYING.has(key)) return 'it identifies study, series or instance'
  if (entry.vr === 'SQ') return 'it is a sequence'
  if (entry.vm !== '1' || isList(value)) return 'it has several values'
  if (!isRemoval && !fitsVR(value, entry.vrs ?? [entry.vr])) {
    return `its value is none of its VR (${(entry.vrs ?? [entry.vr]).join(' or ')})`
  }
  return undefined
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)
const invalid = (sentence: string): ContractError => new ContractError('ValidationException', sentence)
