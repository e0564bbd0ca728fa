/** Opens one frame of an instance: as it is stored, without the file around its codestream, or decoded. */
import type { App } from '../../app.ts'
import type { Part } from '../../contract/dicomweb.ts'
import { ContractError } from '../../contract/errors.ts'
import type { Bytes } from '../../contract/shapes.ts'
import { frameBytes, type ImagePixel } from '../../pixel-data/element/image-pixel.ts'
import { packBits } from '../../pixel-data/native/native-pixels.ts'
import { bytesOfRanges, partOfRanges, sizeOfRanges } from '../blob-ranges.ts'
import type { StoredFrame } from '../stored-frames.ts'

/** Stored frames that are read ahead of the one that is sent, for blobs in S3. */
export const STORED_AHEAD = 1

/**
 * Bytes of a stored frame after the first `skipBytes`. A frame that fits into a reply buffer is verified as a whole; of a larger one only
 * the whole is verified, while it is sent.
 */
export async function openStored(
  app: App,
  { ranges, expected }: StoredFrame,
  { skipBytes, part }: { readonly skipBytes: number; readonly part: Part | undefined },
): Promise<Bytes> {
  const sizeBytes = sizeOfRanges(ranges)
  const { start, length } = part ?? { start: 0, length: sizeBytes - skipBytes }
  if (start + skipBytes === 0 && length === sizeBytes) return bytesOfRanges(app, ranges, expected)
  if (sizeBytes <= app.replyBuffers.sizeBytes) {
    return partOf(await bytesOfRanges(app, ranges, expected), { start: skipBytes + start, length })
  }
  if (part !== undefined)
    return bytesOfRanges(app, partOfRanges(ranges, { start: skipBytes + start, length }), undefined)
  const whole = await bytesOfRanges(app, ranges, expected)
  return 'bytes' in whole ? { sizeBytes: length, bytes: new WithoutHead(whole.bytes, skipBytes) } : whole
}

function partOf(bytes: Bytes, { start, length }: Part): Bytes {
  if (bytes instanceof Uint8Array) return bytes.subarray(start, start + length)
  if ('lent' in bytes) return { ...bytes, lent: bytes.lent.subarray(start, start + length) }
  throw new Error('a frame that fits into a reply buffer is streamed')
}

/** An iterator, since `return` of a generator that has not started would not close the source. */
class WithoutHead implements AsyncIterableIterator<Uint8Array> {
  readonly #bytes: AsyncIterator<Uint8Array>
  #skipBytes: number

  constructor(bytes: AsyncIterable<Uint8Array>, skipBytes: number) {
    this.#bytes = bytes[Symbol.asyncIterator]()
    this.#skipBytes = skipBytes
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    for (;;) {
      const next = await this.#bytes.next()
      if (next.done === true || this.#skipBytes === 0) return next
      const skipped = Math.min(this.#skipBytes, next.value.length)
      this.#skipBytes -= skipped
      if (skipped < next.value.length) return { done: false, value: next.value.subarray(skipped) }
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    await this.#bytes.return?.()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/** Of a decoded frame: single bits are packed, each frame from the first bit of a byte. */
export const decodedBytes = (pixel: ImagePixel): number =>
  pixel.bitsAllocated === 1 ? Math.ceil(frameBytes(pixel) / 8) : frameBytes(pixel)

class UndecodableFrame extends ContractError {
  constructor(frameNumber: number, reason: string) {
    super(
      'NotAcceptableException',
      `Frame ${frameNumber} cannot be decoded: ${reason}. Ask for it as it is stored with transfer-syntax=*`,
    )
  }
}

interface DecodedCells {
  readonly cells: Uint8Array
  readonly photometricInterpretation: string
  readonly giveBack: () => void
}

/** @throws UndecodableFrame */
export async function decodeStored(
  app: App,
  { frameNumber, ranges, expected }: StoredFrame,
  { transferSyntaxUID, pixel }: { readonly transferSyntaxUID: string; readonly pixel: ImagePixel },
): Promise<DecodedCells> {
  const outcome = await app.frameDecoder.decode({
    ...{ transferSyntaxUID, pixel, sizeBytes: sizeOfRanges(ranges) },
    read: (memory) => fillFromStored(app, { frameNumber, ranges, expected }, memory),
  })
  if (outcome.kind === 'decoded') return outcome
  throw new UndecodableFrame(frameNumber, outcome.reason)
}

/** The bytes of a stored frame, verified. @param memory as long as the frame */
export async function fillFromStored(app: App, { ranges, expected }: StoredFrame, memory: Uint8Array): Promise<void> {
  await fill(memory, await bytesOfRanges(app, ranges, expected))
}

/** A stored frame in memory of its own, verified. */
export async function readStored(app: App, frame: StoredFrame): Promise<Uint8Array> {
  const memory = new Uint8Array(sizeOfRanges(frame.ranges))
  await fillFromStored(app, frame, memory)
  return memory
}

async function fill(memory: Uint8Array, bytes: Bytes): Promise<void> {
  if (bytes instanceof Uint8Array) return memory.set(bytes)
  if ('lent' in bytes) {
    memory.set(bytes.lent)
    return bytes.giveBack()
  }
  let at = 0
  for await (const chunk of 'sizeBytes' in bytes ? bytes.bytes : bytes) {
    memory.set(chunk, at)
    at += chunk.length
  }
}

/** @throws UndecodableFrame */
export async function openDecoded(
  app: App,
  frame: StoredFrame,
  {
    part,
    ...form
  }: { readonly transferSyntaxUID: string; readonly pixel: ImagePixel; readonly part: Part | undefined },
): Promise<Bytes> {
  const { cells, giveBack } = await decodeStored(app, frame, form)
  const bytes = form.pixel.bitsAllocated === 1 ? packed(cells) : cells
  return { lent: part === undefined ? bytes : bytes.subarray(part.start, part.start + part.length), giveBack }
}

function packed(cells: Uint8Array): Uint8Array {
  const packer = packBits()
  return Buffer.concat([packer.add(cells), packer.end()])
}
