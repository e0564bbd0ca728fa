/**
 * An imageSetId is 12 hex digits of the row id and 20 random ones, the id suffix, which the row stores. So ids are in the order of row ids,
 * which breaks ties in every search. The row is found by its primary key and the suffix is compared there: there is no index of ids. The
 * 48 bits count 281 million million image sets.
 */

const ROW_ID_DIGITS = 12
const ID = /^[0-9a-f]{32}$/

export const imageSetIdOf = (rowId: number, idSuffix: string): string =>
  rowId.toString(16).padStart(ROW_ID_DIGITS, '0') + idSuffix

/** The random part of a new id. */
export const newIdSuffix = (newId: () => string): string => newId().slice(ROW_ID_DIGITS)

/** @returns undefined for a text that cannot be an id of this catalog */
export const parseImageSetId = (
  imageSetId: string,
): { readonly rowId: number; readonly idSuffix: string } | undefined =>
  ID.test(imageSetId)
    ? { rowId: Number.parseInt(imageSetId.slice(0, ROW_ID_DIGITS), 16), idSuffix: imageSetId.slice(ROW_ID_DIGITS) }
    : undefined
