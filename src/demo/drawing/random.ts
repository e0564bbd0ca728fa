/** Reproducible randomness: the same seed yields the same numbers, and the same name the same UID. */

import { createHash } from 'node:crypto'

export interface Random {
  /** At least 0, below 1. */
  next(): number
  between(low: number, high: number): number
  /** An integer, both ends included. */
  integer(low: number, high: number): number
  pick<T>(list: readonly T[]): T
}

/** Mulberry32 over a hash of the seed and the names of what the numbers are for. */
export function randomFor(seed: number, ...names: readonly (string | number)[]): Random {
  let state = createHash('sha1')
    .update([seed, ...names].join('/'))
    .digest()
    .readUInt32LE(0)
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const between = (low: number, high: number) => low + (high - low) * next()
  const integer = (low: number, high: number) => low + Math.floor((high - low + 1) * next())
  return { next, between, integer, pick: (list) => list[integer(0, list.length - 1)]! }
}

/** A UID derived from a name-based UUID (PS3.5 B.2). */
export function uidFor(seed: number, ...names: readonly (string | number)[]): string {
  const hash = createHash('sha1')
    .update(['hilum-demo', seed, ...names].join('/'))
    .digest()
    .subarray(0, 16)
  hash[6] = (hash[6]! & 0x0f) | 0x50
  hash[8] = (hash[8]! & 0x3f) | 0x80
  return `2.25.${BigInt(`0x${hash.toString('hex')}`)}`
}

/** A square of correlated noise, about -1 to 1, whose side is a power of two; images read it at a random position. */
export interface Grain {
  sizePixels: number
  values: Float32Array
}

export function makeGrain(random: Random, { sizePixels, smoothing }: { sizePixels: number; smoothing: number }): Grain {
  let values: Float32Array = Float32Array.from(
    { length: sizePixels ** 2 },
    () => random.next() + random.next() + random.next() - 1.5,
  )
  for (let pass = 0; pass < smoothing; pass++) values = smoothed(values, sizePixels)
  const peak = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
  return { sizePixels, values: values.map((value) => (1.3 * value) / peak) }
}

/** Averages each pixel with its four neighbours; the square wraps around. */
function smoothed(values: Float32Array, size: number): Float32Array {
  const mean = new Float32Array(values.length)
  for (let y = 0; y < size; y++) {
    const [row, above, below] = [y * size, ((y + size - 1) % size) * size, ((y + 1) % size) * size]
    for (let x = 0; x < size; x++) {
      const sides = values[row + ((x + 1) % size)]! + values[row + ((x + size - 1) % size)]!
      mean[row + x] = (values[row + x]! + sides + values[above + x]! + values[below + x]!) / 5
    }
  }
  return mean
}
