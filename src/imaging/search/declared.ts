/**
 * DICOM attributes that are declared searchable for a data store, beside those that are searchable in every one (contract/word-attributes.ts):
 * which can be, how they are compared, and which texts of their values are stored. The texts are stored beside the three that a summary
 * lacks (described.ts).
 */
import { WORD_ATTRIBUTES } from '../../contract/word-attributes.ts'
import { trimEnd } from '../../dicom/data-set.ts'
import { type DictionaryEntry, entryOf, isPrivateTag, tagOf } from '../../dicom/dictionary.ts'

/** Further distinct values of an attribute in one image set are not compared. */
export const DECLARED_VALUES_MAX = 32
const VALUE_CHARACTERS_MAX = 256
/** Of all values of an attribute in one image set. */
export const DECLARED_CHARACTERS_MAX = 1_024

/** As of a WordComparison; a number may have decimals. */
export type DeclaredComparison = 'words' | 'whole' | 'number'

export interface DeclarableAttribute {
  /** `GGGGEEEE`. */
  readonly tag: string
  readonly keyword: string
  readonly comparison: DeclaredComparison
}

export interface DeclaredAttribute extends DeclarableAttribute {
  /** Of the declaration: an attribute that is declared again gets another one. */
  readonly number: number
}

/** A declaration as stored texts, terms and keys of the search index name it. Stored numbers are compared as whole texts. */
export type DeclaredName = `${'words' | 'whole'} ${number}`

export const declaredNameOf = ({
  comparison,
  number,
}: Pick<DeclaredAttribute, 'comparison' | 'number'>): DeclaredName =>
  `${comparison === 'words' ? 'words' : 'whole'} ${number}`

export const isDeclaredName = (name: string): name is DeclaredName => /^(words|whole) \d+$/.test(name)

export const numberOfDeclared = (name: DeclaredName): number => Number(name.slice(name.indexOf(' ')))

const COMPARISONS: Readonly<Record<string, DeclaredComparison>> = {
  ...{ AE: 'words', CS: 'words', LO: 'words', LT: 'words', PN: 'words', SH: 'words', ST: 'words', UC: 'words' },
  ...{ UR: 'words', UT: 'words' },
  ...{ AS: 'whole', AT: 'whole', DA: 'whole', DT: 'whole', TM: 'whole', UI: 'whole' },
  ...{ DS: 'number', FD: 'number', FL: 'number', IS: 'number', SL: 'number', SS: 'number', UL: 'number', US: 'number' },
}

const TAG = /^\(?([0-9a-f]{4}),?([0-9a-f]{4})\)?$/i

/**
 * The attribute of a keyword, or of a tag such as 00081040, 0008,1040 or (0008,1040).
 * @returns why it cannot be declared: a sentence, without its full stop
 */
export function attributeToDeclare(text: string): DeclarableAttribute | { readonly refused: string } {
  const digits = TAG.exec(text.trim())
  const tag = digits === null ? tagOf(text.trim()) : `${digits[1]}${digits[2]}`.toUpperCase()
  if (tag === undefined) return { refused: 'DICOM has no attribute with this keyword. Keywords are those of PS3.6' }
  if (isPrivateTag(Number.parseInt(tag, 16))) {
    return { refused: 'Private attributes cannot be declared: another device may use the tag for something else' }
  }
  const entry = entryOf(tag)
  if (entry === undefined) return { refused: 'DICOM has no attribute with this tag' }
  const { keyword } = entry
  if (WORD_ATTRIBUTES.some((each) => each.keyword === keyword)) {
    return { refused: `${keyword} is searchable in every data store` }
  }
  if (/^(0000|FFF[AE])/.test(tag) || tag.endsWith('0000') || tagOf(keyword) !== tag) {
    return { refused: `${keyword} (${tag}) is not an attribute that metadata have under its keyword` }
  }
  const comparison = comparisonOf(entry)
  if (comparison === undefined) {
    return {
      refused: `${keyword} has the VR ${(entry.vrs ?? [entry.vr]).join(' or ')}, which is not text, a date, a UID or a number`,
    }
  }
  return { tag, keyword, comparison }
}

function comparisonOf({ vr, vrs = [vr] }: DictionaryEntry): DeclaredComparison | undefined {
  const [comparison, ...others] = new Set(vrs.map((each) => COMPARISONS[each]))
  return others.length === 0 ? comparison : undefined
}

const NUMBER = /^\s*[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})(e[+-]?\d{1,3})?\s*$/i

/** A number as it is stored and compared: 1.50 and 15e-1 are 1.5. Undefined where the text is not one. */
export function numberText(text: string): string | undefined {
  const number = NUMBER.test(text) ? Number(text) : Number.NaN
  // Without the sign of zero.
  return Number.isFinite(number) ? String(number + 0) : undefined
}

/** The texts of a value of the metadata document that are stored for searches. @param value JSON text */
export function declaredTextsOf(comparison: DeclaredComparison, value: string): readonly string[] {
  const parsed: unknown = JSON.parse(value)
  return (Array.isArray(parsed) ? parsed : [parsed]).flatMap((each: unknown) => {
    if (typeof each !== 'string' && typeof each !== 'number') return []
    const text = comparison === 'number' ? numberText(String(each)) : trimEnd(String(each))
    return text === undefined || text === '' ? [] : [[...text].slice(0, VALUE_CHARACTERS_MAX).join('')]
  })
}
