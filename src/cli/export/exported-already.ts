/**
 * Whether an existing file is what the export would write: the same attributes, number and kind of frames, and pixels with the checksums of the
 * metadata document. Reads the file and sends no request.
 */
import { open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { DEFAULT_LIMITS } from '../../default-limits.ts'
import type { ByteSource } from '../../dicom/byte-source.ts'
import { DicomError } from '../../dicom/dicom-error.ts'
import { type Attributes, ExplicitVRLittleEndian, encodeP10Around } from '../../dicom/encode.ts'
import type { DicomFile } from '../../dicom/parse.ts'
import { PixelItemScan } from '../../dicom/pixel-items.ts'
import type { DocumentInstance } from '../../imaging/documents/read-document.ts'
import { type RangeOfFile, readHeader } from '../../ingest/read-header.ts'
import type { FramePlace } from '../../pixel-data/element/frames.ts'
import { planFrames } from '../../pixel-data/frame-plan.ts'
import { isLosslessInStore } from '../../pixel-data/frames-in-file.ts'
import { type FrameThreads, frameInMemory } from '../../pixel-data/threads/frame-threads.ts'

interface ExpectedFile {
  readonly instance: DocumentInstance
  readonly meta: Attributes
  readonly attributes: Attributes
  readonly compressed: boolean
  readonly threads: Pick<FrameThreads, 'transcode'>
}

const READ_BYTES = 4 * 1024 ** 2

/** @throws errors of the disk */
export async function isExportedAlready(path: string, expected: ExpectedFile): Promise<boolean> {
  const handle = await open(path)
  try {
    const { size: sizeBytes } = await handle.stat()
    const read = async (start: number, length: number) => {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, start)
      return buffer.subarray(0, bytesRead)
    }
    return await isSame({ sizeBytes, read }, expected)
  } catch (error) {
    if (error instanceof DicomError) return false
    throw error
  } finally {
    await handle.close()
  }
}

async function isSame(range: RangeOfFile, expected: ExpectedFile): Promise<boolean> {
  const file = await readHeader(range, DEFAULT_LIMITS)
  const { ImageFrames } = expected.instance
  const tag = file.pixelData?.tag ?? '7FE00010'
  const { before, after } = encodeP10Around(tag, {
    transferSyntaxUID: file.transferSyntaxUID,
    meta: expected.meta,
    attributes: { ...expected.attributes, ...pixelAttributes(file) },
  })
  if (range.sizeBytes < before.length + after.length) return false
  const tail = await range.read(range.sizeBytes - after.length, after.length)
  const head = await range.read(0, before.length)
  if (!Buffer.from(head).equals(before) || !Buffer.from(tail).equals(after)) return false
  // Without frames there are no checksums: only the attributes are compared.
  if (ImageFrames.length === 0) return file.pixelData !== undefined || range.sizeBytes === before.length + after.length
  return isInWantedSyntax(file, expected) && (await hasFrames(file, { range, expected }))
}

/** Attributes that an export derives from the pixels, which may differ from the document. */
function pixelAttributes({ dataSet }: DicomFile): Attributes {
  const attributes: Record<string, unknown> = {}
  if ((dataSet.number('00280002') ?? 1) > 1) {
    attributes.PhotometricInterpretation = dataSet.string('00280004') ?? undefined
    attributes.PlanarConfiguration = dataSet.number('00280006')
  }
  for (const table of ['7FE00001', '7FE00002']) {
    const value = dataSet.bytes(table)
    if (value !== undefined) attributes[table] = { vr: 'OV', value }
  }
  return attributes as Attributes
}

function isInWantedSyntax({ transferSyntaxUID }: DicomFile, { instance, compressed }: ExpectedFile): boolean {
  const { StoredTransferSyntaxUID: stored } = instance
  if (isLosslessInStore(stored)) return compressed || transferSyntaxUID === ExplicitVRLittleEndian
  return transferSyntaxUID === stored
}

async function hasFrames(
  file: DicomFile,
  { range, expected }: { range: RangeOfFile; expected: ExpectedFile },
): Promise<boolean> {
  const { ImageFrames, StoredTransferSyntaxUID } = expected.instance
  const plan = planFrames(file, { format: 'HTJ2K', items: await itemsOf(file, range) })
  if (plan.kind !== 'frames' || plan.warning !== undefined || plan.cut.count !== ImageFrames.length) return false
  // Frames of single bits may begin inside a byte, so they have no checksum of bytes.
  if (plan.pixel.bitsAllocated === 1) return true
  const isCodestream = file.pixelData!.encapsulated && isLosslessInStore(StoredTransferSyntaxUID)
  for (const [index, frame] of ImageFrames.entries()) {
    const checksum = isCodestream
      ? await decodedChecksum(plan, { range, index, threads: expected.threads })
      : await checksumOf(plan.cut.place(index), { range, frame: file.pixelData!.encapsulated ? frame : undefined })
    if (checksum !== frame.PixelDataChecksumFromBaseToFullResolution.at(-1)?.Checksum) return false
  }
  return true
}

async function itemsOf({ pixelData }: DicomFile, range: RangeOfFile): Promise<PixelItemScan | undefined> {
  if (pixelData?.encapsulated !== true) return undefined
  const scan = new PixelItemScan({ offsetBytes: pixelData.offsetBytes, skipBytes: 0 })
  for (let at = pixelData.offsetBytes; at < range.sizeBytes && scan.endsAt === undefined; at += READ_BYTES) {
    scan.take(await range.read(at, READ_BYTES))
  }
  scan.finish()
  return scan
}

/** @param frame for frames in their original syntax: excludes the padding byte of a fragment */
async function checksumOf(
  { ranges }: FramePlace,
  { range, frame }: { range: RangeOfFile; frame: { readonly FrameSizeInBytes: number } | undefined },
): Promise<number> {
  let checksum = 0
  let left = frame?.FrameSizeInBytes ?? Number.POSITIVE_INFINITY
  for (const { offsetBytes, lengthBytes } of ranges) {
    for (let read = 0; read < lengthBytes && left > 0; read += READ_BYTES) {
      const bytes = await range.read(offsetBytes + read, Math.min(READ_BYTES, lengthBytes - read, left))
      checksum = crc32(bytes, checksum)
      left -= bytes.length
    }
  }
  return checksum
}

async function decodedChecksum(
  plan: Extract<ReturnType<typeof planFrames>, { kind: 'frames' }>,
  { range, index, threads }: { range: RangeOfFile; index: number; threads: ExpectedFile['threads'] },
): Promise<number | undefined> {
  const source: ByteSource = { read: ({ offsetBytes, lengthBytes }) => range.read(offsetBytes, lengthBytes) }
  const bytes = Buffer.concat(await Promise.all(plan.cut.place(index).ranges.map((each) => source.read(each))))
  const { pixel, transferSyntaxUID, littleEndian } = plan
  const frame = { bytes, transferSyntaxUID, pixel, littleEndian, firstBit: 0 }
  const outcome = await threads.transcode(frameInMemory({ ...frame, format: 'native', isFloat: false }))
  return outcome.kind === 'broken' ? undefined : outcome.frame.checksum
}
