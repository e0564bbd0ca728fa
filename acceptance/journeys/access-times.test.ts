/** Storage tiers, and what counts as access (AWS "Cost optimization"): returned by GetImageSet at once, and by searches soon after. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GetImageSetCommand, SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import { DAY_MS, movableClock } from '../support/clock.ts'
import { activeDatastore } from '../support/datastores.ts'
import { instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { fetchMetadata } from '../support/metadata.ts'
import { documented } from '../support/sources.ts'
import { until } from '../support/until.ts'

const clock = movableClock('2026-03-01T12:00:00Z')
const { options } = clock
const server = await openHilum({ ...options, limits: { ...options.limits, accessesWrittenEveryMs: 10 } })
const { sdk } = server

test(
  'an image set that is not read for 30 days is archived, and reading its metadata restores it',
  documented,
  async () => {
    const datastoreId = await activeDatastore(sdk)
    const { manifest } = await importFiles(server, { datastoreId, files: { 'a.dcm': instance({}) } })
    const { imageSetId } = manifest.imageSetsSummary[0]!
    const found = async () => {
      const { imageSetsMetadataSummaries } = await sdk.send(new SearchImageSetsCommand({ datastoreId }))
      return imageSetsMetadataSummaries![0]!
    }
    const got = () => sdk.send(new GetImageSetCommand({ datastoreId, imageSetId }))
    assert.equal((await got()).storageTier, 'FREQUENT_ACCESS')
    assert.equal((await found()).storageTier, 'FREQUENT_ACCESS')

    clock.advance(30 * DAY_MS)
    assert.equal((await found()).storageTier, 'FREQUENT_ACCESS', 'to the millisecond')
    clock.advance(1)
    assert.equal((await found()).storageTier, 'ARCHIVE_INSTANT_ACCESS', 'although nothing has changed')
    clock.advance(-30 * DAY_MS - 1)
    assert.equal((await found()).storageTier, 'FREQUENT_ACCESS', 'if the clock is set back')
    clock.advance(31 * DAY_MS)
    assert.equal((await got()).storageTier, 'ARCHIVE_INSTANT_ACCESS')
    assert.equal((await found()).storageTier, 'ARCHIVE_INSTANT_ACCESS')
    assert.equal((await got()).lastAccessedAt?.getTime(), clock.now() - 31 * DAY_MS, 'neither of the two is an access')

    await fetchMetadata(sdk, { datastoreId, imageSetId })
    const { storageTier, lastAccessedAt, updatedAt } = await got()
    assert.deepEqual([storageTier, lastAccessedAt?.getTime()], ['FREQUENT_ACCESS', clock.now()])
    assert.equal(updatedAt?.getTime(), clock.now() - 31 * DAY_MS, 'it is not changed')
    await until(async () => ((await found()).storageTier === 'FREQUENT_ACCESS' ? true : undefined))
    assert.equal((await found()).lastAccessedAt?.getTime(), clock.now())
  },
)
