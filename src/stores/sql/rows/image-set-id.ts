/**
 * An imageSetId is 3 hex digits of the partition of its data store (src/stores/partitioned/), 9 of the row id in it, and 20 random ones. The row
 * stores the first and the last of them, the id suffix. So the ids of a partition are in the order of row ids, which breaks ties in every
 * search. The row is found by its primary key and the suffix is compared there: there is no index of ids. The 36 bits count 68 thousand million
 * image sets in a partition.
 */

const PARTITION_DIGITS = 3
const ROW_ID_DIGITS = 9
const ID = /^[0-9a-f]{32}$/

/** The most partitions of a catalog, beside the one that data stores with a single partition are in. */
export const PARTITIONS_MAX = 16 ** PARTITION_DIGITS - 1

export const imageSetIdOf = (rowId: number, idSuffix: string): string =>
  idSuffix.slice(0, PARTITION_DIGITS) +
  rowId.toString(16).padStart(ROW_ID_DIGITS, '0') +
  idSuffix.slice(PARTITION_DIGITS)

/** The part of a new id that its row stores. */
export const newIdSuffix = (partition: number, newId: () => string): string =>
  partition.toString(16).padStart(PARTITION_DIGITS, '0') + newId().slice(PARTITION_DIGITS + ROW_ID_DIGITS)

/** @returns undefined for a text that cannot be an id of this catalog */
export const parseImageSetId = (
  imageSetId: string,
): { readonly rowId: number; readonly idSuffix: string } | undefined =>
  ID.test(imageSetId)
    ? {
        rowId: Number.parseInt(imageSetId.slice(PARTITION_DIGITS, PARTITION_DIGITS + ROW_ID_DIGITS), 16),
        idSuffix: imageSetId.slice(0, PARTITION_DIGITS) + imageSetId.slice(PARTITION_DIGITS + ROW_ID_DIGITS),
      }
    : undefined

/** @returns undefined for a text that cannot be an id of this catalog */
export const partitionOfImageSet = (imageSetId: string): number | undefined =>
  ID.test(imageSetId) ? Number.parseInt(imageSetId.slice(0, PARTITION_DIGITS), 16) : undefined
