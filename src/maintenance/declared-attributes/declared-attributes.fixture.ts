/** Declares attributes for the data store of an app, and searches by them. */
import assert from 'node:assert/strict'
import { DEFAULT_LIMITS } from '../../default-limits.ts'
import { attributeToDeclare } from '../../imaging/search/declared.ts'
import { toTerms } from '../../imaging/search/terms.ts'
import type { Catalog } from '../../stores/catalog/catalog.ts'
import type { Declaration } from '../../stores/catalog/declared-attribute-repository.ts'
import { buildDeclaration } from './build-declaration.ts'

type Building = Parameters<typeof buildDeclaration>[0]

export async function declare(catalog: Catalog, datastoreId: string, keyword: string): Promise<Declaration> {
  const attribute = attributeToDeclare(keyword)
  assert.ok(!('refused' in attribute))
  const max = DEFAULT_LIMITS.declaredAttributes
  const declaration = await catalog.declaredAttributes.declare(datastoreId, attribute, { max })
  assert.ok(typeof declaration === 'object', `${keyword}: ${declaration}`)
  return declaration
}

/** Declares the attribute and builds its index. @returns the image sets that could not be read */
export async function makeSearchable(app: Building, datastoreId: string, keyword: string): Promise<readonly string[]> {
  const declaration = await declare(app.catalog, datastoreId, keyword)
  const unreadable: string[] = []
  for await (const step of buildDeclaration(app, { datastoreId, declaration })) {
    unreadable.push(...step.unreadable.map(({ imageSetId }) => imageSetId))
  }
  return unreadable
}

/** The ids of the image sets that a search by the attribute returns, in order. */
export async function found(
  catalog: Catalog,
  datastoreId: string,
  ...[keyword, text]: [string, string]
): Promise<readonly string[]> {
  const declared = (await catalog.declaredAttributes.list(datastoreId))!
  const terms = toTerms([[keyword, text]], declared)
  const sort = { sortField: 'createdAt', sortOrder: 'ASC' } as const
  const { rows } = await catalog.imageSets.search({ datastoreId, search: { filters: [], sort, terms }, limit: 1_000 })
  return rows.map(({ imageSetId }) => imageSetId).sort()
}
