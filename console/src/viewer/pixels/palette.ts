/** The colours of PALETTE COLOR (PS3.3 C.7.6.3.1.5 and .6), also where they are segments (C.7.9.2): three bytes for each stored value. */
import type { Attributes } from '../../metadata/document.ts'
import { numbersOf, wordsOf } from '../stack/values.ts'
import { entriesOf } from './modality-lut.ts'

export interface Palette {
  /** The stored value of the first colour; those below have it too, as those beyond the last have the last. */
  readonly first: number
  /** Red, green, blue of each. */
  readonly colours: Uint8Array
}

const CHANNELS = ['Red', 'Green', 'Blue'] as const

/** Undefined where the instance has none that can be used. */
export function paletteOf(instance: Attributes, { isSigned }: { isSigned: boolean }): Palette | undefined {
  const [length, first, bits] = numbersOf(instance.RedPaletteColorLookupTableDescriptor)
  if (length === undefined || first === undefined || bits === undefined) return undefined
  const count = length === 0 ? 65_536 : length
  const colours = new Uint8Array(3 * count)
  for (const [channel, name] of CHANNELS.entries()) {
    const entries = channelEntries(instance, { name, count, bits })
    if (entries === undefined) return undefined
    // Tables of 16 bits that use the lower byte only are known.
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

/** Undefined where the segments do not give `count` entries. Of tables of 8 bits every number of a segment has 8 bits, too. */
export function expandSegments(
  words: readonly number[],
  { count, bits }: { readonly count: number; readonly bits: number },
): readonly number[] | undefined {
  const table = bits <= 8 ? words.flatMap((word) => [word & 0xff, word >> 8]) : words
  const bytesEach = bits <= 8 ? 1 : 2
  const entries: number[] = []
  /** Expands so many segments from a place on; false where they are none. An indirect segment points at none of its kind. */
  const expand = (from: number, { segments, mayPoint }: { segments: number; mayPoint: boolean }): boolean => {
    let at = from
    for (let done = 0; done < segments && at + 2 < table.length && entries.length < count; done++) {
      const [kind, length, next] = table.slice(at, at + 3) as [number, number, number]
      if (kind === DISCRETE) {
        if (at + 2 + length > table.length) return false
        entries.push(...table.slice(at + 2, at + 2 + length))
        at += 2 + length
      } else if (kind === LINEAR) {
        const start = entries.at(-1)
        if (start === undefined) return false
        for (let step = 1; step <= length; step++) entries.push(Math.round(start + ((next - start) * step) / length))
        at += 3
      } else if (kind === INDIRECT && mayPoint) {
        const numbers = 4 / bytesEach
        const offsetBytes = table
          .slice(at + 2, at + 2 + numbers)
          .reduce((sum, part, index) => sum + part * 2 ** (8 * bytesEach * index), 0)
        if (!expand(offsetBytes / bytesEach, { segments: length, mayPoint: false })) return false
        at += 2 + numbers
      } else return false
    }
    return true
  }
  const isWhole = expand(0, { segments: Number.POSITIVE_INFINITY, mayPoint: true })
  return isWhole && entries.length >= count ? entries.slice(0, count) : undefined
}
