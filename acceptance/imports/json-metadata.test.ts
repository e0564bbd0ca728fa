/**
 * StartDICOMImportJob with importConfiguration: JSON metadata that takes precedence over the files of a study or a series (AWS release of 5
 * May 2026). AWS documents the request but not the format of the files. The SDK does not have the member yet: it is added to the request
 * that the SDK makes.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { StartDICOMImportJobCommand } from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles, jobInput, type MetadataMapping, makeBuckets, withImportConfiguration } from '../support/import.ts'
import { fetchMetadata, seriesOf } from '../support/metadata.ts'
import { sendSigned } from '../support/raw-request.ts'
import { search } from '../support/search.ts'
import { choice, documented } from '../support/sources.ts'

const server = await openHilum({ limits: { importMetadataFileBytes: 4_000 } })
const { hilum, sdk } = server

const STUDY = '2.25.1'
const SERIES = '2.25.1.1'
const json = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
const dicom = (number: number, attributes = {}) => instance({ SOPInstanceUID: `${SERIES}.${number}`, ...attributes })
const FOR_STUDY: MetadataMapping = { studyInstanceUID: STUDY, metadataFilePath: 'metadata/study.json' }

/** Two instances of one series, and metadata for their study. */
async function importWith(metadata: unknown, options: { mappings?: readonly MetadataMapping[]; files?: object } = {}) {
  const datastoreId = await activeDatastore(sdk)
  const files = {
    '1.dcm': dicom(1),
    '2.dcm': dicom(2),
    'metadata/study.json': json(metadata),
    ...(options.files as Record<string, Uint8Array>),
  }
  const report = await importFiles(server, { datastoreId, files, mappings: options.mappings ?? [FOR_STUDY] })
  const found = await search(sdk, { datastoreId })
  const documents = await Promise.all(
    found.map(({ imageSetId }) => fetchMetadata(sdk, { datastoreId, imageSetId: imageSetId! })),
  )
  return { datastoreId, report, found, documents }
}

const inputFiles = (lines: readonly { readonly inputFile: string }[] | undefined) =>
  (lines ?? []).map(({ inputFile }) => inputFile.slice(inputFile.indexOf('/') + 1))

const messages = ({ failure }: Awaited<ReturnType<typeof importWith>>['report']) =>
  (failure ?? []).map(({ exception }) => [exception.exceptionType, exception.message])

describe('the request', documented, () => {
  test('GetDICOMImportJob returns the configuration with which the job was started', async () => {
    const { datastoreId, report } = await importWith({ '00100010': { vr: 'PN', Value: [{ Alphabetic: 'New^Name' }] } })
    const answer = await sendSigned(hilum, {
      method: 'GET',
      path: `/getDICOMImportJob/datastore/${datastoreId}/job/${report.job.jobId}`,
    })
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json().jobProperties.importConfiguration, {
      dicomJsonMetadataImportConfiguration: { dicomMetadataMappings: [FOR_STUDY] },
    })
  })

  test('a configuration that the model does not allow is refused', async () => {
    await makeBuckets(hilum)
    const datastoreId = await activeDatastore(sdk)
    const mapping = (change: object) => ({
      dicomJsonMetadataImportConfiguration: { dicomMetadataMappings: [{ ...FOR_STUDY, ...change }] },
    })
    for (const [configuration, message] of [
      [{}, /importConfiguration/],
      [{ dicomJsonMetadataImportConfiguration: { dicomMetadataMappings: [] } }, /dicomMetadataMappings/],
      [mapping({ studyInstanceUID: 'x' }), /studyInstanceUID/],
      [mapping({ metadataFilePath: ' a' }), /metadataFilePath/],
      [mapping({ metadataFilePath: undefined }), /metadataFilePath/],
    ] as const) {
      const command = new StartDICOMImportJobCommand(jobInput({ datastoreId }))
      await rejectsAs(sdk.send(withImportConfiguration(command, configuration)), 'ValidationException', message)
    }
  })
})

