/** Files beside DICOM files that are not instances: skipped, counted separately and listed, not reported as failures. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { activeDatastore } from '../support/datastores.ts'
import { ExplicitVRLittleEndian, encodeP10, type FileToEncode, instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { INPUT, importFiles } from '../support/import.ts'
import { patientsOf, search } from '../support/search.ts'
import { choice } from '../support/sources.ts'

const server = await openHilum({ limits: { importWholeFileBytes: 4 * 1024 ** 2 } })
const { sdk } = server

/** The directory of a disc (PS3.10 8.6): it has no SOPClassUID in its data set. */
const directory = (file: Partial<FileToEncode> = {}) =>
  encodeP10({
    transferSyntaxUID: ExplicitVRLittleEndian,
    meta: { MediaStorageSOPClassUID: '1.2.840.10008.1.3.10', MediaStorageSOPInstanceUID: '2.25.9' },
    attributes: { FileSetID: 'DISC' },
    ...file,
  })

const APPLE_DOUBLE = Buffer.from('0005160700020000', 'hex')

async function importedAs(files: Record<string, Uint8Array>) {
  const datastoreId = await activeDatastore(sdk)
  const report = await importFiles(server, { datastoreId, files })
  const folder = report.job.inputS3Uri!.slice(`s3://${INPUT}/`.length)
  const { numberOfScannedFiles, numberOfImportedFiles, numberOfFilesWithCustomerError } = report.manifest
  return {
    ...report,
    datastoreId,
    counts: [numberOfScannedFiles, numberOfImportedFiles, numberOfFilesWithCustomerError],
    skipped: report.skipped?.map(({ inputFile, reason }) => `${inputFile.slice(folder.length)}: ${reason}`),
  }
}

test(
  'what operating systems keep in folders and the directory of a disc are skipped and counted apart',
  choice,
  async () => {
    const macOS = 'A file that macOS keeps in folders'
    const windows = 'A file that Windows keeps in folders'
    const disc = 'A DICOMDIR, which lists other files and has no instance'
    const report = await importedAs({
      '.DS_Store': Buffer.from('00000001427564310000', 'hex'),
      'sub/._IM_1': APPLE_DOUBLE,
      'sub/IM_1': instance(),
      'sub/Thumbs.db': Buffer.from('d0cf11e0a1b11ae1', 'hex'),
      'sub/Desktop.ini': Buffer.from('[.ShellClassInfo]\r\n'),
      DICOMDIR: directory(),
      'dicomdir.old/DicomDir': Buffer.from('not even DICOM'),
      'renamed.dcm': directory(),
      'renamed-large.dcm': directory({ pixelData: { frames: [new Uint8Array(5 * 1024 ** 2)] } }),
    })
    assert.deepEqual(report.skipped, [
      `.DS_Store: ${macOS}`,
      `DICOMDIR: ${disc}`,
      `dicomdir.old/DicomDir: ${disc}`,
      `renamed-large.dcm: ${disc}`,
      `renamed.dcm: ${disc}`,
      `sub/._IM_1: ${macOS}`,
      `sub/Desktop.ini: ${windows}`,
      `sub/Thumbs.db: ${windows}`,
    ])
    assert.deepEqual([report.failure, report.warning], [undefined, undefined])
    assert.deepEqual(report.counts, [1, 1, 0])
    assert.equal(report.manifest.numberOfSkippedFiles, 8)
  },
)

test('an instance is imported whatever its name, and other files with such a name fail', choice, async () => {
  const report = await importedAs({
    DICOMDIR: instance({ SOPInstanceUID: '2.25.1.1.1', PatientID: 'P1' }),
    '._IM_1': instance({ SOPInstanceUID: '2.25.1.1.2', PatientID: 'P1' }),
    IM_2: APPLE_DOUBLE,
  })
  assert.deepEqual(report.counts, [3, 2, 1])
  assert.equal(report.skipped, undefined)
  assert.equal(report.manifest.numberOfSkippedFiles, undefined)
  assert.deepEqual(patientsOf(await search(sdk, { datastoreId: report.datastoreId })), ['P1'])
  assert.match(report.failure![0]!.exception.message, /The file is an AppleDouble file of macOS/)
})
