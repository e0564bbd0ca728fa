/**
 * Renders decoded frames as RGBA pixels. Grayscale goes through the Modality LUT, the VOI LUT and the polarity, which are precomputed in a
 * table of all cell values, so that each pixel takes one lookup.
 */
import type { StackImage } from '../stack/stack.ts'
import { numberOf } from '../stack/values.ts'
import { type Mapping, modalityLUTOf } from './modality-lut.ts'
import { type Palette, paletteOf } from './palette.ts'
import { cellBytes, type PixelFormat, pixelFormatOf, type Samples, storedValueReader } from './stored-values.ts'
import { fullWindow, presetsOf, voiTable, type Window, windowFunctionOf, windowMapping } from './voi-lut.ts'

/** A frame as decoded. */
export interface DecodedFrame {
  /** Interleaved. Of a smaller image if resolutions were skipped. */
  readonly samples: Samples
  readonly rows: number
  readonly columns: number
  readonly samplesPerPixel: number
  /** The color space that the stored frame declares. Undefined if only the instance does. */
  readonly colour: 'RGB' | 'YBR' | undefined
  /** How many times the size was halved. */
  readonly skippedResolutions: number
}

/** The VOI LUT that the person chose. */
export type Voi =
  /** The first window or table of the document, or the full range if it has none. */
  | { readonly kind: 'stored' }
  | { readonly kind: 'full' }
  | { readonly kind: 'window'; readonly window: Window }
  | { readonly kind: 'table'; readonly index: number }

export interface DisplaySettings {
  readonly voi: Voi
  readonly isInverted: boolean
}

export type Pixels = Uint8ClampedArray<ArrayBuffer>

const OPAQUE = 0xff000000

export function render(
  image: StackImage,
  { decoded, settings }: { decoded: DecodedFrame; settings: DisplaySettings },
): Pixels {
  const pixels = new Uint8ClampedArray(decoded.rows * decoded.columns * 4)
  const format = pixelFormatOf(image)
  if (isColour(decoded)) drawColour(pixels, { decoded, format, isInverted: settings.isInverted })
  else if (format.photometricInterpretation === 'PALETTE COLOR') {
    drawPalette(pixels, { decoded, format, palette: cachedPalette(image), isInverted: settings.isInverted })
  } else drawGrey(pixels, { decoded, format, image, settings })
  return pixels
}

export const isColour = ({ samplesPerPixel }: Pick<DecodedFrame, 'samplesPerPixel'>): boolean => samplesPerPixel >= 3

/** Only grayscale images have a window. */
export const isGrey = (image: StackImage): boolean =>
  /^MONOCHROME[12]$/.test(pixelFormatOf(image).photometricInterpretation) && pixelFormatOf(image).samplesPerPixel === 1

function drawGrey(
  pixels: Pixels,
  {
    decoded,
    format,
    image,
    settings,
  }: { decoded: DecodedFrame; format: PixelFormat; image: StackImage; settings: DisplaySettings },
): void {
  const value = storedValueReader(format)
  const modality = modalityLUTOf(image)
  const brightness = brightnessOf(image, { decoded, settings })
  const isPadding = paddingOf(image)
  const isReversed = (format.photometricInterpretation === 'MONOCHROME1') !== settings.isInverted
  const grey = (cell: number): number => {
    const stored = value(cell)
    if (isPadding(stored)) return OPAQUE
    const fraction = brightness(modality(stored))
    const level = Math.round((isReversed ? 1 - fraction : fraction) * 255)
    return OPAQUE | (level << 16) | (level << 8) | level
  }
  const { samples } = decoded
  const bits = 8 * cellBytes(format)
  if (bits > 16) drawEach(pixels, { samples, colourOf: grey })
  else drawByTable(pixels, { samples, table: greyTable(image, { decoded, settings, bits, grey }) })
}

let lastTable: { readonly key: string; readonly table: Uint32Array } | undefined

