/** One input file: its bytes, or as much of them as its header needs, become an instance to store or a line of the failure report. */

import type { ImportApp } from '../app.ts'
import { bytesInMemory } from '../dicom/byte-source.ts'
import { DicomError } from '../dicom/dicom-error.ts'
import { type DicomFile, isDeflated } from '../dicom/parse.ts'
import type { PixelItemScan } from '../dicom/pixel-items.ts'
import { toleratedFaults } from '../imaging/import-warnings.ts'
import { type Instance, readInstance } from '../imaging/instances/instance.ts'
import { type BufferPool, free } from '../pixel-data/threads/buffer-pool.ts'
import type { FailedFile, SkippedFile } from '../stores/catalog/import-job-repository.ts'
import type { BucketFile } from '../stores/locations/locations.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { describeInstance, type FileToDescribe, type MetadataBytes } from './describe-instance.ts'
import { failureOf } from './file-failure.ts'
import { type FramesOfFile, type FramesToKeep, type FramesWork, framesOfFile } from './file-frames.ts'
import { bytesOf, type InputBucket, rangesOf, readInputInto } from './input-bucket.ts'
import type { JsonMetadataFiles } from './json-metadata-files.ts'
import { checkedToTheEnd } from './large-file.ts'
import { parseInput } from './parse-input.ts'
import { readHeader, readTrailing } from './read-header.ts'
import { refuseDirectory, whySkipped } from './skipped-files.ts'
import { sourceOver } from './window-reader.ts'

/** All that is kept of a file beside its bytes. */
export interface DescribedFile {
  /** With the warnings of its frames. */
  readonly instance: Instance
  readonly metadata: MetadataBytes
  readonly frames: FramesToKeep | undefined
}

export type FileRead =
  /** The memory is lent, and given back once the bytes are stored. */
  | { readonly kind: 'whole'; readonly bytes: Uint8Array<ArrayBuffer>; readonly described: DescribedFile }
  /** Too large to hold: its header has been read, and the bytes are still to be streamed; where they lie then, the rest is made of them. */
  | {
      readonly kind: 'large'
      readonly bytes: () => AsyncIterable<Uint8Array>
      readonly describe: (blobKey: string) => Promise<DescribedFile>
    }
  | { readonly kind: 'unstored'; readonly file: FailedFile | SkippedFile }

export interface Reading extends FramesWork {
  readonly app: ImportApp
  readonly input: InputBucket
  /** Puts the JSON metadata of the job in front of the attributes of files. */
  readonly metadata: Pick<JsonMetadataFiles, 'putInFront'>
  /** For files that are read whole. */
  readonly buffers: BufferPool
  /** Runs one work at a time: an inflated data set, or one with many elements, can take far more memory than its file. */
  readonly inTurn: <Result>(work: () => Promise<Result>) => Promise<Result>
}

/**
 * Whatever is wrong with one file is a value, and the job goes on.
 * @throws the signal's reason, and StoreUnavailable where the input or a store of our own is away
 */
export async function readFile(reading: Reading, entry: BucketFile): Promise<FileRead> {
  const { app } = reading
  const { importFileBytes, importWholeFileBytes } = app.limits
  try {
    if (entry.sizeBytes > importFileBytes) {
      throw new DicomError({
        reason: `The file has ${entry.sizeBytes} bytes, more than the ${importFileBytes} that can be imported`,
      })
    }
    if (entry.sizeBytes > importWholeFileBytes) return await readLarge(reading, entry)
    return await readWhole(reading, entry)
  } catch (cause) {
    reading.signal.throwIfAborted()
    if (cause instanceof StoreUnavailable) throw cause
    const reason = whySkipped(entry.key, cause)
    if (reason !== undefined) {
      return { kind: 'unstored', file: { outcome: 'skipped', key: entry.key, message: reason } }
    }
    return { kind: 'unstored', file: failureOf(app, entry.key, cause) }
  }
}

async function readWhole(reading: Reading, entry: BucketFile): Promise<FileRead> {
  const { input, buffers } = reading
  // A file that grew between listing and reading is taken as it is now, up to the same bound.
  const memory = buffers.lend(entry.sizeBytes + 1)
  try {
    const bytes = await readInputInto(input, entry, memory)
    return { kind: 'whole', bytes, described: await describeWhole(reading, bytes) }
  } catch (error) {
    buffers.giveBack(memory)
    throw error
  }
}

