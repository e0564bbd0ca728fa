/** The image sets of a data set, spread over partitions as a data store spreads its studies. */
import { crc32 } from 'node:zlib'
import type { Position } from '../../src/imaging/search/search.ts'
import { ROW_IDS } from '../../src/stores/partitioned/numbers.ts'
import { type BenchImageSet, type DataSet, SERIES_PER_STUDY } from '../search/data-set.ts'

export interface PartitionedDataSet {
  readonly partitions: number
  /** What each partition has, in its own row ids. Of a single one, its number is that of the control catalog. */
  readonly parts: readonly { readonly number: number; readonly dataSet: DataSet }[]
  /** The position in the results of the data store, of a position in the results of the data set. */
  readonly placeOf: (after: Position) => Position
}

export function partitionedDataSet(dataSet: DataSet, partitions: number): PartitionedDataSet {
  if (partitions === 1) return { partitions, parts: [{ number: 0, dataSet }], placeOf: (after) => after }
  const partAt = new Uint16Array(dataSet.size)
  const rowIdAt = new Uint32Array(dataSet.size)
  const rows = Array.from({ length: partitions }, (): number[] => [])
  for (let first = 0; first < dataSet.size; first += SERIES_PER_STUDY) {
    const part = crc32(dataSet.imageSet(first).grouping.StudyInstanceUID!) % partitions
    for (let index = first; index < Math.min(dataSet.size, first + SERIES_PER_STUDY); index++) {
      rowIdAt[index] = rows[part]!.push(index)
      partAt[index] = part
    }
  }
  return {
    partitions,
    parts: rows.map((indexes, part) => ({
      number: part + 1,
      dataSet: { size: indexes.length, imageSet: (at) => placed(dataSet.imageSet(indexes[at]!), at + 1, part + 1) },
    })),
    placeOf({ key, rowId }) {
      // A position beyond all image sets.
      if (rowId > dataSet.size) return { key, rowId }
      return { key, rowId: (partAt[rowId - 1]! + 1) * ROW_IDS + rowIdAt[rowId - 1]! }
    },
  }
}

const placed = (imageSet: BenchImageSet, rowId: number, partition: number): BenchImageSet => ({
  ...imageSet,
  ...{ rowId, partition },
})
