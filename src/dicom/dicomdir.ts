/**
 * Writes a DICOMDIR (PS3.3 F, PS3.10 8.6): records are added file by file, and kept encoded. Its offsets are of the file
 * itself, so that it can be written when all others have been.
 */
import {
  type DirectoryRecord,
  type FileOfDirectory,
  instanceRecord,
  patientRecord,
  seriesRecord,
  studyRecord,
  textOf,
} from './directory-records.ts'
import { type Attributes, ExplicitVRLittleEndian, encodeDataSet, encodeP10 } from './encode.ts'
import { itemHeader } from './pixel-data-parts.ts'

const MediaStorageDirectoryStorage = '1.2.840.10008.1.3.10'

interface Node {
  /** With its item header. The two offsets are written at the end. */
  readonly bytes: Uint8Array
  readonly children: Node[]
}

/** A patient, study or series: numbered from 1 among all of its kind. */
interface Entity extends Node {
  readonly number: number
}

export class DicomDirectory {
  readonly #hasSeveralStudies: boolean
  readonly #roots: Node[] = []
  readonly #patients = new Map<string, Entity>()
  readonly #studies = new Map<string, Entity>()
  readonly #series = new Map<string, Entity>()

  /** @param options.hasSeveralStudies each then has a folder of its own */
  constructor({ hasSeveralStudies }: { readonly hasSeveralStudies: boolean }) {
    this.#hasSeveralStudies = hasSeveralStudies
  }

  /** The file gets its ID here: a folder for each series. */
  add(file: Omit<FileOfDirectory, 'fileID'>): readonly string[] {
    const { attributes } = file
    const [study = '', series = ''] = ['StudyInstanceUID', 'SeriesInstanceUID'].map((uid) => textOf(attributes, uid))
    const ofPatient = entityIn(this.#patients, textOf(attributes, 'PatientID') ?? study, {
      ...{ siblings: this.#roots, record: () => patientRecord(attributes) },
    })
    const ofStudy = entityIn(this.#studies, `${ofPatient.number} ${study}`, {
      ...{ siblings: ofPatient.children, record: () => studyRecord(attributes) },
    })
    const ofSeries = entityIn(this.#series, `${ofStudy.number} ${series}`, {
      ...{ siblings: ofStudy.children, record: (number) => seriesRecord(attributes, number) },
    })
    const number = ofSeries.children.length + 1
    const fileID = [
      'DICOM',
      ...(this.#hasSeveralStudies ? [componentOf('ST', ofStudy.number)] : []),
      ...[componentOf('SE', ofSeries.number), componentOf('IM', number)],
    ]
    ofSeries.children.push(nodeOf(instanceRecord({ ...file, fileID }, number)))
    return fileID
  }

  /** @param sopInstanceUID of the directory itself */
  bytes(sopInstanceUID: string): Uint8Array {
    const first = headOf({ sopInstanceUID, first: 0, last: 0, recordsBytes: 0 }).length
    const ordered: Uint8Array[] = []
    const end = place(this.#roots, first, ordered)
    const last = end - sizeOf(this.#roots.at(-1)!)
    return Buffer.concat([headOf({ sopInstanceUID, first, last, recordsBytes: end - first }), ...ordered])
  }
}

function entityIn(
  entities: Map<string, Entity>,
  key: string,
  { siblings, record }: { readonly siblings: Node[]; readonly record: (number: number) => DirectoryRecord },
): Entity {
  const known = entities.get(key)
  if (known !== undefined) return known
  const number = entities.size + 1
  const entity = { ...nodeOf(record(number)), number }
  entities.set(key, entity)
  siblings.push(entity)
  return entity
}

const sizeOf = ({ bytes, children }: Node): number => children.reduce((sum, child) => sum + sizeOf(child), bytes.length)

/** Eight characters. */
const componentOf = (prefix: string, number: number): string => `${prefix}${String(number).padStart(6, '0')}`

const ITEM_HEADER_BYTES = 8
/** Of the value of OffsetOfTheNextDirectoryRecord, the first element of a record, and of the third, after RecordInUseFlag. */
const NEXT_AT = ITEM_HEADER_BYTES + 8
const LOWER_AT = ITEM_HEADER_BYTES + 12 + 10 + 8

/** A larger one is written without its sequences. */
const RECORD_BYTES_MAX = 16 * 1024

function nodeOf({ type, attributes }: DirectoryRecord): Node {
  const own = {
    OffsetOfTheNextDirectoryRecord: 0,
    RecordInUseFlag: 0xffff,
    OffsetOfReferencedLowerLevelDirectoryEntity: 0,
    DirectoryRecordType: type,
  }
  const whole = encodeDataSet({ ...attributes, ...own })
  const record = whole.length <= RECORD_BYTES_MAX ? whole : encodeDataSet({ ...withoutSequences(attributes), ...own })
  return { bytes: Buffer.concat([itemHeader(record.length), record]), children: [] }
}

const withoutSequences = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([keyword]) => !keyword.endsWith('Sequence')))

/** Each record before those below it. @returns the offset after them */
function place(siblings: readonly Node[], start: number, ordered: Uint8Array[]): number {
  let at = start
  for (const [index, { bytes, children }] of siblings.entries()) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    ordered.push(bytes)
    const lower = at + bytes.length
    const next = place(children, lower, ordered)
    view.setUint32(LOWER_AT, children.length > 0 ? lower : 0, true)
    view.setUint32(NEXT_AT, index + 1 < siblings.length ? next : 0, true)
    at = next
  }
  return at
}

/** Everything before the first record. */
function headOf(of: {
  readonly sopInstanceUID: string
  readonly first: number
  /** Of the root directory. */
  readonly last: number
  readonly recordsBytes: number
}): Uint8Array {
  const attributes: Attributes = {
    FileSetID: null,
    OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity: of.first,
    OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity: of.last,
    FileSetConsistencyFlag: 0,
  }
  const meta = {
    MediaStorageSOPClassUID: MediaStorageDirectoryStorage,
    MediaStorageSOPInstanceUID: of.sopInstanceUID,
  }
  const sequence = Buffer.alloc(12)
  sequence.writeUInt16LE(0x0004, 0)
  sequence.writeUInt16LE(0x1220, 2)
  sequence.write('SQ', 4, 'latin1')
  sequence.writeUInt32LE(of.recordsBytes, 8)
  return Buffer.concat([encodeP10({ transferSyntaxUID: ExplicitVRLittleEndian, attributes, meta }), sequence])
}
