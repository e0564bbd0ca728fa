/**
 * The inverse of metadata-values.ts: converts one instance of a metadata document to the attributes of a data set, each with its VR, ready
 * for encoding in explicit VR. Properties that a document does not keep (padding, original spelling of text, group lengths) are generated.
 */
import { DicomError } from '../../dicom/dicom-error.ts'
import { entryOf, tagOf } from '../../dicom/dictionary.ts'
import type { Attributes, AttributeValue } from '../../dicom/encode.ts'
import { SEQUENCE_DEPTH_MAX } from '../../dicom/read-elements.ts'
import { leftOut } from './metadata-values.ts'
import type { DocumentInstance, JsonObject, JsonValue } from './read-document.ts'
import { canEncode, encodableValue, fallbackVR } from './vr-values.ts'

interface RebuiltDataSet {
  /** Group 0002, except for elements that describe the file itself. */
  readonly meta: Attributes
  readonly attributes: Attributes
  /** Elements of the document that cannot be written. */
  readonly notWritten: readonly NotWritten[]
}

export interface NotWritten {
  /** Its keyword or tag. */
  readonly key: string
  readonly why: /** A private value of more than a megabyte, which the document only references and no operation of the API returns. */
    | 'stored-separately'
    /** An icon: a document has its attributes without its pixels. */
    | 'icon'
    /** A keyword that is not in our edition of PS3.6. */
    | 'unknown-keyword'
}

/** Elements of the file meta information that describe the file itself (PS3.10 7.1). */
const OF_THE_FILE = new Set([
  'FileMetaInformationGroupLength',
  'FileMetaInformationVersion',
  'MediaStorageSOPClassUID',
  'MediaStorageSOPInstanceUID',
  'TransferSyntaxUID',
  'ImplementationClassUID',
  'ImplementationVersionName',
])

/** Frame offsets in the imported file (PS3.3 C.7.6.3.1.8): the new file has its own. */
const OF_THE_PIXEL_DATA = new Set(['7FE00001', '7FE00002', '7FE00003'])

/** A data set with non-ASCII text is written in UTF-8 (PS3.3 C.12.1.1.2). */
const UTF_8 = 'ISO_IR 192'

type Writable = Record<string, AttributeValue>

interface Rebuilding {
  readonly vrs: Readonly<Record<string, string>>
  readonly notWritten: NotWritten[]
  /** Data set and items that have a character set of their own. */
  readonly withCharacterSet: Writable[]
  hasOtherThanASCII: boolean
}

/** What the surrounding elements determine about the VR, where the dictionary allows several. */
interface Surroundings {
  readonly isSigned: boolean
  readonly bitsAllocated: number
  /** Of sequences. */
  readonly depth: number
}

/** @throws DicomError where sequences nest deeper than parseP10 accepts */
export function rebuildDataSet({ DICOM, DICOMVRs }: Pick<DocumentInstance, 'DICOM' | 'DICOMVRs'>): RebuiltDataSet {
  const rebuilding: Rebuilding = { vrs: DICOMVRs, notWritten: [], withCharacterSet: [], hasOtherThanASCII: false }
  const all = attributesOf(DICOM, rebuilding, { isSigned: false, bitsAllocated: 16, depth: 0 })
  const meta: Writable = {}
  const attributes: Writable = {}
  for (const [key, value] of Object.entries(all)) {
    if (OF_THE_FILE.has(key)) continue
    if (tagNamed(key)!.startsWith('0002')) meta[key] = value
    else attributes[key] = value
  }
  if (rebuilding.hasOtherThanASCII) {
    for (const each of rebuilding.withCharacterSet) each.SpecificCharacterSet = UTF_8
    attributes.SpecificCharacterSet = UTF_8
  }
  return { meta, attributes, notWritten: rebuilding.notWritten }
}

function attributesOf(object: JsonObject, rebuilding: Rebuilding, around: Surroundings): Writable {
  const { PixelRepresentation, BitsAllocated } = object
  if (around.depth > SEQUENCE_DEPTH_MAX) throw new DicomError({ reason: 'sequences nest too deep' })
  const inside: Surroundings = {
    isSigned: PixelRepresentation === undefined ? around.isSigned : PixelRepresentation === 1,
    bitsAllocated: typeof BitsAllocated === 'number' ? BitsAllocated : around.bitsAllocated,
    depth: around.depth + 1,
  }
  const attributes: Writable = {}
  for (const [key, json] of Object.entries(object)) {
    const tag = tagNamed(key)
    if (tag === undefined) rebuilding.notWritten.push({ key, why: 'unknown-keyword' })
    else if (OF_THE_PIXEL_DATA.has(tag) || leftOut(tag, tag.startsWith('0002') ? 'file-meta' : 'data-set')) continue
    else if (key === 'IconImageSequence') rebuilding.notWritten.push({ key, why: 'icon' })
    else if (isReference(json)) rebuilding.notWritten.push({ key, why: 'stored-separately' })
    else if (key === 'SpecificCharacterSet') addCharacterSet(attributes, json, rebuilding)
    else attributes[key] = attributeOf({ key, tag, json }, rebuilding, inside)
  }
  return attributes
}

const tagNamed = (key: string): string | undefined => (/^[0-9A-F]{8}$/.test(key) ? key : tagOf(key))

const isReference = (json: JsonValue): boolean =>
  typeof json === 'object' && json !== null && !Array.isArray(json) && 'BulkDataURI' in json

/** Non-ASCII terms are invalid: the text was read as windows-1252, and is written as UTF-8. */
function addCharacterSet(attributes: Writable, json: JsonValue, rebuilding: Rebuilding): void {
  const terms = (Array.isArray(json) ? json : [json]).map((term) => (term === null ? '' : String(term)))
  attributes.SpecificCharacterSet = terms.some((term) => /[^\x00-\x7f]/.test(term)) ? null : terms
  rebuilding.withCharacterSet.push(attributes)
}

function attributeOf(
  { key, tag, json }: { key: string; tag: string; json: JsonValue },
  rebuilding: Rebuilding,
  inside: Surroundings,
): AttributeValue {
  const values = Array.isArray(json) ? json : json === null ? [] : [json]
  const expected = key === tag ? rebuilding.vrs[tag] : undefined
  const likely = expected ?? dictionaryVR(tag, values, inside)
  // Some files have elements with a wrong VR, and the document keeps VRs only of elements without keyword.
  const vr = canEncode(likely, values) ? likely : fallbackVR(values)
  if (vr === 'SQ') {
    return { vr, value: values.map((item) => attributesOf(item as JsonObject, rebuilding, inside)) }
  }
  const { value, isASCII } = encodableValue(vr, values)
  if (!isASCII) rebuilding.hasOtherThanASCII = true
  return { vr, value }
}

/** Where PS3.6 allows several VRs the value decides and, where both fit, the pixel attributes (PS3.5 A.2). */
function dictionaryVR(tag: string, values: readonly JsonValue[], { isSigned, bitsAllocated }: Surroundings): string {
  const entry = entryOf(tag)
  if (entry === undefined) return 'UN'
  const { vrs } = entry
  if (vrs === undefined) return entry.vr
  if (vrs.includes('OW') && (values.length === 0 || typeof values[0] === 'string')) {
    return vrs.includes('OB') && bitsAllocated <= 8 ? 'OB' : 'OW'
  }
  if (!vrs.includes('SS')) return 'US'
  if (values.some((value) => Number(value) < 0)) return 'SS'
  return isSigned && values.every((value) => Number(value) <= 0x7fff) ? 'SS' : 'US'
}
