/** StoreDICOM and StoreDICOMStudy (STOW-RS): what is stored, what the reply says of each file, and what is found next. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { GetDatastoreCommand, GetImageSetCommand, ListDICOMImportJobsCommand } from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../support/datastores.ts'
import { instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { equal, patientsOf, search } from '../support/search.ts'
import { choice, documented, recorded } from '../support/sources.ts'
import { BOUNDARY, multipart, partOf, type Signing, type Store, store, storeReplyOf } from '../support/store.ts'

const server = await openHilum({})
const { hilum, sdk } = server
const datastoreId = await activeDatastore(sdk)

let last = 1_000
/** A file of a new study, and its UID. */
function newFile(attributes: Parameters<typeof instance>[0] = {}) {
  last += 1
  const study = `2.25.${last}`
  const patient = `P${last}`
  return {
    study,
    patient,
    uid: `${study}.1.1`,
    file: instance({ StudyInstanceUID: study, PatientID: patient, ...attributes }),
  }
}
const found = (patient: string) => search(sdk, { datastoreId, searchCriteria: equal({ DICOMPatientId: patient }) })
const send = (request: Partial<Store> & Pick<Store, 'body'>) => store(hilum, { datastoreId, ...request })
const stored = async (request: Partial<Store> & Pick<Store, 'body'>) => storeReplyOf(await send(request))

describe('a store request', () => {
  test('with several parts stores each, and the next search finds them', documented, async () => {
    const files = [newFile(), newFile(), newFile()]
    const reply = await stored({ body: multipart(...files.map(({ file }) => file)) })
    assert.equal(reply.status, 200)
    assert.deepEqual(
      reply.stored,
      files.map(({ uid }) => uid),
    )
    assert.deepEqual([reply.failed, reply.others], [[], []])
    for (const { patient } of files) assert.deepEqual(patientsOf(await found(patient)), [patient])
  })

  test('with one file as its body stores it', documented, async () => {
    const { file, uid, patient } = newFile()
    const reply = await stored({ body: file, contentType: 'application/dicom' })
    assert.deepEqual([reply.status, reply.stored], [200, [uid]])
    assert.equal((await found(patient)).length, 1)
  })

  test('without the type of its parts is accepted', recorded, async () => {
    const { file, uid } = newFile()
    const reply = await stored({ body: multipart(file), contentType: `multipart/related; boundary=${BOUNDARY}` })
    assert.deepEqual([reply.status, reply.stored], [200, [uid]])
  })

  test('names class, instance and address of what was stored', documented, async () => {
    const { file, uid, study } = newFile()
    const response = await send({ body: multipart(file) })
    assert.equal(response.headers.get('content-type'), 'application/dicom+json')
    const { dataSet } = await storeReplyOf(response)
    const at = `${hilum.endpoint}/datastore/${datastoreId}/studies/${study}`
    assert.deepEqual(dataSet, {
      '00081190': { vr: 'UR', Value: [at] },
      '00081199': {
        vr: 'SQ',
        Value: [
          {
            '00080018': { vr: 'UI', Value: [uid] },
            '00081150': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.7'] },
            '00081155': { vr: 'UI', Value: [uid] },
            '00081190': { vr: 'UR', Value: [`${at}/series/${study}.1/instances/${uid}`] },
          },
        ],
      },
    })
  })

  test('of one series, in several requests, makes one image set with a version for each', documented, async () => {
    const { study, patient } = newFile()
    for (const n of [1, 2, 3]) {
      const body = multipart(
        instance({ StudyInstanceUID: study, PatientID: patient, SOPInstanceUID: `${study}.1.${n}` }),
      )
      assert.equal((await stored({ body })).status, 200)
    }
    const [imageSet, ...others] = await found(patient)
    assert.deepEqual([imageSet?.version, others.length], [3, 0])
    assert.equal(imageSet?.DICOMTags?.DICOMNumberOfStudyRelatedInstances, 3)
  })

  test('of many files of a series makes one version', choice, async () => {
    const { study, patient } = newFile()
    const files = Array.from({ length: 300 }, (_, n) =>
      instance({ StudyInstanceUID: study, PatientID: patient, SOPInstanceUID: `${study}.1.${n}` }),
    )
    assert.equal((await stored({ body: multipart(...files) })).stored.length, 300)
    const [imageSet] = await found(patient)
    assert.deepEqual([imageSet?.version, imageSet?.DICOMTags?.DICOMNumberOfStudyRelatedInstances], [1, 300])
  })

  test(
    'with an instance that is there already replaces it in a new version, as an import does',
    documented,
    async () => {
      const { study, patient, file } = newFile()
      await stored({ body: multipart(file) })
      const again = instance({ StudyInstanceUID: study, PatientID: patient, StudyDescription: 'corrected' })
      assert.equal((await stored({ body: multipart(again) })).status, 200)
      const [imageSet] = await found(patient)
      assert.deepEqual([imageSet?.version, imageSet?.DICOMTags?.DICOMStudyDescription], [2, 'corrected'])
    },
  )

  test('whose study has another patient already makes an image set that is not primary', documented, async () => {
    const { study, file } = newFile()
    await stored({ body: multipart(file) })
    last += 1
    const other = instance({ StudyInstanceUID: study, PatientID: `P${last}` })
    assert.equal((await stored({ body: multipart(other) })).status, 200)
    const [imageSet] = await found(`P${last}`)
    assert.equal(imageSet?.isPrimary, false)
    const { imageSetState } = await sdk.send(new GetImageSetCommand({ datastoreId, imageSetId: imageSet?.imageSetId }))
    assert.equal(imageSetState, 'ACTIVE')
  })

  test('stores files of several megabytes', choice, async () => {
    const { study, patient, uid } = newFile()
    const size = 2_000
    const pixels = randomBytes(size * size * 2)
    const file = instance({
      ...{ StudyInstanceUID: study, PatientID: patient, Rows: size, Columns: size, BitsAllocated: 16, BitsStored: 16 },
      ...{ HighBit: 15, PixelRepresentation: 0, SamplesPerPixel: 1, PhotometricInterpretation: 'MONOCHROME2' },
      PixelData: pixels,
    })
    const reply = await stored({ body: multipart(file), signing: 'unsigned' })
    assert.deepEqual([reply.status, reply.stored], [200, [uid]])
    assert.equal((await found(patient)).length, 1)
  })

  test('leaves no import job in the list', choice, async () => {
    await stored({ body: multipart(newFile().file) })
    const { jobSummaries } = await sdk.send(new ListDICOMImportJobsCommand({ datastoreId }))
    assert.deepEqual(jobSummaries, [])
  })
})

