/** CopyImageSet to a new and into an existing image set, whole or in part; what copies share and what is refused. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CopyImageSetCommand, ListTagsForResourceCommand, TagResourceCommand } from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { openHilum } from '../support/hilum.ts'
import {
  deleted,
  type ImageSet,
  importSeries,
  importSet,
  newStudy,
  nobody,
  picture,
  propertiesOf,
  settled,
  stateOf,
  updated,
  versionsOf,
} from '../support/image-sets.ts'
import { fetchGzip, fetchMetadata, seriesOf } from '../support/metadata.ts'
import { equal, search } from '../support/search.ts'
import { choice, documented, recorded } from '../support/sources.ts'

const server = await openHilum({ partitions: 2 })
const { sdk } = server
const datastoreId = await activeDatastore(sdk)

interface Copy {
  readonly latestVersionId?: string
  readonly into?: ImageSet & { readonly latestVersionId: string }
  readonly copiableAttributes?: string
  readonly force?: boolean
}

const send = ({ datastoreId, imageSetId }: ImageSet, copy: Copy = {}) => {
  const { latestVersionId = '1', into, copiableAttributes, force } = copy
  return sdk.send(
    new CopyImageSetCommand({
      datastoreId,
      sourceImageSetId: imageSetId,
      ...(force === undefined ? {} : { force }),
      copyImageSetInformation: {
        sourceImageSet: { latestVersionId, ...(copiableAttributes && { DICOMCopies: { copiableAttributes } }) },
        ...(into && {
          destinationImageSet: { imageSetId: into.imageSetId, latestVersionId: into.latestVersionId },
        }),
      },
    }),
  )
}

/** Copies and waits for both image sets. @returns the destination */
async function copied(source: ImageSet, copy: Copy = {}): Promise<ImageSet> {
  const answer = await send(source, copy)
  const destination = { datastoreId, imageSetId: answer.destinationImageSetProperties!.imageSetId! }
  await settled(sdk, source)
  await settled(sdk, destination)
  return destination
}

/** `copiableAttributes` with these instances of a series. */
const instances = (series: string, sops: readonly string[]) =>
  JSON.stringify({
    SchemaVersion: '1.1',
    Study: { Series: { [series]: { Instances: Object.fromEntries(sops.map((sop) => [sop, {}])) } } },
  })

/** Two non-primary image sets of one series that agree with each other: instances 1 and 2, and 3 and 4. */
async function twoHalves(second: Record<string, string> = {}) {
  const StudyInstanceUID = newStudy()
  await importSeries(server, {
    datastoreId,
    attributes: { StudyInstanceUID, SOPInstanceUID: `${StudyInstanceUID}.1.9` },
    count: 1,
  })
  const half = (numbers: readonly number[], more: Record<string, string> = {}) =>
    importSet(server, {
      datastoreId,
      files: numbers.map((n) => picture(n, { StudyInstanceUID, PatientID: 'HALF', ...more })),
    })
  const series = `${StudyInstanceUID}.1`
  return {
    source: await half([1, 2]),
    destination: await half([3, 4], second),
    series,
    sop: (n: number) => `${series}.${n}`,
  }
}

const uidsOf = async (set: ImageSet) => Object.keys(seriesOf(await fetchMetadata(sdk, set)).Instances).toSorted()

