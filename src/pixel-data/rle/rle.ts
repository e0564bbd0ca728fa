/** RLE Lossless (PS3.5 annex G): one frame to and from its byte segments, compressed with the PackBits scheme. */

import { DicomError } from '../../dicom/dicom-error.ts'

interface RLEFrameShape {
  rows: number
  columns: number
  samplesPerPixel: number
  bitsAllocated: number
}

const HEADER_SIZE_BYTES = 64
const SEGMENTS_MAX = 15
const RUN_BYTES_MAX = 128

/** @param pixels one frame, little endian, colour by pixel (planar configuration 0) */
export function encodeRLEFrame(pixels: Uint8Array, shape: RLEFrameShape): Uint8Array {
  const { segments, pixelCount, strideBytes } = layoutOf(shape)
  if (pixels.length !== pixelCount * strideBytes)
    throw new DicomError({ reason: 'the frame is not as long as its shape' })
  const bytes: number[] = []
  const header = new DataView(new ArrayBuffer(HEADER_SIZE_BYTES))
  header.setUint32(0, segments.length, true)
  const row = new Uint8Array(shape.columns)
  segments.forEach((firstByte, index) => {
    header.setUint32(4 + 4 * index, HEADER_SIZE_BYTES + bytes.length, true)
    // A run must not cross from one row to the next (G.3.1).
    for (let y = 0; y < shape.rows; y++) {
      let from = y * shape.columns * strideBytes + firstByte
      for (let x = 0; x < shape.columns; x++, from += strideBytes) row[x] = pixels[from]!
      packRow(row, bytes)
    }
    if (bytes.length % 2 === 1) bytes.push(0)
  })
  const frame = new Uint8Array(HEADER_SIZE_BYTES + bytes.length)
  frame.set(new Uint8Array(header.buffer))
  frame.set(bytes, HEADER_SIZE_BYTES)
  return frame
}

/**
 * @returns one frame, little endian, colour by pixel
 * @throws DicomError where segments are missing, truncated or too long for the image size
 */
export function decodeRLEFrame(frame: Uint8Array, shape: RLEFrameShape): Uint8Array {
  const { segments, pixelCount, strideBytes } = layoutOf(shape)
  if (frame.length < HEADER_SIZE_BYTES) throw new DicomError({ reason: 'the RLE header is cut short' })
  const header = new DataView(frame.buffer, frame.byteOffset, HEADER_SIZE_BYTES)
  if (header.getUint32(0, true) !== segments.length) {
    throw new DicomError({ reason: 'the number of RLE segments does not fit the pixel attributes' })
  }
  const pixels = new Uint8Array(pixelCount * strideBytes)
  segments.forEach((firstByte, index) => {
    const start = header.getUint32(4 + 4 * index, true)
    const end = index + 1 < segments.length ? header.getUint32(8 + 4 * index, true) : frame.length
    if (start < HEADER_SIZE_BYTES || end < start || end > frame.length) {
      throw new DicomError({ reason: 'an RLE segment lies outside its frame', offsetBytes: start })
    }
    unpackSegment(frame.subarray(start, end), { pixels, firstByte, strideBytes })
  })
  return pixels
}

/** Which byte of a pixel each segment has: sample by sample, the most significant byte first (G.2). */
function layoutOf({ rows, columns, samplesPerPixel, bitsAllocated }: RLEFrameShape) {
  const sampleBytes = Math.ceil(bitsAllocated / 8)
  const segments: number[] = []
  for (let sample = 0; sample < samplesPerPixel; sample++) {
    for (let byte = sampleBytes - 1; byte >= 0; byte--) segments.push(sample * sampleBytes + byte)
  }
  if (segments.length > SEGMENTS_MAX) throw new DicomError({ reason: 'RLE has no room for so many bytes a pixel' })
  return { segments, pixelCount: rows * columns, strideBytes: sampleBytes * samplesPerPixel }
}

/** A run of two or more equal bytes, or a sequence without a run of three (G.3.1). */
function packRow(row: Uint8Array, bytes: number[]): void {
  let at = 0
  while (at < row.length) {
    const run = runLength(row, at)
    if (run >= 2) {
      bytes.push(257 - run, row[at]!)
      at += run
      continue
    }
    let end = at + 1
    while (end < row.length && end - at < RUN_BYTES_MAX && runLength(row, end) < 3) end++
    bytes.push(end - at - 1)
    for (; at < end; at++) bytes.push(row[at]!)
  }
}

function runLength(row: Uint8Array, start: number): number {
  const limit = Math.min(row.length, start + RUN_BYTES_MAX)
  let end = start + 1
  while (end < limit && row[end] === row[start]) end++
  return end - start
}

interface SegmentTarget {
  pixels: Uint8Array
  firstByte: number
  strideBytes: number
}

function unpackSegment(segment: Uint8Array, { pixels, firstByte, strideBytes }: SegmentTarget): void {
  let to = firstByte
  let at = 0
  while (to < pixels.length) {
    const control = segment[at++]
    if (control === undefined) throw new DicomError({ reason: 'an RLE segment is cut short' })
    if (control === 128) continue
    const isRun = control > 128
    const count = isRun ? 257 - control : control + 1
    if (at + (isRun ? 1 : count) > segment.length) throw new DicomError({ reason: 'an RLE segment is cut short' })
    if (to + (count - 1) * strideBytes >= pixels.length) {
      throw new DicomError({ reason: 'an RLE segment holds more than its frame' })
    }
    for (let i = 0; i < count; i++, to += strideBytes) pixels[to] = segment[isRun ? at : at + i]!
    at += isRun ? 1 : count
  }
}
