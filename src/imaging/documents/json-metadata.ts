/**
 * A JSON metadata file of an import (AWS importConfiguration): attributes that take precedence over those of the DICOM files of a study or
 * a series. Either objects of the DICOM JSON model, one for all files or a list by SOP Instance UID, or a metadata document as
 * GetImageSetMetadata returns it. AWS does not document the format: see decision 15. Messages contain attribute names and never values.
 */
import { ContractError } from '../../contract/errors.ts'
import type { DataSet } from '../../dicom/data-set.ts'
import { DicomError } from '../../dicom/dicom-error.ts'
import { entryOf, tagOf } from '../../dicom/dictionary.ts'
import { type Attributes, ExplicitVRLittleEndian, encodeP10 } from '../../dicom/encode.ts'
import { OverlaidDataSet } from '../../dicom/overlaid-data-set.ts'
import { type DicomFile, parseP10 } from '../../dicom/parse.ts'
import { type ImportWarning, importWarning, namesOf } from '../import-warnings.ts'
import { ABSENT_MEMBER } from './attribute-overrides.ts'
import { isDicomJson, readDicomJson } from './dicom-json.ts'
import { rebuildDataSet } from './document-data-set.ts'
import type { JsonValue, JsonObject as PlainObject } from './read-document.ts'
import { isList, isObject, type Json, type JsonLimits, type JsonObject, readJson } from './strict-json.ts'

/** A document of 10,000 instances with 200 attributes each. */
const METADATA_JSON: JsonLimits = { depthMax: 64, valuesMax: 2_000_000 }

interface InstanceUIDs {
  readonly StudyInstanceUID: string
  readonly SeriesInstanceUID: string
  readonly SOPInstanceUID: string
}

interface Given {
  /** By keyword or tag, as in a document. */
  readonly DICOM: JsonObject
  readonly DICOMVRs: ReadonlyMap<string, string>
  readonly elsewhere: readonly string[]
  /** Keys of the document's levels that the instance lacks. */
  readonly absent?: readonly string[]
}

export interface JsonMetadata {
  /** The attributes for an instance, from the least to the most specific. @throws ContractError where the file is inconsistent */
  givenFor(uids: InstanceUIDs): readonly Given[]
}

/** @param seriesInstanceUID for a mapping of one series. @throws ContractError ValidationException */
export function parseJsonMetadata(bytes: Uint8Array, seriesInstanceUID: string | undefined): JsonMetadata {
  const read = readJson(textOf(bytes), 'It', METADATA_JSON)
  if (isList(read)) return ofList(read)
  if (!isObject(read)) throw invalid('It is neither an object nor a list')
  if (read.size > 0 && isDicomJson(read)) return ofObject(readDicomJson(read))
  return ofDocument(read, seriesInstanceUID)
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw invalid('It is not UTF-8')
  }
}

const SOP_INSTANCE_UID = '00080018'

/** For all files, or for one if it has a SOPInstanceUID. */
function ofObject(given: Given): JsonMetadata {
  const sopInstanceUID = uidIn(given)
  return {
    givenFor: (uids) => (sopInstanceUID === undefined || sopInstanceUID === uids.SOPInstanceUID ? [given] : []),
  }
}

function ofList(list: readonly Json[]): JsonMetadata {
  const byUID = new Map<string, Given>()
  for (const [index, item] of list.entries()) {
    const name = `Item ${index + 1} of the list`
    if (!isObject(item)) throw invalid(`${name} is not an object`)
    const given = readDicomJson(item)
    const uid = uidIn(given)
    if (uid === undefined) throw invalid(`${name} has no SOPInstanceUID (00080018)`)
    if (byUID.has(uid)) throw invalid(`${name} has the SOPInstanceUID of another`)
    byUID.set(uid, given)
  }
  return {
    givenFor({ SOPInstanceUID }) {
      const given = byUID.get(SOPInstanceUID)
      return given === undefined ? [] : [given]
    },
  }
}

function uidIn({ DICOM }: Given): string | undefined {
  const value = DICOM.get(SOP_INSTANCE_UID)
  const first = isList(value ?? null) ? (value as readonly Json[])[0] : value
  return typeof first === 'string' && first !== '' ? first : undefined
}

function ofDocument(document: JsonObject, seriesInstanceUID: string | undefined): JsonMetadata {
  const known = ['SchemaVersion', 'DatastoreID', 'ImageSetID', 'Patient', 'Study']
  if (document.size === 0 || [...document.keys()].some((key) => !known.includes(key))) {
    throw invalid('It is neither an object of the DICOM JSON model nor a metadata document with Patient and Study')
  }
  const study = objectIn(document, 'Study')
  const levels = [givenIn(objectIn(document, 'Patient'), 'Patient'), givenIn(study, 'Study')]
  const bySeries = new Map([...objectIn(study, 'Series')].map(([uid, series]) => [uid, seriesIn(series)]))
  if (seriesInstanceUID !== undefined && bySeries.size > 0 && !bySeries.has(seriesInstanceUID)) {
    throw invalid('It names series, but not that of its mapping')
  }
  return {
    givenFor({ SeriesInstanceUID, SOPInstanceUID }) {
      const series = bySeries.get(SeriesInstanceUID)
      const instance = series?.instances.get(SOPInstanceUID)
      return [...levels, ...(series === undefined ? [] : [series.given]), ...(instance === undefined ? [] : [instance])]
    },
  }
}

