/**
 * Decodes JPEG (ITU-T T.81): baseline, extended with 8 and 12 bits, and lossless. Written here because packages that decode 12 bits or
 * lossless take forty megabytes. The arithmetic equals the reference implementation bit for bit.
 */
import { DicomError } from '../../dicom/dicom-error.ts'
import { decodeLosslessScan } from './lossless.ts'
import { type JPEGFrame, newJPEGTables, walkJPEG } from './markers.ts'
import { decodeSequentialScan, type JPEGPlane, newPlanes } from './sequential.ts'
import { mergePlanes } from './upsampling.ts'

interface JPEGPicture {
  readonly rows: number
  readonly columns: number
  readonly samplesPerPixel: number
  readonly bitsPerSample: number
  /** By pixel; one byte per sample up to 8 bits, else two, little endian. */
  readonly cells: Uint8Array
  /** The stream was lossy and the cells are RGB: converted from YCbCr, or RGB by the stream's own marker. */
  readonly isRGB: boolean
}

interface JPEGOptions {
  /** The colour of three components by the data set; a lossy stream that is YBR there or by its own marker becomes RGB. */
  readonly isYBR: boolean
  readonly pixelsMax: number
}

/** @throws DicomError for a stream that is invalid, truncated, or of another process */
export function decodeJPEG(stream: Uint8Array, options: JPEGOptions): JPEGPicture {
  const tables = newJPEGTables()
  let frame: JPEGFrame | undefined
  let samples = new Uint16Array(0)
  let planes: JPEGPlane[] = []
  const decoded = new Set<number>()
  walkJPEG(stream, {
    tables,
    begin(begun) {
      frame = begun
      if (begun.rows * begun.columns > options.pixelsMax) {
        throw new DicomError({ reason: 'the JPEG stream has more pixels than its attributes say' })
      }
      if (stream.length < leastBytes(begun)) {
        throw new DicomError({ reason: 'the JPEG stream ends before its picture does' })
      }
      if (begun.isLossless) samples = new Uint16Array(begun.rows * begun.columns * begun.components.length)
      else planes = newPlanes(begun)
    },
    scan(scan) {
      for (const { index } of scan.components) {
        if (decoded.has(index)) throw new DicomError({ reason: 'the JPEG stream has a component twice' })
        decoded.add(index)
      }
      return frame!.isLossless
        ? decodeLosslessScan(stream, { frame: frame!, scan, samples })
        : decodeSequentialScan(stream, { frame: frame!, scan, planes, tables })
    },
  })
  if (frame === undefined || decoded.size < frame.components.length) {
    throw new DicomError({ reason: 'the JPEG stream ends before its picture does' })
  }
  const isYCbCr = tables.adobeTransform === undefined ? options.isYBR : tables.adobeTransform === 1
  const isLossyColour = !frame.isLossless && frame.components.length === 3
  if (!frame.isLossless) samples = mergePlanes(frame, planes, { toRGB: isLossyColour && isYCbCr })
  return {
    rows: frame.rows,
    columns: frame.columns,
    samplesPerPixel: frame.components.length,
    bitsPerSample: frame.precision,
    cells: frame.precision <= 8 ? new Uint8Array(samples) : new Uint8Array(samples.buffer),
    isRGB: isLossyColour && (isYCbCr || tables.adobeTransform === 0),
  }
}

/** Nothing is allocated for a picture that cannot be there: no Huffman code is shorter than a bit, and a block of 64 samples takes two. */
function leastBytes({ isLossless, rows, columns, components }: JPEGFrame): number {
  const samples = rows * columns
  return isLossless ? (samples * components.length) / 8 : samples / (4 * 64)
}
