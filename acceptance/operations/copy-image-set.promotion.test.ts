/**
 * CopyImageSet with promoteToPrimary: an image set that disagreed with its study and was corrected becomes the primary one of its series,
 * under a new id (AWS "Understanding image sets"); and the quota for frames.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CopyImageSetCommand } from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { type Attributes, instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import {
  deleted,
  type ImageSet,
  importSeries,
  importSet,
  newStudy,
  propertiesOf,
  settled,
  stateOf,
  updated,
} from '../support/image-sets.ts'
import { fetchMetadata } from '../support/metadata.ts'
import { equal, search } from '../support/search.ts'
import { choice, documented } from '../support/sources.ts'

const server = await openHilum()
const { sdk } = server
const datastoreId = await activeDatastore(sdk)

const promote = ({ datastoreId, imageSetId }: ImageSet, latestVersionId: string) =>
  sdk.send(
    new CopyImageSetCommand({
      datastoreId,
      sourceImageSetId: imageSetId,
      promoteToPrimary: true,
      copyImageSetInformation: { sourceImageSet: { latestVersionId } },
    }),
  )

/** A study with one primary series, and a second series with a wrong patient. */
async function mistaken(attributes: Attributes = { PatientID: 'MISTAKEN' }) {
  const StudyInstanceUID = newStudy()
  const primary = await importSeries(server, { datastoreId, attributes: { StudyInstanceUID } })
  const SeriesInstanceUID = `${StudyInstanceUID}.2`
  const ofSeries = { StudyInstanceUID, SeriesInstanceUID, SeriesNumber: 2, ...attributes }
  const wrong = await importSeries(server, { datastoreId, attributes: ofSeries })
  assert.equal((await propertiesOf(sdk, wrong)).isPrimary, false)
  return { StudyInstanceUID, primary, wrong }
}

const corrected = (wrong: ImageSet) =>
  updated(sdk, { ...wrong, latestVersionId: '1', set: { Patient: { DICOM: { PatientID: 'P1' } } } })

describe('a promotion', documented, () => {
  test('makes the primary image set of a corrected series, under a new id', async () => {
    const { wrong, primary } = await mistaken()
    await corrected(wrong)
    const answer = await promote(wrong, '2')
    const imageSetId = answer.destinationImageSetProperties!.imageSetId!
    assert.ok(![wrong.imageSetId, primary.imageSetId].includes(imageSetId))
    const promoted = { datastoreId, imageSetId }
    const properties = await settled(sdk, promoted)
    assert.deepEqual([...stateOf(properties), properties.isPrimary], ['ACTIVE', 'COPIED', '1', true])
    const document = await fetchMetadata(sdk, promoted)
    assert.deepEqual(document, { ...(await fetchMetadata(sdk, wrong)), ImageSetID: imageSetId })
  })

  test('leaves its source unchanged and non-primary', choice, async () => {
    const { wrong } = await mistaken()
    await corrected(wrong)
    await promote(wrong, '2')
    const properties = await settled(sdk, wrong)
    assert.deepEqual([...stateOf(properties), properties.isPrimary], ['ACTIVE', 'COPIED', '2', false])
  })

  test('makes the image set that later imports of the series extend', choice, async () => {
    const { wrong, StudyInstanceUID } = await mistaken()
    await corrected(wrong)
    const answer = await promote(wrong, '2')
    const promoted = { datastoreId, imageSetId: answer.destinationImageSetProperties!.imageSetId! }
    await settled(sdk, promoted)
    const SeriesInstanceUID = `${StudyInstanceUID}.2`
    const SOPInstanceUID = `${SeriesInstanceUID}.99`
    const file = instance({ StudyInstanceUID, SeriesInstanceUID, SOPInstanceUID, SeriesNumber: 2 })
    assert.deepEqual(await importSet(server, { datastoreId, files: [file] }), promoted)
    assert.equal((await propertiesOf(sdk, promoted)).versionId, '2')
  })

  test(
    'of an image set that still disagrees is a conflict that names the attributes, not their values',
    choice,
    async () => {
      const { wrong } = await mistaken({ PatientID: 'MISTAKEN', AccessionNumber: 'A-SECRET' })
      const error = await promote(wrong, '1').then(
        () => assert.fail('a conflict'),
        (reason: Error) => reason,
      )
      assert.equal(error.name, 'ConflictException')
      assert.match(error.message, /PatientID/)
      assert.match(error.message, /AccessionNumber/)
      assert.doesNotMatch(error.message, /MISTAKEN|A-SECRET|P1/)
      assert.deepEqual(stateOf(await propertiesOf(sdk, wrong)), ['ACTIVE', 'CREATED', '1'])
    },
  )

  test(
    'beside a primary image set of the same series is a conflict, until that image set is deleted',
    choice,
    async () => {
      const StudyInstanceUID = newStudy()
      const attributes = { StudyInstanceUID }
      const primary = await importSeries(server, { datastoreId, attributes })
      const wrong = await importSeries(server, { datastoreId, attributes: { ...attributes, PatientID: 'MISTAKEN' } })
      await corrected(wrong)
      await rejectsAs(promote(wrong, '2'), 'ConflictException', /primary/)
      await deleted(sdk, primary)
      const answer = await promote(wrong, '2')
      const promoted = { datastoreId, imageSetId: answer.destinationImageSetProperties!.imageSetId! }
      assert.equal((await settled(sdk, promoted)).isPrimary, true)
    },
  )

  test('is found as primary by a search', documented, async () => {
    const { wrong, primary, StudyInstanceUID } = await mistaken()
    await corrected(wrong)
    const answer = await promote(wrong, '2')
    const imageSetId = answer.destinationImageSetProperties!.imageSetId!
    await settled(sdk, { datastoreId, imageSetId })
    const study = equal({ DICOMStudyInstanceUID: StudyInstanceUID }).filters!
    const searchCriteria = { filters: [...study, ...equal({ isPrimary: true }).filters!] }
    const found = await search(sdk, { datastoreId, searchCriteria })
    assert.deepEqual(found.map((summary) => summary.imageSetId).toSorted(), [primary.imageSetId, imageSetId].toSorted())
  })
})

describe('with the quotas of the service', documented, () => {
  const frames = (count: number) => ({
    pixelData: { frames: Array.from({ length: count }, (_, at) => Uint8Array.of(at % 251)) },
  })

  async function copyOf(awsQuotas: boolean) {
    const quotas = await openHilum({ awsQuotas })
    const ownDatastore = await activeDatastore(quotas.sdk)
    const attributes = {
      StudyInstanceUID: newStudy(),
      Rows: 1,
      Columns: 1,
      BitsAllocated: 8,
      BitsStored: 8,
      HighBit: 7,
      PixelRepresentation: 0,
      SamplesPerPixel: 1,
      PhotometricInterpretation: 'MONOCHROME2',
    }
    const file = instance({ ...attributes, NumberOfFrames: 1_001 }, frames(1_001))
    const { datastoreId, imageSetId } = await importSet(quotas, { datastoreId: ownDatastore, files: [file] })
    return quotas.sdk.send(
      new CopyImageSetCommand({
        datastoreId,
        sourceImageSetId: imageSetId,
        copyImageSetInformation: { sourceImageSet: { latestVersionId: '1' } },
      }),
    )
  }

  test('a copy of 1,001 frames exceeds the quota', () =>
    rejectsAs(copyOf(true), 'ServiceQuotaExceededException', /1,?000/))

  test('without the quotas it is allowed', choice, async () => {
    const { destinationImageSetProperties } = await copyOf(false)
    assert.equal(destinationImageSetProperties!.imageSetState, 'LOCKED')
  })
})
