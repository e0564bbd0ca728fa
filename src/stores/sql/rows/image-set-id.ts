/**
 * An image set's id is its row's number and chance: 12 hex digits of `seq`, then 20 random ones that are kept in the row. So the
 * order of ids is the order of seq, which breaks ties in every search; an id leads to its row by the primary key, the random part
 * is compared there, and no index over ids is written or read. Forty-eight bits count 281 million million image sets.
 */

const SEQ_DIGITS = 12
const ID = /^[0-9a-f]{32}$/

export const imageSetIdOf = (seq: number, idSuffix: string): string =>
  seq.toString(16).padStart(SEQ_DIGITS, '0') + idSuffix

/** The random part of a new id. */
export const newIdSuffix = (newId: () => string): string => newId().slice(SEQ_DIGITS)

/** undefined where the text is no id that this catalog could have given. */
export const parseImageSetId = (imageSetId: string): { readonly seq: number; readonly idSuffix: string } | undefined =>
  ID.test(imageSetId)
    ? { seq: Number.parseInt(imageSetId.slice(0, SEQ_DIGITS), 16), idSuffix: imageSetId.slice(SEQ_DIGITS) }
    : undefined
