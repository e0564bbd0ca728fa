/**
 * What a search by DICOMweb asks for, as data: conditions on attributes (PS3.4 C.2.2.2, PS3.18 8.3.4) and an order. The values of a study,
 * series or instance are texts as DICOM has them; an attribute without a value matches no condition.
 */

export type Match =
  /** One of the values, compared as `comparedText` has it. Several: a list of UIDs, or of modalities. */
  | { readonly kind: 'equal'; readonly values: readonly string[] }
  /** The whole value matches: `*` any characters, also none, `?` one. */
  | { readonly kind: 'pattern'; readonly pattern: string }
  /** Fuzzy: each begins a word of the value. Folded. */
  | { readonly kind: 'words'; readonly prefixes: readonly string[] }
  /** Of dates (YYYYMMDD) or times (HHMMSS.FFFFFF); inclusive. Undefined: without an end. */
  | { readonly kind: 'range'; readonly from: string | undefined; readonly to: string | undefined }

export interface Criterion {
  readonly keyword: string
  readonly match: Match
}

export interface OrderKey {
  /** An attribute, or `updatedAt`: the last change. */
  readonly keyword: string
  readonly descending: boolean
}
