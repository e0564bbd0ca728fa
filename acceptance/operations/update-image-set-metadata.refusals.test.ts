/** UpdateImageSetMetadata: requests that are invalid, break a rule of DICOM or of the service, or need force. Nothing changes. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { UpdateImageSetMetadataCommand } from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { openHilum } from '../support/hilum.ts'
import {
  importSeries,
  jsonBytes,
  newStudy,
  nobody,
  propertiesOf,
  sendUpdate,
  stateOf,
  type Update,
  updated,
  versionsOf,
} from '../support/image-sets.ts'
import { fetchGzip } from '../support/metadata.ts'
import { sendSigned } from '../support/raw-request.ts'
import { choice, documented } from '../support/sources.ts'

const server = await openHilum()
const { hilum, sdk } = server
const datastoreId = await activeDatastore(sdk)
const StudyInstanceUID = newStudy()
const series = `${StudyInstanceUID}.1`
const sop = `${series}.1`
const set = await importSeries(server, { datastoreId, attributes: { StudyInstanceUID, StudyDescription: 'CT' } })
const before = await fetchGzip(sdk, set)
const first = { ...set, latestVersionId: '1' }

const patient = (DICOM: object) => ({ Patient: { DICOM } })
const study = (DICOM: object) => ({ Study: { DICOM } })
const inSeries = (DICOM: object) => ({ Study: { Series: { [series]: { DICOM } } } })
const inInstance = (DICOM: object, more: object = {}) => ({
  Study: { Series: { [series]: { Instances: { [sop]: { DICOM, ...more } } } } },
})

const refused = (update: Omit<Update, 'datastoreId' | 'imageSetId' | 'latestVersionId'>, message: RegExp = /./) =>
  rejectsAs(sendUpdate(sdk, { ...first, ...update }), 'ValidationException', message)

/** As bytes of a blob, whatever they are. */
const refusedBytes = (blobs: { updatableAttributes?: Uint8Array; removableAttributes?: Uint8Array }, message = /./) =>
  rejectsAs(
    sdk.send(new UpdateImageSetMetadataCommand({ ...first, updateImageSetMetadataUpdates: { DICOMUpdates: blobs } })),
    'ValidationException',
    message,
  )

/** The body as it is sent. */
const post = (body: string, query = 'latestVersion=1') =>
  sendSigned(hilum, {
    method: 'POST',
    path: `/datastore/${datastoreId}/imageSet/${set.imageSetId}/updateImageSetMetadata`,
    query,
    body,
  })

describe('the request', documented, () => {
  test('has either an update or a revert', async () => {
    const blob = Buffer.from('{"SchemaVersion":1.1,"Patient":{"DICOM":{"PatientName":"A"}}}').toString('base64')
    for (const body of [
      `{"DICOMUpdates":{"updatableAttributes":"${blob}"},"revertToVersionId":"1"}`,
      '{}',
      '{"DICOMUpdates":null}',
      '{"DICOMUpdate":{}}',
      '',
    ]) {
      const reply = await post(body)
      assert.deepEqual([reply.status, reply.headers['x-amzn-errortype']], [400, 'ValidationException'], body)
    }
  })

  test('has the latest version, and true or false for force', async () => {
    const body = '{"revertToVersionId":"1"}'
    for (const query of ['', 'latestVersion=', 'latestVersion=one', 'latestVersion=1&force=yes', 'latestVersion=-1']) {
      const reply = await post(body, query)
      assert.deepEqual([reply.status, reply.headers['x-amzn-errortype']], [400, 'ValidationException'], query)
    }
  })

  test('has at least one change', choice, async () => {
    await refusedBytes({})
    await refused({ set: {} })
    await refused({ set: patient({}) })
    await refused({ remove: {} })
  })

  test('names an image set that exists', async () => {
    const update = { set: patient({ PatientName: 'A' }) }
    for (const absent of [
      { ...first, imageSetId: nobody() },
      { ...first, datastoreId: await activeDatastore(sdk) },
      { ...first, datastoreId: nobody() },
    ]) {
      await rejectsAs(sendUpdate(sdk, { ...absent, ...update }), 'ResourceNotFoundException')
    }
    await rejectsAs(sendUpdate(sdk, { ...first, imageSetId: 'X', ...update }), 'ValidationException', /imageSetId/)
  })

  test('reverts to a version that exists', choice, async () => {
    for (const revertToVersionId of ['0', '2', '9'.repeat(40)]) {
      await rejectsAs(sendUpdate(sdk, { ...first, revertToVersionId }), 'ResourceNotFoundException', /version/i)
    }
    await rejectsAs(sendUpdate(sdk, { ...first, revertToVersionId: 'one' }), 'ValidationException', /revertToVersionId/)
  })
})

