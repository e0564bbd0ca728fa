/**
 * Pixel data that could not be split into frames: it is copied unchanged from the imported file, below the attributes of the version. The file
 * is streamed; only the attributes before the pixel data are held in memory.
 */
import type { ImportApp } from '../app.ts'
import { DicomError } from '../dicom/dicom-error.ts'
import type { Attributes } from '../dicom/encode.ts'
import type { DicomFile, PixelDataPlace } from '../dicom/parse.ts'
import { pixelElementHeader, SEQUENCE_DELIMITER } from '../dicom/pixel-data-parts.ts'
import { ITEM_HEADER_BYTES, PixelItemScan } from '../dicom/pixel-items.ts'
import { ExplicitVRLittleEndian } from '../dicom/transfer-syntaxes.ts'
import { type RangeOfFile, readHeader } from '../ingest/read-header.ts'

interface ImportedPixels {
  readonly tag: PixelDataPlace['tag']
  readonly transferSyntaxUID: string
  /** The extended offset tables of the file, if it has them (PS3.3 C.7.6.3.1.8). */
  readonly attributes: Attributes
  /** What the file says of their colour. The document of transcoded frames says what those are instead. */
  readonly colour: Attributes
  /** The element, header and value. Read once. */
  bytes(): AsyncIterable<Uint8Array>
}

const UNIT_BYTES: Readonly<Record<string, number>> = { OW: 2, OF: 4, OD: 8 }

/** @returns undefined for a file without pixel data. @throws DicomError */
export async function readImportedPixels(
  file: FileInOrder,
  limits: Pick<ImportApp['limits'], 'importWholeFileBytes' | 'inflatedBytes'>,
): Promise<ImportedPixels | undefined> {
  const stream = new FileInStream(file)
  const header = await readHeader(stream, limits)
  const place = header.pixelData
  if (place === undefined) return undefined
  const { transferSyntax, transferSyntaxUID, dataSet } = header
  const isInflated = transferSyntax?.deflated === true
  const chunks = () => (isInflated ? [header.bytes.subarray(place.offsetBytes)] : stream.from(place.offsetBytes))
  const isPlain = transferSyntax !== undefined && !transferSyntax.encapsulated && !place.encapsulated
  const attributes: Record<string, { vr: string; value: Uint8Array }> = {}
  for (const tag of place.encapsulated ? ['7FE00001', '7FE00002'] : []) {
    const value = dataSet.littleEndianBytes(tag)
    if (value !== undefined) attributes[tag] = { vr: 'OV', value }
  }
  return {
    tag: place.tag,
    transferSyntaxUID: isPlain ? ExplicitVRLittleEndian : transferSyntaxUID,
    attributes,
    colour: {
      PhotometricInterpretation: dataSet.string('00280004') ?? undefined,
      PlanarConfiguration: dataSet.number('00280006'),
    },
    bytes: () => (place.encapsulated ? itemsIn(chunks()) : valueIn({ chunks: chunks(), header, place })),
  }
}

async function* itemsIn(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield pixelElementHeader('7FE00010', 'OB', undefined)
  const scan = new PixelItemScan({ offsetBytes: 0, skipBytes: 0 })
  let taken = 0
  for await (const chunk of chunks) {
    scan.take(chunk)
    yield scan.endsAt === undefined ? chunk : chunk.subarray(0, scan.endsAt - taken)
    taken += chunk.length
    if (scan.endsAt !== undefined) return
  }
  scan.finish()
  const end = scan.itemOffsets.at(-1)! + ITEM_HEADER_BYTES + scan.lengths.at(-1)!
  // The file ends inside the delimiter, or without one.
  yield SEQUENCE_DELIMITER.subarray(taken - end)
}

async function* valueIn(value: {
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
  readonly header: DicomFile
  readonly place: PixelDataPlace
}): AsyncGenerator<Uint8Array> {
  const { chunks, header, place } = value
  const { dataSet, transferSyntax } = header
  const lengthBytes = place.lengthBytes!
  const vr = dataSet.vr(place.tag) ?? 'OW'
  const unit = transferSyntax?.hasBigEndianPixels ? (UNIT_BYTES[vr] ?? 1) : 1
  yield pixelElementHeader(place.tag, vr === 'UN' ? 'OW' : vr, lengthBytes + (lengthBytes % 2))
  let left = lengthBytes
  let rest: Uint8Array = new Uint8Array(0)
  for await (const chunk of chunks) {
    if (left === 0) break
    const bytes = Buffer.concat([rest, chunk.subarray(0, left)])
    left -= Math.min(left, chunk.length)
    const whole = left === 0 ? bytes.length : bytes.length - (bytes.length % unit)
    rest = bytes.subarray(whole)
    yield inLittleEndian(bytes.subarray(0, whole), unit)
  }
  if (left > 0) throw new DicomError({ reason: 'the imported file ends within its pixel data', tag: place.tag })
  if (lengthBytes % 2 === 1) yield Uint8Array.of(0)
}

function inLittleEndian(bytes: Buffer, unit: number): Uint8Array {
  if (unit === 1 || bytes.length % unit !== 0) return bytes
  return unit === 2 ? bytes.swap16() : unit === 4 ? bytes.swap32() : bytes.swap64()
}

/** A file whose bytes are read in order. */
interface FileInOrder {
  readonly sizeBytes: number
  readonly bytes: AsyncIterable<Uint8Array>
}

/** A stream whose beginning can be read repeatedly, and whose rest can be read once. */
class FileInStream implements RangeOfFile {
  readonly sizeBytes: number
  readonly #chunks: AsyncIterator<Uint8Array>
  #held: Uint8Array = new Uint8Array(0)

  constructor({ sizeBytes, bytes }: FileInOrder) {
    this.sizeBytes = sizeBytes
    this.#chunks = bytes[Symbol.asyncIterator]()
  }

  /** Holds everything up to the end of the range in memory. */
  async read(start: number, length: number): Promise<Uint8Array> {
    const pieces = [this.#held]
    let held = this.#held.length
    while (held < start + length) {
      const next = await this.#chunks.next()
      if (next.done === true) break
      pieces.push(next.value)
      held += next.value.length
    }
    this.#held = Buffer.concat(pieces)
    return this.#held.subarray(start, start + length)
  }

  async *from(offsetBytes: number): AsyncGenerator<Uint8Array> {
    try {
      yield this.#held.subarray(offsetBytes)
      for (let next = await this.#chunks.next(); next.done !== true; next = await this.#chunks.next()) yield next.value
    } finally {
      await this.#chunks.return?.()
    }
  }
}
