/**
 * A metadata document as a reader takes it apart: one instance after another, each with the attributes of its patient, study and series.
 * What it reads may come from another server than ours, so nothing of its shape is taken for granted.
 */
import { ABSENT_MEMBER } from './attribute-overrides.ts'
import type { ImageFrame } from './metadata.ts'

export type JsonValue = string | number | bigint | boolean | null | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [key: string]: JsonValue
}

export interface DocumentInstance {
  readonly StudyInstanceUID: string
  readonly SeriesInstanceUID: string
  readonly SOPInstanceUID: string
  /** All levels together; what the instance itself says wins, and what it says that it lacks is not there. */
  readonly DICOM: JsonObject
  /** Of the elements that go by their tag. */
  readonly DICOMVRs: Readonly<Record<string, string>>
  /** Null where the document does not say. */
  readonly StoredTransferSyntaxUID: string | null
  readonly ImageFrames: readonly ImageFrame[]
}

/** What is wrong with a document, without a word of what it says. */
export class UnreadableDocument extends Error {
  constructor(where: string, options?: { cause?: unknown }) {
    super(`the metadata document is not what it should be: ${where}`, options)
    this.name = 'UnreadableDocument'
  }
}

/** @throws UnreadableDocument */
export function readDocument(text: string): DocumentInstance[] {
  const document = objectIn(parseJson(text), 'the document')
  const patient = dicomOf(document.Patient, 'Patient')
  const study = objectIn(document.Study, 'Study')
  const studyDICOM = dicomOf(study, 'Study')
  const instances: DocumentInstance[] = []
  for (const [SeriesInstanceUID, value] of Object.entries(objectIn(study.Series, 'Series'))) {
    const series = objectIn(value, 'a series')
    const levels = { ...patient, ...studyDICOM, ...dicomOf(series, 'a series') }
    const StudyInstanceUID = studyDICOM.StudyInstanceUID
    if (typeof StudyInstanceUID !== 'string') throw new UnreadableDocument('Study has no StudyInstanceUID')
    for (const [SOPInstanceUID, entry] of Object.entries(objectIn(series.Instances, 'Instances'))) {
      instances.push(
        readInstance(objectIn(entry, 'an instance'), { StudyInstanceUID, SeriesInstanceUID, SOPInstanceUID, levels }),
      )
    }
  }
  return instances
}

type Ids = Pick<DocumentInstance, 'StudyInstanceUID' | 'SeriesInstanceUID' | 'SOPInstanceUID'>

function readInstance(entry: JsonObject, { levels, ...ids }: Ids & { levels: JsonObject }): DocumentInstance {
  const { DICOMVRs = null, StoredTransferSyntaxUID = null, ImageFrames = null } = entry
  const vrs: Record<string, string> = {}
  for (const [tag, vr] of Object.entries(DICOMVRs === null ? {} : objectIn(DICOMVRs, 'DICOMVRs'))) vrs[tag] = String(vr)
  const { [ABSENT_MEMBER]: absent = [] } = entry
  if (!Array.isArray(absent)) throw new UnreadableDocument(`${ABSENT_MEMBER} is not a list`)
  if (ImageFrames !== null && !Array.isArray(ImageFrames)) throw new UnreadableDocument('ImageFrames is not a list')
  const DICOM: Record<string, JsonValue> = {
    SeriesInstanceUID: ids.SeriesInstanceUID,
    SOPInstanceUID: ids.SOPInstanceUID,
    ...levels,
    ...dicomOf(entry, 'an instance'),
  }
  for (const key of absent) delete DICOM[String(key)]
  return {
    ...ids,
    DICOM,
    DICOMVRs: vrs,
    StoredTransferSyntaxUID: typeof StoredTransferSyntaxUID === 'string' ? StoredTransferSyntaxUID : null,
    ImageFrames: (ImageFrames ?? []).map(readFrame),
  }
}

function readFrame(value: JsonValue): ImageFrame {
  const frame = objectIn(value, 'a frame')
  const { ID, PixelDataChecksumFromBaseToFullResolution: checksums, FrameSizeInBytes } = frame
  if (typeof ID !== 'string' || typeof FrameSizeInBytes !== 'number' || !Array.isArray(checksums)) {
    throw new UnreadableDocument('a frame lacks its ID, its size or its checksums')
  }
  return {
    ID,
    FrameSizeInBytes,
    PixelDataChecksumFromBaseToFullResolution: checksums.map((each) => {
      const { Width, Height, Checksum } = objectIn(each, 'a checksum')
      if (typeof Checksum !== 'number') throw new UnreadableDocument('a checksum is not a number')
      return { Width: Number(Width), Height: Number(Height), Checksum }
    }),
    MinPixelValue: numberOrNull(frame.MinPixelValue),
    MaxPixelValue: numberOrNull(frame.MaxPixelValue),
  }
}

const numberOrNull = (value: JsonValue | undefined): number | null => (typeof value === 'number' ? value : null)

function dicomOf(level: JsonValue | undefined, name: string): JsonObject {
  return objectIn(objectIn(level, name).DICOM, `the DICOM of ${name}`)
}

function objectIn(value: JsonValue | undefined, name: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  throw new UnreadableDocument(`${name} is not an object`)
}

/** Whole numbers that a double would round: UV and SV have up to twenty digits. */
const LONG_INTEGER = /[:,[]-?\d{16,}[,\]}]/

function parseJson(text: string): JsonValue {
  try {
    return LONG_INTEGER.test(text)
      ? JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown)
      : JSON.parse(text)
  } catch (cause) {
    // The engine's sentence quotes the text.
    throw new UnreadableDocument('it is not JSON', { cause })
  }
}

/** What a reviver is told of a number's spelling is newer than the types. */
function keepDigits(_key: string, value: unknown, { source }: { source?: string }): unknown {
  const isRounded = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
  return isRounded && /^-?\d+$/.test(source ?? '') ? BigInt(source!) : value
}
