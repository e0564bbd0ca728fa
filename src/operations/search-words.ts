/** The header `x-hilum-match` of SearchImageSets: percent-encoded pairs of attribute and words, as in a query string (docs/extensions.md). */
import { ContractError } from '../contract/errors.ts'
import { type Term, toTerms } from '../imaging/search/terms.ts'

/** @throws ContractError (ValidationException) without any value of the header */
export function termsOfHeader(header: string | undefined): readonly Term[] {
  if (header === undefined) return []
  const pairs = header.split('&').map((pair): [string, string] => {
    const at = pair.indexOf('=')
    if (at === -1) throw invalid('has a pair without an equals sign')
    return [decoded(pair.slice(0, at)), decoded(pair.slice(at + 1))]
  })
  return toTerms(pairs)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' ')).trim()
  } catch {
    throw invalid('has a text that is not percent-encoded UTF-8')
  }
}

const invalid = (what: string) =>
  new ContractError(
    'ValidationException',
    `The header x-hilum-match ${what}. It takes pairs as in a query string: PatientName=m%C3%BCl&Modality=CT`,
  )
