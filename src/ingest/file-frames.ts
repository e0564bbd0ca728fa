/**
 * The frames of one imported file, in the data store's format: held until they lie behind the file in the blob of its batch, or, where
 * they are many, put into a blob of their own as they are made. What is amiss with them is a warning; the file stays whatever they are.
 */
import type { ImportApp } from '../app.ts'
import type { ByteSource } from '../dicom/byte-source.ts'
import type { DicomFile } from '../dicom/parse.ts'
import type { PixelItems } from '../dicom/pixel-items.ts'
import type { StorageFormat } from '../dicom/transfer-syntaxes.ts'
import { type ImageFrame, NO_FRAMES, type StoredFrames } from '../imaging/documents/metadata.ts'
import { type ImportWarning, importWarning } from '../imaging/import-warnings.ts'
import { frameBytes } from '../pixel-data/element/image-pixel.ts'
import type { FramesToStore, FramesWarning } from '../pixel-data/frame-plan.ts'
import { areStoredApart, storedFrames } from '../pixel-data/store-frames.ts'
import { FramesUnavailable, type StoredFrame } from '../pixel-data/stored-frame.ts'
import { planTrueFrames } from '../pixel-data/true-syntax.ts'
import type { BlobDigest } from '../stores/blobs/blob-store.ts'
import { encodeFrameTable, type FrameRange, type TableFrame } from '../stores/blobs/frame-table.ts'
import { imageFrameIdOf } from '../stores/blobs/image-frame-id.ts'
import type { FramesPlace } from '../stores/catalog/image-set-records.ts'
import { coalesced } from './coalesce-chunks.ts'

export interface FramesWork {
  readonly app: Pick<ImportApp, 'blobs' | 'frames' | 'newId' | 'limits'>
  readonly format: StorageFormat
  readonly newBlobKey: () => string
  /** Aborted when the job is to be put down: a file may have frames for minutes. */
  readonly signal: AbortSignal
}

export interface FramesOfFile {
  /** What the metadata document says of them. */
  readonly described: StoredFrames
  readonly warnings: readonly ImportWarning[]
  /** Undefined where none is stored. */
  readonly frames: FramesToKeep | undefined
}

export type FramesToKeep =
  | { readonly kind: 'placed'; readonly place: FramesPlace; readonly digest: BlobDigest }
  | { readonly kind: 'held'; readonly held: HeldFrames }

export interface HeldFrames extends Pick<FramesPlace, 'framesKey' | 'frameCount' | 'storedTransferSyntaxUID'> {
  /** Each chunk has its own memory. */
  readonly chunks: readonly Uint8Array<ArrayBuffer>[]
  /** Ranges in the blob count from the first chunk. */
  readonly frames: readonly TableFrame[]
}

interface FileWithFrames {
  readonly file: DicomFile
  /** In which the file says where its pixel data lies. */
  readonly source: ByteSource
  /** Of encapsulated pixel data, where the file's bytes end before them. */
  readonly items?: PixelItems | undefined
}

/** @throws the signal's reason, and what stores throw */
export async function framesOfFile({ file, source, items }: FileWithFrames, work: FramesWork): Promise<FramesOfFile> {
  const { plan, warnings } = await planTrueFrames(file, { format: work.format, items, source })
  const without = (warning: FramesWarning) => withoutFrames([...warnings, warning])
  if (plan.kind === 'none') return withoutFrames(warnings)
  if (plan.kind === 'unavailable') return without(plan.warning)
  const { importFramesPerFile } = work.app.limits
  if (plan.cut.count > importFramesPerFile) {
    const message = `The file has ${plan.cut.count} frames, more than the ${importFramesPerFile} that can be stored`
    return without({ type: 'FramesExtractionFailure', message })
  }
  const made = new MadeFrames(plan, { source, work })
  try {
    const frames = await made.keep()
    const all = plan.warning === undefined ? warnings : [...warnings, plan.warning]
    return { described: made.described(), warnings: all.map(asImportWarning), frames }
  } catch (error) {
    if (!(error instanceof FramesUnavailable)) throw error
    return without(error.warning)
  }
}

const withoutFrames = (warnings: readonly FramesWarning[]): FramesOfFile => ({
  described: NO_FRAMES,
  warnings: warnings.map(asImportWarning),
  frames: undefined,
})

const asImportWarning = ({ type, message }: FramesWarning): ImportWarning => importWarning(type, message)

