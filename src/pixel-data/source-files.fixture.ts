/**
 * For tests of frames: files of every transfer syntax that is imported, made by other people's programs out of an uncompressed one, and
 * how other people's programs get at the pixels again.
 */

import type { StorageFormat } from '../dicom/transfer-syntaxes.ts'
import type { ImagePixel } from './element/image-pixel.ts'
import { type Folder, lacks, netpbmPixels, pixelOf } from './frames.fixture.ts'

export const lacksDecoders = lacks(
  ['dcmdjpeg', 'dcmtk'],
  ['gdcmconv', 'libgdcm-tools'],
  ['opj_decompress', 'libopenjp2-tools'],
  ['ojph_expand', 'openjph-tools'],
)

export const GREY_12 = pixelOf({ bitsStored: 12 })
export const GREY_16 = pixelOf()
export const SIGNED = pixelOf({ isSigned: true })
export const GREY_8 = pixelOf({ bitsAllocated: 8 })
export const COLOUR = pixelOf({ bitsAllocated: 8, samplesPerPixel: 3, columns: 91 })

export interface SourceFile {
  readonly name: string
  readonly uid: string
  readonly pixel: ImagePixel
  /** Makes the file of a native one. */
  readonly encode: string
  /** Makes a native file of it. */
  readonly decode: string
  readonly numberOfFrames?: number
}

export const SOURCES: readonly SourceFile[] = [
  { name: 'implicit', uid: '', pixel: SIGNED, encode: 'dcmconv +ti $in $out', decode: 'dcmconv +te $in $out' },
  { name: 'deflated', uid: '.1.99', pixel: GREY_12, encode: 'dcmconv +td $in $out', decode: 'dcmconv +te $in $out' },
  { name: 'big endian', uid: '.2', pixel: SIGNED, encode: 'dcmconv +tb $in $out', decode: 'dcmconv +te $in $out' },
  {
    ...{ name: 'big endian of bytes, frames of odd length', uid: '.2', numberOfFrames: 3 },
    pixel: pixelOf({ bitsAllocated: 8, rows: 61, columns: 45, numberOfFrames: 3 }),
    ...{ encode: 'dcmconv +tb $in $out', decode: 'dcmconv +te $in $out' },
  },
  { name: 'RLE', uid: '.5', pixel: GREY_16, encode: 'dcmcrle $in $out', decode: 'dcmdrle $in $out' },
  { name: 'RLE of colour', uid: '.5', pixel: COLOUR, encode: 'dcmcrle $in $out', decode: 'gdcmconv --raw $in $out' },
  {
    ...{ name: 'RLE of four frames', uid: '.5', numberOfFrames: 4, pixel: pixelOf({ numberOfFrames: 4 }) },
    ...{ encode: 'dcmcrle +fs 1 $in $out', decode: 'dcmdrle $in $out' },
  },
  {
    ...{ name: 'JPEG extended, 12 bits', uid: '.4.51', pixel: GREY_12 },
    ...{ encode: 'dcmcjpeg +ee +bt $in $out', decode: 'dcmdjpeg $in $out' },
  },
  {
    ...{ name: 'JPEG extended, 8 bits', uid: '.4.51', pixel: GREY_8 },
    ...{ encode: 'dcmcjpeg +ee $in $out', decode: 'dcmdjpeg $in $out' },
  },
  {
    ...{ name: 'JPEG extended of colour, chroma of every pixel', uid: '.4.51', pixel: COLOUR },
    ...{ encode: 'dcmcjpeg +ee +s4 $in $out', decode: 'dcmdjpeg +px $in $out' },
  },
  {
    ...{ name: 'JPEG extended of colour, chroma of every second pixel', uid: '.4.51', pixel: COLOUR },
    ...{ encode: 'dcmcjpeg +ee +s2 $in $out', decode: 'dcmdjpeg +px $in $out' },
  },
  {
    ...{ name: 'JPEG lossless, first order', uid: '.4.70', pixel: GREY_16 },
    ...{ encode: 'dcmcjpeg +e1 $in $out', decode: 'dcmdjpeg $in $out' },
  },
  {
    ...{ name: 'JPEG lossless of signed samples', uid: '.4.70', pixel: pixelOf({ isSigned: true, bitsStored: 12 }) },
    ...{ encode: 'dcmcjpeg +e1 $in $out', decode: 'dcmdjpeg $in $out' },
  },
  {
    ...{ name: 'JPEG lossless of colour', uid: '.4.70', pixel: COLOUR },
    ...{ encode: 'dcmcjpeg +e1 $in $out', decode: 'dcmdjpeg +px $in $out' },
  },
  ...[1, 2, 3, 4, 5, 6, 7].map((predictor) => ({
    ...{ name: `JPEG lossless, predictor ${predictor}`, uid: '.4.57', pixel: GREY_12 },
    ...{ encode: `dcmcjpeg +el +sv ${predictor} $in $out`, decode: 'dcmdjpeg $in $out' },
  })),
  {
    ...{ name: 'JPEG lossless with a point transform', uid: '.4.57', pixel: GREY_12 },
    ...{ encode: 'dcmcjpeg +el +sv 4 +pt 2 $in $out', decode: 'dcmdjpeg $in $out' },
  },
  { name: 'JPEG-LS', uid: '.4.80', pixel: GREY_16, encode: 'dcmcjpls $in $out', decode: 'dcmdjpls $in $out' },
  {
    ...{ name: 'JPEG-LS of colour', uid: '.4.80', pixel: COLOUR },
    ...{ encode: 'dcmcjpls $in $out', decode: 'dcmdjpls +px $in $out' },
  },
  {
    ...{ name: 'JPEG-LS of colour, a scan for each component', uid: '.4.80', pixel: COLOUR },
    ...{ encode: 'dcmcjpls +in $in $out', decode: 'dcmdjpls +px $in $out' },
  },
  {
    ...{ name: 'JPEG-LS of colour with 16 bits, by sample', uid: '.4.80', pixel: pixelOf({ samplesPerPixel: 3 }) },
    ...{ encode: 'dcmcjpls +is $in $out', decode: 'dcmdjpls +px $in $out' },
  },
  {
    ...{ name: 'JPEG-LS near-lossless', uid: '.4.81', pixel: GREY_12 },
    ...{ encode: 'dcmcjpls +en $in $out', decode: 'dcmdjpls $in $out' },
  },
  {
    ...{ name: 'JPEG-LS of three frames', uid: '.4.80', pixel: pixelOf({ numberOfFrames: 3 }), numberOfFrames: 3 },
    ...{ encode: 'dcmcjpls -ot $in $out', decode: 'dcmdjpls $in $out' },
  },
  {
    ...{ name: 'JPEG 2000', uid: '.4.90', pixel: GREY_16 },
    ...{ encode: 'gdcmconv --j2k $in $out', decode: 'gdcmconv --raw $in $out' },
  },
  {
    ...{ name: 'JPEG 2000 of signed samples', uid: '.4.90', pixel: SIGNED },
    ...{ encode: 'gdcmconv --j2k $in $out', decode: 'gdcmconv --raw $in $out' },
  },
  {
    ...{ name: 'JPEG 2000 of colour', uid: '.4.90', pixel: COLOUR },
    ...{ encode: 'gdcmconv --j2k $in $out', decode: 'gdcmconv --raw $in $out' },
  },
]

