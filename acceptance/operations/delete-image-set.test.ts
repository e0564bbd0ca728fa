/** DeleteImageSet: deletes all versions; GetImageSet reports the deletion for a day. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  CopyImageSetCommand,
  DeleteDatastoreCommand,
  DeleteImageSetCommand,
  GetImageSetCommand,
  GetImageSetMetadataCommand,
  ListImageSetVersionsCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
} from '@aws-sdk/client-medical-imaging'
import { DAY_MS, movableClock } from '../support/clock.ts'
import { activeDatastore, untilDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { openHilum } from '../support/hilum.ts'
import {
  deleted,
  type ImageSet,
  importSeries,
  newStudy,
  nobody,
  propertiesOf,
  sendUpdate,
  updated,
} from '../support/image-sets.ts'
import { search } from '../support/search.ts'
import { choice, documented, recorded } from '../support/sources.ts'
import { until } from '../support/until.ts'

const clock = movableClock('2026-01-01T00:00:00Z')
const server = await openHilum(clock.options)
const { sdk } = server
const datastoreId = await activeDatastore(sdk)
const remove = (set: ImageSet) => sdk.send(new DeleteImageSetCommand(set))

describe('the response', recorded, () => {
  test('is LOCKED and DELETING, and the image set becomes DELETED without another request', async () => {
    const set = await importSeries(server, { datastoreId })
    clock.advance(1_000)
    const { $metadata, ...answer } = await remove(set)
    assert.equal($metadata.httpStatusCode, 200)
    assert.deepEqual(answer, { ...set, imageSetState: 'LOCKED', imageSetWorkflowStatus: 'DELETING' })
    clock.advance(1_000)
    const { imageSetState, imageSetWorkflowStatus, deletedAt } = await deletedInTheEnd(set)
    assert.deepEqual([imageSetState, imageSetWorkflowStatus], ['DELETED', 'DELETED'])
    assert.ok(deletedAt!.getTime() >= clock.now() - 1_000 && deletedAt!.getTime() <= clock.now())
  })
})

/** Until then it must report that the deletion is in progress. */
const deletedInTheEnd = (set: ImageSet) =>
  until(async () => {
    const properties = await propertiesOf(sdk, set)
    if (properties.imageSetState === 'DELETED') return properties
    assert.deepEqual([properties.imageSetState, properties.imageSetWorkflowStatus], ['LOCKED', 'DELETING'])
    return undefined
  })

