/** GetImageSet: the properties of an image set and of each of its versions. Properties after a change are tested with the change. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GetImageSetCommand } from '@aws-sdk/client-medical-imaging'
import { DAY_MS, movableClock } from '../support/clock.ts'
import { activeDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { openHilum } from '../support/hilum.ts'
import { importSeries, importSet, newStudy, nobody, picture, propertiesOf, stateOf } from '../support/image-sets.ts'
import { sendSigned } from '../support/raw-request.ts'
import { choice, documented, recorded } from '../support/sources.ts'

const clock = movableClock('2026-01-01T00:00:00.250Z')
const server = await openHilum(clock.options)
const { hilum, sdk } = server
const datastoreId = await activeDatastore(sdk)

describe('a new image set', recorded, () => {
  test('is ACTIVE and CREATED in version 1, with its ARN and its times', async () => {
    const set = await importSeries(server, { datastoreId })
    const at = new Date(clock.now())
    assert.deepEqual(await propertiesOf(sdk, set), {
      ...set,
      versionId: '1',
      imageSetState: 'ACTIVE',
      imageSetWorkflowStatus: 'CREATED',
      createdAt: at,
      updatedAt: at,
      imageSetArn: `arn:aws:medical-imaging:us-east-1:000000000000:datastore/${datastoreId}/imageset/${set.imageSetId}`,
      isPrimary: true,
      lastAccessedAt: at,
      storageTier: 'FREQUENT_ACCESS',
    })
  })

  test('has no deletedAt, message or overrides on the wire, and times in seconds', async () => {
    const { imageSetId } = await importSeries(server, { datastoreId })
    const path = `/datastore/${datastoreId}/imageSet/${imageSetId}/getImageSet`
    const reply = await sendSigned(hilum, { method: 'POST', path })
    assert.equal(reply.status, 200)
    const { deletedAt, message, overrides, createdAt, versionId } = reply.json()
    assert.deepEqual([deletedAt ?? null, message ?? null, overrides ?? null], [null, null, null])
    assert.deepEqual([createdAt, versionId], [clock.now() / 1000, '1'])
  })

  test('that disagrees with its study is not primary', documented, async () => {
    const StudyInstanceUID = newStudy()
    await importSeries(server, { datastoreId, attributes: { StudyInstanceUID } })
    const other = await importSeries(server, { datastoreId, attributes: { StudyInstanceUID, PatientID: 'OTHER' } })
    assert.equal((await propertiesOf(sdk, other)).isPrimary, false)
  })
})

describe('versions of an image set', documented, () => {
  const StudyInstanceUID = newStudy()
  const extend = async (n: number) => {
    clock.advance(1_000)
    return importSet(server, { datastoreId, files: [picture(n, { StudyInstanceUID })] })
  }

  test('an import that extends an image set makes the next version, IMPORTED', choice, async () => {
    const set = await extend(1)
    assert.deepEqual(await extend(2), set)
    assert.deepEqual(stateOf(await propertiesOf(sdk, set)), ['ACTIVE', 'IMPORTED', '2'])
  })

  test('createdAt is that of the image set, updatedAt that of the version', async () => {
    const set = await extend(3)
    const [first, second, latest] = await Promise.all([
      propertiesOf(sdk, { ...set, versionId: '1' }),
      propertiesOf(sdk, { ...set, versionId: '2' }),
      propertiesOf(sdk, set),
    ])
    assert.deepEqual(
      [first, second, latest].map(({ createdAt }) => createdAt),
      [first.createdAt, first.createdAt, first.createdAt],
    )
    assert.deepEqual(
      [first, second, latest].map(({ updatedAt }) => updatedAt!.getTime() - first.createdAt!.getTime()),
      [0, 1_000, 2_000],
    )
  })

  test('each can be read, and does not change', async () => {
    const set = await extend(4)
    const at = (versionId: string) => propertiesOf(sdk, { ...set, versionId })
    const first = await at('1')
    assert.deepEqual(stateOf(first), ['ACTIVE', 'CREATED', '1'])
    await extend(5)
    const { lastAccessedAt: _, ...ofVersion } = first
    assert.partialDeepStrictEqual(await at('1'), ofVersion)
    const latest = await propertiesOf(sdk, set)
    assert.deepEqual(await at(latest.versionId!), latest)
  })
})

describe('the storage tier', documented, () => {
  test('is archive if the image set was not read for thirty days', async () => {
    const set = await importSeries(server, { datastoreId })
    clock.advance(30 * DAY_MS - 1)
    assert.equal((await propertiesOf(sdk, set)).storageTier, 'FREQUENT_ACCESS')
    clock.advance(2)
    assert.equal((await propertiesOf(sdk, set)).storageTier, 'ARCHIVE_INSTANT_ACCESS')
  })
})

describe('not found', documented, () => {
  const get = (input: { datastoreId: string; imageSetId: string; versionId?: string }) =>
    sdk.send(new GetImageSetCommand(input))

  test('an unknown image set, one of another data store and one of no data store', async () => {
    const set = await importSeries(server, { datastoreId })
    for (const absent of [
      { ...set, imageSetId: nobody() },
      { ...set, imageSetId: 'z'.repeat(32) },
      { ...set, datastoreId: await activeDatastore(sdk) },
      { ...set, datastoreId: nobody() },
    ]) {
      await rejectsAs(get(absent), 'ResourceNotFoundException')
    }
  })

  test('versions that do not exist, however they are spelled', choice, async () => {
    const set = await importSeries(server, { datastoreId })
    for (const versionId of ['0', '2', '9007199254740993', '9'.repeat(400)]) {
      await rejectsAs(get({ ...set, versionId }), 'ResourceNotFoundException')
    }
  })

  test('malformed ids and versions are refused', async () => {
    const set = await importSeries(server, { datastoreId })
    await rejectsAs(get({ datastoreId: 'XX', imageSetId: 'Y' }), 'ValidationException', /datastoreId.*imageSetId/)
    for (const versionId of ['-1', '1.0', 'latest', ' 1', '']) {
      await rejectsAs(get({ ...set, versionId }), 'ValidationException', /versionId/)
    }
  })
})