describe('the values', choice, () => {
  test('of an object of the DICOM JSON model take precedence over those of all files of the study, before grouping', async () => {
    const { found, documents, report } = await importWith({
      '00100020': { vr: 'LO', Value: ['P9'] },
      '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Müller^Jörg' }] },
      '00081030': { vr: 'LO' },
      '00191001': { vr: 'FD', Value: [0.5] },
      '00280010': { vr: 'US', Value: [7] },
    })
    assert.equal(found.length, 1)
    const { DICOMTags } = found[0]!
    assert.deepEqual([DICOMTags!.DICOMPatientId, DICOMTags!.DICOMPatientName], ['P9', 'Müller^Jörg'])
    const { Patient, Study } = documents[0]!
    assert.deepEqual([Patient.DICOM.PatientName, Study.DICOM.StudyDescription], ['Müller^Jörg', null])
    for (const { DICOM, DICOMVRs } of Object.values(seriesOf(documents[0]!).Instances)) {
      assert.deepEqual([DICOM['00191001'], DICOMVRs['00191001'], DICOM.Rows], [0.5, 'FD', undefined])
    }
    // Rows describe the bytes of the pixel data.
    assert.deepEqual(inputFiles(report.warning), ['1.dcm', '2.dcm'])
    const [warning] = report.warning![0]!.importResponse.warnings
    assert.deepEqual([warning!.warning_reason_code, warning!.type], [0xb006, 'ElementsDiscarded'])
    assert.match(warning!.message, /: Rows$/)
    assert.equal(report.manifest.numberOfScannedFiles, 2)
  })

  test('of a list apply to the instance that each item names', async () => {
    const item = (number: number, comment: string) => ({
      '00080018': { vr: 'UI', Value: [`${SERIES}.${number}`] },
      '00204000': { vr: 'LT', Value: [comment] },
    })
    const { documents } = await importWith([item(2, 'second'), item(7, 'not there')])
    const { Instances } = seriesOf(documents[0]!)
    assert.deepEqual(
      [1, 2].map((number) => Instances[`${SERIES}.${number}`]!.DICOM.ImageComments),
      [undefined, 'second'],
    )
  })

  test('of a metadata document apply at each of its levels', async () => {
    const { documents } = await importWith({
      SchemaVersion: '1.1',
      Patient: { DICOM: { PatientName: 'Of^Patient' } },
      Study: {
        DICOM: { StudyDescription: 'Of Study' },
        Series: {
          [SERIES]: {
            DICOM: { SeriesDescription: 'Of Series' },
            Instances: {
              [`${SERIES}.2`]: {
                DICOM: { ImageType: ['A', '', 'B'], '00191001': 'x' },
                DICOMVRs: { '00191001': 'LO' },
              },
            },
          },
          '2.25.9': { DICOM: { SeriesDescription: 'Of another' } },
        },
      },
    })
    const { Patient, Study } = documents[0]!
    const series = seriesOf(documents[0]!)
    assert.deepEqual(
      [Patient.DICOM.PatientName, Study.DICOM.StudyDescription, series.DICOM.SeriesDescription],
      ['Of^Patient', 'Of Study', 'Of Series'],
    )
    assert.deepEqual(
      [1, 2].map((number) => series.Instances[`${SERIES}.${number}`]!.DICOM.ImageType),
      [undefined, ['A', '', 'B']],
    )
  })

  test('for one series apply to it only, and take precedence over those for the study', async () => {
    const other = instance({ SeriesInstanceUID: '2.25.1.2', SOPInstanceUID: '2.25.1.2.1', SeriesNumber: 2 })
    const { documents } = await importWith(
      { '00081030': { vr: 'LO', Value: ['of the study'] }, '0008103E': { vr: 'LO', Value: ['of the study'] } },
      {
        files: { '3.dcm': other, 'series.json': json({ '0008103E': { vr: 'LO', Value: ['of the series'] } }) },
        mappings: [{ studyInstanceUID: STUDY, seriesInstanceUID: SERIES, metadataFilePath: 'series.json' }, FOR_STUDY],
      },
    )
    const seen = documents.map((document) => [
      seriesOf(document).DICOM.SeriesInstanceUID,
      document.Study.DICOM.StudyDescription,
      seriesOf(document).DICOM.SeriesDescription,
    ])
    assert.deepEqual(seen.sort(), [
      [SERIES, 'of the study', 'of the series'],
      ['2.25.1.2', 'of the study', 'of the study'],
    ])
  })

  test('of a document from GetImageSetMetadata make the same document again, without a warning', async () => {
    const datastoreId = await activeDatastore(sdk)
    await importFiles(server, { datastoreId, files: { '1.dcm': dicom(1), '2.dcm': dicom(2, { PatientSex: 'F' }) } })
    const [{ imageSetId }] = (await search(sdk, { datastoreId })) as [{ imageSetId: string }]
    const before = await fetchMetadata(sdk, { datastoreId, imageSetId })
    const { documents, report } = await importWith(before, { files: { '2.dcm': dicom(2, { PatientSex: 'F' }) } })
    assert.deepEqual([documents[0]!.Patient, documents[0]!.Study], [before.Patient, before.Study])
    // 1.dcm has no PatientSex.
    assert.deepEqual(
      report.warning?.flatMap(({ importResponse }) => importResponse.warnings.map(({ type }) => type)),
      ['CoercionOfDataElements'],
    )
  })
})

