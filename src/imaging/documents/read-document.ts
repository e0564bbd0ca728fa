/**
 * Reads a metadata document as a list of instances, each with the attributes of its patient, study and series. The document may come from
 * another server, so its structure is checked.
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
  /** All levels merged; the instance's own attributes take precedence, and those listed in DICOMAbsent are removed. */
  readonly DICOM: JsonObject
  /** Of the elements with their tag as key. */
  readonly DICOMVRs: Readonly<Record<string, string>>
  /** Null where the document has none. */
  readonly StoredTransferSyntaxUID: string | null
  readonly ImageFrames: readonly ImageFrame[]
}

/** What is wrong with a document, without quoting it. */
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
    const shared = { ...patient, ...studyDICOM, ...dicomOf(series, 'a series') }
    const StudyInstanceUID = studyDICOM.StudyInstanceUID
    if (typeof StudyInstanceUID !== 'string') throw new UnreadableDocument('Study has no StudyInstanceUID')
    for (const [SOPInstanceUID, instance] of Object.entries(objectIn(series.Instances, 'Instances'))) {
      instances.push(
        readInstance(objectIn(instance, 'an instance'), {
          StudyInstanceUID,
          SeriesInstanceUID,
          SOPInstanceUID,
          shared,
        }),
      )
    }
  }
  return instances
}

type Ids = Pick<DocumentInstance, 'StudyInstanceUID' | 'SeriesInstanceUID' | 'SOPInstanceUID'>

function readInstance(instance: JsonObject, { shared, ...ids }: Ids & { shared: JsonObject }): DocumentInstance {
  const { DICOMVRs = null, StoredTransferSyntaxUID = null, ImageFrames = null } = instance
  const vrs: Record<string, string> = {}
  for (const [tag, vr] of Object.entries(DICOMVRs === null ? {} : objectIn(DICOMVRs, 'DICOMVRs'))) vrs[tag] = String(vr)
  const { [ABSENT_MEMBER]: absent = [] } = instance
  if (!Array.isArray(absent)) throw new UnreadableDocument(`${ABSENT_MEMBER} is not a list`)
  if (ImageFrames !== null && !Array.isArray(ImageFrames)) throw new UnreadableDocument('ImageFrames is not a list')
  const DICOM: Record<string, JsonValue> = {
    SeriesInstanceUID: ids.SeriesInstanceUID,
    SOPInstanceUID: ids.SOPInstanceUID,
    ...shared,
    ...dicomOf(instance, 'an instance'),
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

/** Integers beyond the precision of a double: UV and SV have up to twenty digits. */
const LONG_INTEGER = /[:,[]-?\d{16,}[,\]}]/

/** @throws UnreadableDocument */
export function parseJson(text: string): JsonValue {
  try {
    return LONG_INTEGER.test(text)
      ? JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown)
      : JSON.parse(text)
  } catch (cause) {
    // The engine's message quotes the text.
    throw new UnreadableDocument('it is not JSON', { cause })
  }
}

/** The reviver's third argument, the source text, is newer than its type declaration. */
function keepDigits(_key: string, value: unknown, { source }: { source?: string }): unknown {
  const isRounded = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
  return isRounded && /^-?\d+$/.test(source ?? '') ? BigInt(source!) : value
}
