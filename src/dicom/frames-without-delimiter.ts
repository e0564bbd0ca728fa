/** Checks encapsulated pixel data that ends at the end of the file without a sequence delimiter: whether frames were lost with it. */
import type { DataSet } from './data-set.ts'
import { tagOf } from './dictionary.ts'
import { endsInside, type PixelItems } from './pixel-items.ts'
import { isVideoSyntax } from './transfer-syntaxes.ts'

/** @throws DicomError where there are fewer fragments than frames, or the offset table points beyond the last fragment */
export function checkFramesAreThere(
  { dataSet, transferSyntaxUID }: { readonly dataSet: DataSet; readonly transferSyntaxUID: string },
  { itemOffsets, lengths, basicOffsetTable }: PixelItems,
): void {
  // A video is one stream, whatever its number of frames.
  if (isVideoSyntax(transferSyntaxUID)) return
  const last = itemOffsets.at(-1)!
  const numberOfFrames = dataSet.number(tagOf('NumberOfFrames')!) ?? 1
  const table = new DataView(basicOffsetTable.buffer, basicOffsetTable.byteOffset, basicOffsetTable.length)
  let isThere = lengths.length >= numberOfFrames
  for (let at = 0; at + 4 <= table.byteLength; at += 4) {
    isThere &&= table.getUint32(at, true) <= last - itemOffsets[0]!
  }
  if (!isThere) throw endsInside(last)
}