describe('a file that cannot be stored', () => {
  const garbage = Buffer.from('this is not DICOM')

  test('fails alone, and the others are stored', choice, async () => {
    const good = newFile()
    const cut = newFile()
    const reply = await stored({ body: multipart(garbage, good.file, cut.file.subarray(0, -3)) })
    assert.deepEqual([reply.status, reply.stored], [200, [good.uid]])
    assert.equal(reply.others.length + reply.failed.length, 2)
    assert.ok(reply.others.every(([reason]) => reason === 0xc000))
    assert.match(reply.others[0]![1], /DICOM attributes does not exist/)
    assert.deepEqual(await found(cut.patient), [])
  })

  test('makes the status 409 where no other was stored', recorded, async () => {
    const reply = await stored({ body: multipart(garbage) })
    assert.deepEqual([reply.status, reply.stored, reply.others.length], [409, [], 1])
  })

  test('because it is of another study than the path names is reported with its UIDs', documented, async () => {
    const [right, wrong] = [newFile(), newFile()]
    const body = multipart(right.file, wrong.file)
    const reply = await stored({ studyInstanceUID: right.study, body })
    assert.deepEqual([reply.status, reply.stored, reply.failed], [200, [right.uid], [[wrong.uid, 0xa901]]])
    assert.deepEqual(await found(wrong.patient), [])
    const none = await stored({ studyInstanceUID: '2.25.9', body })
    assert.deepEqual([none.status, none.failed.length], [409, 2])
  })

  test('because its part has another type is reported, and the others are stored', choice, async () => {
    const { file, uid } = newFile()
    const body = Buffer.concat([partOf(garbage, 'text/plain'), multipart(file)])
    const reply = await stored({ body })
    assert.deepEqual(
      [reply.status, reply.stored, reply.others],
      [200, [uid], [[0xc000, 'The Content-Type of a part must be application/dicom']]],
    )
  })

  test('because the body ends inside it stores nothing of itself and all of the others', choice, async () => {
    const [whole, broken] = [newFile(), newFile()]
    // Cut between two elements: what arrived is a valid file.
    const body = Buffer.concat([partOf(whole.file), partOf(broken.file).subarray(0, -2)])
    for (const signing of ['hash', 'unsigned'] as const) {
      const reply = await stored({ body, signing })
      assert.deepEqual([reply.status, reply.stored], [200, [whole.uid]])
      assert.deepEqual(reply.others, [[0xc000, 'The body ends inside a part']])
    }
    assert.deepEqual(await found(broken.patient), [])
  })

  test('with values that violate the standard is stored with a WarningReason', documented, async () => {
    const reply = await stored({ body: multipart(newFile({ AccessionNumber: 'A'.repeat(40) }).file) })
    assert.deepEqual([reply.status, reply.warnings], [200, [0xb202]])
  })
})