/** An element of a few bytes becomes an object of about two hundred: a file with a longer header is parsed alone. */
const LONG_HEADER_BYTES = 1024 ** 2

async function describeWhole(reading: Reading, bytes: Uint8Array): Promise<DescribedFile> {
  const parse = () => parseInput(bytes, { inflatedBytesMax: reading.app.limits.inflatedBytes })
  const parsed = isDeflated(bytes) ? undefined : withShortHeader(parse())
  if (parsed !== undefined) return describeParsed(reading, parsed)
  // A parsed file is not held while it waits: it is parsed again.
  return reading.inTurn(async () => {
    const file = parse()
    try {
      return await describeParsed(reading, file)
    } finally {
      const isInflated = file.bytes.buffer !== bytes.buffer
      if (isInflated) free(file.bytes.buffer as ArrayBuffer)
    }
  })
}

const withShortHeader = (file: DicomFile): DicomFile | undefined =>
  (file.pixelData?.offsetBytes ?? file.bytes.length) <= LONG_HEADER_BYTES ? file : undefined

async function describeParsed(reading: Reading, file: DicomFile): Promise<DescribedFile> {
  refuseDirectory(file)
  const { shown, instance } = await readShown(reading, file)
  const framed = await framesOfFile({ file, source: bytesInMemory(file.bytes) }, reading)
  return describe(reading, { file: shown, instance, framed })
}

/** The file with the JSON metadata of the job in front, and the instance that it is then. @throws DicomError */
async function readShown({ metadata }: Reading, file: DicomFile): Promise<{ shown: DicomFile; instance: Instance }> {
  const { file: shown, warnings } = await metadata.putInFront(file)
  const instance = readInstance(shown)
  return { shown, instance: { ...instance, warnings: [...warnings, ...instance.warnings] } }
}

/** Of the bytes only the header is held; the pixel data is checked while it is copied, and what follows it is read then. */
async function readLarge(reading: Reading, entry: BucketFile): Promise<FileRead> {
  const { app, input } = reading
  const { sizeBytes } = entry
  const range = rangesOf(input, entry)
  const file = await readHeader(range, app.limits)
  refuseDirectory(file)
  const { shown, instance } = await readShown(reading, file)
  let items: PixelItemScan | undefined
  const onEnd = (walked: PixelItemScan) => {
    items = walked
  }
  const bytes = () => checkedToTheEnd(bytesOf(input, entry), { file, sizeBytes, onEnd })
  const describeStored = async (blobKey: string) => {
    const trailing = await readTrailing(range, file, { pixelDataEnd: items?.endsAt, limits: app.limits })
    const framed = await framesOfFile({ file, items, source: sourceOver(app.blobs, blobKey) }, reading)
    return describe(reading, { file: shown, instance, framed, ...(trailing === undefined ? {} : { trailing }) })
  }
  return { kind: 'large', bytes, describe: describeStored }
}

interface FramedFile extends Pick<FileToDescribe, 'trailing'> {
  readonly file: DicomFile
  readonly instance: Instance
  readonly framed: FramesOfFile
}

/** @throws DicomError, and then nothing of its frames is left */
async function describe({ app }: Reading, { instance, framed, ...described }: FramedFile): Promise<DescribedFile> {
  const { grouping, sopInstanceUID } = instance
  const { frames } = framed
  try {
    const uids = { seriesInstanceUID: grouping.SeriesInstanceUID, sopInstanceUID }
    const metadata = describeInstance(app, { ...described, ...uids, frames: framed.described })
    // Of a transfer syntax that is not known, the file is warned of, and its frames need not be.
    const isKnown = described.file.transferSyntax !== undefined
    const ofFrames = framed.warnings.filter(({ type }) => isKnown || type !== 'UnsupportedTransferSyntax')
    const warnings = [...instance.warnings, ...toleratedFaults(described.file.tolerated), ...ofFrames]
    return { instance: { ...instance, warnings }, metadata, frames }
  } catch (error) {
    if (frames?.kind === 'placed') await app.blobs.remove([frames.place.blobKey])
    throw error
  }
}