describe('metadata that cannot be used', choice, () => {
  for (const [what, metadata, reason] of [
    ['is not JSON', '{"00100010":', /is not JSON at character/],

    ['is neither of both', { Nonsense: 1 }, /neither an object of the DICOM JSON model nor a metadata document/],
    [
      'has a VR that is none',
      { '00100010': { vr: 'XX', Value: ['SECRET'] } },
      /00100010 with a vr that DICOM does not have/,
    ],
    ['has an item without an instance', [{ '00100010': { vr: 'PN' } }], /Item 1 of the list has no SOPInstanceUID/],
    ['is larger than it may be', { '00100010': { vr: 'PN', Value: ['x'.repeat(5_000)] } }, /more than the 4000 bytes/],
  ] as const) {
    test(`that ${what} is reported for itself and for each file of its study`, async () => {
      const { report, found } = await importWith(metadata, {
        files: { '3.dcm': instance({ StudyInstanceUID: '2.25.3' }) },
      })
      assert.deepEqual(inputFiles(report.failure), ['1.dcm', '2.dcm', 'metadata/study.json'])
      for (const [type, message] of messages(report)) {
        assert.equal(type, 'ValidationException')
        assert.match(message!, /^The JSON metadata of mapping 1 cannot be used\. /)
        assert.match(message!, reason)
        assert.doesNotMatch(message!, /SECRET/)
      }
      // A file of another study is imported.
      assert.deepEqual([found.length, report.manifest.numberOfScannedFiles], [1, 4])
    })
  }

  test('that does not exist is reported for itself and for each file of its study', async () => {
    const { report } = await importWith({}, { mappings: [{ studyInstanceUID: STUDY, metadataFilePath: 'no.json' }] })
    assert.deepEqual(inputFiles(report.failure), ['1.dcm', '2.dcm', 'metadata/study.json', 'no.json'])
    assert.match(messages(report).at(-1)![1]!, /It is not in the input/)
  })

  test('that matches no file of the input is reported', async () => {
    const { report, found } = await importWith(
      { '00100010': { vr: 'PN' } },
      { mappings: [{ ...FOR_STUDY, studyInstanceUID: '2.25.77' }] },
    )
    assert.deepEqual(inputFiles(report.failure), ['metadata/study.json'])
    assert.match(messages(report)[0]![1]!, /mapping 1 was not used: no file of the input is of its study and series/)
    assert.equal(found.length, 1)
  })

  test('with other UIDs than its mapping is reported for each file that it contradicts', async () => {
    for (const tag of ['0020000D', '0020000E', '00080018']) {
      const isOfInstance = tag === '00080018'
      const { report } = await importWith(
        isOfInstance
          ? {
              Study: { Series: { [SERIES]: { Instances: { [`${SERIES}.1`]: { DICOM: { SOPInstanceUID: '9.9' } } } } } },
            }
          : { [tag]: { vr: 'UI', Value: ['9.9'] } },
      )
      assert.deepEqual(inputFiles(report.failure), isOfInstance ? ['1.dcm'] : ['1.dcm', '2.dcm'])
      assert.match(messages(report)[0]![1]!, /^\w+InstanceUID of the JSON metadata differs from that of the file/)
    }
  })
})