describe('the blobs', documented, () => {
  test('are base64 of at least one byte and at most 30,000', async () => {
    for (const text of ['%%%', 'eyJ', 'e30', '{"Patient":{}}']) {
      const reply = await post(`{"DICOMUpdates":{"updatableAttributes":${JSON.stringify(text)}}}`)
      assert.equal(reply.status, 400, text)
    }
    await refusedBytes({ updatableAttributes: new Uint8Array() }, /updatableAttributes/)
    await refusedBytes({ updatableAttributes: Buffer.alloc(30_001, ' ') }, /updatableAttributes/)
  })

  test(
    'that are base64 of base64, which the AWS CLI 1 makes of base64, are refused with that explanation',
    choice,
    async () => {
      const once = Buffer.from(jsonBytes({ SchemaVersion: 1.1, ...patient({ PatientName: 'A' }) })).toString('base64')
      await refusedBytes({ updatableAttributes: Buffer.from(once) }, /base64/)
    },
  )

  test('are a JSON object in UTF-8', async () => {
    for (const bytes of ['{', '[]', 'null', '"text"', '{"Patient":{}}x', Buffer.from([0x7b, 0xff, 0x7d])]) {
      await refusedBytes({ updatableAttributes: Buffer.from(bytes as string) })
      await refusedBytes({ removableAttributes: Buffer.from(bytes as string) })
    }
  })

  test('nested too deeply are refused as quickly as others', choice, async () => {
    const deep = `{"SchemaVersion":1.1,"Patient":{"DICOM":{"PatientName":${'['.repeat(14_000)}${']'.repeat(14_000)}}}}`
    await refusedBytes({ updatableAttributes: Buffer.from(deep) })
    const item = '[{"ReferencedSOPSequence":'
    const sequences = `{"SchemaVersion":1.1,"Study":{"DICOM":{"ProcedureCodeSequence":${item.repeat(900)}null${'}]'.repeat(900)}}}}`
    await refusedBytes({ updatableAttributes: Buffer.from(sequences) })
  })
})

describe('with the quotas of the service', choice, () => {
  test('both blobs together have at most 10 KB, without the quotas 60,000 bytes', async () => {
    const sizes = { updatableAttributes: 6 * 1024, removableAttributes: 4 * 1024 + 1 }
    for (const awsQuotas of [true, false]) {
      const own = await openHilum({ awsQuotas })
      const ownSet = await importSeries(own, { datastoreId: await activeDatastore(own.sdk), count: 1 })
      const blob = (tree: object, bytes: number) => Buffer.from(JSON.stringify(tree).padEnd(bytes))
      const request = own.sdk.send(
        new UpdateImageSetMetadataCommand({
          ...ownSet,
          latestVersionId: '1',
          updateImageSetMetadataUpdates: {
            DICOMUpdates: {
              updatableAttributes: blob(patient({ PatientName: 'A' }), sizes.updatableAttributes),
              removableAttributes: blob(study({ AccessionNumber: 'A1' }), sizes.removableAttributes),
            },
          },
        }),
      )
      if (awsQuotas) await rejectsAs(request, 'ServiceQuotaExceededException', /10240|10 KB/)
      else assert.equal((await request).imageSetState, 'LOCKED')
    }
  })
})

