/** What every catalog promises, as tests. Each database runs the same suite, each test with a catalog of its own. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { Catalog } from '../catalog.ts'
import { testBlobs } from './blobs.conformance.ts'
import { testCompaction } from './compaction.conformance.ts'
import { testCopies } from './copies.conformance.ts'
import { testDatastores } from './datastores.conformance.ts'
import { testDocuments } from './documents.conformance.ts'
import { testImageSets } from './image-sets.conformance.ts'
import { testImportJobs } from './import-jobs.conformance.ts'
import { testPublishing } from './publishing.conformance.ts'
import { testTags } from './tags.conformance.ts'
import { testWorkflows } from './workflows.conformance.ts'

/** An empty catalog; what it leaves behind is removed after the test. */
export type OpenCatalog = (context: TestContext) => Promise<Catalog>

export function describeCatalog(name: string, open: OpenCatalog, options: { readonly skip?: string } = {}): void {
  describe(name, { skip: options.skip ?? false }, () => {
    describe('data stores', () => testDatastores(open))
    describe('import jobs', () => testImportJobs(open))
    describe('publishing', () => testPublishing(open))
    describe('image sets', () => testImageSets(open))
    describe('workflows', () => testWorkflows(open))
    describe('copies', () => testCopies(open))
    describe('metadata documents', () => testDocuments(open))
    describe('tags', () => testTags(open))
    describe('blobs', () => testBlobs(open))
    describe('toCompact blobs', () => testCompaction(open))
    describe('the whole', () => {
      test('a secret is made once, is long, and differs by name', async (context) => {
        const catalog = await open(context)
        const secret = await catalog.secret('tokens')
        assert.equal(secret.byteLength, 32)
        assert.deepEqual(await catalog.secret('tokens'), secret)
        assert.notDeepEqual(await catalog.secret('other'), secret)
      })

      test('two that ask for a secret at once get the same', async (context) => {
        const catalog = await open(context)
        const [one, other] = await Promise.all([catalog.secret('tokens'), catalog.secret('tokens')])
        assert.deepEqual(one, other)
      })

      test('a catalog that can be written passes its check', async (context) => {
        await (await open(context)).checkWritable()
      })
    })
  })
}
