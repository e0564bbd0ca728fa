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

export interface TranscodedFrame {
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
export async function transcodeFrame(frame: FrameToStore, codecs: Codecs): Promise<TranscodedFrame> {
  const { pixel, format } = frame
  const decoded = await decodeFrame(frame, codecs)
  const isMeasurable = !frame.isFloat && cellBytes(pixel) <= 4
  const values = isMeasurable ? measurePixels(decoded.cells, pixel) : undefined
  const stored =
    format === 'native' || values === undefined
      ? { bytes: new Uint8Array(decoded.cells), photometricInterpretation: decoded.photometricInterpretation }
      : await encode(decoded, { pixel, format, values, codecs })
  return {
    ...stored,
    checksum: crc32(decoded.cells),
    minPixelValue: values?.min ?? null,
    maxPixelValue: values?.max ?? null,
  }
}

interface Encoding {
  readonly pixel: ImagePixel
  readonly format: StorageFormat
  readonly values: PixelValues
  readonly codecs: Codecs
}

async function encode(decoded: FramePixels, { pixel, format, values, codecs }: Encoding) {
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
  const codec = format === 'HTJ2K' ? codecs.htj2k : codecs.jpeg2000
  const codestream = asItCame ?? (await codec()).encode(picture)
  // Content-Type says of HTJ2K that it is a file, and of JPEG 2000 that it is a codestream.
  if (format === 'JPEG_2000_LOSSLESS') return { bytes: codestream, photometricInterpretation }
  const bytes = wrapInJP2(codestream, {
    ...{ rows, columns, ...parseCodestream(codestream).components[0]! },
    kind: 'jph',
    components: samplesPerPixel,
    colour: samplesPerPixel < 3 ? 'greyscale' : photometricInterpretation.startsWith('YBR') ? 'sYCC' : 'sRGB',
  })
  return { bytes, photometricInterpretation }
}

/** A codestream that is what we would make, sample for sample, need not be made again. */
function storableCodestream(
  { codestream }: FramePixels,
  { pixel, format }: { pixel: ImagePixel; format: StorageFormat },
): Uint8Array<ArrayBuffer> | undefined {
  if (codestream === undefined || !isSameCells(codestream.header, pixel)) return undefined
  const { header, bytes, transferSyntaxUID } = codestream
  // The syntax promises that nothing was lost; what the codestream itself has to promise is its form.
  const isStorable = format === 'HTJ2K' ? isStoredForm(header) : header.isReversible && !header.isHighThroughput
  return isStorable && transferSyntaxUID === STORED_AS[format] ? new Uint8Array(bytes) : undefined
}

const isSameCells = ({ components }: Codestream, pixel: ImagePixel): boolean =>
  components.every(
    ({ bitsPerSample, isSigned }) =>
      isSigned === (pixel.isSigned && cellBytes(pixel) === 2) &&
      Math.ceil(bitsPerSample / 8) === cellBytes(pixel) &&
      bitsPerSample <= pixel.bitsAllocated,
  )