describe('the tree', documented, () => {
  test('has only modules of the document', async () => {
    for (const tree of [
      { Patients: { DICOM: { PatientName: 'A' } } },
      { Image: { DICOM: { Rows: 1 } } },
      { Patient: { PatientName: 'A' } },
      { Patient: { Series: {} } },
      { Patient: 'A' },
      { Study: { DICOM: ['StudyID'] } },
      { Study: { Series: { [series]: { Instance: {} } } } },
      { Patient: { DICOM: { PatientName: 'A' }, ImageFrames: [] } },
    ]) {
      await refused({ set: tree })
    }
  })

  test('names the series and instances of the image set', async () => {
    await refused({ set: { Study: { Series: { '1.2.3': { DICOM: { Modality: 'CT' } } } } } })
    const Instances = { '1.2.3': { DICOM: { ImageComments: 'x' } } }
    await refused({ set: { Study: { Series: { [series]: { Instances } } } } })
    await refused({ remove: { Study: { Series: { [series]: { Instances: { '1.2.3': {} } } } } }, force: true })
  })

  test('has each attribute at its level', async () => {
    await refused({ set: study({ PatientName: 'A' }) }, /PatientName/)
    await refused({ set: patient({ StudyDescription: 'A' }) }, /StudyDescription/)
    await refused({ set: patient({ Modality: 'CT' }) }, /Modality/)
    await refused({ set: inSeries({ ImageComments: 'A' }) }, /ImageComments/)
    await refused({ set: inInstance({ PatientID: 'A' }) }, /PatientID/)
    await refused({ set: study({ PatientName: 'A' }), force: true }, /PatientName/)
  })

  test('cannot change what the service generates for an image set and its pixels', async () => {
    await refused({ set: { DatastoreID: nobody(), ...patient({ PatientName: 'A' }) } })
    await refused({ set: { ImageSetID: nobody(), ...patient({ PatientName: 'A' }) }, force: true })
    const pixels = { PixelData: null, Checksum: 1, Width: 1, Height: 1, MinPixelValue: 0, MaxPixelValue: 1 }
    for (const [name, value] of Object.entries({ ...pixels, FrameSizeInBytes: 1 })) {
      await refused({ set: inInstance({ [name]: value }), force: true }, new RegExp(name))
    }
    await refused({ set: inInstance({}, { StoredTransferSyntaxUID: '1.2.840.10008.1.2.1' }), force: true })
    await refused({ set: { SchemaVersion: 2, ...patient({ PatientName: 'A' }) } }, /SchemaVersion/)
  })

  test('cannot remove the UIDs that identify an image set', choice, async () => {
    await refused({ remove: study({ StudyInstanceUID }), force: true }, /StudyInstanceUID/)
    await refused({ remove: inSeries({ SeriesInstanceUID: series }), force: true }, /SeriesInstanceUID/)
    await refused({ remove: inInstance({ SOPInstanceUID: sop }), force: true }, /SOPInstanceUID/)
  })
})

