/**
 * The inverse of metadata-values.ts: converts one instance of a metadata document to the attributes of a data set, each with its VR, ready
 * for encoding in explicit VR. Properties that a document does not keep (padding, original spelling of text, group lengths) are generated.
 */
import { DicomError } from '../../dicom/dicom-error.ts'
import type { Attributes, AttributeValue } from '../../dicom/encode.ts'
import { SEQUENCE_DEPTH_MAX } from '../../dicom/read-elements.ts'
import { NO_SURROUNDINGS, type Surroundings, surroundingsIn, tagNamed, valuesOf, vrOf } from './document-vrs.ts'
import { nameInReference, referenceIn } from './large-binary.ts'
import { leftOut } from './metadata-values.ts'
import type { DocumentInstance, JsonObject, JsonValue } from './read-document.ts'
import { encodableValue } from './vr-values.ts'

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
export const OF_THE_PIXEL_DATA: ReadonlySet<string> = new Set(['7FE00001', '7FE00002', '7FE00003'])

/** A data set with non-ASCII text is written in UTF-8 (PS3.3 C.12.1.1.2). */
const UTF_8 = 'ISO_IR 192'

type Writable = Record<string, AttributeValue>

interface Rebuilding {
  readonly vrs: Readonly<Record<string, string>>
  readonly notWritten: NotWritten[]
  readonly valueNamed: ValueNamed
  /** Data set and items that have a character set of their own. */
  readonly withCharacterSet: Writable[]
  hasOtherThanASCII: boolean
}

interface Place extends Surroundings {
  /** Of sequences. */
  readonly depth: number
}

/** A value that the document only references, by its name; undefined where it is not available. */
type ValueNamed = (name: string) => Uint8Array | undefined

/** @throws DicomError where sequences nest deeper than parseP10 accepts */
export function rebuildDataSet(
  { DICOM, DICOMVRs }: Pick<DocumentInstance, 'DICOM' | 'DICOMVRs'>,
  valueNamed: ValueNamed = () => undefined,
): RebuiltDataSet {
  const rebuilding: Rebuilding = {
    vrs: DICOMVRs,
    notWritten: [],
    valueNamed,
    withCharacterSet: [],
    hasOtherThanASCII: false,
  }
  const all = attributesOf(DICOM, rebuilding, { ...NO_SURROUNDINGS, depth: 0 })
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

function attributesOf(object: JsonObject, rebuilding: Rebuilding, around: Place): Writable {
  if (around.depth > SEQUENCE_DEPTH_MAX) throw new DicomError({ reason: 'sequences nest too deep' })
  const inside: Place = { ...surroundingsIn(object, around), depth: around.depth + 1 }
  const attributes: Writable = {}
  for (const [key, json] of Object.entries(object)) {
    const tag = tagNamed(key)
    if (tag === undefined) rebuilding.notWritten.push({ key, why: 'unknown-keyword' })
    else if (OF_THE_PIXEL_DATA.has(tag) || leftOut(tag, tag.startsWith('0002') ? 'file-meta' : 'data-set')) continue
    else if (key === 'IconImageSequence') rebuilding.notWritten.push({ key, why: 'icon' })
    else if (referenceIn(json) !== undefined) addReferenced(attributes, { key, tag, json }, rebuilding)
    else if (key === 'SpecificCharacterSet') addCharacterSet(attributes, json, rebuilding)
    else attributes[key] = attributeOf({ key, tag, json }, rebuilding, inside)
  }
  return attributes
}

function addReferenced(attributes: Writable, { key, tag, json }: KeyedValue, rebuilding: Rebuilding): void {
  const name = nameInReference(referenceIn(json)!)
  const value = name === undefined ? undefined : rebuilding.valueNamed(name)
  if (value === undefined) rebuilding.notWritten.push({ key, why: 'stored-separately' })
  else attributes[key] = { vr: rebuilding.vrs[tag] ?? 'UN', value }
}

interface KeyedValue {
  readonly key: string
  readonly tag: string
  readonly json: JsonValue
}

/** Non-ASCII terms are invalid: the text was read as windows-1252, and is written as UTF-8. */
function addCharacterSet(attributes: Writable, json: JsonValue, rebuilding: Rebuilding): void {
  const terms = (Array.isArray(json) ? json : [json]).map((term) => (term === null ? '' : String(term)))
  attributes.SpecificCharacterSet = terms.some((term) => /[^\x00-\x7f]/.test(term)) ? null : terms
  rebuilding.withCharacterSet.push(attributes)
}

function attributeOf({ key, tag, json }: KeyedValue, rebuilding: Rebuilding, inside: Place): AttributeValue {
  const values = valuesOf(json)
  const vr = vrOf({ key, tag, values }, rebuilding.vrs, inside)
  if (vr === 'SQ') {
    return { vr, value: values.map((item) => attributesOf(item as JsonObject, rebuilding, inside)) }
  }
  const { value, isASCII } = encodableValue(vr, values)
  if (!isASCII) rebuilding.hasOtherThanASCII = true
  return { vr, value }
}
