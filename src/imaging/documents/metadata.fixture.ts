/** Files from attributes, and the document of an image set with one of them. */
import { createHash } from 'node:crypto'
import { type Attributes, ExplicitVRLittleEndian, encodeP10, type FileToEncode } from '../../dicom/encode.ts'
import { type DicomFile, parseP10 } from '../../dicom/parse.ts'
import { NO_FRAMES, type StoredFrames, writeMetadata } from './metadata.ts'
import { DOCUMENT_END } from './metadata-document.ts'

export const SERIES = '2.25.1.1'
export const SOP = '2.25.1.1.1'

export const fileOf = (attributes: Attributes, file: Partial<FileToEncode> = {}): DicomFile =>
  parseP10(encodeP10({ transferSyntaxUID: ExplicitVRLittleEndian, ...file, attributes }))

export interface Json {
  readonly [key: string]: unknown
}

/** The metadata of the instance, and of the levels above it. */
interface DescribedInstance {
  readonly text: string
  readonly patient: Json
  readonly study: Json
  readonly series: Json
  /** Its DICOM. */
  readonly own: Json
  /** The whole document. */
  readonly instance: Json
}

export function describedInstance(
  file: DicomFile,
  options: { readonly frames?: StoredFrames; readonly charactersMax?: number } = {},
): DescribedInstance {
  const { imageSetAttributes, instanceMetadata } = writeMetadata({
    file,
    SeriesInstanceUID: SERIES,
    SOPInstanceUID: SOP,
    frames: options.frames ?? NO_FRAMES,
    nameLargeBinary: (bytes) => createHash('md5').update(bytes).digest('hex'),
    charactersMax: options.charactersMax ?? 10_000_000,
  })
  const text = `{${imageSetAttributes}${instanceMetadata}${DOCUMENT_END}`
  const { Patient, Study } = JSON.parse(text)
  const series = Study.Series[SERIES]
  const instance = series.Instances[SOP]
  return { text, patient: Patient.DICOM, study: Study.DICOM, series: series.DICOM, own: instance.DICOM, instance }
}

/** The value of one key of the instance. */
export const valueIn = (attributes: Attributes, key: string, file: Partial<FileToEncode> = {}): unknown =>
  describedInstance(fileOf(attributes, file)).own[key]