describe('a copy to a new image set', recorded, () => {
  test('is accepted at once, with both image sets LOCKED, their ARNs and times', async () => {
    const source = await importSeries(server, { datastoreId })
    const { createdAt } = await propertiesOf(sdk, source)
    const { $metadata, ...answer } = await send(source)
    assert.equal($metadata.httpStatusCode, 200)
    const { sourceImageSetProperties: from, destinationImageSetProperties: to } = answer
    const arn = `arn:aws:medical-imaging:us-east-1:000000000000:datastore/${datastoreId}/imageset`
    assert.deepEqual(answer, {
      datastoreId,
      sourceImageSetProperties: {
        imageSetId: source.imageSetId,
        latestVersionId: '1',
        imageSetState: 'LOCKED',
        imageSetWorkflowStatus: 'COPYING_WITH_READ_ONLY_ACCESS',
        createdAt,
        updatedAt: to!.updatedAt,
        imageSetArn: `${arn}/${source.imageSetId}`,
      },
      destinationImageSetProperties: {
        imageSetId: to!.imageSetId,
        latestVersionId: '1',
        imageSetState: 'LOCKED',
        imageSetWorkflowStatus: 'COPYING',
        createdAt: to!.createdAt,
        updatedAt: to!.updatedAt,
        imageSetArn: `${arn}/${to!.imageSetId}`,
      },
    })
    assert.ok(from && to!.createdAt! >= createdAt!)
    await settled(sdk, source)
  })

  test(
    'ends with both image sets COPIED, the source in its previous version and the copy in version 1',
    documented,
    async () => {
      const source = await importSeries(server, { datastoreId })
      await updated(sdk, { ...source, latestVersionId: '1', set: { Patient: { DICOM: { PatientName: 'New' } } } })
      const destination = await copied(source, { latestVersionId: '2' })
      assert.deepEqual(stateOf(await propertiesOf(sdk, source)), ['ACTIVE', 'COPIED', '2'])
      assert.deepEqual(stateOf(await propertiesOf(sdk, destination)), ['ACTIVE', 'COPIED', '1'])
      assert.equal((await versionsOf(sdk, source)).length, 2)
    },
  )

  test('has the content of the source, including its frames, and is not primary', choice, async () => {
    const source = await importSeries(server, { datastoreId, count: 3 })
    const destination = await copied(source)
    const [from, to] = [await fetchMetadata(sdk, source), await fetchMetadata(sdk, destination)]
    assert.deepEqual(to, { ...from, ImageSetID: destination.imageSetId })
    const { isPrimary, storageTier } = await propertiesOf(sdk, destination)
    assert.deepEqual([isPrimary, storageTier], [false, 'FREQUENT_ACCESS'])
    assert.equal((await propertiesOf(sdk, source)).isPrimary, true)
  })

  test('is found by a search beside its source', documented, async () => {
    const source = await importSeries(server, { datastoreId, attributes: { PatientID: 'FOUND-TWICE' } })
    const destination = await copied(source)
    const found = await search(sdk, { datastoreId, searchCriteria: equal({ DICOMPatientId: 'FOUND-TWICE' }) })
    assert.deepEqual(
      found.map(({ imageSetId, version }) => [imageSetId, version]).toSorted(),
      [source, destination].map(({ imageSetId }) => [imageSetId, 1]).toSorted(),
    )
  })

  test('is independent: changing or deleting one does not affect the other', choice, async () => {
    const source = await importSeries(server, { datastoreId })
    const destination = await copied(source)
    const content = await fetchGzip(sdk, destination)
    await updated(sdk, { ...source, latestVersionId: '1', set: { Patient: { DICOM: { PatientName: 'Source' } } } })
    assert.deepEqual(await fetchGzip(sdk, destination), content)
    await deleted(sdk, source)
    assert.deepEqual(await fetchGzip(sdk, destination), content)
    await updated(sdk, { ...destination, latestVersionId: '1', set: { Patient: { DICOM: { PatientName: 'Copy' } } } })
  })

  test('has none of the tags of its source', choice, async () => {
    const source = await importSeries(server, { datastoreId })
    const arn = (await propertiesOf(sdk, source)).imageSetArn!
    await sdk.send(new TagResourceCommand({ resourceArn: arn, tags: { of: 'source' } }))
    const destination = await copied(source)
    const resourceArn = (await propertiesOf(sdk, destination)).imageSetArn!
    assert.deepEqual((await sdk.send(new ListTagsForResourceCommand({ resourceArn }))).tags, {})
    const ofSource = await sdk.send(new ListTagsForResourceCommand({ resourceArn: arn }))
    assert.deepEqual(ofSource.tags, { of: 'source' })
  })

  test('of some instances has only these', documented, async () => {
    const StudyInstanceUID = newStudy()
    const source = await importSeries(server, { datastoreId, count: 4, attributes: { StudyInstanceUID } })
    const series = `${StudyInstanceUID}.1`
    const chosen = [`${series}.1`, `${series}.4`]
    const destination = await copied(source, { copiableAttributes: instances(series, chosen) })
    assert.deepEqual(await uidsOf(destination), chosen)
    const [summary] = (
      await search(sdk, { datastoreId, searchCriteria: equal({ DICOMSeriesInstanceUID: series }) })
    ).filter(({ imageSetId }) => imageSetId === destination.imageSetId)
    assert.equal(summary!.DICOMTags!.DICOMNumberOfStudyRelatedInstances, 2)
  })
})

