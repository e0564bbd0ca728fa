/** GetImageSetMetadata: the documents of imported files, by version, as gzip; and documents that do not exist. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { gunzipSync, inflateRawSync } from 'node:zlib'
import { GetImageSetMetadataCommand } from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { type Attributes, ImplicitVRLittleEndian, instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { fetchGzip, fetchMetadata, seriesOf } from '../support/metadata.ts'
import { sendSigned } from '../support/raw-request.ts'
import { choice, documented, recorded } from '../support/sources.ts'

const server = await openHilum({ limits: { importWholeFileBytes: 2 * 1024 * 1024 } })
const { sdk } = server
const datastoreId = await activeDatastore(sdk)
let studiesMade = 0

/** Imports files of one new series. @returns its image set */
async function importSeries(files: readonly (Attributes | Uint8Array)[]): Promise<string> {
  const StudyInstanceUID = `2.25.77.${++studiesMade}`
  return importInto(StudyInstanceUID, files)
}

async function importInto(StudyInstanceUID: string, files: readonly (Attributes | Uint8Array)[]): Promise<string> {
  const named = files.map((file, index): [string, Uint8Array] => [
    `${String(index).padStart(5, '0')}.dcm`,
    file instanceof Uint8Array ? file : instance({ StudyInstanceUID, ...file }),
  ])
  const { manifest } = await importFiles(server, { datastoreId, files: Object.fromEntries(named) })
  assert.equal(manifest.numberOfImportedFiles, files.length)
  assert.equal(manifest.imageSetsSummary.length, 1)
  return manifest.imageSetsSummary[0]!.imageSetId
}

const uid = (number: number) => `2.25.77.0.${number}`

