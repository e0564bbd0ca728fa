/** The directory records of a file (PS3.3 F.5): patient, study and series, and one for the instance, whose type follows from its SOP class. */
import type { Attributes, AttributeValue, ElementValue } from './encode.ts'

export interface FileOfDirectory {
  /** The path, of up to eight components of up to eight characters (PS3.10 8.2). */
  readonly fileID: readonly string[]
  readonly transferSyntaxUID: string
  readonly attributes: Attributes
}

export interface DirectoryRecord {
  readonly type: string
  readonly attributes: Attributes
}

interface RecordType {
  readonly type: string
  /** Of type 1, with a value for files that have none. */
  readonly required: Readonly<Record<string, string | readonly string[]>>
  /** Of type 2: empty where the file has none. */
  readonly present?: readonly string[]
  /** Of type 1C and 3: absent where the file has none. */
  readonly optional?: readonly string[]
}

/** DCMTK's dcmmkdir has the same two for files without a date. */
const NO_DATE = '19000101'
const NO_TIME = '000000'

const CONTENT_TIME = { ContentDate: NO_DATE, ContentTime: NO_TIME }
const NUMBERED = { InstanceNumber: '1' }
const IDENTIFIED: Pick<RecordType, 'required' | 'present'> = {
  required: { ...CONTENT_TIME, ...NUMBERED, ContentLabel: 'UNKNOWN' },
  present: ['ContentDescription', 'ContentCreatorName'],
}

const IMAGE: RecordType = {
  type: 'IMAGE',
  required: NUMBERED,
  optional: ['ImageType', 'NumberOfFrames', 'Rows', 'Columns'],
}

/** By the beginning of what follows 1.2.840.10008.5.1.4.1.1. in the UID of the class. The first that fits. */
const TYPES: readonly (readonly [RegExp, RecordType])[] = [
  [/^9\./, { type: 'WAVEFORM', required: { ...NUMBERED, ...CONTENT_TIME } }],
  [
    /^11\./,
    {
      type: 'PRESENTATION',
      required: {
        ...{ PresentationCreationDate: NO_DATE, PresentationCreationTime: NO_TIME },
        ...{ ...NUMBERED, ContentLabel: 'UNKNOWN' },
      },
      present: ['ContentDescription', 'ContentCreatorName'],
      optional: ['ReferencedSeriesSequence', 'BlendingSequence'],
    },
  ],
  [/^66$/, { type: 'RAW DATA', required: CONTENT_TIME, present: ['InstanceNumber'] }],
  [/^66\.[13]$/, { type: 'REGISTRATION', ...IDENTIFIED }],
  [/^66\.2$/, { type: 'FIDUCIAL', ...IDENTIFIED }],
  [/^66\.5$/, { type: 'SURFACE', ...IDENTIFIED }],
  [/^66\.6$/, { type: 'TRACT', ...IDENTIFIED }],
  [/^67$/, { type: 'VALUE MAP', ...IDENTIFIED }],
  [
    /^88\.59$/,
    {
      ...{ type: 'KEY OBJECT DOC', required: { ...NUMBERED, ...CONTENT_TIME } },
      ...{ present: ['ConceptNameCodeSequence'], optional: ['ContentSequence'] },
    },
  ],
  [
    /^88\./,
    {
      type: 'SR DOCUMENT',
      required: { ...NUMBERED, ...CONTENT_TIME, CompletionFlag: 'PARTIAL', VerificationFlag: 'UNVERIFIED' },
      ...{ present: ['ConceptNameCodeSequence'], optional: ['VerificationDateTime', 'ContentSequence'] },
    },
  ],
  [
    /^104\./,
    {
      type: 'ENCAP DOC',
      required: { ...NUMBERED, MIMETypeOfEncapsulatedDocument: 'application/octet-stream' },
      present: ['ContentDate', 'ContentTime', 'DocumentTitle', 'ConceptNameCodeSequence'],
      optional: ['HL7InstanceIdentifier'],
    },
  ],
  [/^481\.2$/, { type: 'RT DOSE', required: { ...NUMBERED, DoseSummationType: 'PLAN' }, optional: ['DoseComment'] }],
  [
    /^481\.3$/,
    {
      ...{ type: 'RT STRUCTURE SET', required: { ...NUMBERED, StructureSetLabel: 'UNKNOWN' } },
      present: ['StructureSetDate', 'StructureSetTime'],
    },
  ],
  [
    /^481\.[58]$/,
    {
      ...{ type: 'RT PLAN', required: { ...NUMBERED, RTPlanLabel: 'UNKNOWN' } },
      present: ['RTPlanDate', 'RTPlanTime'],
    },
  ],
  [/^481\.[4679]$/, { type: 'RT TREAT RECORD', required: NUMBERED, present: ['TreatmentDate', 'TreatmentTime'] }],
  [
    /^4\.2$/,
    {
      type: 'SPECTROSCOPY',
      required: { ...CONTENT_TIME, ...NUMBERED, ImageType: ['ORIGINAL', 'PRIMARY'] },
      present: ['NumberOfFrames', 'Rows', 'Columns', 'DataPointRows', 'DataPointColumns'],
      optional: ['ReferencedImageEvidenceSequence'],
    },
  ],
]

/** Of directory records for classes that this table does not have and that are no images. */
const PrivateRecordUID = '2.25.172795630051434929523069228855698126781'

const STORAGE = '1.2.840.10008.5.1.4.1.1.'

