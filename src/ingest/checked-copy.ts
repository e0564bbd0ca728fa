/**
 * Passes on the bytes of a large file and checks that its pixel data is complete: up to the declared length, or all fragments up to the
 * sequence delimiter (PS3.5 A.4). Only the delimiter may be missing. A truncated file is an error before its blob is complete.
 */
import { checkFramesAreThere } from '../dicom/frames-without-delimiter.ts'
import type { DicomFile } from '../dicom/parse.ts'
import { endsInside, PixelItemScan } from '../dicom/pixel-items.ts'

/** @throws DicomError if the file is truncated */
export async function* checkedCopy(
  bytes: AsyncIterable<Uint8Array>,
  options: {
    readonly file: DicomFile
    readonly sizeBytes: number
    /** Receives the fragments of encapsulated pixel data. Offsets count from the beginning of the file. */
    readonly onEnd?: (items: PixelItemScan) => void
  },
): AsyncGenerator<Uint8Array> {
  const place = options.file.pixelData
  const start = place?.encapsulated === true ? place.offsetBytes : undefined
  const scan = start === undefined ? undefined : new PixelItemScan({ offsetBytes: start, skipBytes: start })
  let copied = 0
  for await (const chunk of bytes) {
    scan?.take(chunk)
    copied += chunk.length
    yield chunk
  }
  if (copied < options.sizeBytes) throw endsInside(copied)
  if (scan === undefined) return
  if (!scan.finish()) {
    checkFramesAreThere(options.file, scan)
    options.file.tolerated.add('pixel-data-without-delimiter')
  }
  options.onEnd?.(scan)
}
