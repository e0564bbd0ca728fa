/**
 * What is stored of one transcoded frame: its bytes in the data store's format, the CRC32 of the pixels that a decoder gives of them,
 * and their least and greatest value (AWS "Pixel data verification").
 */
import { crc32 } from 'node:zlib'
import { STORED_AS, type StorageFormat } from '../../dicom/transfer-syntaxes.ts'
import { cellBytes, type ImagePixel } from '../element/image-pixel.ts'
import { isStoredForm } from '../htj2k/htj2k.ts'
import { canBeMerged } from '../htj2k/merge-components.ts'
import { type Codestream, parseCodestream } from '../jpeg2000/codestream.ts'
import { wrapInJP2 } from '../jpeg2000/jp2-boxes.ts'
import { measurePixels, type PixelValues } from '../native/pixel-values.ts'
import type { Codecs } from './codecs.ts'
import { decodeFrame, type FramePixels, type FrameToDecode } from './decode-frame.ts'

/** Pixels that no codec of ours takes are stored as they are, in explicit little endian: `native`. */
export type FrameFormat = StorageFormat | 'native'

export interface FrameToStore extends FrameToDecode {
  readonly format: FrameFormat
  /** Cells are floating point numbers: they have no least and greatest stored value. */
  readonly isFloat: boolean
}

/** The memory of the frame itself, which may be overwritten with what is stored of it. */
export type OverwritableFrame = FrameToStore & { readonly bytes: Uint8Array<ArrayBuffer> }

export interface TranscodedFrame {
  /** In the memory of the frame, if they fit. */
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly checksum: number
  readonly minPixelValue: number | null
  readonly maxPixelValue: number | null
  /** Of the pixels that a decoder gives of it: the reversible transform is part of the codestream and never seen. */
  readonly photometricInterpretation: string
}

/** What the codecs take: whole numbers in cells of up to two bytes, and colour as far as each can. */
export function formatFor(
  pixel: ImagePixel,
  { format, isFloat }: { format: StorageFormat; isFloat: boolean },
): FrameFormat {
  if (isFloat || cellBytes(pixel) > 2) return 'native'
  if (pixel.samplesPerPixel === 1 || (pixel.samplesPerPixel === 3 && cellBytes(pixel) === 1)) return format
  return format === 'HTJ2K' && canBeMerged(pixel) ? format : 'native'
}

/** @throws DicomError, CodecError where the frame cannot be decoded */
export async function transcodeFrame(frame: OverwritableFrame, codecs: Codecs): Promise<TranscodedFrame> {
  const { pixel, format } = frame
  const decoded = await decodeFrame(frame, codecs)
  const isMeasurable = !frame.isFloat && cellBytes(pixel) <= 4
  const values = isMeasurable ? measurePixels(decoded.cells, pixel) : undefined
  // Before the cells are overwritten.
  const checksum = crc32(decoded.cells)
  const memory = frame.bytes.buffer
  const stored =
    format === 'native' || values === undefined
      ? { bytes: within(memory, decoded.cells), photometricInterpretation: decoded.photometricInterpretation }
      : await encode(decoded, { pixel, format, values, codecs, memory })
  return {
    ...stored,
    checksum,
    minPixelValue: values?.min ?? null,
    maxPixelValue: values?.max ?? null,
  }
}

/** The cells where they are, if they are in that memory; otherwise a copy, since they may be in that of a codec. */
const within = (memory: ArrayBuffer, cells: Uint8Array): Uint8Array<ArrayBuffer> =>
  cells.buffer === memory ? (cells as Uint8Array<ArrayBuffer>) : new Uint8Array(cells)

interface Encoding {
  readonly pixel: ImagePixel
  readonly format: StorageFormat
  readonly values: PixelValues
  readonly codecs: Codecs
  /** What is stored is written there, if it fits. */
  readonly memory: ArrayBuffer
}

async function encode(decoded: FramePixels, { pixel, format, values, codecs, memory }: Encoding) {
  const { cells, photometricInterpretation } = decoded
  const { rows, columns, samplesPerPixel } = pixel
  const isWide = cellBytes(pixel) === 2
  // The codecs' builds take the sign of two-byte samples only: a byte keeps its bits, and PixelRepresentation says what they mean.
  const isSigned = pixel.isSigned && isWide
  // A decoder gives a sample as many bytes as its precision needs: they have to be as many as the cell has.
  const bitsPerSample = isWide ? Math.max(values.precision, 9) : pixel.isSigned ? 8 : values.precision
  // Reversible on any three samples, and decoders that browsers have give wrong pixels of colour without it.
  const colourTransform = samplesPerPixel === 3 && !isWide
  const picture = { rows, columns, samplesPerPixel, bitsPerSample, cells, colourTransform, isSigned }
  const asItCame = storableCodestream(decoded, { pixel, format })
  // Content-Type says of HTJ2K that it is a file, and of JPEG 2000 that it is a codestream.
  if (format === 'JPEG_2000_LOSSLESS') {
    const bytes = asItCame === undefined ? (await codecs.jpeg2000()).encode(picture) : within(memory, asItCame)
    return { bytes, photometricInterpretation }
  }
  const inFile = (codestream: Uint8Array) => {
    const { bitsPerSample, isSigned } = parseCodestream(codestream).components[0]!
    const colour = samplesPerPixel < 3 ? 'greyscale' : photometricInterpretation.startsWith('YBR') ? 'sYCC' : 'sRGB'
    const described = {
      rows,
      columns,
      bitsPerSample,
      isSigned,
      kind: 'jph',
      components: samplesPerPixel,
      colour,
    } as const
    return wrapInJP2(codestream, described, memory)
  }
  const bytes = asItCame === undefined ? (await codecs.htj2k()).encodeFor(picture, inFile) : inFile(asItCame)
  return { bytes, photometricInterpretation }
}

/** A codestream that is what we would make, sample for sample, need not be made again. */
function storableCodestream(
  { codestream }: FramePixels,
  { pixel, format }: { pixel: ImagePixel; format: StorageFormat },
): Uint8Array | undefined {
  if (codestream === undefined || !isSameCells(codestream.header, pixel)) return undefined
  const { header, bytes, transferSyntaxUID } = codestream
  // The syntax promises that nothing was lost; what the codestream itself has to promise is its form.
  const isStorable = format === 'HTJ2K' ? isStoredForm(header) : header.isReversible && !header.isHighThroughput
  return isStorable && transferSyntaxUID === STORED_AS[format] ? bytes : undefined
}

const isSameCells = ({ components }: Codestream, pixel: ImagePixel): boolean =>
  components.every(
    ({ bitsPerSample, isSigned }) =>
      isSigned === (pixel.isSigned && cellBytes(pixel) === 2) &&
      Math.ceil(bitsPerSample / 8) === cellBytes(pixel) &&
      bitsPerSample <= pixel.bitsAllocated,
  )
