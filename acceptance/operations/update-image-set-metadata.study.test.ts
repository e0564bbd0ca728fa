/**
 * UpdateImageSetMetadata with includeStudyImageSets: one atomic update of patient and study for all primary image sets of a study (AWS
 * release of 31 March 2026). The SDK does not have the parameter yet, so the requests are written by hand.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { activeDatastore } from '../support/datastores.ts'
import { instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import {
  type ImageSet,
  importSeries,
  importSet,
  jsonBytes,
  newStudy,
  propertiesOf,
  settled,
  stateOf,
  updated,
} from '../support/image-sets.ts'
import { fetchMetadata, seriesOf } from '../support/metadata.ts'
import { sendSigned } from '../support/raw-request.ts'
import { equal, search } from '../support/search.ts'
import { choice, documented } from '../support/sources.ts'
import { until } from '../support/until.ts'

const server = await openHilum()
const { hilum, sdk } = server
const datastoreId = await activeDatastore(sdk)

/** Three primary image sets of one study, a non-primary one, and one of another study with the same patient. */
async function studyOfThree() {
  const StudyInstanceUID = newStudy()
  const primaries: ImageSet[] = []
  for (const n of [1, 2, 3]) {
    const attributes = { StudyInstanceUID, SeriesInstanceUID: `${StudyInstanceUID}.${n}`, SeriesNumber: n }
    primaries.push(await importSeries(server, { datastoreId, attributes }))
  }
  const disagreeing = await importSeries(server, { datastoreId, attributes: { StudyInstanceUID, PatientID: 'OTHER' } })
  const elsewhere = await importSeries(server, { datastoreId })
  return { StudyInstanceUID, primaries, first: primaries[0]!, disagreeing, elsewhere }
}

const bodyOf = (tree: object) =>
  JSON.stringify({
    DICOMUpdates: {
      updatableAttributes: Buffer.from(jsonBytes({ SchemaVersion: 1.1, ...tree })).toString('base64'),
    },
  })

const post = ({ imageSetId }: ImageSet, body: string, query = 'latestVersion=1&includeStudyImageSets=true') =>
  sendSigned(hilum, {
    method: 'POST',
    path: `/datastore/${datastoreId}/imageSet/${imageSetId}/updateImageSetMetadata`,
    query,
    body,
  })

const NEW_PATIENT = { Patient: { DICOM: { PatientID: 'CORRECT', PatientName: 'Correct^Name' } } }

