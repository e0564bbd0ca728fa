/**
 * Copies a file that is too large to hold, and sees on the way that its pixel data is whole: the declared length where there is
 * one, else the fragments up to the sequence delimiter (PS3.5 A.4), or up to the end of the file where only that is missing. A file cut short is an error before its blob is complete.
 */

import { checkFramesAreThere } from '../dicom/frames-without-delimiter.ts'
import type { DicomFile } from '../dicom/parse.ts'
import { endsInside, PixelItemScan } from '../dicom/pixel-items.ts'

export async function* checkedToTheEnd(
  bytes: AsyncIterable<Uint8Array>,
  options: {
    readonly file: DicomFile
    readonly sizeBytes: number
    /** Told the fragments of encapsulated pixel data and where they end, in bytes from the file's beginning. */
    readonly onEnd?: (items: PixelItemScan) => void
  },
): AsyncGenerator<Uint8Array> {
  const place = options.file.pixelData
  const start = place?.encapsulated === true ? place.offsetBytes : undefined
  const walk = start === undefined ? undefined : new PixelItemScan({ offsetBytes: start, skipBytes: start })
  let copied = 0
  for await (const chunk of bytes) {
    walk?.take(chunk)
    copied += chunk.length
    yield chunk
  }
  if (copied < options.sizeBytes) throw endsInside(copied)
  if (walk === undefined) return
  if (!walk.finish()) {
    checkFramesAreThere(options.file, walk)
    options.file.tolerated.add('pixel-data-without-delimiter')
  }
  options.onEnd?.(walk)
}
