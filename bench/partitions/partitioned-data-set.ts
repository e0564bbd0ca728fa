/** The image sets of a data set, spread over partitions as a data store spreads its studies. */
import { crc32 } from 'node:zlib'
import { type BenchImageSet, type DataSet, SERIES_PER_STUDY } from '../search/data-set.ts'

/** What a partition has, in its own row ids. Of a single one, the number is that of the control catalog. */
export interface DataSetPart {
  readonly number: number
  readonly dataSet: DataSet
}

export function partsOf(dataSet: DataSet, partitions: number): readonly DataSetPart[] {
  if (partitions === 1) return [{ number: 0, dataSet }]
  const rows = Array.from({ length: partitions }, (): number[] => [])
  for (let first = 0; first < dataSet.size; first += SERIES_PER_STUDY) {
    const part = crc32(dataSet.imageSet(first).grouping.StudyInstanceUID!) % partitions
    for (let index = first; index < Math.min(dataSet.size, first + SERIES_PER_STUDY); index++) rows[part]!.push(index)
  }
  return rows.map((indexes, part) => ({
    number: part + 1,
    dataSet: { size: indexes.length, imageSet: (at) => placed(dataSet.imageSet(indexes[at]!), at + 1, part + 1) },
  }))
}

const placed = (imageSet: BenchImageSet, rowId: number, partition: number): BenchImageSet => ({
  ...imageSet,
  ...{ rowId, partition },
})