function typeOf(attributes: Attributes): RecordType {
  const uid = textOf(attributes, 'SOPClassUID') ?? ''
  const end = uid.startsWith(STORAGE) ? uid.slice(STORAGE.length) : ''
  const found = TYPES.find(([pattern]) => pattern.test(end))?.[1]
  if (found !== undefined) return found
  return presentValue(attributes, 'Rows') === undefined ? { type: 'PRIVATE', required: {} } : IMAGE
}

/** A longer one is not a value of a key, and would fill the directory. */
const VALUE_CHARACTERS_MAX = 1_024

function isPlain(value: ElementValue | undefined): boolean {
  if (value === undefined || value === null || value instanceof Uint8Array) return false
  if (Array.isArray(value)) return value.length > 0 && value.every((one) => typeof one === 'object' || isPlain(one))
  return typeof value !== 'string' || (value !== '' && value.length <= VALUE_CHARACTERS_MAX)
}

/** Undefined where it is absent or empty. */
function presentValue(attributes: Attributes, keyword: string): AttributeValue | undefined {
  const given = attributes[keyword]
  const isTyped = typeof given === 'object' && given !== null && 'vr' in given
  return isPlain(isTyped ? given.value : (given as ElementValue | undefined)) ? given : undefined
}

/** Undefined where it is absent or empty. */
export function textOf(attributes: Attributes, keyword: string): string | undefined {
  const given = presentValue(attributes, keyword)
  const value = typeof given === 'object' && given !== null && 'vr' in given ? given.value : given
  const first = Array.isArray(value) ? value[0] : value
  return typeof first === 'string' && first !== '' ? first : undefined
}

function keyOf(attributes: Attributes, keyword: string): AttributeValue | undefined {
  if (keyword === 'ContentSequence') return modifiersIn(attributes)
  const own = presentValue(attributes, keyword)
  return own === undefined && keyword === 'VerificationDateTime' ? verifiedAt(attributes) : own
}

/** A document has it of each verifying observer (PS3.3 C.17.2). */
const verifiedAt = (attributes: Attributes): AttributeValue | undefined =>
  itemsIn(attributes, 'VerifyingObserverSequence')
    .map((item) => textOf(item, 'VerificationDateTime'))
    .filter((text) => text !== undefined)
    .sort()
    .at(-1)

function itemsIn(attributes: Attributes, keyword: string): readonly Attributes[] {
  const given = attributes[keyword]
  const value = typeof given === 'object' && given !== null && 'vr' in given ? given.value : given
  return Array.isArray(value) ? (value as readonly Attributes[]) : []
}

/** Of a content tree, only what qualifies its title (PS3.3 F.5). */
function modifiersIn(attributes: Attributes): AttributeValue | undefined {
  const items = itemsIn(attributes, 'ContentSequence')
  const modifiers = items.filter((item) => textOf(item, 'RelationshipType') === 'HAS CONCEPT MOD')
  return modifiers.length === 0 ? undefined : { vr: 'SQ', value: modifiers }
}

function recordOf(file: Attributes, { type, required, present = [], optional = [] }: RecordType): DirectoryRecord {
  const attributes: Record<string, AttributeValue> = {}
  for (const [keyword, value] of Object.entries(required)) attributes[keyword] = keyOf(file, keyword) ?? value
  for (const keyword of present) attributes[keyword] = keyOf(file, keyword) ?? null
  for (const keyword of ['SpecificCharacterSet', ...optional]) {
    const value = keyOf(file, keyword)
    if (value !== undefined) attributes[keyword] = value
  }
  return { type, attributes }
}

/** Without PatientID, files of different patients must not become one patient: the study tells them apart. */
export const patientRecord = (file: Attributes): DirectoryRecord =>
  recordOf(file, {
    ...{ type: 'PATIENT', present: ['PatientName'] },
    required: { PatientID: textOf(file, 'StudyInstanceUID') ?? 'UNKNOWN' },
  })

export const studyRecord = (file: Attributes): DirectoryRecord =>
  recordOf(file, {
    type: 'STUDY',
    required: {
      ...{ StudyDate: dateOf(file) ?? NO_DATE, StudyTime: NO_TIME, StudyID: '1' },
      StudyInstanceUID: textOf(file, 'StudyInstanceUID') ?? '',
    },
    present: ['StudyDescription', 'AccessionNumber'],
  })

const dateOf = (file: Attributes): string | undefined =>
  ['SeriesDate', 'AcquisitionDate', 'ContentDate'].map((keyword) => textOf(file, keyword)).find(Boolean)

export const seriesRecord = (file: Attributes, number: number): DirectoryRecord =>
  recordOf(file, {
    type: 'SERIES',
    required: {
      ...{ Modality: 'OT', SeriesNumber: String(number) },
      SeriesInstanceUID: textOf(file, 'SeriesInstanceUID') ?? '',
    },
    optional: ['SeriesDescription'],
  })

export function instanceRecord(
  { fileID, transferSyntaxUID, attributes }: FileOfDirectory,
  number: number,
): DirectoryRecord {
  const kind = typeOf(attributes)
  const required =
    'InstanceNumber' in kind.required ? { ...kind.required, InstanceNumber: String(number) } : kind.required
  const record = recordOf(attributes, { ...kind, required })
  return {
    type: kind.type,
    attributes: {
      ...{ ...record.attributes, ReferencedFileID: fileID, ReferencedTransferSyntaxUIDInFile: transferSyntaxUID },
      ReferencedSOPClassUIDInFile: attributes.SOPClassUID,
      ReferencedSOPInstanceUIDInFile: attributes.SOPInstanceUID,
      ...(kind.type === 'PRIVATE' && { PrivateRecordUID }),
    },
  }
}
