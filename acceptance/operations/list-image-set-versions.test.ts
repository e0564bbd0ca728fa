/** ListImageSetVersions: every version including failed ones, newest first, by page. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ListImageSetVersionsCommand } from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { openHilum } from '../support/hilum.ts'
import { importSeries, nobody, propertiesOf, updated, versionsOf } from '../support/image-sets.ts'
import { sendSigned } from '../support/raw-request.ts'
import { choice, documented } from '../support/sources.ts'

const server = await openHilum()
const { hilum, sdk } = server
const datastoreId = await activeDatastore(sdk)

/** An image set with this many versions. */
async function withVersions(count: number) {
  const set = await importSeries(server, { datastoreId, count: 1 })
  for (let version = 1; version < count; version++) {
    const Patient = { DICOM: { PatientComments: `version ${version + 1}` } }
    await updated(sdk, { ...set, latestVersionId: `${version}`, set: { Patient } })
  }
  return set
}

const list = (input: { datastoreId: string; imageSetId: string; maxResults?: number; nextToken?: string }) =>
  sdk.send(new ListImageSetVersionsCommand(input))

describe('a list', documented, () => {
  test('has the newest version first, each as GetImageSet returns it', async () => {
    const set = await withVersions(3)
    const versions = await versionsOf(sdk, set)
    assert.deepEqual(
      versions.map((version) => [version.versionId, version.imageSetState, version.ImageSetWorkflowStatus]),
      [
        ['3', 'ACTIVE', 'UPDATED'],
        ['2', 'ACTIVE', 'UPDATED'],
        ['1', 'ACTIVE', 'CREATED'],
      ],
    )
    for (const version of versions) {
      const alone = await propertiesOf(sdk, { ...set, versionId: version.versionId! })
      assert.deepEqual(
        [version.createdAt, version.updatedAt, version.isPrimary, version.imageSetId],
        [alone.createdAt, alone.updatedAt, alone.isPrimary, set.imageSetId],
      )
    }
  })

  test('has the member ImageSetWorkflowStatus with a capital I, unlike GetImageSet', async () => {
    const { imageSetId } = await withVersions(2)
    const path = `/datastore/${datastoreId}/imageSet/${imageSetId}/listImageSetVersions`
    const reply = await sendSigned(hilum, { method: 'POST', path })
    assert.equal(reply.status, 200)
    const members = ['imageSetId', 'versionId', 'imageSetState', 'ImageSetWorkflowStatus', 'createdAt', 'updatedAt']
    for (const version of reply.json().imageSetPropertiesList) {
      assert.deepEqual(
        Object.keys(version).filter((name) => version[name] !== null),
        [...members, 'isPrimary'],
      )
    }
  })
})

describe('pages', choice, () => {
  test('of every size have each version once, and the last page has no token', async () => {
    const set = await withVersions(5)
    for (const pageSize of [1, 2, 3, 5, 50]) {
      const versions = await versionsOf(sdk, set, pageSize)
      assert.deepEqual(
        versions.map(({ versionId }) => versionId),
        ['5', '4', '3', '2', '1'],
      )
    }
    assert.equal((await list({ ...set, maxResults: 5 })).nextToken, undefined)
  })

  test('continue correctly while the list grows', async () => {
    const set = await withVersions(3)
    const first = await list({ ...set, maxResults: 1 })
    await updated(sdk, { ...set, latestVersionId: '3', set: { Patient: { DICOM: { PatientComments: 'new' } } } })
    const second = await list({ ...set, maxResults: 50, nextToken: first.nextToken! })
    assert.deepEqual(
      [...first.imageSetPropertiesList!, ...second.imageSetPropertiesList!].map(({ versionId }) => versionId),
      ['3', '2', '1'],
    )
  })

  test('have tokens that are URL-safe and valid for their image set only', async () => {
    const [set, other] = [await withVersions(2), await withVersions(2)]
    const { nextToken } = await list({ ...set, maxResults: 1 })
    assert.equal(encodeURIComponent(nextToken!), nextToken)
    await rejectsAs(list({ ...other, nextToken: nextToken! }), 'ValidationException', /nextToken/)
    for (const wrong of ['invented', `${nextToken}x`, nextToken!.slice(0, -1)]) {
      await rejectsAs(list({ ...set, nextToken: wrong }), 'ValidationException', /nextToken/)
    }
  })

  test('of size 0, 51 or not a number are refused', documented, async () => {
    const set = await withVersions(1)
    for (const maxResults of [0, 51]) {
      await rejectsAs(list({ ...set, maxResults }), 'ValidationException', /maxResults/)
    }
    const path = `/datastore/${datastoreId}/imageSet/${set.imageSetId}/listImageSetVersions`
    const reply = await sendSigned(hilum, { method: 'POST', path, query: 'maxResults=many' })
    assert.deepEqual([reply.status, reply.headers['x-amzn-errortype']], [400, 'ValidationException'])
  })
})

describe('an image set that does not exist', documented, () => {
  test('is not found, nor is one of another data store', async () => {
    const set = await withVersions(1)
    await rejectsAs(list({ ...set, imageSetId: nobody() }), 'ResourceNotFoundException')
    await rejectsAs(list({ ...set, datastoreId: await activeDatastore(sdk) }), 'ResourceNotFoundException')
    await rejectsAs(list({ ...set, datastoreId: nobody() }), 'ResourceNotFoundException')
    await rejectsAs(list({ ...set, imageSetId: 'X' }), 'ValidationException', /imageSetId/)
  })
})
