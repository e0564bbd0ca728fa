/**
 * The image sets of one chunk of 65,536 row ids that have a word or a prefix, as offsets in the chunk. Few are a sorted list of Uint16, many a
 * bitmap of 8 KB. Little-endian, as every machine that runs Node.
 */
import assert from 'node:assert/strict'

export const CHUNK_ROWS = 65_536
const BITMAP_BYTES = CHUNK_ROWS / 8
/** A list of more would take as many bytes as a bitmap, by which the two are told apart. */
const LIST_MAX = BITMAP_BYTES / 2 - 1

/** A sorted list of offsets, or a bitmap. */
export type Offsets = Uint16Array | Uint32Array

export const NO_OFFSETS: Offsets = new Uint16Array(0)

export const chunkOf = (rowId: number): number => Math.floor(rowId / CHUNK_ROWS)
export const offsetOf = (rowId: number): number => rowId % CHUNK_ROWS

const isBitmap = (offsets: Offsets): offsets is Uint32Array => offsets instanceof Uint32Array

export const isWhole = (bytes: Uint8Array): boolean =>
  bytes.byteLength > 0 && bytes.byteLength % 2 === 0 && bytes.byteLength <= BITMAP_BYTES

export function decodeOffsets(bytes: Uint8Array): Offsets {
  assert(isWhole(bytes), 'a posting holds whole offsets')
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes)
  return byteLength === BITMAP_BYTES
    ? new Uint32Array(buffer, byteOffset, byteLength / 4)
    : new Uint16Array(buffer, byteOffset, byteLength / 2)
}

export const encodeOffsets = ({ buffer, byteOffset, byteLength }: Offsets): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

export function has(offsets: Offsets, offset: number): boolean {
  if (isBitmap(offsets)) return ((offsets[offset >>> 5]! >>> (offset & 31)) & 1) === 1
  let [low, high] = [0, offsets.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (offsets[middle]! < offset) low = middle + 1
    else high = middle
  }
  return offsets[low] === offset
}

export function countOf(offsets: Offsets): number {
  if (!isBitmap(offsets)) return offsets.length
  let count = 0
  for (let word of offsets) {
    word -= (word >>> 1) & 0x55555555
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333)
    count += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
  }
  return count
}

export function listOf(offsets: Offsets): Uint16Array {
  if (!isBitmap(offsets)) return offsets
  const list = new Uint16Array(countOf(offsets))
  let count = 0
  for (let at = 0; at < offsets.length; at++) {
    for (let word = offsets[at]!; word !== 0; word &= word - 1) {
      list[count++] = at * 32 + 31 - Math.clz32(word & -word)
    }
  }
  return list
}

/** Adds one to the count of the group of each offset. Loops over numbers: there may be millions. */
export function countGroups(offsets: Offsets, groupOf: Uint32Array, counts: Uint32Array): void {
  if (!isBitmap(offsets)) {
    for (let at = 0; at < offsets.length; at++) counts[groupOf[offsets[at]!]!]!++
    return
  }
  for (let at = 0; at < offsets.length; at++) {
    for (let word = offsets[at]!; word !== 0; word &= word - 1)
      counts[groupOf[at * 32 + 31 - Math.clz32(word & -word)]!]!++
  }
}

function bitmapOf(offsets: Offsets): Uint32Array {
  if (isBitmap(offsets)) return offsets
  const bitmap = new Uint32Array(BITMAP_BYTES / 4)
  for (const offset of offsets) bitmap[offset >>> 5]! |= 1 << (offset & 31)
  return bitmap
}

/** The form that the number of offsets prescribes, so that equal sets have equal bytes. */
function settled(offsets: Offsets): Offsets {
  const count = countOf(offsets)
  return count > LIST_MAX ? bitmapOf(offsets) : listOf(offsets)
}

/** @param offsets in any order */
export const offsetsFrom = (offsets: Iterable<number>): Offsets => settled(Uint16Array.from(new Set(offsets)).sort())

export function union(parts: readonly Offsets[]): Offsets {
  if (parts.length <= 1) return parts[0] ?? NO_OFFSETS
  const bitmap = new Uint32Array(BITMAP_BYTES / 4)
  for (const part of parts) {
    if (isBitmap(part)) for (let at = 0; at < bitmap.length; at++) bitmap[at]! |= part[at]!
    else for (let at = 0; at < part.length; at++) bitmap[part[at]! >>> 5]! |= 1 << (part[at]! & 31)
  }
  return settled(bitmap)
}

/** Loops over numbers: it runs for every word and chunk of a search. */
export function intersection(a: Offsets, b: Offsets): Offsets {
  if (isBitmap(a)) return isBitmap(b) ? settled(a.map((word, at) => word & b[at]!)) : inBitmap(b, a)
  return isBitmap(b) ? inBitmap(a, b) : inBoth(a, b)
}

function inBitmap(list: Uint16Array, bitmap: Uint32Array): Uint16Array {
  const found = new Uint16Array(list.length)
  let count = 0
  for (let at = 0; at < list.length; at++) {
    const offset = list[at]!
    if (((bitmap[offset >>> 5]! >>> (offset & 31)) & 1) === 1) found[count++] = offset
  }
  return found.slice(0, count)
}

function inBoth(a: Uint16Array, b: Uint16Array): Uint16Array {
  const found = new Uint16Array(Math.min(a.length, b.length))
  let [count, atA, atB] = [0, 0, 0]
  while (atA < a.length && atB < b.length) {
    const [offsetA, offsetB] = [a[atA]!, b[atB]!]
    if (offsetA === offsetB) found[count++] = offsetA
    if (offsetA <= offsetB) atA++
    if (offsetB <= offsetA) atB++
  }
  return found.slice(0, count)
}

interface Change {
  readonly removed: readonly number[]
  readonly added: readonly number[]
}

/** The offsets after a change; undefined where a removed one was not there or an added one was. */
export function changedOffsets(offsets: Offsets, { removed, added }: Change): Offsets | undefined {
  const count = countOf(offsets) - removed.length + added.length
  const changed =
    isBitmap(offsets) || count > LIST_MAX
      ? settled(changedBitmap(offsets, { removed, added }))
      : changedList(offsets, { removed, added })
  return countOf(changed) === count ? changed : undefined
}

function changedBitmap(offsets: Offsets, { removed, added }: Change): Uint32Array {
  const bitmap = isBitmap(offsets) ? offsets.slice() : bitmapOf(offsets)
  for (const offset of removed) bitmap[offset >>> 5]! &= ~(1 << (offset & 31))
  for (const offset of added) bitmap[offset >>> 5]! |= 1 << (offset & 31)
  return bitmap
}

/** Most changes are small and of short lists, many thousands at once: so a sort of numbers, and no sets. */
function changedList(offsets: Uint16Array, { removed, added }: Change): Uint16Array {
  const left = new Set(removed)
  const kept = left.size === 0 ? offsets : offsets.filter((offset) => !left.has(offset))
  const list = new Uint16Array(kept.length + added.length)
  list.set(kept)
  list.set(added, kept.length)
  if (!isInOrder(list)) list.sort()
  // One that was there already is twice in the list.
  return isInOrder(list) ? list : list.filter((offset, at) => at === 0 || offset !== list[at - 1])
}

function isInOrder(list: Uint16Array): boolean {
  for (let at = 1; at < list.length; at++) if (list[at]! <= list[at - 1]!) return false
  return true
}
