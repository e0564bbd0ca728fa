/** The Modality LUT (PS3.3 C.11.1): maps stored values to modality values such as Hounsfield units, by a table or by slope and intercept. */
import type { StackImage } from '../stack/stack.ts'
import { itemsOf, numberOf, numbersOf, wordsOf } from '../stack/values.ts'

export type Mapping = (value: number) => number

export function modalityLUTOf(image: StackImage): Mapping {
  const item = itemsOf(image.attribute('ModalityLUTSequence'))[0]
  const table = item && lookupTableOf(item, { isSigned: numberOf(image.instance.PixelRepresentation) === 1 })
  if (table !== undefined) return table.map
  const slope = numberOf(image.attribute('RescaleSlope')) ?? 1
  const intercept = numberOf(image.attribute('RescaleIntercept')) ?? 0
  return slope === 1 && intercept === 0 ? (value) => value : (value) => value * slope + intercept
}

interface LookupTable {
  readonly map: Mapping
  readonly outputMax: number
}

/** The table of a Modality or VOI LUT. Undefined if it is invalid. */
export function lookupTableOf(
  item: Readonly<Record<string, unknown>>,
  { isSigned }: { isSigned: boolean },
): LookupTable | undefined {
  const [length, first, bits] = numbersOf(item.LUTDescriptor)
  if (length === undefined || first === undefined || bits === undefined || bits < 1 || bits > 16) return undefined
  const entries = entriesOf(wordsOf(item.LUTData), { count: length === 0 ? 65_536 : length, bits })
  if (entries === undefined) return undefined
  // Some files have an unsigned descriptor with signed pixels.
  const firstMapped = isSigned && first > 0x7fff ? first - 0x10000 : first
  const last = entries.length - 1
  return {
    map: (value) => entries[Math.max(0, Math.min(last, Math.floor(value) - firstMapped))]!,
    outputMax: 2 ** bits - 1,
  }
}

/** 8-bit tables may have two entries per word (PS3.3 C.11.1.1.1). */
export function entriesOf(
  words: readonly number[],
  { count, bits }: { readonly count: number; readonly bits: number },
): readonly number[] | undefined {
  if (words.length >= count) return words.slice(0, count)
  if (bits > 8 || words.length * 2 < count) return undefined
  return words.flatMap((word) => [word & 0xff, word >> 8]).slice(0, count)
}
