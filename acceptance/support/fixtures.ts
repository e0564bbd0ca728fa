/** Small generated DICOM files: a test specifies only the attributes that matter to it. */
import { type Attributes, ExplicitVRLittleEndian, encodeP10, type FileToEncode } from '../../src/dicom/encode.ts'

export {
  type Attributes,
  DeflatedExplicitVRLittleEndian,
  ExplicitVRBigEndian,
  ExplicitVRLittleEndian,
  encodeDataSet,
  encodeP10,
  type FileToEncode,
  ImplicitVRLittleEndian,
} from '../../src/dicom/encode.ts'

const SecondaryCaptureImageStorage = '1.2.840.10008.5.1.4.1.1.7'

/**
 * One P10 file of a few hundred bytes, without pixels. Attributes have defaults; `undefined` omits one, `null` makes it present and empty.
 * UIDs are derived by default: study `2.25.1`, its series `.1`, its instance `.1`.
 */
export const instance = (attributes: Attributes = {}, file: Partial<FileToEncode> = {}): Uint8Array =>
  encodeP10({ transferSyntaxUID: ExplicitVRLittleEndian, ...file, attributes: instanceAttributes(attributes) })

export function instanceAttributes(attributes: Attributes = {}): Attributes {
  const StudyInstanceUID = text(attributes.StudyInstanceUID) ?? '2.25.1'
  const SeriesInstanceUID = text(attributes.SeriesInstanceUID) ?? `${StudyInstanceUID}.1`
  return {
    SOPClassUID: SecondaryCaptureImageStorage,
    SOPInstanceUID: `${SeriesInstanceUID}.1`,
    StudyInstanceUID,
    SeriesInstanceUID,
    StudyDate: '20240101',
    StudyTime: '120000',
    AccessionNumber: 'A1',
    PatientID: 'P1',
    PatientName: 'Test^Patient',
    StudyID: 'S1',
    SeriesNumber: 1,
    Modality: 'OT',
    ...attributes,
  }
}

const text = (value: Attributes[string]): string | undefined => (typeof value === 'string' ? value : undefined)

/** Studies of one series and one instance each, by object name: `2.25.<from>`, `2.25.<from + 1>` ... */
export function studies(range: { readonly from: number; readonly count: number }): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {}
  for (let n = range.from; n < range.from + range.count; n++) {
    files[`${n}.dcm`] = instance({ StudyInstanceUID: `2.25.${n}`, PatientID: `P${n}` })
  }
  return files
}
