/** The header `x-hilum-match` of SearchImageSets: percent-encoded pairs of attribute and words, as in a query string (docs/extensions.md). */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import { isWordAttribute, type Term, toTerms } from '../imaging/search/terms.ts'
import { type Declaration, percentDone } from '../stores/catalog/declared-attribute-repository.ts'
import { datastoreNotFound } from './datastore-access.ts'

/** @throws ContractError (ValidationException) without any value of the header */
export async function termsOfHeader(
  header: string | undefined,
  { app, datastoreId }: { readonly app: App; readonly datastoreId: string },
): Promise<readonly Term[]> {
  if (header === undefined) return []
  const pairs = pairsOfHeader(header)
  const others = pairs.filter(([keyword]) => !isWordAttribute(keyword))
  if (others.length === 0) return toTerms(pairs)
  const declarations = await app.catalog.declaredAttributes.list(datastoreId)
  if (declarations === undefined) throw datastoreNotFound(datastoreId)
  for (const [keyword] of others) {
    const declaration = declarations.find((each) => each.keyword === keyword)
    if (declaration !== undefined) mustBeLive(declaration)
  }
  return toTerms(
    pairs,
    declarations.filter(({ state }) => state === 'live'),
  )
}

/** @throws ContractError (ValidationException) without any value of the header */
export const pairsOfHeader = (header: string): readonly (readonly [keyword: string, text: string])[] =>
  header.split('&').map((pair) => {
    const at = pair.indexOf('=')
    if (at === -1) throw invalid('has a pair without an equals sign')
    return [decoded(pair.slice(0, at)), decoded(pair.slice(at + 1))]
  })

function mustBeLive(declaration: Declaration): void {
  const { keyword, state } = declaration
  if (state === 'building') {
    throw new ContractError(
      'ValidationException',
      `${keyword} is not searchable yet: ${percentDone(declaration)} % of the image sets are indexed. hilum index add continues an interrupted build`,
    )
  }
  if (state === 'removing') throw new ContractError('ValidationException', `${keyword} is not searchable any more`)
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