function seriesIn(value: Json): { readonly given: Given; readonly instances: ReadonlyMap<string, Given> } {
  if (!isObject(value)) throw invalid('It has a series that is not an object')
  const instances = [...objectIn(value, 'Instances')].map(([uid, instance]): [string, Given] => {
    if (!isObject(instance)) throw invalid('It has an instance that is not an object')
    return [uid, givenIn(instance, 'an instance')]
  })
  return { given: givenIn(value, 'a series'), instances: new Map(instances) }
}

function objectIn(parent: JsonObject, key: string): JsonObject {
  const value = parent.get(key)
  if (value === undefined) return new Map()
  if (!isObject(value)) throw invalid(`Its ${key} is not an object`)
  return value
}

function givenIn(level: JsonObject, name: string): Given {
  const DICOM = new Map(objectIn(level, 'DICOM'))
  const lacking = level.get(ABSENT_MEMBER) ?? []
  if (!isList(lacking)) throw invalid(`The ${ABSENT_MEMBER} of ${name} is not a list`)
  const absent = lacking.filter((key) => typeof key === 'string')
  // They are null for readers that ignore the member.
  for (const key of absent) DICOM.delete(key)
  const vrs = new Map<string, string>()
  for (const [tag, vr] of objectIn(level, 'DICOMVRs')) {
    if (typeof vr !== 'string') throw invalid(`The DICOMVRs of ${name} are not strings`)
    vrs.set(tag, vr)
  }
  return { DICOM, DICOMVRs: vrs, elsewhere: [], absent }
}

// ---- Applied to a file -------------------------------------------------------------------------------------------

const UIDS = ['StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID'] as const

/** These describe the bytes of the pixel data: with other values, frames and metadata would not match. */
const OF_THE_PIXELS = [
  ...['SamplesPerPixel', 'PhotometricInterpretation', 'PlanarConfiguration', 'NumberOfFrames', 'Rows', 'Columns'],
  ...['BitsAllocated', 'BitsStored', 'HighBit', 'PixelRepresentation'],
]
/** The SOP class; with another, the remaining attributes would belong to another kind of object. */
const KEPT_TAGS = new Set([...OF_THE_PIXELS, 'SOPClassUID'].map((keyword) => tagOf(keyword)!))
/** JSON is UTF-8, whatever its Specific Character Set. */
const SPECIFIC_CHARACTER_SET = '00080005'

export interface MetadataInFront {
  readonly file: DicomFile
  readonly warnings: readonly ImportWarning[]
}

/** @throws DicomError where it contradicts the file, or cannot be written as DICOM */
export function putInFront(file: DicomFile, all: readonly Given[]): MetadataInFront {
  const discarded = new Set<string>()
  const attributes: Record<string, Attributes[string]> = {}
  for (const { DICOM, DICOMVRs, elsewhere, absent = [] } of all) {
    for (const key of absent) delete attributes[tagOf(key) ?? key]
    for (const tag of elsewhere) discarded.add(nameOf(tag))
    const rebuilt = rebuildDataSet({
      DICOM: plain(DICOM) as PlainObject,
      DICOMVRs: Object.fromEntries(DICOMVRs),
    })
    for (const { key, why } of rebuilt.notWritten)
      if (why !== 'icon') discarded.add(why === 'unknown-keyword' ? 'one that DICOM does not have' : nameOf(key))
    for (const [key, value] of Object.entries(rebuilt.attributes)) {
      const tag = tagOf(key) ?? key
      if (tag !== SPECIFIC_CHARACTER_SET) attributes[tag] = value
    }
  }
  const tags = new Set(Object.keys(attributes))
  const above = dataSetOf(attributes)
  const differs = (tag: string) => tags.has(tag) && above.string(tag) !== file.dataSet.string(tag)
  for (const keyword of UIDS) {
    const tag = tagOf(keyword)!
    if (!differs(tag)) continue
    throw new DicomError({ reason: `${keyword} of the JSON metadata differs from that of the file`, tag })
  }
  for (const tag of KEPT_TAGS) {
    if (differs(tag)) discarded.add(nameOf(tag))
    tags.delete(tag)
  }
  const dataSet = tags.size === 0 ? file.dataSet : new OverlaidDataSet({ below: file.dataSet, above, tags })
  return { file: { ...file, dataSet }, warnings: warningsOf(discarded) }
}

/** @throws DicomError for values that explicit VR cannot represent */
function dataSetOf(attributes: Attributes): DataSet {
  const written = { ...attributes, SpecificCharacterSet: 'ISO_IR 192' }
  return parseP10(encodeP10({ transferSyntaxUID: ExplicitVRLittleEndian, attributes: written })).dataSet
}

function warningsOf(discarded: ReadonlySet<string>): readonly ImportWarning[] {
  if (discarded.size === 0) return []
  const message = `Attributes of the JSON metadata were ignored: ${namesOf([...discarded].sort())}`
  return [importWarning('ElementsDiscarded', message)]
}

const nameOf = (tag: string): string => entryOf(tag)?.keyword ?? tag

function plain(value: Json): JsonValue {
  if (isList(value)) return value.map(plain)
  if (isObject(value)) return Object.fromEntries([...value].map(([key, member]) => [key, plain(member)]))
  return value
}

const invalid = (sentence: string): ContractError => new ContractError('ValidationException', `${sentence}.`)