describe('a document', choice, () => {
  test(
    'has the ids, all levels and the instance, for the file of the document that AWS published',
    documented,
    async () => {
      const file = instance(
        {
          SOPClassUID: '1.2.840.10008.5.1.4.1.1.2',
          SOPInstanceUID: '2.25.5.1.1',
          StudyInstanceUID: '2.25.5',
          StudyDate: '20010105',
          StudyTime: '083501',
          AccessionNumber: '0000000001',
          StudyDescription: 'CHEST ',
          StudyID: '40933 ',
          SeriesNumber: ' 1',
          PatientID: '2178309 ',
          PatientName: 'MISTER^CT ',
          PatientBirthDate: null,
          PatientSex: null,
          PatientWeight: null,
          Rows: 375,
          Columns: 512,
          BitsAllocated: 16,
          RescaleSlope: ' 1',
        },
        { transferSyntaxUID: ImplicitVRLittleEndian, pixelData: { frames: [new Uint8Array(384_000)] } },
      )
      const imageSetId = await importInto('2.25.5', [file])
      const document = await fetchMetadata(sdk, { datastoreId, imageSetId })
      assert.deepEqual(Object.keys(document), ['SchemaVersion', 'DatastoreID', 'ImageSetID', 'Patient', 'Study'])
      assert.deepEqual(
        [document.SchemaVersion, document.DatastoreID, document.ImageSetID],
        ['1.1', datastoreId, imageSetId],
      )
      assert.deepEqual(document.Patient.DICOM, {
        PatientBirthDate: null,
        PatientID: '2178309',
        PatientName: 'MISTER^CT',
        PatientSex: null,
      })
      assert.deepEqual(document.Study.DICOM, {
        AccessionNumber: '0000000001',
        PatientWeight: null,
        StudyDate: '20010105',
        StudyDescription: 'CHEST',
        StudyID: '40933',
        StudyInstanceUID: '2.25.5',
        StudyTime: '083501',
      })
      assert.deepEqual(Object.keys(document.Study.Series), ['2.25.5.1'])
      const { DICOM, Instances } = seriesOf(document)
      assert.deepEqual(DICOM, { Modality: 'OT', SeriesInstanceUID: '2.25.5.1', SeriesNumber: '1' })
      assert.deepEqual(Object.keys(Instances), ['2.25.5.1.1'])
      const { DICOM: own, DICOMVRs } = Instances['2.25.5.1.1']!
      assert.deepEqual([own.TransferSyntaxUID, own.RescaleSlope, own.Rows], [ImplicitVRLittleEndian, '1', 375])
      assert.equal('PixelData' in own, false)
      assert.deepEqual(DICOMVRs, {})
    },
  )

  test('is UTF-8 for any character set of the file, and has private elements by tag and VR', async () => {
    const imageSetId = await importSeries([
      {
        SpecificCharacterSet: ['', 'ISO 2022 IR 87'],
        PatientName: 'Yamada^Tarou=山田^太郎',
        '00190010': { vr: 'LO', value: 'MAKER' },
        '00191001': { vr: 'DS', value: '97' },
      },
    ])
    const document = await fetchMetadata(sdk, { datastoreId, imageSetId })
    assert.equal(document.Patient.DICOM.PatientName, 'Yamada^Tarou=山田^太郎')
    const [only] = Object.values(seriesOf(document).Instances)
    assert.deepEqual([only!.DICOM['00190010'], only!.DICOM['00191001']], ['MAKER', '97'])
    assert.deepEqual(only!.DICOMVRs, { '00190010': 'LO', '00191001': 'DS' })
  })

  test('has every instance once, and patient, study and series of the last key', async () => {
    const count = 1_500
    const imageSetId = await importSeries(
      Array.from({ length: count }, (_, index) => ({
        SOPInstanceUID: uid(index),
        InstanceNumber: `${index}`,
        PatientName: `Name^${index}`,
        ImageComments: 'c'.repeat(500),
      })),
    )
    const document = await fetchMetadata(sdk, { datastoreId, imageSetId })
    const { Instances } = seriesOf(document)
    assert.equal(Object.keys(Instances).length, count)
    for (const index of [0, 1, 700, count - 1]) {
      assert.equal((Instances[uid(index)]!.DICOM.InstanceNumber as string).trim(), `${index}`)
    }
    assert.equal(document.Patient.DICOM.PatientName, `Name^${count - 1}`)
  })

  test('of a file too large for memory has all elements except pixels, including those after the pixels', async () => {
    for (const transferSyntaxUID of [ImplicitVRLittleEndian, '1.2.840.10008.1.2.5']) {
      const StudyInstanceUID = `2.25.77.${++studiesMade}`
      const file = instance(
        {
          StudyInstanceUID,
          ImageComments: 'before',
          BitsAllocated: 8,
          FFFAFFFA: { vr: 'SQ', value: [{ MACIDNumber: 7 }] },
        },
        { transferSyntaxUID, pixelData: { frames: [new Uint8Array(3 * 1024 * 1024)] } },
      )
      const imageSetId = await importInto(StudyInstanceUID, [file])
      const [only] = Object.values(seriesOf(await fetchMetadata(sdk, { datastoreId, imageSetId })).Instances)
      assert.equal(only!.DICOM.ImageComments, 'before')
      assert.deepEqual(only!.DICOM.DigitalSignaturesSequence, [{ MACIDNumber: 7 }], transferSyntaxUID)
      assert.equal('PixelData' in only!.DICOM, false)
    }
  })
})

