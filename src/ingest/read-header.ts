/**
 * The header of a file that is too large for memory: prefixes of growing length are read until one holds everything before the pixel data.
 * Later the elements after the pixel data are read. Both are bounded by `importWholeFileBytes`.
 */
import type { ImportApp } from '../app.ts'
import type { DataSet } from '../dicom/data-set.ts'
import { DicomError, PrefixTooShortError } from '../dicom/dicom-error.ts'
import { type DicomFile, parseTrailing } from '../dicom/parse.ts'
import { parseInput } from './parse-input.ts'

export interface RangeOfFile {
  readonly sizeBytes: number
  /** Fewer bytes than `length` only at the end of the file. */
  read(start: number, length: number): Promise<Uint8Array>
}

type HeaderLimits = Pick<ImportApp['limits'], 'importWholeFileBytes' | 'inflatedBytes'>

const FIRST_PREFIX_BYTES = 1024 * 1024

/** @throws DicomError */
export async function readHeader(file: RangeOfFile, limits: HeaderLimits): Promise<DicomFile> {
  const { sizeBytes } = file
  const prefixBytesMax = limits.importWholeFileBytes
  for (let prefixBytes = FIRST_PREFIX_BYTES; ; prefixBytes = Math.min(prefixBytes * 4, prefixBytesMax)) {
    const prefix = await file.read(0, prefixBytes)
    try {
      return parseInput(prefix, { sizeBytes, inflatedBytesMax: limits.inflatedBytes })
    } catch (error) {
      if (!(error instanceof PrefixTooShortError)) throw error
      if (prefixBytes >= prefixBytesMax) {
        const reason = `The attributes before the pixel data take more than ${prefixBytesMax} bytes`
        throw new DicomError({ reason }, { cause: error })
      }
    }
  }
}

/**
 * The elements after the pixel data; undefined if there are none.
 * @param options.pixelDataEnd the end of encapsulated pixel data; native pixel data has a length in its header
 * @throws DicomError
 */
export async function readTrailing(
  file: RangeOfFile,
  header: DicomFile,
  options: { readonly pixelDataEnd: number | undefined; readonly limits: HeaderLimits },
): Promise<DataSet | undefined> {
  const place = header.pixelData
  if (place === undefined) return undefined
  const end = place.lengthBytes === undefined ? options.pixelDataEnd : place.offsetBytes + place.lengthBytes
  if (end === undefined || end >= file.sizeBytes) return undefined
  const { importWholeFileBytes } = options.limits
  if (file.sizeBytes - end > importWholeFileBytes) {
    throw new DicomError({
      reason: `The attributes after the pixel data take more than ${importWholeFileBytes} bytes`,
    })
  }
  return parseTrailing(header, await file.read(end, file.sizeBytes - end))
}
