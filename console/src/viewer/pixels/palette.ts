/** The palette of PALETTE COLOR (PS3.3 C.7.6.3.1.5 and C.7.6.3.1.6), also from segmented data (PS3.3 C.7.9.2). */
import type { Attributes } from '../../metadata/document.ts'
import { numbersOf, wordsOf } from '../stack/values.ts'
import { entriesOf } from './modality-lut.ts'

export interface Palette {
  /** The stored value of the first color. Lower values have the first color, higher values the last. */
  readonly first: number
  /** Three bytes for each stored value: red, green, blue. */
  readonly colours: Uint8Array
}

const CHANNELS = ['Red', 'Green', 'Blue'] as const

/** Undefined if the instance has no valid palette. */
export function paletteOf(instance: Attributes, { isSigned }: { isSigned: boolean }): Palette | undefined {
  const [length, first, bits] = numbersOf(instance.RedPaletteColorLookupTableDescriptor)
  if (length === undefined || first === undefined || bits === undefined) return undefined
  const count = length === 0 ? 65_536 : length
  const colours = new Uint8Array(3 * count)
  for (const [channel, name] of CHANNELS.entries()) {
    const entries = channelEntries(instance, { name, count, bits })
    if (entries === undefined) return undefined
    // Some 16-bit tables use the low byte only.
    const isWide = bits > 8 && entries.some((entry) => entry > 0xff)
    entries.forEach((entry, at) => {
      colours[3 * at + channel] = isWide ? entry >> 8 : entry
    })
  }
  return { first: isSigned && first > 0x7fff ? first - 0x10000 : first, colours }
}

function channelEntries(
  instance: Attributes,
  { name, count, bits }: { readonly name: string; readonly count: number; readonly bits: number },
): readonly number[] | undefined {
  const segmented = wordsOf(instance[`Segmented${name}PaletteColorLookupTableData`])
  if (segmented.length > 0) return expandSegments(segmented, { count, bits })
  return entriesOf(wordsOf(instance[`${name}PaletteColorLookupTableData`]), { count, bits })
}

const DISCRETE = 0
const LINEAR = 1
const INDIRECT = 2

/** Undefined if the segments expand to fewer than `count` entries. The segments of 8-bit tables consist of bytes. */
export function expandSegments(
  words: readonly number[],
  { count, bits }: { readonly count: number; readonly bits: number },
): readonly number[] | undefined {
  const table = bits <= 8 ? words.flatMap((word) => [word & 0xff, word >> 8]) : words
  const bytesPerNumber = bits <= 8 ? 1 : 2
  const entries: number[] = []
  /** Expands segments from an offset; false if one is invalid. An indirect segment can't refer to indirect segments. */
  const expand = (
    from: number,
    { segments, allowsIndirect }: { segments: number; allowsIndirect: boolean },
  ): boolean => {
    let offset = from
    for (let done = 0; done < segments && offset + 2 < table.length && entries.length < count; done++) {
      const [kind, length, next] = table.slice(offset, offset + 3) as [number, number, number]
      if (kind === DISCRETE) {
        if (offset + 2 + length > table.length) return false
        entries.push(...table.slice(offset + 2, offset + 2 + length))
        offset += 2 + length
      } else if (kind === LINEAR) {
        const start = entries.at(-1)
        if (start === undefined) return false
        for (let step = 1; step <= length; step++) entries.push(Math.round(start + ((next - start) * step) / length))
        offset += 3
      } else if (kind === INDIRECT && allowsIndirect) {
        const numbers = 4 / bytesPerNumber
        const offsetBytes = table
          .slice(offset + 2, offset + 2 + numbers)
          .reduce((sum, number, index) => sum + number * 2 ** (8 * bytesPerNumber * index), 0)
        if (!expand(offsetBytes / bytesPerNumber, { segments: length, allowsIndirect: false })) return false
        offset += 2 + numbers
      } else return false
    }
    return true
  }
  const isValid = expand(0, { segments: Number.POSITIVE_INFINITY, allowsIndirect: true })
  return isValid && entries.length >= count ? entries.slice(0, count) : undefined
}
