/**
 * Reads a file that is too large for memory. First only its header is read. The bytes are then streamed into a blob of their own while the
 * pixel data is checked (checked-copy.ts), and the frames are made from that blob.
 */
import type { PixelItemScan } from '../dicom/pixel-items.ts'
import type { BucketFile } from '../stores/locations/locations.ts'
import { checkedCopy } from './checked-copy.ts'
import { type DescribedFile, describeFile, readMetadata } from './describe-file.ts'
import { framesOfFile } from './file-frames.ts'
import type { ImportContext } from './import-context.ts'
import { bytesOf, rangesOf } from './input-bucket.ts'
import { readHeader, readTrailing } from './read-header.ts'
import { refuseDirectory } from './skipped-files.ts'
import { sourceOver } from './window-reader.ts'

export interface LargeFile {
  readonly kind: 'large'
  /** The bytes of the file, to be put into a blob. */
  readonly bytes: () => AsyncIterable<Uint8Array>
  /** Call it when the bytes are in the blob. */
  readonly describe: (blobKey: string) => Promise<DescribedFile>
}

/** @throws DicomError, UnreadableObject, StoreUnavailable */
export async function readLarge(context: ImportContext, entry: BucketFile): Promise<LargeFile> {
  const { app, input } = context
  const { sizeBytes } = entry
  const range = rangesOf(input, entry)
  const file = await readHeader(range, app.limits)
  refuseDirectory(file)
  const { file: overridden, instance } = await readMetadata(context, file)
  let items: PixelItemScan | undefined
  const onEnd = (scanned: PixelItemScan) => {
    items = scanned
  }
  const bytes = () => checkedCopy(bytesOf(input, entry), { file, sizeBytes, onEnd })
  const describe = async (blobKey: string) => {
    const trailing = await readTrailing(range, file, { pixelDataEnd: items?.endsAt, limits: app.limits })
    const framed = await framesOfFile({ file, items, source: sourceOver(app.blobs, blobKey) }, context)
    return describeFile(context, {
      file: overridden,
      instance,
      framed,
      ...(trailing === undefined ? {} : { trailing }),
    })
  }
  return { kind: 'large', bytes, describe }
}
