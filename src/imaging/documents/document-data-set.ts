/**
 * The reverse of metadata-values.ts: one instance of a metadata document as the attributes of a data set, each with its VR, ready to be
 * encoded in explicit VR. What no document holds (padding, the first spelling of text, lengths of groups) is written anew.
 */
import { DicomError } from '../../dicom/dicom-error.ts'
import { entryOf, tagOf } from '../../dicom/dictionary.ts'
import type { Attributes, AttributeValue } from '../../dicom/encode.ts'
import { SEQUENCE_DEPTH_MAX } from '../../dicom/read-elements.ts'
import { leftOut } from './metadata-values.ts'
import type { DocumentInstance, JsonObject, JsonValue } from './read-document.ts'
import { canEncode, encodableValue, fallbackVR } from './vr-values.ts'

interface RebuiltDataSet {
  /** Group 0002, but for what follows from the file it is in. */
  readonly meta: Attributes
  readonly attributes: Attributes
  /** Elements that the document names and nothing can be written of. */
  readonly notWritten: readonly NotWritten[]
}

export interface NotWritten {
  /** Its keyword or tag. */
  readonly key: string
  readonly why: /** More than a megabyte of private bytes, which stand apart from the document and which no operation of the API hands out. */
    | 'stands-apart'
    /** A small picture of the picture: a document has its attributes without its pixels. */
    | 'icon'
    /** A keyword that PS3.6 as we have it does not know. */
    | 'unknown-keyword'
}

/** Of the file meta information, what a new file says for itself (PS3.10 7.1). */
const OF_THE_FILE = new Set([
  'FileMetaInformationGroupLength',
  'FileMetaInformationVersion',
  'MediaStorageSOPClassUID',
  'MediaStorageSOPInstanceUID',
  'TransferSyntaxUID',
  'ImplementationClassUID',
  'ImplementationVersionName',
])

/** Where frames begin in the file as it came (PS3.3 C.7.6.3.1.8): a new one has tables of its own. */
const OF_THE_PIXEL_DATA = new Set(['7FE00001', '7FE00002', '7FE00003'])

/** Text of a data set with any other character than ASCII is written in UTF-8 (PS3.3 C.12.1.1.2). */
const UTF_8 = 'ISO_IR 192'

type Writable = Record<string, AttributeValue>

interface Rebuilding {
  readonly vrs: Readonly<Record<string, string>>
  readonly notWritten: NotWritten[]
  /** Data set and items that say their character set. */
  readonly withCharacterSet: Writable[]
  hasOtherThanASCII: boolean
}

/** What the elements around one say of its VR, where the dictionary leaves a choice. */
interface Surroundings {
  readonly isSigned: boolean
  readonly bitsAllocated: number
  /** Of sequences. */
  readonly depth: number
}

/** @throws DicomError where sequences nest deeper than a file that we read may have them */
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
    else if (isApart(json)) rebuilding.notWritten.push({ key, why: 'stands-apart' })
    else if (key === 'SpecificCharacterSet') addCharacterSet(attributes, json, rebuilding)
    else attributes[key] = attributeOf({ key, tag, json }, rebuilding, inside)
  }
  return attributes
}

const tagNamed = (key: string): string | undefined => (/^[0-9A-F]{8}$/.test(key) ? key : tagOf(key))

const isApart = (json: JsonValue): boolean =>
  typeof json === 'object' && json !== null && !Array.isArray(json) && 'BulkDataURI' in json

/** Terms beyond ASCII are none: the text was read as Latin then, and is UTF-8 now. */
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
  // Files are known whose elements have another VR than they should, and the document keeps what it was read by for tags only.
  const vr = canEncode(likely, values) ? likely : fallbackVR(values)
  if (vr === 'SQ') {
    return { vr, value: values.map((item) => attributesOf(item as JsonObject, rebuilding, inside)) }
  }
  const { value, isASCII } = encodableValue(vr, values)
  if (!isASCII) rebuilding.hasOtherThanASCII = true
  return { vr, value }
}

/** Where PS3.6 leaves a choice the value makes it, and where both would do, the pixel attributes (PS3.5 A.2). */
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
