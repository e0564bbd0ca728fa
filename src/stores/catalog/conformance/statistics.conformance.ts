/** Conformance of a catalog: counts for monitoring. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenCatalog } from './catalog.conformance.ts'
import { createDatastore, importFiles, storedFile } from './catalog.fixture.ts'

export function testStatistics(open: OpenCatalog): void {
  test('an empty catalog has no counts', async (context) => {
    assert.deepEqual(await (await open(context)).statistics(), {
      datastores: [],
      importJobs: [],
      oldestWaitingAt: undefined,
    })
  })

  test('image sets, stored bytes and jobs are counted by data store and status', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    await importFiles(catalog, { datastoreId, files: [storedFile('a')] })
    const { datastores, importJobs } = await catalog.statistics()
    assert.equal(datastores.length, 1)
    const { storedBytes, ...counts } = datastores[0]!
    assert.deepEqual(counts, { datastoreId, primaryImageSets: 1, otherImageSets: 0 })
    assert.ok(storedBytes > 0)
    assert.equal(
      importJobs.reduce((sum, { count }) => sum + count, 0),
      1,
    )
  })
}
