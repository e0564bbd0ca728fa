/** What DICOMUpdates may say as a whole, a sentence a rule: the tree of modules, series and instances. */
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
    ['a list for a document', { put: [] }, /The document in updatableAttributes is no JSON object/],
    ['another schema', { put: { SchemaVersion: 1.2 } }, /SchemaVersion in updatableAttributes is not 1\.1/],
    ['a schema with nothing in it', { put: { SchemaVersion: 1.1 } }, /names no attribute and no instance/],
    [
      'modules with nothing in them',
      { put: { Patient: { DICOM: {} }, Study: {} } },
      /names no attribute and no instance/,
    ],
    [
      'an unknown module',
      { put: { SECRET: {} } },
      /has a member that it does not know: it knows SchemaVersion, Patient and Study/,
    ],
    [
      'an unknown member of a module',
      { put: { Patient: { SECRET: {} } } },
      /Patient in updatableAttributes has a member/,
    ],
    ['attributes outside of DICOM', { put: { Patient: { PatientID: 'SECRET' } } }, /it knows DICOM\./],
    ['VRs of anything but an instance', { put: { Study: { DICOMVRs: {} } } }, /Study in .* knows DICOM and Series/],
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
      'one series here and another there',
      {
        put: inSeries({ DICOM: { Modality: 'MR' } }),
        remove: { Study: { Series: { 9: { DICOM: { Modality: 'CT' } } } } },
      },
      /more than one series/,
    ],
    [
      'a series that is not the image set’s',
      { put: { Study: { Series: { 9: { DICOM: { Modality: 'MR' } } } } } },
      /not the one of the image set/,
    ],
    [
      'an instance that is not there',
      { put: inInstance({ DICOM: { Rows: 1 } }, '9.9') },
      /an instance that is not in the image set/,
    ],
    [
      'the removal of one that is not there',
      { remove: inInstance({}, '9.9') },
      /an instance that is not in the image set/,
    ],
    ['the removal of a whole series', { remove: inSeries({}) }, /goes with DeleteImageSet/],
    ['an empty series', { put: inSeries({}) }, /names nothing to update/],
    ['an empty instance to update', { put: inInstance({}) }, /names no attribute/],
    ['an instance with empty DICOM to remove', { remove: inInstance({ DICOM: {} }) }, /names no attribute/],
    [
      'every instance removed',
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

  test('UTF-8 that is broken', () => {
    assert.match(
      answer(() => parseUpdate({ updatableAttributes: Uint8Array.of(0x7b, 0xff, 0x7d) })),
      /is not UTF-8/,
    )
  })
})

test('an update tells which instances it touches, and which UIDs it gives', () => {
  const update = parsed({
    put: inSeries({ Instances: { '1.1': { DICOM: { SOPInstanceUID: '1.9' } }, '1.2': { DICOM: { Rows: 1 } } } }),
    remove: inSeries({ Instances: { '1.2': { DICOM: { KVP: '1' } }, '1.3': {} } }),
  })
  assert.deepEqual([...instancesTouched(update)].sort(), ['1.1', '1.2', '1.3'])
  assert.deepEqual(sopInstanceUIDsGiven(update), ['1.9'])
})

test('the other image sets of the study get what is of the patient and the study', () => {
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
