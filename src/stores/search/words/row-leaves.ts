/**
 * Which leaf holds each image set, in memory: four bytes for each. With it a search by words knows how many of its image sets each leaf has
 * before it reads any: leaves without one are skipped, and leaves wholly inside the ranges are counted.
 */
import { leafInDatastore } from '../kd-tree/leaf-numbers.ts'
import { CHUNK_ROWS, chunkOf, countGroups, offsetOf } from './offsets.ts'
import type { RowSet } from './row-set.ts'

/** The number of image sets of a search in each leaf, by leafInDatastore. */
export type HitsOfLeaves = Uint32Array

export class RowLeaves {
  /** By chunk; 0 where there is no image set. Leaves of a data store are counted from 1. */
  readonly #leaves = new Map<number, Uint32Array>()
  #lastLeaf = 0

  get bytes(): number {
    return this.#leaves.size * CHUNK_ROWS * Uint32Array.BYTES_PER_ELEMENT
  }

  /** The image sets of a leaf. Those that left it are in another leaf, which is set too, or were deleted. */
  set(number: number, rowIds: Float64Array): void {
    const leaf = leafInDatastore(number)
    if (leaf > this.#lastLeaf) this.#lastLeaf = leaf
    for (const rowId of rowIds) {
      const chunk = chunkOf(rowId)
      let leaves = this.#leaves.get(chunk)
      if (leaves === undefined) {
        leaves = new Uint32Array(CHUNK_ROWS)
        this.#leaves.set(chunk, leaves)
      }
      leaves[offsetOf(rowId)] = leaf
    }
  }

  /** @param rows image sets that exist */
  hitsOf(rows: RowSet): HitsOfLeaves {
    const hits = new Uint32Array(this.#lastLeaf + 1)
    for (const [chunk, offsets] of rows.chunks) {
      const leaves = this.#leaves.get(chunk)
      if (leaves === undefined) continue
      countGroups(offsets, leaves, hits)
    }
    hits[0] = 0
    return hits
  }
}
