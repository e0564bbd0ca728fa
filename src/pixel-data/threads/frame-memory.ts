/**
 * Estimates the memory that transcoding a frame takes, and checks that its bytes can be an image of the declared size. Both are known before
 * anything is allocated.
 */
import { frameBytes, type ImagePixel } from '../element/image-pixel.ts'
import { codingOf, type FrameCoding } from '../frame/frame-coding.ts'
import type { FrameFormat } from '../frame/store-frame.ts'

interface FrameSize {
  readonly pixel: ImagePixel
  readonly transferSyntaxUID: string
  readonly format: FrameFormat
  /** In its file. */
  readonly sizeBytes: number
  /** Of the image that is made of the frame, if one is. */
  readonly imageBytes: number
}

interface FrameMemory {
  /** The maximum, for noise. Pixels that compress well take a third. */
  readonly maxBytes: number
  /** The part that does not depend on the pixels: the input, the decoded pixels, and the output. */
  readonly outsideCodecBytes: number
}

const THREAD_BYTES = 8 * 1024 ** 2

/**
 * Memory as a multiple of the decoded pixels, without the input. Measured as the peak resident memory of a process that transcodes one frame
 * of noise; frames had 16 to 50 MB, one and two bytes per sample, grey and colour.
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
/**
 * Memory of an image as a multiple of its samples, for grey ones and JPEG, which take the most: the samples, four for each pixel, their copy in the
 * encoder, coefficients, and the encoded bytes.
 */
const TIMES_IMAGE = 14
/** Of these, outside the encoder. */
const TIMES_IMAGE_OUTSIDE = 6

export function memoryOf({ pixel, transferSyntaxUID, format, sizeBytes, imageBytes }: FrameSize): FrameMemory {
  const pixelBytes = frameBytes(pixel)
  const coding = codingOf(transferSyntaxUID)
  const times = TIMES[coding] + (format === 'JPEG_2000_LOSSLESS' ? MORE_FOR_JPEG_2000 : 0)
  const outsideCodecBytes = sizeBytes + pixelBytes * (coding === 'native' ? 1 : 2) + imageBytes * TIMES_IMAGE_OUTSIDE
  return { outsideCodecBytes, maxBytes: sizeBytes + pixelBytes * times + imageBytes * TIMES_IMAGE + THREAD_BYTES }
}

/** Two bytes of RLE decode to at most 128 (PS3.5 G.3.1). */
const PIXEL_BYTES_OF_RLE = 64
/** A block of 64 pixels takes at least two bits (ITU-T T.81 F.1.2). */
const PIXELS_OF_JPEG = 4 * 64
/** Other codings have no such bound, but an image this large with so few bytes is found only with a broken header. */
const LARGE_BYTES = 64 * 1024 ** 2
const PIXEL_BYTES_OF_LARGE = 4_096

/** Why the bytes cannot be the image, or undefined. A header of a few bytes can declare an image of many gigabytes. */
export function faultOfSize({
  pixel,
  transferSyntaxUID,
  sizeBytes,
}: Omit<FrameSize, 'format' | 'imageBytes'>): string | undefined {
  return sizeBytes < leastBytes(pixel, codingOf(transferSyntaxUID))
    ? 'the frame is too short for an image of its size'
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