test('a boundary may be longer than the 70 characters of RFC 2046, as that of Orthanc', recorded, async () => {
  const { file, uid } = newFile()
  const boundary = 'b'.repeat(73)
  const body = Buffer.from(multipart(file).toString('latin1').replaceAll(BOUNDARY, boundary), 'latin1')
  const contentType = `multipart/related; type="application/dicom"; boundary=${boundary}`
  assert.deepEqual((await stored({ body, contentType })).stored, [uid])
})

describe('a request that is no store request', () => {
  const refused = async (request: Partial<Store>, status: number, name: string, message: RegExp) => {
    const response = await send({ body: multipart(newFile().file), ...request })
    const text = await response.text()
    assert.deepEqual([response.status, response.headers.get('x-amzn-errortype')], [status, name], text)
    assert.match(JSON.parse(text).message, message)
  }

  test('is refused with a sentence that says what to send', choice, async () => {
    const json = 'application/json'
    await refused({ contentType: json }, 415, 'UnsupportedMediaTypeException', /multipart\/related; type/)
    await refused({ contentType: 'multipart/related' }, 400, 'ValidationException', /boundary/)
    const xml = `multipart/related; type="application/dicom+xml"; boundary=${BOUNDARY}`
    await refused({ contentType: xml }, 415, 'UnsupportedMediaTypeException', /application\/dicom/)
    await refused({ headers: { 'content-encoding': 'gzip' } }, 415, 'UnsupportedMediaTypeException', /Content-Encoding/)
    await refused({ body: Buffer.from('no parts') }, 400, 'ValidationException', /before the first boundary/)
    await refused({ body: Buffer.from(`--${BOUNDARY}--`) }, 400, 'ValidationException', /no parts/)
    await refused({ headers: { accept: 'application/dicom+xml' } }, 406, 'NotAcceptableException', /./)
    await refused({ studyInstanceUID: 'abc' }, 400, 'ValidationException', /UID/)
  })

  test('to a data store that does not exist is refused', choice, async () => {
    await refused({ datastoreId: '0'.repeat(32) }, 404, 'ResourceNotFoundException', /No data store/)
  })
})

describe('the signature of a store request', () => {
  const ways: readonly Signing[] = [
    ...([
      'hash',
      'no-header',
      'unsigned',
      'streaming-plain',
      'chunked',
      'chunked-trailer',
      'unsigned-trailer',
    ] as const),
  ]
  for (const signing of ways) {
    test(`may be of the kind "${signing}"`, recorded, async () => {
      const files = [newFile(), newFile({ PatientComments: 'x'.repeat(200_000) })]
      const reply = await stored({ body: multipart(...files.map(({ file }) => file)), signing })
      assert.equal(reply.status, 200)
      assert.deepEqual(
        reply.stored,
        files.map(({ uid }) => uid),
      )
    })
  }

  test('that does not match the body stores nothing', choice, async () => {
    for (const [signing, status] of [
      ['hash', 403],
      ['no-header', 403],
      ['chunked', 403],
      ['chunked-trailer', 403],
      ['unsigned-trailer', 400],
    ] as const) {
      const { file, patient } = newFile()
      const tamper = (sent: Buffer) => {
        const at = sent.indexOf('Test^Patient')
        sent.write('Evil', at)
        return sent
      }
      const response = await send({ body: multipart(file), signing, tamper })
      assert.equal(response.status, status, signing)
      assert.deepEqual(await found(patient), [], signing)
    }
  })

  test('in chunks has to have the announced length', choice, async () => {
    for (const length of ['1', '99999999', 'x']) {
      const headers = { 'x-amz-decoded-content-length': length }
      const response = await send({ body: multipart(newFile().file), signing: 'chunked', headers })
      assert.equal(response.status, 400, await response.text())
    }
  })
})

test('many clients that store at the same time get each of their files stored', choice, async () => {
  const files = Array.from({ length: 60 }, () => newFile())
  const replies = await Promise.all(
    files.map(({ file }, n) => stored({ body: multipart(file), signing: n % 2 === 0 ? 'hash' : 'unsigned' })),
  )
  assert.deepEqual(
    replies.map((reply) => reply.stored),
    files.map(({ uid }) => [uid]),
  )
  const { datastoreProperties } = await sdk.send(new GetDatastoreCommand({ datastoreId }))
  assert.equal(datastoreProperties?.datastoreStatus, 'ACTIVE')
})
