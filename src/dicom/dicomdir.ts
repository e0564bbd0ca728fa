/**
 * Writes a DICOMDIR (PS3.3 F, PS3.10 8.6) of one patient's study: records are added file by file, and kept encoded. Its offsets are of the file
 * itself, so that it can be written when all others have been.
 */
import {
  type DirectoryRecord,
  type FileOfDirectory,
  instanceRecord,
  patientRecord,
  seriesRecord,
  studyRecord,
} from './directory-records.ts'
import { type Attributes, ExplicitVRLittleEndian, encodeDataSet, encodeP10 } from './encode.ts'
import { itemHeader } from './pixel-data-parts.ts'

const MediaStorageDirectoryStorage = '1.2.840.10008.1.3.10'

interface Node {
  /** With its item header. The two offsets are written at the end. */
  readonly bytes: Uint8Array
  readonly children: Node[]
}

interface SeriesOfDirectory extends Node {
  readonly number: number
}

export class DicomDirectory {
  #study: { readonly patient: Node; readonly study: Node } | undefined
  readonly #series = new Map<string, SeriesOfDirectory>()

  /** The file gets its ID here: a folder for each series. */
  add(file: Omit<FileOfDirectory, 'fileID'> & { readonly seriesInstanceUID: string }): readonly string[] {
    const { attributes, seriesInstanceUID } = file
    this.#study ??= { patient: nodeOf(patientRecord(attributes)), study: nodeOf(studyRecord(attributes)) }
    let series = this.#series.get(seriesInstanceUID)
    if (series === undefined) {
      const number = this.#series.size + 1
      series = { ...nodeOf(seriesRecord(attributes, number)), number }
      this.#series.set(seriesInstanceUID, series)
    }
    const number = series.children.length + 1
    const fileID = ['DICOM', componentOf('SE', series.number), componentOf('IM', number)]
    series.children.push(nodeOf(instanceRecord({ ...file, fileID }, number)))
    return fileID
  }

  /** @param sopInstanceUID of the directory itself */
  bytes(sopInstanceUID: string): Uint8Array {
    const { patient, study } = this.#study!
    study.children.splice(0, study.children.length, ...this.#series.values())
    patient.children.splice(0, patient.children.length, study)
    const headBytes = headOf({ sopInstanceUID, first: 0, recordsBytes: 0 }).length
    const ordered: Uint8Array[] = []
    const end = place([patient], headBytes, ordered)
    return Buffer.concat([headOf({ sopInstanceUID, first: headBytes, recordsBytes: end - headBytes }), ...ordered])
  }
}

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

/** Everything before the first record. The root directory has one record, which is its first and last. */
function headOf(of: {
  readonly sopInstanceUID: string
  readonly first: number
  readonly recordsBytes: number
}): Uint8Array {
  const attributes: Attributes = {
    FileSetID: null,
    OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity: of.first,
    OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity: of.first,
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
