/** The conformance suite of a catalog. It runs on every database; each test opens an empty catalog. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Catalog } from '../catalog.ts'
import { testAccess } from './access.conformance.ts'
import { testBlobs } from './blobs.conformance.ts'
import { testClaims } from './claims.conformance.ts'
import { testCompaction } from './compaction.conformance.ts'
import { testCopies } from './copies.conformance.ts'
import { testDataKeys } from './data-keys.conformance.ts'
import { testDatastores } from './datastores.conformance.ts'
import { testDeclaredAttributes } from './declared-attributes.conformance.ts'
import { testDeletions } from './deletions.conformance.ts'
import { testDocuments } from './documents.conformance.ts'
import { testImageSets } from './image-sets.conformance.ts'
import { testImportJobs } from './import-jobs.conformance.ts'
import { testMaintenance } from './maintenance.conformance.ts'
import { testOneTimeLinks } from './one-time-links.conformance.ts'
import { testPublishing } from './publishing.conformance.ts'
import { testRecordAndPublish } from './record-and-publish.conformance.ts'
import { testRepresentativeInstance } from './representative-instance.conformance.ts'
import { testSeriesInstances } from './series-instances.conformance.ts'
import { testServers } from './servers.conformance.ts'
import { testStatistics } from './statistics.conformance.ts'
import { testTags } from './tags.conformance.ts'
import { testWords } from './words.conformance.ts'
import { testWorkflows } from './workflows.conformance.ts'

/** Of a test, or of a part of it. */
export interface OpenContext {
  after(removal: () => Promise<void>): void
}

/** Opens an empty catalog, which is removed after the test. */
export type OpenCatalog = (context: OpenContext) => Promise<Catalog>

export function describeCatalog(name: string, open: OpenCatalog, options: { readonly skip?: string } = {}): void {
  describe(name, { skip: options.skip ?? false }, () => {
    describe('data stores', () => testDatastores(open))
    describe('data keys', () => testDataKeys(open))
    describe('import jobs', () => testImportJobs(open))
    describe('claims', () => testClaims(open))
    describe('publishing', () => testPublishing(open))
    describe('recording and publishing at once', () => testRecordAndPublish(open))
    describe('image sets', () => testImageSets(open))
    describe('instances of a series', () => testSeriesInstances(open))
    describe('representative instances', () => testRepresentativeInstance(open))
    describe('workflows', () => testWorkflows(open))
    describe('deletions of studies', () => testDeletions(open))
    describe('searches by words', () => testWords(open))
    describe('declared attributes', () => testDeclaredAttributes(open))
    describe('copies', () => testCopies(open))
    describe('metadata documents', () => testDocuments(open))
    describe('tags', () => testTags(open))
    describe('blobs', () => testBlobs(open))
    describe('compaction', () => testCompaction(open))
    describe('principals and policies', () => testAccess(open))
    describe('statistics', () => testStatistics(open))
    describe('backups and verifications', () => testMaintenance(open))
    describe('servers', () => testServers(open))
    describe('one-time links', () => testOneTimeLinks(open))
    describe('secrets and checks', () => {
      test('a secret has 32 bytes, is generated once, and differs by name', async (context) => {
        const catalog = await open(context)
        const secret = await catalog.secret('tokens')
        assert.equal(secret.byteLength, 32)
        assert.deepEqual(await catalog.secret('tokens'), secret)
        assert.notDeepEqual(await catalog.secret('other'), secret)
      })

      test('concurrent calls get the same secret', async (context) => {
        const catalog = await open(context)
        const [one, other] = await Promise.all([catalog.secret('tokens'), catalog.secret('tokens')])
        assert.deepEqual(one, other)
      })

      test('checkWritable passes on a writable catalog', async (context) => {
        await (await open(context)).checkWritable()
      })
    })
  })
}
