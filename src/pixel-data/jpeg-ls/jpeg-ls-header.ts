/** Reads the image size of a JPEG-LS stream (ISO/IEC 14495-1 C.2.2), to check it before a decoder gets the stream. */
import { DicomError } from '../../dicom/dicom-error.ts'

const SOF_LS = 0xf7

/** @throws DicomError where the stream has no frame header */
export function readJPEGLSSize(stream: Uint8Array): { rows: number; columns: number; samplesPerPixel: number } {
  const at16 = (at: number): number => ((stream[at] ?? 0) << 8) | (stream[at + 1] ?? 0)
  for (let at = 2; at + 10 <= stream.length && stream[at] === 0xff; at += 2 + at16(at + 2)) {
    if (stream[at + 1] !== SOF_LS) continue
    return { rows: at16(at + 5), columns: at16(at + 7), samplesPerPixel: stream[at + 9]! }
  }
  throw new DicomError({ reason: 'the JPEG-LS stream has no frame header' })
}
