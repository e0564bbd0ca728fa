/** The query of a search by DICOMweb (PS3.18 8.3.4; developer guide, "Searching DICOM data in HealthImaging"), with `orderby` of Hilum. */
import { ContractError } from '../../contract/errors.ts'
import { type SearchedAttribute, type SearchLevel, searchedAttribute, searchedKeywords } from './attributes.ts'
import type { Criterion, OrderKey } from './criteria.ts'
import { type IncludeFields, includeFields, isPrivateReservation } from './include-fields.ts'
import { parseMatch } from './parse-match.ts'

const SEARCH_LIMIT_MAX = 1_000
const OFFSET_MAX = 1_000_000
const ORDER_KEYS_MAX = 8
const PARAMETERS_MAX = 200

export interface ParsedSearch {
  readonly criteria: readonly Criterion[]
  /** Empty: the default of the resource. */
  readonly order: readonly OrderKey[]
  readonly include: IncludeFields
  readonly limit: number
  readonly offset: number
  readonly nextToken: string | undefined
}

/** Parameters that are no attributes. Those of a signature in the query have the names that AWS gives them. */
const OPTIONS = new Set(['accept', 'fuzzymatching', 'includefield', 'limit', 'nextToken', 'offset', 'orderby'])

/** Names of all parameters of a level, as a description of the service lists them. */
export const searchParameters = (level: SearchLevel): readonly string[] => [...OPTIONS, ...searchedKeywords(level)]

const OF_SIGNATURE = /^x-amz-/i

export type Parameters = readonly (readonly [name: string, value: string])[]

/** @throws ContractError ValidationException, with a sentence that has no value */
export function parseSearch(parameters: Parameters, level: SearchLevel): ParsedSearch {
  if (parameters.length > PARAMETERS_MAX) throw invalid(`A search has at most ${PARAMETERS_MAX} parameters`)
  const textsOf = (option: string) => parameters.filter(([name]) => name === option).map(([, text]) => text)
  const isFuzzy = flagOf('fuzzymatching', textsOf('fuzzymatching'))
  const named = new Map<SearchedAttribute, string[]>()
  const creators = new Map<string, string>()
  for (const [name, text] of parameters) {
    if (OPTIONS.has(name) || OF_SIGNATURE.test(name)) continue
    const tag = name.toUpperCase()
    if (isPrivateReservation(tag)) creators.set(tag, text.trim())
    else {
      const attribute = searchedAttribute(name, level) ?? unknown(name, level)
      named.set(attribute, [...(named.get(attribute) ?? []), text])
    }
  }
  const criteria: Criterion[] = []
  for (const [attribute, texts] of named) {
    const match = parseMatch(attribute, texts, { isFuzzy })
    if (match !== undefined) criteria.push({ keyword: attribute.keyword, match })
  }
  return {
    criteria,
    order: orderOf(textsOf('orderby'), level),
    include: includeFields(textsOf('includefield'), { matched: [...named.keys()].map(({ tag }) => tag), creators }),
    limit: Math.min(SEARCH_LIMIT_MAX, numberOf('limit', textsOf('limit')) ?? SEARCH_LIMIT_MAX),
    offset: numberOf('offset', textsOf('offset'), OFFSET_MAX) ?? 0,
    nextToken: textsOf('nextToken')[0],
  }
}

function orderOf(texts: readonly string[], level: SearchLevel): readonly OrderKey[] {
  const names = texts.flatMap((text) => text.split(',')).filter((name) => name !== '')
  if (names.length > ORDER_KEYS_MAX) throw invalid(`orderby can name at most ${ORDER_KEYS_MAX} attributes`)
  const keys = names.map((name) => {
    const attribute = searchedAttribute(name.replace(/^[-+ ]/, ''), level) ?? unknown('orderby', level)
    return { keyword: attribute.keyword, descending: name.startsWith('-') }
  })
  if (new Set(keys.map(({ keyword }) => keyword)).size < keys.length)
    throw invalid('orderby can name an attribute only once')
  return keys
}

function numberOf(name: string, texts: readonly string[], max = Number.MAX_SAFE_INTEGER): number | undefined {
  const [text] = texts
  if (text === undefined || text === '') return undefined
  if (!/^\d{1,15}$/.test(text) || Number(text) > max)
    throw invalid(`${name} is a whole number${max === Number.MAX_SAFE_INTEGER ? '' : ` of at most ${max}`}`)
  return Number(text)
}

function flagOf(name: string, texts: readonly string[]): boolean {
  const values = new Set(texts.map((text) => text.toLowerCase()).filter((text) => text !== ''))
  if ([...values].some((text) => text !== 'true' && text !== 'false') || values.size > 1)
    throw invalid(`${name} is true or false`)
  return values.has('true')
}

/** The name of a parameter is not repeated unless it is a word: a client may have put a value there. */
function unknown(name: string, level: SearchLevel): never {
  const shown = /^(?:[A-Za-z]{1,64}|[0-9A-Fa-f]{8})$/.test(name) ? name : 'A parameter'
  const subject =
    name === 'orderby' ? 'orderby names what is no attribute of this search' : `${shown} is no attribute of this search`
  throw invalid(`${subject}. Attributes: ${searchedKeywords(level).join(', ')}`)
}

const invalid = (message: string) => new ContractError('ValidationException', message)
