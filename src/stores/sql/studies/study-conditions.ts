/** The conditions of a search for studies as SQL. What they mean: imaging/dicomweb-search/match.ts. */
import { vrOfKeyword } from '../../../imaging/dicomweb-search/attributes.ts'
import type { Criterion, Match } from '../../../imaging/dicomweb-search/criteria.ts'
import { comparedText, matchesCriterion } from '../../../imaging/dicomweb-search/match.ts'
import type { Dialect } from '../engine/differences.ts'
import type { SqlValue } from '../engine/statement.ts'
import { isStudyKeyword, modalitiesIn, STUDY_COLUMNS } from './study-columns.ts'

export interface StudyCondition {
  readonly text: string
  readonly values: readonly SqlValue[]
  /** The column whose index may answer the condition, or a part of it, as `range`. */
  readonly indexed?: {
    readonly column: string
    readonly text: string
    readonly values: readonly SqlValue[]
    /** Every study with a value is in the part: the index only spares reading the rows. */
    readonly isWhole?: true
  }
}

/** After every text that begins with the same characters. */
const LAST = '\u{10ffff}'

/** @param combinations all modalities of a study that occur, as `modalities` has them */
export function conditionOf(
  { keyword, match }: Criterion,
  { dialect, combinations }: { readonly dialect: Dialect; readonly combinations: readonly string[] },
): StudyCondition {
  if (keyword === 'ModalitiesInStudy') return modalitiesCondition(match, combinations)
  if (!isStudyKeyword(keyword)) throw new Error(`studies are not searched by ${keyword}`)
  const attribute = STUDY_COLUMNS[keyword]
  const { column } = attribute
  const vr = vrOfKeyword(keyword)
  const condition = (own: Omit<StudyCondition, 'indexed'>, range = own): StudyCondition => ({
    ...own,
    indexed: { column, ...range },
  })
  switch (match.kind) {
    case 'equal':
      return condition(isOneOf(column, [...new Set(match.values.map((text) => comparedText(vr, text)))]))
    case 'range': {
      const { from = '', to = LAST } = match
      return condition({ text: `${column} >= ? AND ${column} <= ?`, values: [from, to] })
    }
    case 'pattern': {
      const pattern = comparedText(vr, match.pattern)
      const start = pattern.slice(0, (/[*?]/.exec(pattern) ?? { index: pattern.length }).index)
      const own = { text: dialect.matchesPattern(column), values: [dialect.pattern(pattern)] }
      if (start === '') return { ...own, indexed: { column, text: `${column} > ''`, values: [], isWhole: true } }
      return condition(own, { text: `${column} >= ? AND ${column} < ?`, values: [start, start + LAST] })
    }
    case 'words': {
      if (!('words' in attribute)) throw new Error(`studies are not searched by words of ${keyword}`)
      return {
        text: match.prefixes.map(() => dialect.matchesPattern(attribute.words)).join(' AND ') || '1 = 1',
        values: match.prefixes.map((prefix) => dialect.pattern(`* ${prefix}*`)),
      }
    }
  }
}

function modalitiesCondition(match: Match, combinations: readonly string[]): StudyCondition {
  const matching = combinations.filter((modalities) =>
    matchesCriterion(match, vrOfKeyword('ModalitiesInStudy'), modalitiesIn(modalities)),
  )
  const own = isOneOf('modalities', matching)
  return { ...own, indexed: { column: 'modalities', ...own } }
}

const isOneOf = (
  column: string,
  values: readonly string[],
): { readonly text: string; readonly values: readonly string[] } =>
  values.length === 0
    ? { text: '1 = 0', values: [] }
    : { text: `${column} IN (${values.map(() => '?').join(', ')})`, values }
