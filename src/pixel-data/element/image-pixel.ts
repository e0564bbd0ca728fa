/** The attributes that describe Pixel Data (PS3.3 C.7.6.3, Image Pixel Module; NumberOfFrames from C.7.6.6). */
import type { DataSet } from '../../dicom/data-set.ts'
import { DicomError } from '../../dicom/dicom-error.ts'
import { tagOf } from '../../dicom/dictionary.ts'
import { type Attributes, ExplicitVRLittleEndian, encodeP10 } from '../../dicom/encode.ts'
import { parseP10 } from '../../dicom/parse.ts'

export interface ImagePixel {
  readonly rows: number
  readonly columns: number
  readonly samplesPerPixel: number
  /** Of a sample's cell: 1, or whole bytes. */
  readonly bitsAllocated: number
  readonly bitsStored: number
  readonly highBit: number
  readonly isSigned: boolean
  /** Colour by plane instead of by pixel (PlanarConfiguration 1). */
  readonly isPlanar: boolean
  /** '' where absent. */
  readonly photometricInterpretation: string
  readonly numberOfFrames: number
}

/** All that readImagePixel reads. */
export const IMAGE_PIXEL_KEYWORDS = [
  ...['Rows', 'Columns', 'SamplesPerPixel', 'BitsAllocated', 'BitsStored', 'HighBit', 'PixelRepresentation'],
  ...['PlanarConfiguration', 'PhotometricInterpretation', 'NumberOfFrames'],
]

/** The most frames of one instance: the place of each takes some 100 bytes of memory. */
const FRAMES_MAX = 1_000_000
/** The most bytes of one decoded frame: a codec needs about four times as much in addition, and WebAssembly is limited to 4 GiB. */
const FRAME_BYTES_MAX = 512 * 1024 * 1024

const CELL_BITS = [1, 8, 16, 32, 64]

/** @throws DicomError where an attribute is absent or invalid; its reason contains no value other than pixel counts */
export function readImagePixel(dataSet: DataSet): ImagePixel {
  const bitsAllocated = required(dataSet, 'BitsAllocated', { max: 64 })
  if (!CELL_BITS.includes(bitsAllocated)) {
    throw new DicomError({ reason: 'BitsAllocated is not 1, 8, 16, 32 or 64', tag: tagOf('BitsAllocated')! })
  }
  const bitsStored = optional(dataSet, 'BitsStored', { otherwise: bitsAllocated, max: bitsAllocated })
  const samplesPerPixel = optional(dataSet, 'SamplesPerPixel', { otherwise: 1, max: 4 })
  const pixel: ImagePixel = {
    rows: required(dataSet, 'Rows', { max: 65_535 }),
    columns: required(dataSet, 'Columns', { max: 65_535 }),
    samplesPerPixel,
    bitsAllocated,
    bitsStored,
    highBit: dataSet.number(tagOf('HighBit')!) ?? bitsStored - 1,
    isSigned: dataSet.number(tagOf('PixelRepresentation')!) === 1,
    isPlanar: samplesPerPixel > 1 && dataSet.number(tagOf('PlanarConfiguration')!) === 1,
    photometricInterpretation: dataSet.string(tagOf('PhotometricInterpretation')!) ?? '',
    numberOfFrames: optional(dataSet, 'NumberOfFrames', { otherwise: 1, max: FRAMES_MAX }),
  }
  if (pixel.highBit < bitsStored - 1 || pixel.highBit >= bitsAllocated) {
    throw new DicomError({ reason: 'HighBit does not fit BitsStored and BitsAllocated', tag: tagOf('HighBit')! })
  }
  if (frameBytes(pixel) > FRAME_BYTES_MAX) {
    throw new DicomError({ reason: `a frame has more than ${FRAME_BYTES_MAX} bytes`, tag: tagOf('Rows')! })
  }
  return pixel
}

/** Of attributes that will be written, as a reader of the file parses them. @throws DicomError */
export function imagePixelOf(all: Attributes): ImagePixel {
  const attributes = Object.fromEntries(IMAGE_PIXEL_KEYWORDS.map((keyword) => [keyword, all[keyword]]))
  return readImagePixel(parseP10(encodeP10({ transferSyntaxUID: ExplicitVRLittleEndian, attributes })).dataSet)
}

/** Native YBR_FULL_422 has chroma only for every second pixel of a row: Y Y Cb Cr (PS3.3 C.7.6.3.1.2). */
export const isYBR422 = (pixel: Pick<ImagePixel, 'photometricInterpretation' | 'samplesPerPixel'>): boolean =>
  pixel.samplesPerPixel === 3 && /^YBR_(FULL|PARTIAL)_422$/.test(pixel.photometricInterpretation)

/** The photometric interpretation once every pixel has its own chroma. */
export const withFullChroma = (photometricInterpretation: string): string =>
  photometricInterpretation.replace(/_42[02]$/, '')

/** Bytes per sample: a cell of one bit takes a byte once unpacked. */
export const cellBytes = ({ bitsAllocated }: Pick<ImagePixel, 'bitsAllocated'>): number => Math.ceil(bitsAllocated / 8)

/** Bytes of a decoded frame, with every sample in its own cell. */
export const frameBytes = (pixel: Pick<ImagePixel, 'rows' | 'columns' | 'samplesPerPixel' | 'bitsAllocated'>): number =>
  pixel.rows * pixel.columns * pixel.samplesPerPixel * cellBytes(pixel)

function required(dataSet: DataSet, keyword: string, { max }: { max: number }): number {
  const tag = tagOf(keyword)!
  const value = dataSet.number(tag)
  if (value === undefined) throw new DicomError({ reason: `DICOM attribute ${keyword} does not exist`, tag })
  return bounded(value, { keyword, tag, max })
}

function optional(dataSet: DataSet, keyword: string, { otherwise, max }: { otherwise: number; max: number }): number {
  const tag = tagOf(keyword)!
  const value = dataSet.number(tag)
  return value === undefined ? otherwise : bounded(value, { keyword, tag, max })
}

function bounded(value: number, { keyword, tag, max }: { keyword: string; tag: string; max: number }): number {
  if (Number.isInteger(value) && value >= 1 && value <= max) return value
  throw new DicomError({ reason: `${keyword} is not between 1 and ${max}`, tag })
}
