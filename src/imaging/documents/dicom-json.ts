/**
 * Converts objects of the DICOM JSON model (PS3.18 annex F) to attributes of a metadata document, by tag, each with its VR. Messages
 * contain tags and never values.
 */
import { ContractError } from '../../contract/errors.ts'
import { entryOf } from '../../dicom/dictionary.ts'
import { isList, isObject, type Json, type JsonObject } from './strict-json.ts'
import { isVR } from './value-representations.ts'

interface DocumentAttributes {
  readonly DICOM: JsonObject
  readonly DICOMVRs: ReadonlyMap<string, string>
  /** Tags of values that are given by reference only (BulkDataURI). */
  readonly elsewhere: readonly string[]
}

const TAG = /^[0-9A-Fa-f]{8}$/
const BINARY = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN'])
const LONG_INTEGERS = new Set(['SV', 'UV'])

export const isDicomJson = (object: JsonObject): boolean => [...object.keys()].every((key) => TAG.test(key))

/** @throws ContractError ValidationException */
export function readDicomJson(object: JsonObject): DocumentAttributes {
  const reading: Reading = { vrs: new Map(), elsewhere: [] }
  return { DICOM: readObject(object, reading), DICOMVRs: reading.vrs, elsewhere: reading.elsewhere }
}

interface Reading {
  readonly vrs: Map<string, string>
  readonly elsewhere: string[]
}

function readObject(object: JsonObject, reading: Reading): JsonObject {
  const attributes = new Map<string, Json>()
  for (const [key, element] of object) {
    if (!TAG.test(key))
      throw invalid('has a key that is not the eight hex digits of a tag, as the DICOM JSON model has them')
    const tag = key.toUpperCase()
    if (attributes.has(tag)) throw invalid(`has the element ${tag} twice`)
    if (!isObject(element)) throw invalid(`has ${tag} with a value that is not an object`)
    const vr = element.get('vr') ?? entryOf(tag)?.vr
    if (typeof vr !== 'string' || !isVR(vr)) throw invalid(`has ${tag} with a vr that DICOM does not have`)
    if (element.has('BulkDataURI')) {
      reading.elsewhere.push(tag)
      continue
    }
    if (!reading.vrs.has(tag)) reading.vrs.set(tag, vr)
    attributes.set(tag, elementValue(element, { tag, vr, reading }))
  }
  return attributes
}

interface Place {
  readonly tag: string
  readonly vr: string
  readonly reading: Reading
}

function elementValue(element: JsonObject, place: Place): Json {
  const { tag, vr } = place
  const inline = element.get('InlineBinary')
  const values = element.get('Value')
  if (inline !== undefined) {
    if (!BINARY.has(vr) || values !== undefined)
      throw invalid(`has ${tag} with InlineBinary, which its VR does not have`)
    if (typeof inline !== 'string') throw invalid(`has ${tag} with InlineBinary that is not text`)
    return inline === '' ? null : inline
  }
  if (values === undefined) return null
  if (!isList(values)) throw invalid(`has ${tag} with a Value that is not a list`)
  if (BINARY.has(vr) && values.length > 0) throw invalid(`has ${tag} with a Value, and its VR has InlineBinary`)
  return values.length === 0 ? null : values.map((value) => oneValue(value, place))
}

function oneValue(value: Json, { tag, vr, reading }: Place): Json {
  if (vr === 'SQ') {
    if (isObject(value)) return readObject(value, reading)
    if (value === null) return new Map()
    throw invalid(`has ${tag} with an item that is not an object`)
  }
  if (value === null) return ''
  if (vr === 'PN' && isObject(value)) return personName(value, tag)
  if (isObject(value) || isList(value)) throw invalid(`has ${tag} with a value that its VR cannot have`)
  // Integers beyond the precision of a double may be strings (PS3.18 F.2.2).
  return LONG_INTEGERS.has(vr) && typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : value
}

function personName(value: JsonObject, tag: string): string {
  const groups = ['Alphabetic', 'Ideographic', 'Phonetic'].map((group) => value.get(group) ?? '')
  if (groups.some((group) => typeof group !== 'string')) throw invalid(`has ${tag} with a name that is not text`)
  return groups.join('=').replace(/=+$/, '')
}

const invalid = (fault: string): ContractError => new ContractError('ValidationException', `It ${fault}`)