describe('a copy into an image set', documented, () => {
  test('adds the instances as its next version and keeps its first', async () => {
    const { source, destination, sop } = await twoHalves()
    const answer = await send(source, { into: { ...destination, latestVersionId: '1' } })
    const { imageSetId, latestVersionId, imageSetState } = answer.destinationImageSetProperties!
    assert.deepEqual([imageSetId, latestVersionId, imageSetState], [destination.imageSetId, '2', 'LOCKED'])
    assert.deepEqual(stateOf(await settled(sdk, destination)), ['ACTIVE', 'COPIED', '2'])
    assert.deepEqual(stateOf(await settled(sdk, source)), ['ACTIVE', 'COPIED', '1'])
    assert.deepEqual(await uidsOf(destination), [1, 2, 3, 4].map(sop))
    const old = await fetchMetadata(sdk, { ...destination, versionId: '1' })
    assert.deepEqual(Object.keys(seriesOf(old).Instances).toSorted(), [3, 4].map(sop))
  })

  test('of some instances adds only these', async () => {
    const { source, destination, series, sop } = await twoHalves()
    await copied(source, {
      into: { ...destination, latestVersionId: '1' },
      copiableAttributes: instances(series, [sop(2)]),
    })
    assert.deepEqual(await uidsOf(destination), [2, 3, 4].map(sop))
  })

  test('of a different series fails with the message of the service, as a new version', recorded, async () => {
    const { source, destination, sop } = await twoHalves({ PatientName: 'Differs' })
    const before = await fetchGzip(sdk, destination)
    await send(source, { into: { ...destination, latestVersionId: '1' } })
    const properties = await settled(sdk, destination)
    assert.deepEqual(stateOf(properties), ['ACTIVE', 'COPY_FAILED', '2'])
    assert.equal(properties.message, "INVALID_REQUEST:  Series of SourceImageSet and DestinationImageSet don't match.")
    assert.deepEqual(await fetchGzip(sdk, destination), before)
    const [latest] = await versionsOf(sdk, destination)
    assert.deepEqual([latest!.ImageSetWorkflowStatus, latest!.message], ['COPY_FAILED', properties.message])
    assert.equal((await settled(sdk, source)).imageSetState, 'ACTIVE')
    assert.deepEqual(await uidsOf(destination), [3, 4].map(sop))
  })

  test('of a different series succeeds with force, and keeps the metadata of the destination', async () => {
    const { source, destination, sop } = await twoHalves({ PatientName: 'Differs' })
    await copied(source, { into: { ...destination, latestVersionId: '1' }, force: true })
    const document = await fetchMetadata(sdk, destination)
    assert.equal(document.Patient.DICOM.PatientName, 'Differs')
    assert.deepEqual(Object.keys(seriesOf(document).Instances).toSorted(), [1, 2, 3, 4].map(sop))
    assert.equal((await propertiesOf(sdk, destination)).overrides?.forced, true)
  })

  test('that already has one of the instances fails with a message', async () => {
    const { source, destination, sop } = await twoHalves()
    await copied(source, { into: { ...destination, latestVersionId: '1' } })
    await send(source, { into: { ...destination, latestVersionId: '2' } })
    const properties = await settled(sdk, destination)
    assert.deepEqual(stateOf(properties), ['ACTIVE', 'COPY_FAILED', '3'])
    assert.match(properties.message!, /SOP/)
    assert.deepEqual(await uidsOf(destination), [1, 2, 3, 4].map(sop))
  })
})

