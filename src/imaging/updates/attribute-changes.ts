/**
 * Checks the attributes of one module of an update against the rules for attributes (AWS "DICOM metadata constraints" and "DICOM element
 * constraints"): which can never be changed, which belong elsewhere, and which need force. Messages contain attribute names, never values.
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
  /** As in the document: the keyword, or `GGGGEEEE`. */
  readonly key: string
  /** The name in messages: the key, or its position if it is not a word of the standard. */
  readonly name: string
  /** As in the document. */
  readonly value: Json
  /** The VRs in DICOMVRs of the elements with their tag as key, including those inside a sequence. */
  readonly vrs: ReadonlyMap<string, string>
  /** Why the change needs force, as a sentence; undefined where it does not. */
  readonly needsForce: string | undefined
}

export interface Module {
  /** Undefined for the instance level. */
  readonly level: NormalizedLevel | undefined
  readonly place: string
  readonly isRemoval: boolean
}

/** Names of members that AWS generates, at any position. */
const GENERATED = new Set([
  ...['SchemaVersion', 'DatastoreID', 'ImageSetID', 'PixelData', 'Checksum', 'Width', 'Height', 'MinPixelValue'],
  ...['MaxPixelValue', 'FrameSizeInBytes', 'ImageFrames', 'ChecksumType', 'StoredTransferSyntaxUID'],
])

/** Required at import; an image set never loses them. */
const REQUIRED = new Set(['StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID', 'SOPClassUID'])
export const IDENTIFYING_UIDS = ['StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID'] as const
const IDENTIFYING = new Set<string>([...IDENTIFYING_UIDS, 'StudyID'])

/** Limits of values, not lengths (AWS "DICOM element constraints"). */
const GREATEST: ReadonlyMap<string, number> = new Map([
  ['NumberOfStudyRelatedSeries', 1_000_000],
  ['NumberOfStudyRelatedInstances', 1_000_000],
])

/** @param members `DICOM` and, of instances, `DICOMVRs`. @throws ContractError ValidationException */
export function readAttributes(members: JsonObject, module: Module): AttributeChange[] {
  const attributes = members.get('DICOM') ?? new Map()
  if (!isObject(attributes)) throw invalid(`${capital(module.place)} is not a JSON object.`)
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
  if (!isObject(value)) throw invalid(`DICOMVRs beside ${place} is not a JSON object.`)
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
  /** From 1: how messages identify a key that is not a word of the standard. */
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
      throw invalid(`${key} has the keyword ${entry.keyword}: use the keyword.`)
    }
    return
  }
  if (/^[0-9A-Fa-f]{8}$/.test(key)) {
    throw invalid(`${name} has lower-case letters: a tag has upper-case hex digits.`)
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
  // Attributes outside the standard may be at any level, with force.
  if (tag === undefined) return
  const level = levelOf(tag)
  if (level === module.level) return
  throw invalid(`${name} is in ${module.place}, but belongs to ${LEVEL_PLACES[level ?? 'instance']}.`)
}

function requireOwnTag(tag: string, { name, verb }: { name: string; verb: string }): void {
  if (tag.startsWith('0000') || tag.startsWith('FFFE')) {
    throw invalid(`${name} cannot be ${verb}: it describes the transmission or encoding of DICOM, not an instance.`)
  }
  const rule = leftOut(tag, 'data-set')
  if (rule === 'stray-file-meta') {
    throw invalid(`${name} cannot be ${verb}: it is file meta information, which describes the imported file.`)
  }
  if (rule !== undefined) {
    throw invalid(`${name} cannot be ${verb}: metadata do not contain it (${rule.replaceAll('-', ' ')}).`)
  }
}

interface ValuePlace {
  readonly vr: string | undefined
  readonly vm: string | undefined
  readonly name: string
  readonly vrs: ReadonlyMap<string, string>
  /** Collects the entries of `vrs` whose elements occur in the value. */
  readonly used: Map<string, string>
}

/** Checks the shape of a value, which force cannot override: scalars and lists of them, and objects only as items of sequences. */
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

/** A reference to a value too large for the document, as in the document. */
const isElsewhere = (value: Json): boolean => isObject(value) && value.size === 1 && value.has('BulkDataURI')

/** Limits that force cannot override: beyond these the value could not be searched, or the image set would lose its identifiers. */
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