/** What is put away of the frames so far: what is told of each, and where it lies. */
class MadeFrames {
  readonly #plan: FramesToStore
  readonly #source: ByteSource
  readonly #work: FramesWork
  readonly #framesKey: string
  readonly #listed: ImageFrame[] = []
  readonly #frames: TableFrame[] = []
  #sizeBytes = 0
  #photometricInterpretation: string | undefined

  constructor(plan: FramesToStore, { source, work }: { source: ByteSource; work: FramesWork }) {
    this.#plan = plan
    this.#source = source
    this.#work = work
    this.#framesKey = work.app.newId().slice(0, 24)
  }

  keep(): Promise<FramesToKeep> {
    const { cut, pixel } = this.#plan
    const isMuch = frameBytes(pixel) * cut.count > this.#work.app.limits.importBlobBytes
    return isMuch && areStoredApart(this.#plan) ? this.#put() : this.#hold()
  }

  described(): StoredFrames {
    const { storedTransferSyntaxUID, disposition } = this.#plan
    return {
      StoredTransferSyntaxUID: storedTransferSyntaxUID,
      ...(disposition === 'transcoded' ? { ChecksumType: 'DECOMPRESSED', ...this.#colour() } : {}),
      ImageFrames: this.#listed,
    }
  }

  #colour(): Pick<StoredFrames, 'colour'> {
    const PhotometricInterpretation = this.#photometricInterpretation
    if (this.#plan.pixel.samplesPerPixel === 1 || PhotometricInterpretation === undefined) return {}
    return { colour: { PhotometricInterpretation, PlanarConfiguration: 0 } }
  }

  async #hold(): Promise<FramesToKeep> {
    const chunks: Uint8Array<ArrayBuffer>[] = []
    for await (const bytes of this.#bytes()) chunks.push(bytes)
    return { kind: 'held', held: { ...this.#counted(), chunks, frames: this.#frames } }
  }

  async #put(): Promise<FramesToKeep> {
    const blobKey = this.#work.newBlobKey()
    let table: Uint8Array | undefined
    const all = async function* (this: MadeFrames) {
      yield* this.#bytes()
      table = onlyRange(this.#frames) === undefined ? encodeFrameTable(this.#frames) : undefined
      if (table !== undefined) yield table
    }
    const digest = await this.#work.app.blobs.put(blobKey, coalesced(all.call(this)))
    const place =
      table === undefined
        ? ({ offsetBytes: 0, sizeBytes: this.#sizeBytes, holds: 'frame', checksum: this.#frames[0]!.checksum } as const)
        : ({ offsetBytes: this.#sizeBytes, sizeBytes: table.length, holds: 'table' } as const)
    return { kind: 'placed', place: { ...this.#counted(), blobKey, ...place }, digest }
  }

  /** Of the frames that are not ranges of the file. */
  async *#bytes(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const { app, signal } = this.#work
    for await (const frame of storedFrames(this.#plan, { source: this.#source, threads: app.frames })) {
      signal.throwIfAborted()
      this.#photometricInterpretation ??= frame.photometricInterpretation
      this.#list(frame)
      const { storedChecksum: checksum } = frame
      if (frame.content.kind === 'ranges') {
        this.#frames.push({ ranges: frame.content.ranges.map((range) => ({ in: 'file', ...range })), checksum })
      } else {
        const { bytes } = frame.content
        this.#frames.push({
          ranges: [{ in: 'blob', offsetBytes: this.#sizeBytes, lengthBytes: bytes.length }],
          checksum,
        })
        this.#sizeBytes += bytes.length
        yield bytes
      }
    }
  }

  #list({ frameNumber, columns, rows, checksum, minPixelValue, maxPixelValue, sizeBytes }: StoredFrame): void {
    this.#listed.push({
      ID: imageFrameIdOf({ framesKey: this.#framesKey, frameNumber }),
      PixelDataChecksumFromBaseToFullResolution: [{ Width: columns, Height: rows, Checksum: checksum }],
      MinPixelValue: minPixelValue,
      MaxPixelValue: maxPixelValue,
      FrameSizeInBytes: sizeBytes,
    })
  }

  #counted() {
    const { storedTransferSyntaxUID } = this.#plan
    return { framesKey: this.#framesKey, frameCount: this.#frames.length, storedTransferSyntaxUID }
  }
}

/** Of an instance with one frame in one piece: it needs no table. */
export function onlyRange(frames: readonly TableFrame[]): FrameRange | undefined {
  return frames.length === 1 && frames[0]!.ranges.length === 1 ? frames[0]!.ranges[0] : undefined
}