describe('refused', documented, () => {
  const latest = 'Requested version(s) of ImageSet(s) is not the latest.'

  test('a version of source or destination that is not the latest', recorded, async () => {
    const { source, destination } = await twoHalves()
    for (const latestVersionId of ['0', '2', '9'.repeat(30)]) {
      await rejectsAs(send(source, { latestVersionId }), 'ResourceNotFoundException', latest)
      await rejectsAs(send(source, { into: { ...destination, latestVersionId } }), 'ResourceNotFoundException', latest)
    }
  })

  test('a source or destination that does not exist, and one image set as both', async () => {
    const { source, destination } = await twoHalves()
    const elsewhere = await activeDatastore(sdk)
    await rejectsAs(send({ ...source, imageSetId: nobody() }), 'ResourceNotFoundException')
    await rejectsAs(send({ ...source, datastoreId: elsewhere }), 'ResourceNotFoundException')
    const into = { ...destination, latestVersionId: '1' }
    await rejectsAs(send(source, { into: { ...into, imageSetId: nobody() } }), 'ResourceNotFoundException')
    await rejectsAs(send(source, { into: { ...source, latestVersionId: '1' } }), 'ValidationException')
    await rejectsAs(send({ ...source, imageSetId: 'X' }), 'ValidationException', /sourceImageSetId/)
    await rejectsAs(send(source, { latestVersionId: 'one' }), 'ValidationException', /latestVersionId/)
  })

  test('a subset with instances that the source does not have', choice, async () => {
    const { source, series, sop } = await twoHalves()
    const refused = (copiableAttributes: string) =>
      rejectsAs(send(source, { copiableAttributes }), 'ValidationException')
    await refused(instances(series, [sop(1), sop(77)]))
    await refused(instances('1.2.3', [sop(1)]))
    await refused(instances(series, []))
  })

  test('an invalid subset', async () => {
    const { source, series } = await twoHalves()
    for (const copiableAttributes of [
      '{',
      '[]',
      'null',
      '"text"',
      '{}',
      '{"SchemaVersion":"1.1"}',
      '{"SchemaVersion":"1.1","Study":{"Series":[]}}',
      '{"SchemaVersion":"1.1","Studies":{}}',
      `{"SchemaVersion":"1.1","Study":{"Series":{"${series}":{"Instances":{"__proto__":{}}}}}}`,
      `{"SchemaVersion":"1.1","Study":${'{"Series":'.repeat(20_000)}1${'}'.repeat(20_000)}}`,
      Buffer.from(instances(series, [`${series}.1`])).toString('base64'),
    ]) {
      await rejectsAs(send(source, { copiableAttributes }), 'ValidationException')
    }
  })

  test('more than 260,000 characters', async () => {
    const StudyInstanceUID = newStudy()
    const source = await importSeries(server, { datastoreId, attributes: { StudyInstanceUID } })
    const list = instances(`${StudyInstanceUID}.1`, [`${StudyInstanceUID}.1.1`])
    await rejectsAs(
      send(source, { copiableAttributes: list.padEnd(260_001) }),
      'ValidationException',
      /copiableAttributes.*260000/,
    )
    const destination = await copied(source, { copiableAttributes: list.padEnd(260_000) })
    assert.deepEqual(await uidsOf(destination), [`${StudyInstanceUID}.1.1`])
  })

  test('a write to an image set that is being copied from or to', choice, async () => {
    const source = await importSeries(server, { datastoreId, count: 20 })
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => send(source)))
    assert.ok(outcomes.some(({ status }) => status === 'fulfilled'))
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue
      assert.equal((outcome.reason as Error).name, 'ConflictException')
      assert.match((outcome.reason as Error).message, /LOCKED/)
    }
    assert.deepEqual(stateOf(await settled(sdk, source)), ['ACTIVE', 'COPIED', '1'])
  })
})