/** Reuses the last table if the image has the same settings. Tables that use lookup data of the document are not reused. */
function greyTable(
  image: StackImage,
  {
    decoded,
    settings,
    bits,
    grey,
  }: { decoded: DecodedFrame; settings: DisplaySettings; bits: number; grey: (cell: number) => number },
): Uint32Array {
  const hasLookupTables =
    image.attribute('ModalityLUTSequence') != null || tableIndexOf(image, settings.voi) !== undefined
  if (hasLookupTables) return tableOf(bits, grey)
  const key = JSON.stringify([
    ...[pixelFormatOf(image), windowOf(image, { decoded, voi: settings.voi }), windowFunctionOf(image)],
    ...[image.attribute('RescaleSlope'), image.attribute('RescaleIntercept'), settings.isInverted],
    ...[image.instance.PixelPaddingValue, image.instance.PixelPaddingRangeLimit],
  ])
  if (lastTable?.key !== key) lastTable = { key, table: tableOf(bits, grey) }
  return lastTable.table
}

/** The pixel of every cell value, as a little-endian word: red is the low byte. */
function tableOf(bits: number, colourOf: (cell: number) => number): Uint32Array {
  const table = new Uint32Array(2 ** bits)
  for (let cell = 0; cell < table.length; cell++) table[cell] = colourOf(cell)
  return table
}

function drawByTable(pixels: Pixels, { samples, table }: { samples: Samples; table: Uint32Array }): void {
  const words = new Uint32Array(pixels.buffer)
  const cells = samples as Uint8Array | Uint16Array
  for (let at = 0; at < words.length; at++) words[at] = table[cells[at]!]!
}

function drawEach(
  pixels: Pixels,
  { samples, colourOf }: { samples: Samples; colourOf: (cell: number) => number },
): void {
  const words = new Uint32Array(pixels.buffer)
  for (let at = 0; at < words.length; at++) words[at] = colourOf(Number(samples[at]))
}

/** Maps modality values to brightness, 0 for black and 1 for white. */
function brightnessOf(
  image: StackImage,
  { decoded, settings }: { decoded: DecodedFrame; settings: DisplaySettings },
): Mapping {
  const table = tableIndexOf(image, settings.voi)
  const mapping = table === undefined ? undefined : voiTable(image, table)
  return mapping ?? windowMapping(windowOf(image, { decoded, voi: settings.voi }), windowFunctionOf(image))
}

function tableIndexOf(image: StackImage, voi: Voi): number | undefined {
  if (voi.kind === 'table') return voi.index
  const first = voi.kind === 'stored' ? presetsOf(image)[0]?.voi : undefined
  return first?.kind === 'table' ? first.index : undefined
}

/** The window of an image: the one in use, or the start of a change if a table is in use. */
export function windowOf(image: StackImage, { decoded, voi }: { decoded: DecodedFrame; voi: Voi }): Window {
  if (voi.kind === 'window') return voi.window
  const stored = voi.kind === 'full' ? undefined : storedWindow(image)
  return stored ?? fullWindow(valuesOf(image, decoded), windowFunctionOf(image))
}

function storedWindow(image: StackImage): Window | undefined {
  for (const { voi } of presetsOf(image)) if (voi.kind === 'window') return voi.window
  return undefined
}

/** The minimum and maximum without padding. The document has them, but they include padding. */
function valuesOf(image: StackImage, decoded: DecodedFrame): { readonly min: number; readonly max: number } {
  const modality = modalityLUTOf(image)
  const { MinPixelValue, MaxPixelValue } = image.frame ?? {}
  const hasPadding = numberOf(image.instance.PixelPaddingValue) !== undefined
  const [min, max] =
    typeof MinPixelValue === 'number' && typeof MaxPixelValue === 'number' && !hasPadding
      ? [MinPixelValue, MaxPixelValue]
      : rangeOf(decoded.samples, { value: storedValueReader(pixelFormatOf(image)), isPadding: paddingOf(image) })
  const [a, b] = [modality(min), modality(max)]
  return { min: Math.min(a, b), max: Math.max(a, b) }
}

function rangeOf(
  samples: Samples,
  { value, isPadding }: { value: (cell: number) => number; isPadding: (stored: number) => boolean },
): readonly [number, number] {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (const cell of samples) {
    const stored = value(Number(cell))
    if (!Number.isFinite(stored) || isPadding(stored)) continue
    if (stored < min) min = stored
    if (stored > max) max = stored
  }
  return min <= max ? [min, max] : [0, 1]
}