describe('without force', documented, () => {
  test('no UID is changed; those of a primary image set not even with force', async () => {
    for (const [name, tree] of Object.entries({
      StudyInstanceUID: study({ StudyInstanceUID: '1.2.3' }),
      SeriesInstanceUID: inSeries({ SeriesInstanceUID: '1.2.3' }),
      SOPInstanceUID: inInstance({ SOPInstanceUID: '1.2.3' }),
    })) {
      await refused({ set: tree }, new RegExp(name))
      await refused({ set: tree, force: true }, /primary/)
    }
  })

  test('no StudyID, no sequence, no attribute of several values and none outside the standard', async () => {
    await refused({ set: study({ StudyID: 'S2' }) }, /StudyID.*force|force.*StudyID/)
    await refused({ set: study({ ProcedureCodeSequence: [{ CodeValue: '1' }] }) }, /ProcedureCodeSequence/)
    await refused({ set: patient({ OtherPatientIDs: ['A', 'B'] }) }, /OtherPatientIDs/)
    await refused({ set: inInstance({ NoSuchKeyword: 'A' }) }, /no keyword of the DICOM standard/)
  })

  test('no private element; with an unknown VR not even with force', async () => {
    const element = { '00191001': 'A' }
    await refused({ set: inInstance(element, { DICOMVRs: { '00191001': 'LO' } }) }, /00191001/)
    await refused({ set: inInstance(element), force: true }, /00191001/)
    await refused({ set: inInstance(element, { DICOMVRs: { '00191001': 'XX' } }), force: true }, /00191001/)
  })

  test('no instance is removed; all of them not even with force', choice, async () => {
    const Instances = { [sop]: {} }
    await refused({ remove: { Study: { Series: { [series]: { Instances } } } } }, /force/)
    const all = { [sop]: {}, [`${series}.2`]: {} }
    await refused({ remove: { Study: { Series: { [series]: { Instances: all } } } }, force: true }, /DeleteImageSet/)
  })

  test('no value violates its VR', async () => {
    for (const tree of [
      patient({ PatientBirthDate: 'yesterday' }),
      study({ StudyDate: '20240230x' }),
      study({ StudyTime: '2500' }),
      study({ PatientAge: '7 years' }),
      inSeries({ SeriesNumber: 'one' }),
      inInstance({ Rows: 'many' }),
      inInstance({ Rows: 65_536 }),
      inInstance({ SOPClassUID: 'no.uid' }),
      patient({ PatientSex: 'f' }),
      patient({ PatientName: 7 }),
      patient({ PatientName: { Alphabetic: 'A' } }),
      patient({ PatientID: true }),
    ]) {
      await refused({ set: tree })
    }
  })

  for (const [keyword, max] of [
    ['PatientName', 256],
    ['PatientID', 256],
    ['PatientBirthDate', 18],
    ['PatientSex', 16],
    ['StudyID', 256],
    ['StudyDescription', 256],
    ['AccessionNumber', 256],
    ['StudyDate', 18],
    ['StudyTime', 28],
  ] as const) {
    test(`no ${keyword} of more than ${max} characters, not even with force`, async () => {
      const level = keyword.startsWith('Patient') ? patient : study
      await refused({ set: level({ [keyword]: '1'.repeat(max + 1) }), force: true }, new RegExp(keyword))
    })
  }
})

describe('a removal', documented, () => {
  test('of an attribute that has another value or does not exist', async () => {
    await refused({ remove: study({ AccessionNumber: 'A2' }) }, /AccessionNumber/)
    await refused({ remove: patient({ PatientSex: 'F' }) }, /PatientSex/)
    await refused({ remove: study({ AccessionNumber: null }) }, /AccessionNumber/)
  })
})

describe('a refusal', choice, () => {
  test('never contains the name of a patient', async () => {
    const secret = 'Secret^Patient'
    for (const tree of [
      study({ PatientName: secret }),
      inSeries({ PatientID: secret }),
      patient({ PatientBirthDate: secret }),
      patient({ PatientName: [secret, [secret]] }),
      { [secret]: 1 },
      { Study: { Series: { [secret]: {} } } },
    ]) {
      const error = await sendUpdate(sdk, { ...first, set: tree }).then(
        () => assert.fail('refused'),
        (reason: Error) => reason,
      )
      assert.equal(error.name, 'ValidationException')
      assert.ok(!error.message.includes(secret), error.message)
    }
  })

  test('does not lock the image set: the next update makes version 2', async () => {
    const own = await importSeries(server, { datastoreId })
    await rejectsAs(
      sendUpdate(sdk, { ...own, latestVersionId: '1', set: study({ PatientName: 'A' }) }),
      'ValidationException',
    )
    await updated(sdk, { ...own, latestVersionId: '1', set: patient({ PatientName: 'A' }) })
    assert.equal((await versionsOf(sdk, own)).length, 2)
  })

  test('creates no version and changes nothing', async () => {
    assert.deepEqual(stateOf(await propertiesOf(sdk, set)), ['ACTIVE', 'CREATED', '1'])
    assert.deepEqual(await fetchGzip(sdk, set), before)
  })
})
