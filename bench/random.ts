/** Chance that is the same in every run, and that can be had for the n-th thing without the ones before it. */

/** The next number from 0 up to, but not including, 1. */
export type Random = () => number

/** Mulberry32, begun at a well stirred mix of the two numbers, so that neighbours have nothing in common. */
export function randomOf(kind: number, index: number): Random {
  let state = stir(stir(kind + 0x9e3779b9) ^ index)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** The finalizer of MurmurHash3. */
function stir(value: number): number {
  let mixed = value | 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

export const wholeBelow = (random: Random, limit: number): number => Math.floor(random() * limit)

export const oneOf = <T>(random: Random, values: readonly T[]): T => values[wholeBelow(random, values.length)]!
