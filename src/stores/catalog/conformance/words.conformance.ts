/** Conformance of a catalog: searches by words, while image sets are updated, copied and deleted. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toTerms } from '../../../imaging/search/terms.ts'
import type { Catalog } from '../catalog.ts'
import type { SnapshotVersion } from '../search-repository.ts'
import type { OpenCatalog } from './catalog.conformance.ts'
import { AT } from './catalog.fixture.ts'
import { begin, claim, copyOf, endOf, update, versionOf, withImageSet } from './workflow.fixture.ts'

export function testWords(open: OpenCatalog): void {
  const find = (
    catalog: Catalog,
    datastoreId: string,
    of: { readonly pair: readonly [string, string]; readonly snapshotVersion?: SnapshotVersion },
  ) => {
    const { pair, ...snapshot } = of
    const newestFirst = { sortField: 'updatedAt', sortOrder: 'DESC' } as const
    const search = { filters: [], sort: newestFirst, terms: toTerms([pair]) }
    return catalog.imageSets.search({ datastoreId, search, limit: 10, ...snapshot })
  }
  const count = async (catalog: Catalog, datastoreId: string, ...pair: [string, string]) =>
    (await find(catalog, datastoreId, { pair })).rows.length

  test('an updated image set is found by its new words, and by its old ones only in an earlier snapshot', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    const before = await find(catalog, datastoreId, { pair: ['PatientName', 'doe'] })
    assert.equal(before.rows.length, 1)
    const unlistedTexts = '{"SeriesDescription":"Thin slices"}'
    await update(catalog, { datastoreId, imageSetId }, { from: 1, unlistedTexts })
    assert.equal(await count(catalog, datastoreId, 'PatientName', 'doe'), 0)
    assert.equal(await count(catalog, datastoreId, 'PatientName', 'new'), 1)
    assert.equal(await count(catalog, datastoreId, 'SeriesDescription', 'slic'), 1)
    const { snapshotVersion } = before
    const later = await find(catalog, datastoreId, { pair: ['PatientName', 'doe'], snapshotVersion })
    assert.deepEqual(
      later.rows.map(({ version }) => version),
      [1],
    )
    for await (const { differences } of catalog.searchIndex.verify()) assert.deepEqual(differences, [])
  })

  test('a copy is found by its words once it is complete, and no longer after its deletion', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    const [created] = await begin(catalog, datastoreId, copyOf(imageSetId, 1))
    assert.equal(await count(catalog, datastoreId, 'PatientName', 'new'), 0)
    const { lease } = await claim(catalog)
    const from = { imageSetId, version: 1 }
    const version = versionOf(created!.imageSetId, {
      attributes: { sharedWith: from },
      instances: { kind: 'added', from, sopInstanceUIDs: undefined },
    })
    await catalog.workflows.complete(lease, endOf([version], AT + 2_000))
    assert.equal(await count(catalog, datastoreId, 'PatientName', 'new'), 1)
    await catalog.imageSets.delete({ datastoreId, imageSetId: created!.imageSetId, at: AT + 3_000 })
    assert.equal(await count(catalog, datastoreId, 'PatientName', 'new'), 0)
    assert.equal(await count(catalog, datastoreId, 'PatientName', 'doe'), 1)
    for await (const { differences } of catalog.searchIndex.verify()) assert.deepEqual(differences, [])
  })
}
