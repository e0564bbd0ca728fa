/** The VOI LUT (PS3.3 C.11.2): windows and tables that map modality values to a brightness from 0 to 1. */
import type { StackImage } from '../stack/stack.ts'
import { itemsOf, numberOf, numbersOf, textOf, textsOf } from '../stack/values.ts'
import { lookupTableOf, type Mapping } from './modality-lut.ts'

type WindowFunction = 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID'

export interface Window {
  readonly center: number
  readonly width: number
}

export interface Preset {
  readonly name: string
  readonly voi:
    | { readonly kind: 'window'; readonly window: Window }
    | { readonly kind: 'table'; readonly index: number }
}

/** PS3.3 C.11.2.1.2 and C.11.2.1.3. A width that is too small for the function is replaced by its minimum. */
export function windowMapping({ center, width }: Window, shape: WindowFunction): Mapping {
  if (shape === 'SIGMOID')
    return (value) => 1 / (1 + Math.exp((-4 * (value - center)) / Math.max(width, Number.MIN_VALUE)))
  if (shape === 'LINEAR_EXACT') {
    if (width <= 0) return (value) => (value <= center ? 0 : 1)
    return (value) => clamped((value - center) / width + 0.5)
  }
  const threshold = center - 0.5
  if (width <= 1) return (value) => (value <= threshold ? 0 : 1)
  return (value) => clamped((value - threshold) / (width - 1) + 0.5)
}

const clamped = (brightness: number): number => (brightness <= 0 ? 0 : brightness > 1 ? 1 : brightness)

export function windowFunctionOf(image: StackImage): WindowFunction {
  const name = textOf(image.attribute('VOILUTFunction'))
  return name === 'LINEAR_EXACT' || name === 'SIGMOID' ? name : 'LINEAR'
}

/** Common windows for CT, in Hounsfield units. */
const CT_WINDOWS: readonly Preset[] = [
  window('Soft tissue', 40, 400),
  window('Lung', -600, 1500),
  window('Bone', 500, 2000),
  window('Brain', 40, 80),
  window('Angiography', 300, 600),
]

function window(name: string, center: number, width: number): Preset {
  return { name, voi: { kind: 'window', window: { center, width } } }
}

/** Windows of modalities whose values have no common scale: relative to the first window of the document. */
function relativeWindows(modality: string, { center, width }: Window): readonly Preset[] {
  // From zero up, in colors or grays of what a tracer emits.
  if (modality === 'PT' || modality === 'NM') {
    const top = center + width / 2
    return [window('Half of the range', top / 4, top / 2), window('Quarter of the range', top / 8, top / 4)]
  }
  return [window('More contrast', center, width * 0.6), window('Less contrast', center, width * 1.6)]
}

/**
 * The windows and tables of the document, and then those of the modality that differ from them. The first of the document is the default.
 */
export function presetsOf(image: StackImage): readonly Preset[] {
  const centers = numbersOf(image.attribute('WindowCenter'))
  const widths = numbersOf(image.attribute('WindowWidth'))
  const names = textsOf(image.attribute('WindowCenterWidthExplanation'))
  const windows = centers
    .slice(0, widths.length)
    .map((center, at) =>
      window(names[at] || (centers.length > 1 ? `Stored window ${at + 1}` : 'Stored window'), center, widths[at]!),
    )
  const tables = itemsOf(image.attribute('VOILUTSequence')).map(
    (item, index): Preset => ({
      name: textOf(item.LUTExplanation) || `Stored table ${index + 1}`,
      voi: { kind: 'table', index },
    }),
  )
  const isCT = textOf(image.instance.Modality) === 'CT' && textOf(image.attribute('RescaleType')) !== 'US'
  const modality = textOf(image.instance.Modality)
  const [first] = windows
  const ofModality = isCT
    ? CT_WINDOWS
    : modality !== 'CT' && first?.voi.kind === 'window' && first.voi.window.width > 0
      ? relativeWindows(modality, first.voi.window)
      : []
  const stored = windows.map(({ voi }) => JSON.stringify(voi))
  return [...windows, ...tables, ...ofModality.filter(({ voi }) => !stored.includes(JSON.stringify(voi)))]
}

/** Undefined if the image has no such table. */
export function voiTable(image: StackImage, index: number): Mapping | undefined {
  const item = itemsOf(image.attribute('VOILUTSequence'))[index]
  const isSigned = numberOf(image.instance.PixelRepresentation) === 1
  const table =
    item && lookupTableOf(item, { isSigned: isSigned || (numberOf(image.attribute('RescaleIntercept')) ?? 0) < 0 })
  return table && ((value) => table.map(value) / table.outputMax)
}

/** A window over all values from the minimum to the maximum. */
export function fullWindow(
  { min, max }: { readonly min: number; readonly max: number },
  shape: WindowFunction,
): Window {
  // A LINEAR window extends half a value beyond each end.
  return shape === 'LINEAR'
    ? { center: (min + max + 1) / 2, width: Math.max(1, max - min + 1) }
    : { center: (min + max) / 2, width: Math.max(Number.MIN_VALUE, max - min) }
}
