/** Page tokens of searches in data stores with partitions: those that do not fit the partitions of the data store are refused as invalid. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import { DEFAULT_LIMITS } from '../default-limits.ts'
import { PARTITIONS_MAX } from '../limits.ts'
import { createDatastore, importFiles, storedFile } from '../stores/catalog/conformance/catalog.fixture.ts'
import { openCatalogAt } from '../stores/partitioned/catalog-kinds.fixture.ts'
import { search } from './dicomweb/search.ts'
import { openPageTokens } from './page-tokens.ts'
import { searchImageSets } from './search-image-sets.ts'

const pageTokens = openPageTokens(new Uint8Array(32).fill(1))
/** What the server accepts of a client (AWS's pattern of nextToken). */
const TOKEN = /^[A-Za-z0-9_-]{1,8192}$/

const NOTES = { requestHeaders: () => undefined, replyHeaders: {} as never }

/** Operations over a catalog whose data store has 30 studies. */
async function openSearches(context: TestContext, partitions: number) {
  const catalog = await openCatalogAt({ engine: 'SQLite', at: ':memory:', partitions })
  context.after(() => catalog.close())
  const datastoreId = await createDatastore(catalog)
  const files = Array.from({ length: 30 }, (_, at) =>
    storedFile(`file ${at}`, { study: `1.2.${at}`, sop: `1.2.${at}` }),
  )
  await importFiles(catalog, { datastoreId, files })
  const limits = { ...DEFAULT_LIMITS, pageSize: 7 }
  const dataKeys = { check: async () => {} }
  const app = { catalog, pageTokens, limits, dataKeys, clock: Date.now } as unknown as App
  const wanted = { datastoreId, level: 'study', studyInstanceUID: undefined, seriesInstanceUID: undefined } as const
  return {
    datastoreId,
    requestOfImageSets: [
      'SearchImageSets',
      datastoreId,
      { filters: [], sort: { sortField: 'updatedAt', sortOrder: 'DESC' } },
    ],
    requestOfStudies: ['search', datastoreId, 'study', '', '', []],
    async imageSets(
      nextToken: string | undefined,
    ): Promise<{ readonly ids: readonly string[]; readonly nextToken: string | undefined }> {
      const output = await searchImageSets({ datastoreId, ...(nextToken !== undefined && { nextToken }) }, app, NOTES)
      const found = 'structure' in output ? output.structure : output
      const { imageSetsMetadataSummaries, nextToken: next } = found as never as {
        readonly imageSetsMetadataSummaries: readonly { readonly structure: { readonly imageSetId: string } }[]
        readonly nextToken: string | undefined
      }
      return { ids: imageSetsMetadataSummaries.map(({ structure }) => structure.imageSetId), nextToken: next }
    },
    async studies(nextToken: string | undefined): Promise<string | undefined> {
      const parameters = [['limit', '7'], ...(nextToken === undefined ? [] : [['nextToken', nextToken]])] as [
        string,
        string,
      ][]
      return (await search({ ...wanted, parameters } as never, app)).nextToken
    },
  }
}

const isInvalidToken = (error: unknown) =>
  error instanceof ContractError && error.name === 'ValidationException' && error.fields[0]?.path === '/nextToken'

/** Snapshots of data stores with other numbers of partitions. */
const otherSnapshots = (partitions: number) =>
  fc.oneof(
    fc.array(fc.integer({ min: -1, max: 100 }), { maxLength: 9 }).filter(({ length }) => length !== partitions),
    ...(partitions === 1 ? [] : [fc.nat(100)]),
  )

for (const partitions of [1, 2, 3]) {
  describe(`a data store with ${partitions} partitions`, () => {
    test('returns tokens of searches that read every page', async (context) => {
      const { imageSets } = await openSearches(context, partitions)
      const ids: string[] = []
      let page = await imageSets(undefined)
      for (; page.nextToken !== undefined; page = await imageSets(page.nextToken)) {
        assert.match(page.nextToken, TOKEN)
        ids.push(...page.ids)
      }
      ids.push(...page.ids)
      assert.deepEqual([ids.length, new Set(ids).size], [30, 30])
    })

    test('refuses tokens of other numbers of partitions', async (context) => {
      const { imageSets, studies, requestOfImageSets, requestOfStudies } = await openSearches(context, partitions)
      const opened = pageTokens.open(requestOfImageSets, (await imageSets(undefined)).nextToken!) as {
        snapshotVersion: unknown
      }
      const ofStudies = pageTokens.open(requestOfStudies, (await studies(undefined))!) as {
        position: { snapshotVersion: unknown }
      }
      // Sealed as the server does, so that only the snapshot is wrong below.
      assert.equal((await imageSets(pageTokens.seal(requestOfImageSets, opened))).ids.length, 7)
      assert.ok((await studies(pageTokens.seal(requestOfStudies, ofStudies))) !== undefined)
      await fc.assert(
        fc.asyncProperty(otherSnapshots(partitions), async (snapshotVersion) => {
          const token = pageTokens.seal(requestOfImageSets, { ...opened, snapshotVersion })
          await assert.rejects(imageSets(token), isInvalidToken)
          const position = { ...ofStudies.position, snapshotVersion }
          await assert.rejects(studies(pageTokens.seal(requestOfStudies, { ...ofStudies, position })), isInvalidToken)
        }),
        { seed: 20261127, numRuns: 60 },
      )
    })

    test('refuses tokens of another data store, and changed ones', async (context) => {
      const { imageSets, requestOfImageSets, datastoreId } = await openSearches(context, partitions)
      const token = (await imageSets(undefined)).nextToken!
      const position = pageTokens.open(requestOfImageSets, token)
      const ofOther = pageTokens.seal(
        requestOfImageSets.map((each) => (each === datastoreId ? 'f'.repeat(32) : each)),
        position,
      )
      await assert.rejects(imageSets(ofOther), isInvalidToken)
      await fc.assert(
        fc.asyncProperty(fc.nat(token.length - 2), fc.nat(63), async (at, by) => {
          const bytes = Buffer.from(token, 'base64url')
          const which = at % bytes.length
          bytes[which] = bytes[which]! ^ (by + 1)
          await assert.rejects(imageSets(bytes.toString('base64url')), isInvalidToken)
        }),
        { seed: 20261127, numRuns: 60 },
      )
    })
  })
}

test('a token of as many partitions as there may be is one that clients can send', () => {
  const snapshotVersion = Array.from({ length: PARTITIONS_MAX }, () => 999_999_999_999)
  const position = { key: Number.MAX_SAFE_INTEGER, rowId: Number.MAX_SAFE_INTEGER, snapshotVersion }
  assert.match(pageTokens.seal(['SearchImageSets'], position), TOKEN)
})
