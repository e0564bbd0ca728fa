/** A set of image sets by row id: offsets chunk by chunk. */
import { CHUNK_ROWS, chunkOf, countOf, has, listOf, type Offsets, offsetOf, offsetsFrom, union } from './offsets.ts'

export class RowSet {
  readonly chunks: ReadonlyMap<number, Offsets>
  readonly size: number
  /** Of the last row id that was looked up: those of a leaf are of few chunks. */
  #chunk = -1
  #offsets: Offsets | undefined

  constructor(chunks: ReadonlyMap<number, Offsets>, size = sizeOf(chunks)) {
    this.chunks = chunks
    this.size = size
  }

  get bytes(): number {
    return [...this.chunks.values()].reduce((sum, { byteLength }) => sum + byteLength, 0)
  }

  has(rowId: number): boolean {
    const chunk = chunkOf(rowId)
    if (chunk !== this.#chunk) {
      this.#chunk = chunk
      this.#offsets = this.chunks.get(chunk)
    }
    return this.#offsets !== undefined && has(this.#offsets, offsetOf(rowId))
  }

  /** In ascending order within a chunk. */
  rowIds(): readonly number[] {
    return [...this.chunks].flatMap(([chunk, offsets]) =>
      Array.from(listOf(offsets), (offset) => chunk * CHUNK_ROWS + offset),
    )
  }

  /** @param rowIds that are not in the set */
  with(rowIds: readonly number[]): RowSet {
    if (rowIds.length === 0) return this
    const chunks = new Map(this.chunks)
    for (const [chunk, some] of Map.groupBy(rowIds, chunkOf)) {
      const added = offsetsFrom(some.map(offsetOf))
      const known = chunks.get(chunk)
      chunks.set(chunk, known === undefined ? added : union([known, added]))
    }
    return new RowSet(chunks, this.size + rowIds.length)
  }
}

const sizeOf = (chunks: ReadonlyMap<number, Offsets>): number =>
  [...chunks.values()].reduce((sum, offsets) => sum + countOf(offsets), 0)
