/**
 * Copies a file that is too large to hold, and sees on the way that its pixel data is whole: the declared length where there is
 * one, else the fragments up to the sequence delimiter (PS3.5 A.4). A file cut short is an error before its blob is complete.
 */
import { DicomError } from '../dicom/dicom-error.ts'
import type { DicomFile } from '../dicom/parse.ts'

const ITEM_HEADER_BYTES = 8

export async function* checkedToTheEnd(
  bytes: AsyncIterable<Uint8Array>,
  options: {
    readonly file: DicomFile
    readonly sizeBytes: number
    /** Told where the encapsulated pixel data ends, in bytes from the file's beginning. */
    readonly onEnd?: (offsetBytes: number) => void
  },
): AsyncGenerator<Uint8Array> {
  const place = options.file.pixelData
  const walk = place?.encapsulated === true ? new FragmentWalk(place.offsetBytes) : undefined
  let copied = 0
  for await (const chunk of bytes) {
    walk?.take(chunk)
    copied += chunk.length
    yield chunk
  }
  if (copied < options.sizeBytes) throw cutShort(copied)
  if (walk === undefined) return
  if (walk.endsAt === undefined) throw cutShort(copied)
  options.onEnd?.(walk.endsAt)
}

const cutShort = (at: number) =>
  new DicomError({ reason: 'The file ends inside the pixel data', tag: '7FE00010', offsetBytes: at })

/** Follows item headers through a stream of chunks; the fragments' bytes are passed over. */
class FragmentWalk {
  /** Behind the sequence delimiter; undefined until it has come. */
  endsAt: number | undefined
  readonly #header = Buffer.alloc(ITEM_HEADER_BYTES)
  #headerFilled = 0
  #toSkip: number
  #offset = 0

  /** @param firstItemOffset where the basic offset table's item begins. */
  constructor(firstItemOffset: number) {
    this.#toSkip = firstItemOffset
  }

  take(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length && this.endsAt === undefined) {
      if (this.#toSkip > 0) {
        const skipped = Math.min(this.#toSkip, chunk.length - at)
        this.#toSkip -= skipped
        at += skipped
        continue
      }
      const wanted = Math.min(ITEM_HEADER_BYTES - this.#headerFilled, chunk.length - at)
      this.#header.set(chunk.subarray(at, at + wanted), this.#headerFilled)
      this.#headerFilled += wanted
      at += wanted
      if (this.#headerFilled === ITEM_HEADER_BYTES) this.#readHeader(this.#offset + at - ITEM_HEADER_BYTES)
    }
    this.#offset += chunk.length
  }

  #readHeader(offsetBytes: number): void {
    this.#headerFilled = 0
    const tag = this.#header.readUInt32LE(0)
    const length = this.#header.readUInt32LE(4)
    if (tag === 0xe0ddfffe) this.endsAt = offsetBytes + ITEM_HEADER_BYTES
    else if (tag === 0xe000fffe && length !== 0xffffffff) this.#toSkip = length
    else
      throw new DicomError({
        reason: 'A fragment of the pixel data does not begin with an item',
        tag: '7FE00010',
        offsetBytes,
      })
  }
}
