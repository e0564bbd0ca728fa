/**
 * Reads the two offset tables: the basic one, 32 bits per offset, before the first fragment (PS3.5 A.4), and the extended one, 64 bits per
 * offset, in its own attributes (PS3.3 C.7.6.3.1.8). A table is valid only if every offset is that of a fragment's item.
 */
import type { PixelItems } from '../../dicom/pixel-items.ts'

export interface OffsetTables {
  readonly numberOfFrames: number
  readonly items: PixelItems
  readonly extended: { readonly offsets: Uint8Array; readonly lengths: Uint8Array | undefined } | undefined
}

interface TableFrames {
  /** The index of the first fragment of each frame. */
  readonly firstFragments: readonly number[]
  /** The length of each frame without the padding byte that makes its fragment even, where the table has it. */
  readonly lengths?: readonly number[]
}

/** @returns undefined where there is no such table */
export function framesByBasicTable({ numberOfFrames, items }: OffsetTables): TableFrames | 'invalid' | undefined {
  const table = items.basicOffsetTable
  if (table.length === 0) return undefined
  if (table.length !== 4 * numberOfFrames) return 'invalid'
  const view = new DataView(table.buffer, table.byteOffset, table.length)
  return fragmentsAt(items, { numberOfFrames, offset: (index) => view.getUint32(4 * index, true) })
}

/** @returns undefined where there is no such table */
export function framesByExtendedTable(tables: OffsetTables): TableFrames | 'invalid' | undefined {
  const { numberOfFrames, items, extended } = tables
  if (extended === undefined || extended.offsets.length === 0) return undefined
  if (extended.offsets.length !== 8 * numberOfFrames) return 'invalid'
  const offsets = uint64s(extended.offsets)
  const found = fragmentsAt(items, { numberOfFrames, offset: (index) => offsets[index]! })
  if (found === 'invalid' || extended.lengths === undefined) return found
  if (extended.lengths.length !== 8 * numberOfFrames) return 'invalid'
  // With an extended table each frame is one fragment, and its length is that of the fragment without padding.
  const lengths = uint64s(extended.lengths)
  const isSound = lengths.every((length, index) => {
    const first = found.firstFragments[index]!
    const isAlone = (found.firstFragments[index + 1] ?? items.lengths.length) === first + 1
    const pad = items.lengths[first]! - length
    return isAlone && (pad === 0 || pad === 1)
  })
  return isSound ? { ...found, lengths } : 'invalid'
}

/** Offsets are relative to the first fragment's item, ascending from 0, and each is the start of an item. */
function fragmentsAt(
  items: PixelItems,
  { numberOfFrames, offset }: { numberOfFrames: number; offset: (index: number) => number },
): TableFrames | 'invalid' {
  const origin = items.itemOffsets[0]!
  const firstFragments: number[] = []
  let fragment = 0
  for (let index = 0; index < numberOfFrames; index++) {
    const wanted = origin + offset(index)
    while (fragment < items.itemOffsets.length && items.itemOffsets[fragment]! < wanted) fragment += 1
    const isStart = items.itemOffsets[fragment] === wanted && (index === 0 ? fragment === 0 : true)
    if (!isStart || firstFragments.at(-1) === fragment) return 'invalid'
    firstFragments.push(fragment)
  }
  return { firstFragments }
}

function uint64s(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: bytes.length / 8 }, (_, index) => Number(view.getBigUint64(8 * index, true)))
}