describe('an update of the whole study', documented, () => {
  test('makes a new version of every primary image set of the study, and of no other', async () => {
    const { first, primaries, disagreeing, elsewhere } = await studyOfThree()
    const reply = await post(first, bodyOf(NEW_PATIENT))
    assert.equal(reply.status, 200, reply.body)
    const { latestVersionId, imageSetState, imageSetWorkflowStatus } = reply.json()
    assert.deepEqual([latestVersionId, imageSetState, imageSetWorkflowStatus], ['2', 'LOCKED', 'UPDATING'])
    for (const set of primaries) {
      assert.deepEqual(stateOf(await settled(sdk, set)), ['ACTIVE', 'UPDATED', '2'])
      const { Patient } = await fetchMetadata(sdk, set)
      assert.deepEqual([Patient.DICOM.PatientID, Patient.DICOM.PatientName], ['CORRECT', 'Correct^Name'])
    }
    for (const set of [disagreeing, elsewhere]) assert.equal((await propertiesOf(sdk, set)).versionId, '1')
  })

  test('increments the version of each image set', choice, async () => {
    const { first, primaries } = await studyOfThree()
    const other = primaries[2]!
    await updated(sdk, { ...other, latestVersionId: '1', set: { Patient: { DICOM: { PatientComments: 'kept' } } } })
    await post(first, bodyOf(NEW_PATIENT))
    assert.deepEqual(stateOf(await settled(sdk, other)), ['ACTIVE', 'UPDATED', '3'])
    const { Patient } = await fetchMetadata(sdk, other)
    assert.deepEqual([Patient.DICOM.PatientID, Patient.DICOM.PatientComments], ['CORRECT', 'kept'])
  })

  test('changes patient and study of all, and the series of the named image set only', choice, async () => {
    const { StudyInstanceUID, first, primaries } = await studyOfThree()
    const Series = { [`${StudyInstanceUID}.1`]: { DICOM: { BodyPartExamined: 'CHEST' } } }
    const tree = { Study: { DICOM: { StudyDescription: 'Changed' }, Series } }
    assert.equal((await post(first, bodyOf(tree))).status, 200)
    for (const [at, set] of primaries.entries()) {
      await settled(sdk, set)
      const document = await fetchMetadata(sdk, set)
      assert.equal(document.Study.DICOM.StudyDescription, 'Changed')
      assert.equal(seriesOf(document).DICOM.BodyPartExamined, at === 0 ? 'CHEST' : undefined)
    }
  })

  test('is never visible in part', documented, async () => {
    const { StudyInstanceUID, first, primaries } = await studyOfThree()
    await post(first, bodyOf(NEW_PATIENT))
    await until(async () => {
      const searchCriteria = {
        filters: [
          ...equal({ DICOMStudyInstanceUID: StudyInstanceUID }).filters!,
          ...equal({ isPrimary: true }).filters!,
        ],
      }
      const found = await search(sdk, { datastoreId, searchCriteria })
      assert.equal(found.length, 3)
      assert.equal(new Set(found.map(({ DICOMTags }) => DICOMTags!.DICOMPatientId)).size, 1, 'one patient a study')
      const states = await Promise.all(primaries.map((set) => propertiesOf(sdk, set)))
      for (const { imageSetState, imageSetWorkflowStatus } of states.slice(1)) {
        if (imageSetState === 'LOCKED') assert.equal(imageSetWorkflowStatus, 'UPDATING_FOR_STUDY_CONSISTENCY')
      }
      return states.every(({ imageSetState }) => imageSetState === 'ACTIVE') || undefined
    })
  })

  test('requested concurrently on each of its image sets is made once', choice, async () => {
    const { primaries } = await studyOfThree()
    const named = (n: number) => bodyOf({ Patient: { DICOM: { PatientName: `Writer^${n}` } } })
    const replies = await Promise.all(primaries.map((set, n) => post(set, named(n))))
    const winner = replies.findIndex(({ status }) => status === 200)
    for (const [n, { status, headers }] of replies.entries()) {
      if (n === winner) continue
      assert.ok([404, 409].includes(status), `${status} ${headers['x-amzn-errortype']}`)
    }
    for (const set of primaries) {
      assert.deepEqual(stateOf(await settled(sdk, set)), ['ACTIVE', 'UPDATED', '2'])
      assert.equal((await fetchMetadata(sdk, set)).Patient.DICOM.PatientName, `Writer^${winner}`)
    }
  })

  test('does not prevent later imports that agree', choice, async () => {
    const { StudyInstanceUID, first, primaries } = await studyOfThree()
    await post(first, bodyOf(NEW_PATIENT))
    for (const set of primaries) await settled(sdk, set)
    const file = instance({
      StudyInstanceUID,
      SeriesInstanceUID: `${StudyInstanceUID}.9`,
      PatientID: 'CORRECT',
      SOPInstanceUID: `${StudyInstanceUID}.9.1`,
    })
    const later = await importSet(server, { datastoreId, files: [file] })
    assert.equal((await propertiesOf(sdk, later)).isPrimary, true)
  })
})

describe('includeStudyImageSets is refused', documented, () => {
  test('with a revert', async () => {
    const { first } = await studyOfThree()
    const reply = await post(first, '{"revertToVersionId":"1"}')
    assert.deepEqual([reply.status, reply.headers['x-amzn-errortype']], [400, 'ValidationException'])
    assert.match(reply.json().message, /includeStudyImageSets/)
  })

  test('on an image set that is not primary', async () => {
    const { disagreeing, first } = await studyOfThree()
    const reply = await post(disagreeing, bodyOf(NEW_PATIENT))
    assert.deepEqual([reply.status, reply.headers['x-amzn-errortype']], [400, 'ValidationException'])
    assert.match(reply.json().message, /primary/)
    assert.equal((await propertiesOf(sdk, first)).versionId, '1')
  })

  test('with a stale latest version, and no other image set changes', async () => {
    const { first, primaries } = await studyOfThree()
    const reply = await post(first, bodyOf(NEW_PATIENT), 'latestVersion=2&includeStudyImageSets=true')
    assert.deepEqual([reply.status, reply.headers['x-amzn-errortype']], [404, 'ResourceNotFoundException'])
    for (const set of primaries) assert.deepEqual(stateOf(await propertiesOf(sdk, set)), ['ACTIVE', 'CREATED', '1'])
  })

  test('with values other than true and false', async () => {
    const { first } = await studyOfThree()
    const reply = await post(first, bodyOf(NEW_PATIENT), 'latestVersion=1&includeStudyImageSets=yes')
    assert.equal(reply.status, 400)
    const alone = await post(first, bodyOf(NEW_PATIENT), 'latestVersion=1&includeStudyImageSets=false')
    assert.equal(alone.status, 200)
    await settled(sdk, first)
  })
})
