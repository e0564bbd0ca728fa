/**
 * Copies a file that is too large to hold, and sees on the way that its pixel data is whole: the declared length where there is
 * one, else the fragments up to the sequence delimiter (PS3.5 A.4). A file cut short is an error before its blob is complete.
 */
import { DicomError } from '../dicom/dicom-error.ts'
import type { DicomFile } from '../dicom/parse.ts'
import { PixelItemWalk } from '../dicom/pixel-items.ts'

export async function* checkedToTheEnd(
  bytes: AsyncIterable<Uint8Array>,
  options: {
    readonly file: DicomFile
    readonly sizeBytes: number
    /** Told the fragments of encapsulated pixel data and where they end, in bytes from the file's beginning. */
    readonly onEnd?: (items: PixelItemWalk) => void
  },
): AsyncGenerator<Uint8Array> {
  const place = options.file.pixelData
  const start = place?.encapsulated === true ? place.offsetBytes : undefined
  const walk = start === undefined ? undefined : new PixelItemWalk({ offsetBytes: start, skipBytes: start })
  let copied = 0
  for await (const chunk of bytes) {
    walk?.take(chunk)
    copied += chunk.length
    yield chunk
  }
  if (copied < options.sizeBytes) throw cutShort(copied)
  if (walk === undefined) return
  if (walk.endsAt === undefined) throw cutShort(copied)
  options.onEnd?.(walk)
}

const cutShort = (at: number) =>
  new DicomError({ reason: 'The file ends inside the pixel data', tag: '7FE00010', offsetBytes: at })
