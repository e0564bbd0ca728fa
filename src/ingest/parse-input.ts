/** Parses an input file. If it is not DICOM, the error adds what kind of file it is to the message that AWS has. */
import { DicomError, NotDicomError } from '../dicom/dicom-error.ts'
import { fileKindOf } from '../dicom/file-kind.ts'
import { type DicomFile, type ParseOptions, parseP10 } from '../dicom/parse.ts'

/** The file is not a DICOM file. */
export class ForeignFile extends DicomError {}

/** @throws DicomError as parseP10 does; ForeignFile with the kind of file and the byte at which parsing stopped, never with content */
export function parseInput(bytes: Uint8Array, options: ParseOptions): DicomFile {
  try {
    return parseP10(bytes, options)
  } catch (error) {
    if (!(error instanceof NotDicomError)) throw error
    const sizeBytes = options.sizeBytes ?? bytes.length
    const { reason, offsetBytes = sizeBytes } = error.stopped
    const what = `The file is ${fileKindOf(bytes, sizeBytes)}; reading stopped at byte ${offsetBytes}: ${reason}`
    throw new ForeignFile({ reason: `${error.message}. ${what}` }, { cause: error })
  }
}
