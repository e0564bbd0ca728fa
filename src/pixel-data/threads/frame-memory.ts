/**
 * What a frame takes of memory on its way through a thread, and whether its bytes can be a picture of the size that is claimed for them:
 * both are known before anything is allocated.
 */
import { frameBytes, type ImagePixel } from '../element/image-pixel.ts'
import { codingOf, type FrameCoding } from '../frame/frame-coding.ts'
import type { FrameFormat } from '../frame/store-frame.ts'

interface FrameSize {
  readonly pixel: ImagePixel
  readonly transferSyntaxUID: string
  readonly format: FrameFormat
  /** As it lies in its file. */
  readonly sizeBytes: number
}

interface FrameMemory {
  /** Of noise; pixels that compress well take a third. */
  readonly most: number
  /** The part of it that is the same for all pixels: the frame as it came, its pixels, and what is stored of it. */
  readonly outsideCodecs: number
}

const THREAD_BYTES = 8 * 1024 ** 2

/**
 * Measured with frames of 16 to 50 MB of one and two bytes a sample, grey and colour, drawn and noise, as the greatest resident memory of a
 * process that transcodes one frame: of noise so many times the bytes of the pixels, beside the frame as it came.
 */
const TIMES: Readonly<Record<FrameCoding, number>> = {
  native: 8,
  RLE: 8,
  JPEG: 8,
  'JPEG-LS': 10,
  HTJ2K: 12,
  'JPEG 2000': 17,
}
const MORE_FOR_JPEG_2000 = 4

export function memoryOf({ pixel, transferSyntaxUID, format, sizeBytes }: FrameSize): FrameMemory {
  const pixelBytes = frameBytes(pixel)
  const coding = codingOf(transferSyntaxUID)
  const times = TIMES[coding] + (format === 'JPEG_2000_LOSSLESS' ? MORE_FOR_JPEG_2000 : 0)
  const outsideCodecs = sizeBytes + pixelBytes * (coding === 'native' ? 1 : 2)
  return { outsideCodecs, most: sizeBytes + pixelBytes * times + THREAD_BYTES }
}

/** A byte of RLE makes at most half of 128 (PS3.5 G.3.1). */
const PIXEL_BYTES_OF_RLE = 64
/** A block of 64 takes at least two bits (ITU-T T.81 F.1.2); `dicom/jpeg.ts` looks closer. */
const PIXELS_OF_JPEG = 4 * 64
/** Wavelets and runs have no such bound, but a picture of so many bytes that takes so little is not met but in broken headers. */
const LARGE_BYTES = 64 * 1024 ** 2
const PIXEL_BYTES_OF_LARGE = 4_096

/** Why the bytes cannot be the picture, or undefined: a header of a few bytes may promise a picture of many gigabytes. */
export function faultOfSize({ pixel, transferSyntaxUID, sizeBytes }: Omit<FrameSize, 'format'>): string | undefined {
  return sizeBytes < leastBytes(pixel, codingOf(transferSyntaxUID))
    ? 'the frame is too short for a picture of its size'
    : undefined
}

function leastBytes(pixel: ImagePixel, coding: FrameCoding): number {
  const pixelBytes = frameBytes(pixel)
  switch (coding) {
    case 'native':
      return 0
    case 'RLE':
      return pixelBytes / PIXEL_BYTES_OF_RLE
    case 'JPEG':
      return (pixel.rows * pixel.columns) / PIXELS_OF_JPEG
    default:
      return pixelBytes > LARGE_BYTES ? pixelBytes / PIXEL_BYTES_OF_LARGE : 0
  }
}
