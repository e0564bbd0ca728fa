/** Numbers of rows that are unique in a data store, although each partition counts its own. */
import type { Partition } from './placement.ts'

/** Row ids of a partition have fewer bits (src/stores/sql/rows/image-set-id.ts). */
export const ROW_IDS = 2 ** 36

/** The number of the partition, then the row id there: in the order of the partitions. */
export const rowIdOutside = ({ number }: Partition, rowId: number): number => number * ROW_IDS + rowId

/** The partition of such a row id. */
export const partitionOfRow = (rowId: number): number => Math.floor(rowId / ROW_IDS)

export const rowIdInside = (rowId: number): number => rowId % ROW_IDS

/** The row, then the number of the partition: of groups of files, workflows and blobs, in the order in which they were made. */
const PARTITIONS = 4_096

export const numberIn = ({ number }: Partition, row: number): number => row * PARTITIONS + number

export const rowOf = (numbered: number): number => Math.floor(numbered / PARTITIONS)

export const partitionNumberOf = (numbered: number): number => numbered % PARTITIONS