describe('a deleted image set', documented, () => {
  test('has no metadata in any version', choice, async () => {
    const set = await importSeries(server, { datastoreId })
    await updated(sdk, { ...set, latestVersionId: '1', set: { Patient: { DICOM: { PatientName: 'New' } } } })
    await deleted(sdk, set)
    for (const version of [{}, { versionId: '1' }, { versionId: '2' }]) {
      await rejectsAs(sdk.send(new GetImageSetMetadataCommand({ ...set, ...version })), 'ResourceNotFoundException')
    }
  })

  test('is not found by searches', choice, async () => {
    const own = await activeDatastore(sdk)
    const set = await importSeries(server, { datastoreId: own })
    const other = await importSeries(server, { datastoreId: own })
    await deleted(sdk, set)
    assert.deepEqual(
      (await search(sdk, { datastoreId: own })).map(({ imageSetId }) => imageSetId),
      [other.imageSetId],
    )
  })

  test('can be neither updated nor copied nor copied into', choice, async () => {
    const set = await importSeries(server, { datastoreId })
    const other = await importSeries(server, { datastoreId })
    await deleted(sdk, set)
    const copy = (from: ImageSet, into?: ImageSet) =>
      sdk.send(
        new CopyImageSetCommand({
          datastoreId,
          sourceImageSetId: from.imageSetId,
          copyImageSetInformation: {
            sourceImageSet: { latestVersionId: '1' },
            ...(into && { destinationImageSet: { imageSetId: into.imageSetId, latestVersionId: '1' } }),
          },
        }),
      )
    const update = { latestVersionId: '1', set: { Patient: { DICOM: { PatientName: 'New' } } } }
    await rejectsAs(sendUpdate(sdk, { ...set, ...update }), 'ResourceNotFoundException')
    await rejectsAs(copy(set), 'ResourceNotFoundException')
    await rejectsAs(copy(other, set), 'ResourceNotFoundException')
  })

  test('is not found when it is deleted again', recorded, async () => {
    const set = await importSeries(server, { datastoreId })
    await deleted(sdk, set)
    await rejectsAs(remove(set), 'ResourceNotFoundException')
  })

  test('has no tags', choice, async () => {
    const set = await importSeries(server, { datastoreId })
    const resourceArn = (await propertiesOf(sdk, set)).imageSetArn!
    await sdk.send(new TagResourceCommand({ resourceArn, tags: { a: 'b' } }))
    await deleted(sdk, set)
    await rejectsAs(sdk.send(new ListTagsForResourceCommand({ resourceArn })), 'ResourceNotFoundException')
  })

  test('is reported as deleted for a day, then not found', choice, async () => {
    const set = await importSeries(server, { datastoreId })
    await deleted(sdk, set)
    clock.advance(DAY_MS - 1_000)
    assert.equal((await propertiesOf(sdk, set)).imageSetState, 'DELETED')
    const { imageSetPropertiesList } = await sdk.send(new ListImageSetVersionsCommand(set))
    assert.ok(imageSetPropertiesList!.every(({ imageSetState }) => imageSetState === 'DELETED'))
    clock.advance(2_000)
    await rejectsAs(sdk.send(new GetImageSetCommand(set)), 'ResourceNotFoundException')
    await rejectsAs(sdk.send(new ListImageSetVersionsCommand(set)), 'ResourceNotFoundException')
  })

  test('does not prevent importing its series again as a primary image set', choice, async () => {
    const attributes = { StudyInstanceUID: newStudy() }
    const set = await importSeries(server, { datastoreId, attributes })
    await deleted(sdk, set)
    const again = await importSeries(server, { datastoreId, attributes })
    assert.notEqual(again.imageSetId, set.imageSetId)
    const { isPrimary, versionId } = await propertiesOf(sdk, again)
    assert.deepEqual([isPrimary, versionId], [true, '1'])
  })

  test('does not prevent the deletion of its data store', async () => {
    const own = await activeDatastore(sdk)
    const set = await importSeries(server, { datastoreId: own })
    await rejectsAs(sdk.send(new DeleteDatastoreCommand({ datastoreId: own })), 'ConflictException')
    await deleted(sdk, set)
    await sdk.send(new DeleteDatastoreCommand({ datastoreId: own }))
    await untilDatastore(sdk, { datastoreId: own, is: 'DELETED' })
  })
})

describe('refused', documented, () => {
  test('an image set that does not exist or is in another data store', async () => {
    const set = await importSeries(server, { datastoreId })
    await rejectsAs(remove({ ...set, imageSetId: nobody() }), 'ResourceNotFoundException')
    await rejectsAs(remove({ ...set, datastoreId: await activeDatastore(sdk) }), 'ResourceNotFoundException')
    await rejectsAs(remove({ ...set, datastoreId: nobody() }), 'ResourceNotFoundException')
    await rejectsAs(remove({ ...set, imageSetId: 'X' }), 'ValidationException', /imageSetId/)
    assert.equal((await propertiesOf(sdk, set)).imageSetState, 'ACTIVE')
  })

  test('all but one of eight concurrent deletions', choice, async () => {
    const set = await importSeries(server, { datastoreId })
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => remove(set)))
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue
      assert.match((outcome.reason as Error).name, /^(ConflictException|ResourceNotFoundException)$/)
    }
    assert.equal((await deletedInTheEnd(set)).imageSetState, 'DELETED')
  })
})
