/** The structure of DICOMUpdates, one case per rule: modules, series and instances. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  answer,
  FIRST,
  inInstance,
  inSeries,
  ofInstance,
  ofPatient,
  ofStudy,
  parsed,
  SERIES,
  type Sent,
  updated,
} from './metadata-update.fixture.ts'
import { forStudy, instancesTouched, parseUpdate, sopInstanceUIDsGiven } from './metadata-update.ts'

describe('never, force or not', () => {
  const NEVER: readonly (readonly [what: string, sent: Sent, message: RegExp])[] = [
    ['no document at all', {}, /neither removableAttributes nor updatableAttributes/],
    ['bytes that are no JSON', { put: 'SECRET' }, /^updatableAttributes is not JSON at character 1\.$/],
    [
      'base64 of the base64',
      { put: Buffer.from(JSON.stringify(ofPatient({ PatientID: 'SECRET' }))).toString('base64') },
      /updatableAttributes is base64 twice.*AWS CLI/,
    ],
    ['a list for a document', { put: [] }, /The document in updatableAttributes is not a JSON object/],
    ['another schema', { put: { SchemaVersion: 1.2 } }, /SchemaVersion in updatableAttributes is not 1\.1/],
    ['a schema with nothing in it', { put: { SchemaVersion: 1.1 } }, /names no attribute and no instance/],
    ['empty modules', { put: { Patient: { DICOM: {} }, Study: {} } }, /names no attribute and no instance/],
    ['an unknown module', { put: { SECRET: {} } }, /has an unknown member. Allowed: SchemaVersion, Patient and Study/],
    [
      'an unknown member of a module',
      { put: { Patient: { SECRET: {} } } },
      /Patient in updatableAttributes has an unknown member/,
    ],
    ['attributes outside of DICOM', { put: { Patient: { PatientID: 'SECRET' } } }, /Allowed: DICOM\./],
    ['VRs of anything but an instance', { put: { Study: { DICOMVRs: {} } } }, /Study in .* Allowed: DICOM and Series/],
    [
      'the ids of data store and image set',
      { put: { DatastoreID: 'x' } },
      /DatastoreID in .* cannot be updated or removed/,
    ],
    [
      'the frames of an instance',
      { put: inInstance({ ImageFrames: [] }) },
      /ImageFrames in .* cannot be updated or removed/,
    ],
    ['the stored syntax', { put: inInstance({ StoredTransferSyntaxUID: '1' }) }, /StoredTransferSyntaxUID/],
    [
      'two series',
      { put: { Study: { Series: { 1: { DICOM: { Modality: 'MR' } }, 2: { DICOM: {} } } } } },
      /more than one series/,
    ],
    [
      'different series in the two documents',
      {
        put: inSeries({ DICOM: { Modality: 'MR' } }),
        remove: { Study: { Series: { 9: { DICOM: { Modality: 'CT' } } } } },
      },
      /more than one series/,
    ],
    [
      'a series that is not that of the image set',
      { put: { Study: { Series: { 9: { DICOM: { Modality: 'MR' } } } } } },
      /not that of the image set/,
    ],
    [
      'an instance that does not exist',
      { put: inInstance({ DICOM: { Rows: 1 } }, '9.9') },
      /an instance that is not in the image set/,
    ],
    [
      'the removal of an instance that does not exist',
      { remove: inInstance({}, '9.9') },
      /an instance that is not in the image set/,
    ],
    ['the removal of a whole series', { remove: inSeries({}) }, /which DeleteImageSet deletes/],
    ['an empty series', { put: inSeries({}) }, /names nothing to update/],
    ['an empty instance to update', { put: inInstance({}) }, /names no attribute/],
    ['an instance with empty DICOM to remove', { remove: inInstance({ DICOM: {} }) }, /names no attribute/],
    [
      'the removal of every instance',
      { remove: inSeries({ Instances: { [FIRST]: {}, '2.25.1.1.2': {} } }) },
      /every instance of the image set: DeleteImageSet/,
    ],
    [
      'an instance both removed and updated',
      { remove: inInstance({}), put: ofInstance({ Rows: 1 }) },
      /removed by removableAttributes and updated by updatableAttributes/,
    ],
    [
      'an attribute both removed and updated',
      { remove: ofStudy({ StudyDescription: 'CHEST' }), put: ofStudy({ StudyDescription: 'HEAD' }) },
      /StudyDescription is in removableAttributes and in updatableAttributes/,
    ],
  ]
  for (const [what, sent, message] of NEVER) {
    test(what, () => {
      const refused = answer(() => updated({ ...sent, force: true }))
      assert.match(refused, message)
      assert.doesNotMatch(refused, /SECRET/)
    })
  }

  test('invalid UTF-8', () => {
    assert.match(
      answer(() => parseUpdate({ updatableAttributes: Uint8Array.of(0x7b, 0xff, 0x7d) })),
      /is not UTF-8/,
    )
  })
})

test('an update lists the instances it touches and the UIDs it assigns', () => {
  const update = parsed({
    put: inSeries({ Instances: { '1.1': { DICOM: { SOPInstanceUID: '1.9' } }, '1.2': { DICOM: { Rows: 1 } } } }),
    remove: inSeries({ Instances: { '1.2': { DICOM: { KVP: '1' } }, '1.3': {} } }),
  })
  assert.deepEqual([...instancesTouched(update)].sort(), ['1.1', '1.2', '1.3'])
  assert.deepEqual(sopInstanceUIDsGiven(update), ['1.9'])
})

test('the other image sets of the study get the patient and study attributes', () => {
  const whole = parsed({
    put: { ...ofPatient({ PatientID: 'P2' }), ...ofStudy({ StudyID: 'S2' }) },
    remove: inSeries({ DICOM: { Modality: 'CT' }, Instances: { [FIRST]: {} } }),
  })
  const others = forStudy(whole)
  assert.deepEqual(others?.Patient, whole.Patient)
  assert.deepEqual(others?.Study, whole.Study)
  assert.deepEqual(others && instancesTouched(others), [])
  assert.deepEqual(others?.Series, { remove: [], put: [] })
  assert.equal(others?.seriesInstanceUID, undefined)
  assert.equal(forStudy(parsed({ put: inSeries({ DICOM: { Modality: 'MR' } }) })), undefined)
  assert.equal(whole.seriesInstanceUID, SERIES)
})
