/**
 * Scales a region of a frame to an image: the mean of the pixels that a smaller pixel covers, and linear interpolation for larger ones. Works line
 * by line, with memory for a few lines.
 */
import type { Region, Rendering } from './rendering.ts'

/** Writes the samples of a line of the frame, from the column `from`. */
type Lines = (line: number, columns: { readonly from: number; readonly count: number }, into: Uint8Array) => void

/** What each pixel of the image takes from the frame, along one axis. */
interface Weights {
  readonly first: Int32Array
  /** The weights of pixel i are those from `start[i]` to before `start[i + 1]`; they add up to 1. */
  readonly start: Int32Array
  readonly weight: Float32Array
}

interface Frame {
  readonly rows: number
  readonly columns: number
  readonly samplesPerPixel: 1 | 3
}

export function scaled(lines: Lines, frame: Frame, rendering: Rendering): Uint8Array {
  const { region, rows, columns, isFlippedHorizontally, isFlippedVertically } = rendering
  const { samplesPerPixel } = frame
  const image = new Uint8Array(rows * columns * samplesPerPixel)
  const width = columns * samplesPerPixel
  if (isCopied(rendering)) {
    const flat = new Uint8Array(width)
    for (let row = 0; row < rows; row++) {
      lines(region.top + (isFlippedVertically ? rows - 1 - row : row), { from: region.left, count: columns }, flat)
      if (isFlippedHorizontally) mirror(flat, samplesPerPixel)
      image.set(flat, row * width)
    }
    return image
  }
  const across = weightsOf({ start: region.left, length: region.width, pixels: columns, max: frame.columns })
  const down = weightsOf({ start: region.top, length: region.height, pixels: rows, max: frame.rows })
  const readLine = scaledLines(lines, { across, columns, samplesPerPixel })
  const sum = new Float32Array(width)
  const flat = new Uint8Array(width)
  for (let row = 0; row < rows; row++) {
    sum.fill(0.5)
    const first = down.first[row]!
    for (let at = down.start[row]!; at < down.start[row + 1]!; at++) {
      const line = readLine(first + at - down.start[row]!)
      const weight = down.weight[at]!
      for (let x = 0; x < width; x++) sum[x]! += line[x]! * weight
    }
    for (let x = 0; x < width; x++) flat[x] = sum[x]!
    if (isFlippedHorizontally) mirror(flat, samplesPerPixel)
    image.set(flat, (isFlippedVertically ? rows - 1 - row : row) * width)
  }
  return image
}

/** Pixel for pixel. */
function isCopied({ region, rows, columns }: Rendering): boolean {
  const { left, top, width, height } = region
  return width === columns && height === rows && Number.isInteger(left) && Number.isInteger(top)
}

/** Lines scaled across, each once: lines of an image follow each other downwards. */
function scaledLines(
  lines: Lines,
  { across, columns, samplesPerPixel }: { across: Weights; columns: number; samplesPerPixel: 1 | 3 },
): (line: number) => Float32Array {
  const from = across.first[0]!
  const last = columns - 1
  const count = across.first[last]! + across.start[columns]! - across.start[last]! - from
  const source = new Uint8Array(count * samplesPerPixel)
  // Interpolation needs two lines again and again; a mean reads each line once or twice.
  const kept = [0, 1].map(() => ({ line: -1, values: new Float32Array(columns * samplesPerPixel) }))
  return (line) => {
    const known = kept.find((one) => one.line === line)
    if (known !== undefined) return known.values
    const oldest = kept[0]!.line <= kept[1]!.line ? kept[0]! : kept[1]!
    oldest.line = line
    lines(line, { from, count }, source)
    across1(source, oldest.values, { across, from, columns, samplesPerPixel })
    return oldest.values
  }
}

function across1(
  source: Uint8Array,
  into: Float32Array,
  {
    across: { first, start, weight },
    from,
    columns,
    samplesPerPixel,
  }: { across: Weights; from: number; columns: number; samplesPerPixel: 1 | 3 },
): void {
  for (let column = 0; column < columns; column++) {
    const begin = start[column]!
    const end = start[column + 1]!
    const base = (first[column]! - from) * samplesPerPixel
    for (let sample = 0; sample < samplesPerPixel; sample++) {
      let sum = 0
      for (let at = begin; at < end; at++) sum += source[base + (at - begin) * samplesPerPixel + sample]! * weight[at]!
      into[column * samplesPerPixel + sample] = sum
    }
  }
}

interface Axis {
  readonly start: number
  readonly length: number
  /** Of the image. */
  readonly pixels: number
  /** Of the frame. */
  readonly max: number
}

function weightsOf(axis: Axis): Weights {
  const { pixels } = axis
  const step = axis.length / pixels
  const first = new Int32Array(pixels)
  const start = new Int32Array(pixels + 1)
  const weights: number[] = []
  for (let pixel = 0; pixel < pixels; pixel++) {
    start[pixel] = weights.length
    const at = axis.start + pixel * step
    first[pixel] = step > 1 ? addMean(weights, at, { step, axis }) : addLinear(weights, at + step / 2 - 0.5, axis)
  }
  start[pixels] = weights.length
  return { first, start, weight: Float32Array.from(weights) }
}

/** The share that each pixel of the frame has of the interval from `at`. */
function addMean(weights: number[], at: number, { step, axis }: { step: number; axis: Axis }): number {
  const end = Math.min(at + step, axis.max)
  const first = Math.min(Math.floor(at), axis.max - 1)
  for (let pixel = first; pixel < end; pixel++) {
    const covered = Math.min(end, pixel + 1) - Math.max(at, pixel)
    if (pixel > first && covered <= 0) break
    weights.push(covered / (end - at))
  }
  return first
}

/** Between the centres of two pixels, within the region. */
function addLinear(weights: number[], at: number, { start, length, max }: Axis): number {
  const least = Math.floor(start)
  const greatest = Math.min(max, Math.ceil(start + length)) - 1
  const clamped = Math.max(least, Math.min(greatest, at))
  const first = Math.floor(clamped)
  const share = clamped - first
  if (first >= greatest || share === 0) {
    weights.push(1)
    return first
  }
  weights.push(1 - share, share)
  return first
}

function mirror(line: Uint8Array, samplesPerPixel: 1 | 3): void {
  for (let left = 0, right = line.length - samplesPerPixel; left < right; left += samplesPerPixel) {
    for (let sample = 0; sample < samplesPerPixel; sample++) {
      const before = line[left + sample]!
      line[left + sample] = line[right + sample]!
      line[right + sample] = before
    }
    right -= samplesPerPixel
  }
}

/** The size of a region, scaled so that it just fits, with pixels of another shape than a square made square. */
export function fitted(
  { width, height }: Pick<Region, 'width' | 'height'>,
  { columns, rows, aspect }: { readonly columns: number; readonly rows: number; readonly aspect: number },
): { readonly columns: number; readonly rows: number } {
  const scale = Math.min(columns / width, rows / (height * aspect))
  return {
    columns: Math.max(1, Math.min(columns, Math.round(width * scale))),
    rows: Math.max(1, Math.min(rows, Math.round(height * aspect * scale))),
  }
}