/** Every kind of cell of uncompressed files, and the ending of the syntax in which the frames of each are stored. */
export const NATIVE_KINDS = [
  ...[GREY_8, GREY_12, GREY_16, SIGNED, COLOUR].map((pixel) => ({ pixel, stored: '.4.202' })),
  { pixel: pixelOf({ bitsAllocated: 8, isSigned: true }), stored: '.4.202' },
  { pixel: pixelOf({ bitsStored: 8 }), stored: '.4.202' },
  { pixel: pixelOf({ bitsStored: 12, isSigned: true }), stored: '.4.202' },
  { pixel: pixelOf({ samplesPerPixel: 3, bitsStored: 12 }), stored: '.4.202' },
  { pixel: pixelOf({ samplesPerPixel: 3 }), stored: '.4.202' },
  { pixel: pixelOf({ bitsAllocated: 8, photometricInterpretation: 'PALETTE COLOR' }), stored: '.4.202' },
  { pixel: pixelOf({ bitsAllocated: 32 }), stored: '.1' },
  { pixel: pixelOf({ bitsAllocated: 32, isSigned: true }), stored: '.1' },
]

/** By OpenJPH's own program of HTJ2K, by OpenJPEG's of JPEG 2000. */
export function decodeStored(
  folder: Folder,
  bytes: Uint8Array,
  { format, pixel }: { format: StorageFormat; pixel: ImagePixel },
): Uint8Array {
  const isColour = pixel.samplesPerPixel > 1
  const [program, ending, raw] =
    format === 'HTJ2K' ? ['ojph_expand', '.jph', '.raw'] : ['opj_decompress', '.j2k', '.rawl']
  const decoded = folder.run(`${program} -i $in -o $out`, bytes, { in: ending, out: isColour ? '.ppm' : raw })
  return isColour ? netpbmPixels(decoded) : decoded
}