describe('versions', documented, () => {
  const StudyInstanceUID = '2.25.6'
  const file = (number: number, more: Attributes = {}) => ({ SOPInstanceUID: uid(number), ...more })

  test('each keep their document, and the latest has all instances', async () => {
    const imageSetId = await importInto(StudyInstanceUID, [file(1), file(2)])
    const first = await fetchGzip(sdk, { datastoreId, imageSetId })
    await importInto(StudyInstanceUID, [file(2, { ImageComments: 'again' }), file(3, { StudyDescription: 'CT' })])
    await importInto(StudyInstanceUID, [file(4)])

    const at = (versionId?: string) =>
      fetchMetadata(sdk, { datastoreId, imageSetId, ...(versionId === undefined ? {} : { versionId }) })
    const uids = async (versionId?: string) => Object.keys(seriesOf(await at(versionId)).Instances).toSorted()
    assert.deepEqual(await uids('1'), [uid(1), uid(2)])
    assert.deepEqual(await uids('2'), [uid(1), uid(2), uid(3)])
    assert.deepEqual(await uids('3'), [uid(1), uid(2), uid(3), uid(4)])
    assert.deepEqual(await at(), await at('3'))
    assert.equal(seriesOf(await at('1')).Instances[uid(2)]!.DICOM.ImageComments, undefined)
    assert.equal(seriesOf(await at('3')).Instances[uid(2)]!.DICOM.ImageComments, 'again')
    assert.deepEqual(
      [(await at('2')).Study.DICOM.StudyDescription, 'StudyDescription' in (await at('3')).Study.DICOM],
      ['CT', false],
    )
    assert.deepEqual(await fetchGzip(sdk, { datastoreId, imageSetId, versionId: '1' }), first)
  })

  test('a non-primary image set has its own document', async () => {
    await importInto('2.25.7', [{ PatientID: 'A' }])
    const other = await importInto('2.25.7', [{ PatientID: 'B' }])
    const document = await fetchMetadata(sdk, { datastoreId, imageSetId: other })
    assert.equal(document.Patient.DICOM.PatientID, 'B')
    assert.equal(Object.keys(seriesOf(document).Instances).length, 1)
  })
})

describe('on the wire', choice, () => {
  test('it is declared as gzip, whatever the client accepts', recorded, async () => {
    const imageSetId = await importSeries([{}])
    for (const accepted of ['identity', 'gzip', 'br;q=1, *;q=0']) {
      const { status, headers } = await sendSigned(server.hilum, {
        method: 'POST',
        path: `/datastore/${datastoreId}/imageSet/${imageSetId}/getImageSetMetadata`,
        headers: { 'accept-encoding': accepted },
      })
      assert.equal(status, 200)
      assert.deepEqual([headers['content-type'], headers['content-encoding']], ['application/json', 'gzip'])
    }
  })

  test('it is one gzip member with the right checksum and length', async () => {
    const imageSetId = await importSeries([{ ImageComments: 'x' }])
    const gzip = await fetchGzip(sdk, { datastoreId, imageSetId })
    assert.equal(inflateRawSync(gzip.subarray(10, -8)).toString(), gunzipSync(gzip).toString())
  })

  test('a large one is streamed and decompresses too', async () => {
    const noise = Array.from({ length: 400 }, (_, index) => ({
      SOPInstanceUID: uid(index),
      '00191001': { vr: 'OB', value: randomBytes(2_000) },
    }))
    const imageSetId = await importSeries(noise)
    const gzip = await fetchGzip(sdk, { datastoreId, imageSetId })
    assert.ok(gzip.length > 800_000)
    assert.equal(Object.keys(seriesOf(JSON.parse(gunzipSync(gzip).toString())).Instances).length, 400)
  })
})

describe('a document that does not exist', documented, () => {
  const get = (input: { datastoreId: string; imageSetId: string; versionId?: string }) =>
    sdk.send(new GetImageSetMetadataCommand(input))

  test('is not found for an unknown image set, or one of another data store', async () => {
    const imageSetId = await importSeries([{}])
    await rejectsAs(get({ datastoreId, imageSetId: '0'.repeat(32) }), 'ResourceNotFoundException')
    await rejectsAs(get({ datastoreId: await activeDatastore(sdk), imageSetId }), 'ResourceNotFoundException')
    await rejectsAs(get({ datastoreId: '0'.repeat(32), imageSetId }), 'ResourceNotFoundException')
  })

  test('is not found for versions that do not exist, however they are spelled', choice, async () => {
    const imageSetId = await importSeries([{}])
    for (const versionId of ['0', '2', '9007199254740993', '9'.repeat(400)]) {
      await rejectsAs(get({ datastoreId, imageSetId, versionId }), 'ResourceNotFoundException', /version/)
    }
  })

  test('is refused for malformed ids and versions', async () => {
    const imageSetId = await importSeries([{}])
    await rejectsAs(get({ datastoreId: 'XX', imageSetId: 'Y' }), 'ValidationException', /datastoreId.*imageSetId/)
    for (const versionId of ['-1', '1.0', 'latest', '']) {
      await rejectsAs(get({ datastoreId, imageSetId, versionId }), 'ValidationException', /versionId/)
    }
  })
})
