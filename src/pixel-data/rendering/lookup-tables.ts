/** Lookup tables as attributes have them: of the Modality LUT and VOI LUT sequences, and palettes, segmented ones too (PS3.3 C.7.9.2). */
import type { DataSet } from '../../dicom/data-set.ts'
import { tagOf } from '../../dicom/dictionary.ts'
import type { LookupTable } from './rendering.ts'

/** The only item of a sequence that is used, if it is whole. */
export function tableOfItem(item: DataSet | undefined): LookupTable | undefined {
  return item === undefined ? undefined : tableOf(item, { descriptor: 'LUTDescriptor', data: 'LUTData' })
}

export function paletteOf(dataSet: DataSet, colour: 'Red' | 'Green' | 'Blue'): LookupTable | undefined {
  const descriptor = `${colour}PaletteColorLookupTableDescriptor`
  return (
    tableOf(dataSet, { descriptor, data: `${colour}PaletteColorLookupTableData` }) ??
    segmentedTableOf(dataSet, { descriptor, data: `Segmented${colour}PaletteColorLookupTableData` })
  )
}

interface Keywords {
  readonly descriptor: string
  readonly data: string
}

interface Described extends Omit<LookupTable, 'values'> {
  readonly entries: number
  readonly data: Uint8Array
}

function described(dataSet: DataSet, { descriptor, data }: Keywords): Described | undefined {
  const [entries, firstMapped, bits] = dataSet.numbers(tagOf(descriptor)!)
  const bytes = dataSet.littleEndianBytes(tagOf(data)!)
  if (entries === undefined || firstMapped === undefined || bytes === undefined || bytes.length === 0) return undefined
  if (bits === undefined || bits < 1 || bits > 16) return undefined
  // 65,536 does not fit into the descriptor. A VR of SS makes a large number negative.
  return { entries: entries & 0xffff || 65_536, firstMapped, bits, data: bytes }
}

function tableOf(dataSet: DataSet, keywords: Keywords): LookupTable | undefined {
  const found = described(dataSet, keywords)
  if (found === undefined) return undefined
  const { entries, firstMapped, bits, data } = found
  const isPacked = data.length < entries * 2
  if (isPacked && data.length < entries) return undefined
  return { firstMapped, bits, values: isPacked ? Uint16Array.from(data.subarray(0, entries)) : wordsOf(data, entries) }
}

function wordsOf(bytes: Uint8Array, count: number): Uint16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Uint16Array.from({ length: count }, (_, index) => view.getUint16(index * 2, true))
}

const DISCRETE = 0
const LINEAR = 1
const INDIRECT = 2

function segmentedTableOf(dataSet: DataSet, keywords: Keywords): LookupTable | undefined {
  const found = described(dataSet, keywords)
  if (found === undefined) return undefined
  const { entries, firstMapped, bits, data } = found
  const words = bits > 8 ? wordsOf(data, data.length >> 1) : Uint16Array.from(data)
  const values = new Uint16Array(entries)
  const filled = fillSegments(values, words, { isWide: bits > 8 })
  return filled === entries ? { firstMapped, bits, values } : undefined
}

/** @returns the number of entries */
function fillSegments(values: Uint16Array, words: Uint16Array, { isWide }: { isWide: boolean }): number {
  let filled = 0
  const add = (value: number) => {
    if (filled < values.length) values[filled] = value
    filled += 1
  }
  /** @returns where the next segment begins; undefined at the end, and where a segment is not whole */
  const one = (at: number): number | undefined => {
    const [kind, length] = [words[at], words[at + 1]]
    if (length === undefined || filled > values.length) return undefined
    if (kind === DISCRETE) {
      for (let index = 0; index < length; index++) add(words[at + 2 + index] ?? 0)
      return at + 2 + length
    }
    if (kind !== LINEAR || filled === 0) return undefined
    const from = values[filled - 1]!
    const to = words[at + 2] ?? 0
    for (let index = 1; index <= length; index++) add(Math.round(from + ((to - from) * index) / length))
    return at + 3
  }
  let at: number | undefined = 0
  while (at !== undefined && at < words.length) {
    if (words[at] !== INDIRECT) at = one(at)
    else {
      const offset = offsetOf(words, at + 2, isWide)
      let inner: number | undefined = offset
      for (let copied = 0; copied < words[at + 1]! && inner !== undefined; copied++) inner = one(inner)
      if (inner === undefined) return filled
      at += isWide ? 4 : 6
    }
  }
  return filled
}

/** In bytes, least significant part first; here in entries. */
function offsetOf(words: Uint16Array, at: number, isWide: boolean): number {
  const part = (index: number) => words[at + index] ?? 0
  if (isWide) return (part(0) + part(1) * 65_536) / 2
  return part(0) + part(1) * 256 + part(2) * 65_536 + part(3) * 2 ** 24
}
