/** What of the values is shown, and how bright: windows and tables of the values of interest (PS3.3 C.11.2). Brightness is 0 to 1. */

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

/** C.11.2.1.2 and C.11.2.1.3; a width below what its function can have is taken as the least. */
export function windowMapping({ center, width }: Window, shape: WindowFunction): Mapping {
  if (shape === 'SIGMOID')
    return (value) => 1 / (1 + Math.exp((-4 * (value - center)) / Math.max(width, Number.MIN_VALUE)))
  if (shape === 'LINEAR_EXACT') {
    if (width <= 0) return (value) => (value <= center ? 0 : 1)
    return (value) => clamped((value - center) / width + 0.5)
  }
  const middle = center - 0.5
  if (width <= 1) return (value) => (value <= middle ? 0 : 1)
  return (value) => clamped((value - middle) / (width - 1) + 0.5)
}

const clamped = (part: number): number => (part <= 0 ? 0 : part > 1 ? 1 : part)

export function windowFunctionOf(image: StackImage): WindowFunction {
  const name = textOf(image.attribute('VOILUTFunction'))
  return name === 'LINEAR_EXACT' || name === 'SIGMOID' ? name : 'LINEAR'
}

/** What a CT is looked at with everywhere, in Hounsfield units. */
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

/** First those of the document, the first of which is how the image is shown unless the person chooses. */
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
  return [...windows, ...tables, ...(isCT ? CT_WINDOWS : [])]
}

/** Undefined where the image has no such table. */
export function voiTable(image: StackImage, index: number): Mapping | undefined {
  const item = itemsOf(image.attribute('VOILUTSequence'))[index]
  const isSigned = numberOf(image.instance.PixelRepresentation) === 1
  const table =
    item && lookupTableOf(item, { isSigned: isSigned || (numberOf(image.attribute('RescaleIntercept')) ?? 0) < 0 })
  return table && ((value) => table.map(value) / table.outputMax)
}

/** A window that shows all from the least to the greatest value. */
export function fullWindow(
  { min, max }: { readonly min: number; readonly max: number },
  shape: WindowFunction,
): Window {
  // With LINEAR the ends are half a value further out.
  return shape === 'LINEAR'
    ? { center: (min + max + 1) / 2, width: Math.max(1, max - min + 1) }
    : { center: (min + max) / 2, width: Math.max(Number.MIN_VALUE, max - min) }
}
