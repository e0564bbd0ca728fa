/**
 * Encodes the frames of one file: the bytes that are stored, and what the metadata document says of each frame. Up to `importBlobBytes` stay
 * in memory until they are stored with their file. More are written to a blob of their own while they are encoded.
 */
import type { ImportApp } from '../app.ts'
import type { ByteSource } from '../dicom/byte-source.ts'
import type { StorageFormat } from '../dicom/transfer-syntaxes.ts'
import type { ImageFrame, StoredFrames } from '../imaging/documents/metadata.ts'
import { frameBytes } from '../pixel-data/element/image-pixel.ts'
import type { FramesToStore } from '../pixel-data/frame-plan.ts'
import { areStoredApart, storedFrames } from '../pixel-data/store-frames.ts'
import type { StoredFrame } from '../pixel-data/stored-frame.ts'
import type { BlobDigest } from '../stores/blobs/blob-store.ts'
import type { TableFrame } from '../stores/blobs/frame-table.ts'
import { imageFrameIdOf } from '../stores/blobs/image-frame-id.ts'
import type { FramesRange } from '../stores/catalog/image-set-records.ts'
import { coalesced } from './coalesce-chunks.ts'
import { placeFrames } from './place-frames.ts'

export interface FramesContext {
  readonly app: Pick<ImportApp, 'blobs' | 'frames' | 'newId' | 'limits'>
  readonly format: StorageFormat
  readonly newBlobKey: () => string
  /** Aborted when the job is to be released: the frames of one file can take minutes. */
  readonly signal: AbortSignal
}

export type StorableFrames =
  | { readonly kind: 'written'; readonly place: FramesRange; readonly digest: BlobDigest }
  | { readonly kind: 'in-memory'; readonly content: FramesInMemory }

type FramesSummary = Pick<FramesRange, 'framesKey' | 'frameCount' | 'storedTransferSyntaxUID'>

interface FramesInMemory {
  readonly summary: FramesSummary
  /** Each chunk has its own memory, to be given back to the frame threads. */
  readonly chunks: readonly Uint8Array<ArrayBuffer>[]
  /** Ranges in the blob count from the first chunk. */
  readonly frames: readonly TableFrame[]
}

export class FileFrames {
  readonly #plan: FramesToStore
  readonly #source: ByteSource
  readonly #context: FramesContext
  readonly #framesKey: string
  readonly #described: ImageFrame[] = []
  readonly #frames: TableFrame[] = []
  #sizeBytes = 0
  #photometricInterpretation: string | undefined

  /** @param from.source the file of the instance */
  constructor(plan: FramesToStore, from: { readonly source: ByteSource; readonly context: FramesContext }) {
    this.#plan = plan
    this.#source = from.source
    this.#context = from.context
    this.#framesKey = from.context.app.newId().slice(0, 24)
  }

  /** @throws FramesUnavailable, the reason of the signal, and errors of the stores */
  encode(): Promise<StorableFrames> {
    const { cut, pixel } = this.#plan
    const isLarge = frameBytes(pixel) * cut.count > this.#context.app.limits.importBlobBytes
    return isLarge && areStoredApart(this.#plan) ? this.#write() : this.#keepInMemory()
  }

  /** What the metadata document says of the frames. Call it after `encode`. */
  described(): StoredFrames {
    const { storedTransferSyntaxUID, disposition } = this.#plan
    return {
      StoredTransferSyntaxUID: storedTransferSyntaxUID,
      ...(disposition === 'transcoded' ? { ChecksumType: 'DECOMPRESSED', ...this.#colour() } : {}),
      ImageFrames: this.#described,
    }
  }

  #colour(): Pick<StoredFrames, 'colour'> {
    const PhotometricInterpretation = this.#photometricInterpretation
    if (this.#plan.pixel.samplesPerPixel === 1 || PhotometricInterpretation === undefined) return {}
    return { colour: { PhotometricInterpretation, PlanarConfiguration: 0 } }
  }

  async #keepInMemory(): Promise<StorableFrames> {
    const chunks: Uint8Array<ArrayBuffer>[] = []
    for await (const bytes of this.#bytes()) chunks.push(bytes)
    return { kind: 'in-memory', content: { summary: this.#summary(), chunks, frames: this.#frames } }
  }

  async #write(): Promise<StorableFrames> {
    const blobKey = this.#context.newBlobKey()
    let placed: ReturnType<typeof placeFrames> | undefined
    const bytesAndTable = async function* (this: FileFrames) {
      for await (const bytes of this.#bytes()) {
        yield bytes
        this.#context.app.frames.giveBack(bytes)
      }
      placed = placeFrames({
        frames: this.#frames,
        ...{ blobKey, startBytes: 0, endBytes: this.#sizeBytes },
        file: undefined,
      })
      if (placed.table !== undefined) yield placed.table
    }
    const digest = await this.#context.app.blobs.put(blobKey, coalesced(bytesAndTable.call(this)))
    return { kind: 'written', place: { ...this.#summary(), ...placed!.place }, digest }
  }

  /** The bytes of the frames that are not ranges of the file. */
  async *#bytes(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const { app, signal } = this.#context
    for await (const frame of storedFrames(this.#plan, { source: this.#source, threads: app.frames })) {
      signal.throwIfAborted()
      this.#photometricInterpretation ??= frame.photometricInterpretation
      this.#describe(frame)
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

  #describe({ frameNumber, columns, rows, checksum, minPixelValue, maxPixelValue, sizeBytes }: StoredFrame): void {
    this.#described.push({
      ID: imageFrameIdOf({ framesKey: this.#framesKey, frameNumber }),
      PixelDataChecksumFromBaseToFullResolution: [{ Width: columns, Height: rows, Checksum: checksum }],
      MinPixelValue: minPixelValue,
      MaxPixelValue: maxPixelValue,
      FrameSizeInBytes: sizeBytes,
    })
  }

  #summary(): FramesSummary {
    const { storedTransferSyntaxUID } = this.#plan
    return { framesKey: this.#framesKey, frameCount: this.#frames.length, storedTransferSyntaxUID }
  }
}