/** Pixel Padding (PS3.3 C.7.5.1.1.2), which is always black. */
function paddingOf(image: StackImage): (stored: number) => boolean {
  const { PixelPaddingValue, PixelPaddingRangeLimit } = image.instance
  const { isSigned, bitsStored } = pixelFormatOf(image)
  // Some files have an unsigned padding value with signed pixels.
  const signed = (value: number) => (isSigned && value >= 2 ** (bitsStored - 1) ? value - 2 ** 16 : value)
  const value = numberOf(PixelPaddingValue)
  if (value === undefined) return () => false
  const [a, b] = [signed(value), signed(numberOf(PixelPaddingRangeLimit) ?? value)]
  return (stored) => stored >= Math.min(a, b) && stored <= Math.max(a, b)
}

const palettes = new WeakMap<object, Palette | undefined>()

function cachedPalette({ instance }: StackImage): Palette | undefined {
  if (!palettes.has(instance)) {
    palettes.set(instance, paletteOf(instance, { isSigned: numberOf(instance.PixelRepresentation) === 1 }))
  }
  return palettes.get(instance)
}

/** Whether the image needs a palette and has no valid one. */
export const lacksPalette = (image: StackImage): boolean =>
  pixelFormatOf(image).photometricInterpretation === 'PALETTE COLOR' && cachedPalette(image) === undefined

function drawPalette(
  pixels: Pixels,
  {
    decoded,
    format,
    palette,
    isInverted,
  }: { decoded: DecodedFrame; format: PixelFormat; palette: Palette | undefined; isInverted: boolean },
): void {
  if (palette === undefined) return
  const value = storedValueReader(format)
  const { first, colours } = palette
  const last = colours.length / 3 - 1
  const inversion = isInverted ? 0xffffff : 0
  const colourOf = (cell: number): number => {
    const at = 3 * Math.max(0, Math.min(last, value(cell) - first))
    return OPAQUE | (((colours[at + 2]! << 16) | (colours[at + 1]! << 8) | colours[at]!) ^ inversion)
  }
  const { samples } = decoded
  const bits = 8 * cellBytes(format)
  if (bits > 16) drawEach(pixels, { samples, colourOf })
  else drawByTable(pixels, { samples, table: tableOf(bits, colourOf) })
}

function drawColour(
  pixels: Pixels,
  { decoded, format, isInverted }: { decoded: DecodedFrame; format: PixelFormat; isInverted: boolean },
): void {
  const { samples, samplesPerPixel } = decoded
  const { bitsStored, photometricInterpretation } = format
  const toByte = 255 / (2 ** bitsStored - 1)
  const isByte = bitsStored === 8
  const isYBR = (decoded.colour ?? (/^YBR_(FULL|PARTIAL)/.test(photometricInterpretation) ? 'YBR' : 'RGB')) === 'YBR'
  const isPartial = photometricInterpretation.startsWith('YBR_PARTIAL')
  const toRGB = isPartial ? partialToRGB : fullToRGB
  for (let from = 0, to = 0; to < pixels.length; from += samplesPerPixel, to += 4) {
    let [a, b, c] = [Number(samples[from]), Number(samples[from + 1]), Number(samples[from + 2])]
    if (!isByte) [a, b, c] = [a * toByte, b * toByte, c * toByte]
    if (isYBR) [a, b, c] = toRGB(a, b, c)
    // The array rounds and clamps to a byte.
    pixels[to] = isInverted ? 255 - a : a
    pixels[to + 1] = isInverted ? 255 - b : b
    pixels[to + 2] = isInverted ? 255 - c : c
    pixels[to + 3] = 255
  }
}

type Triple = [number, number, number]

/** PS3.3 C.7.6.3.1.2. */
const fullToRGB = (y: number, cb: number, cr: number): Triple => [
  y + 1.402 * (cr - 128),
  y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128),
  y + 1.772 * (cb - 128),
]

/** YBR_PARTIAL, which is retired: 16 is black and 235 is white. */
const partialToRGB = (y: number, cb: number, cr: number): Triple => [
  1.1644 * (y - 16) + 1.596 * (cr - 128),
  1.1644 * (y - 16) - 0.3918 * (cb - 128) - 0.813 * (cr - 128),
  1.1644 * (y - 16) + 2.0172 * (cb - 128),
]
