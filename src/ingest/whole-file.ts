/** Reads a file into memory, parses it, and describes it and its frames. The memory is lent by the pool of the job. */
import { bytesInMemory } from '../dicom/byte-source.ts'
import { type DicomFile, isDeflated } from '../dicom/parse.ts'
import { free } from '../pixel-data/threads/buffer-pool.ts'
import type { BucketFile } from '../stores/locations/locations.ts'
import { type DescribedFile, describeFile, readMetadata } from './describe-file.ts'
import { framesOfFile } from './file-frames.ts'
import type { ImportContext } from './import-context.ts'
import { readInputInto } from './input-bucket.ts'
import { parseInput } from './parse-input.ts'
import { refuseDirectory } from './skipped-files.ts'

export interface WholeFile {
  readonly kind: 'whole'
  /** Lent: given back to the pool when the bytes are stored. */
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly described: DescribedFile
}

/** @throws DicomError, UnreadableObject, StoreUnavailable, the reason of the signal */
export async function readWhole(context: ImportContext, entry: BucketFile): Promise<WholeFile> {
  const { input, buffers } = context
  // A file that has grown since it was listed is read up to its listed size and one byte.
  const memory = buffers.lend(entry.sizeBytes + 1)
  try {
    const bytes = await readInputInto(input, entry, memory)
    return { kind: 'whole', bytes, described: await describeWhole(context, bytes) }
  } catch (error) {
    buffers.giveBack(memory)
    throw error
  }
}

/** An element of a few bytes becomes an object of about 200 bytes, so a file with a longer header is parsed alone. */
const LONG_HEADER_BYTES = 1024 ** 2

async function describeWhole(context: ImportContext, bytes: Uint8Array): Promise<DescribedFile> {
  const parse = () => parseInput(bytes, { inflatedBytesMax: context.app.limits.inflatedBytes })
  const parsed = isDeflated(bytes) ? undefined : withShortHeader(parse())
  if (parsed !== undefined) return describeParsed(context, parsed)
  // Parsed again in its turn: a waiting file holds no parsed data set.
  return context.runAlone(async () => {
    const file = parse()
    try {
      return await describeParsed(context, file)
    } finally {
      const isInflated = file.bytes.buffer !== bytes.buffer
      if (isInflated) free(file.bytes.buffer as ArrayBuffer)
    }
  })
}

const withShortHeader = (file: DicomFile): DicomFile | undefined =>
  (file.pixelData?.offsetBytes ?? file.bytes.length) <= LONG_HEADER_BYTES ? file : undefined

async function describeParsed(context: ImportContext, file: DicomFile): Promise<DescribedFile> {
  refuseDirectory(file)
  const { file: overridden, instance } = await readMetadata(context, file)
  const framed = await framesOfFile({ file, source: bytesInMemory(file.bytes) }, context)
  return describeFile(context, { file: overridden, instance, framed })
}
