/** The report of a job: its manifest and its three files of lines, member by member (AWS "Understanding import jobs"). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { activeDatastore } from '../support/datastores.ts'
import { instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { INPUT, importFiles, jobAtEnd, OUTPUT, reportOf, startJob } from '../support/import.ts'
import { search } from '../support/search.ts'
import { choice, recorded } from '../support/sources.ts'

const server = await openHilum()
const { hilum, sdk } = server

test('manifest, success, failure and warning have the members of the service and no others', recorded, async () => {
  const datastoreId = await activeDatastore(sdk)
  const { job, ...report } = await importFiles(server, {
    datastoreId,
    files: {
      'good/1.dcm': instance({ SOPInstanceUID: '2.25.1.1.1' }),
      'good/2.dcm': instance({ SOPInstanceUID: '2.25.1.1.2', StudyDate: '20240101' }),
      'note.txt': Buffer.from('no DICOM'),
      'odd.dcm': instance({ StudyInstanceUID: '2.25.2', SeriesInstanceUID: '2.25..3', SOPInstanceUID: '2.25.4' }),
    },
  })
  const found = await search(sdk, { datastoreId })
  const idOf = (seriesUID: string) =>
    found.find(({ DICOMTags }) => DICOMTags!.DICOMSeriesInstanceUID === seriesUID)!.imageSetId
  const good = { imageSetId: idOf('2.25.1.1'), imageSetVersion: 1, isPrimary: true }
  const odd = { imageSetId: idOf('2.25..3'), imageSetVersion: 1, isPrimary: true }
  const folder = job.inputS3Uri!.slice(`s3://${INPUT}/`.length)
  assert.deepEqual(report.manifest, {
    jobId: job.jobId,
    datastoreId,
    inputS3Uri: job.inputS3Uri,
    outputS3Uri: job.outputS3Uri,
    successOutputS3Uri: `${job.outputS3Uri}SUCCESS/`,
    failureOutputS3Uri: `${job.outputS3Uri}FAILURE/`,
    warningsOutputS3Uri: `${job.outputS3Uri}WARNING/`,
    numberOfScannedFiles: 4,
    numberOfImportedFiles: 3,
    numberOfFilesWithCustomerError: 1,
    numberOfFilesWithServerError: 0,
    numberOfGeneratedImageSets: 2,
    imageSetsSummary: [
      { ...good, numberOfMatchedSOPInstances: 2 },
      { ...odd, numberOfMatchedSOPInstances: 1 },
    ],
  })
  assert.deepEqual(report.success, [
    { inputFile: `${folder}good/1.dcm`, importResponse: good },
    { inputFile: `${folder}good/2.dcm`, importResponse: good },
    { inputFile: `${folder}odd.dcm`, importResponse: odd },
  ])
  assert.equal(report.failure!.length, 1)
  const { inputFile, exception, ...nothing } = report.failure![0]!
  assert.deepEqual([inputFile, exception.exceptionType, nothing], [`${folder}note.txt`, 'ValidationException', {}])
  assert.equal(report.warning!.length, 1)
  const { warnings, ...importResponse } = report.warning![0]!.importResponse
  assert.deepEqual([report.warning![0]!.inputFile, importResponse], [`${folder}odd.dcm`, odd])
  assert.equal(warnings.length, 1)
  assert.deepEqual(Object.keys(warnings[0]!), ['warning_reason_code', 'type', 'message'])
})

test('a file of lines is written only if it has a line', choice, async () => {
  const datastoreId = await activeDatastore(sdk)
  const clean = await importFiles(server, { datastoreId, files: { 'a.dcm': instance() } })
  assert.equal(clean.success!.length, 1)
  assert.deepEqual([clean.failure, clean.warning], [undefined, undefined])
  const failing = await importFiles(server, { datastoreId, files: { 'a.txt': Buffer.from('no DICOM') } })
  assert.equal(failing.failure!.length, 1)
  assert.deepEqual([failing.success, failing.warning], [undefined, undefined])
})

test('the input URI of the manifest ends in a slash even if that of the request does not', recorded, async () => {
  const datastoreId = await activeDatastore(sdk)
  await hilum.putObject(INPUT, 'slashless/a.dcm', instance())
  await hilum.putObject(OUTPUT, 'made', new Uint8Array())
  const jobId = await startJob(server, { datastoreId, inputS3Uri: `s3://${INPUT}/slashless` })
  const job = await jobAtEnd(server, { datastoreId, jobId })
  assert.equal(job.inputS3Uri, `s3://${INPUT}/slashless`)
  assert.equal((await reportOf(hilum, job)).manifest.inputS3Uri, `s3://${INPUT}/slashless/`)
})

test('names of any script, with spaces and quotes, are reported unchanged', choice, async () => {
  const datastoreId = await activeDatastore(sdk)
  const names = ['a b.dcm', 'über/ñ.dcm', '日本語.dcm', 'quote".dcm', 'per%20cent.dcm', 'line\nbreak.dcm']
  const files = Object.fromEntries(names.map((name) => [name, instance({ PatientID: 'P' })]))
  const { success, job } = await importFiles(server, { datastoreId, files })
  const folder = job.inputS3Uri!.slice(`s3://${INPUT}/`.length)
  const reported = success!.map(({ inputFile }) => inputFile.slice(folder.length))
  assert.deepEqual(reported.toSorted(), names.toSorted())
})

test('a thousand files are all in the report, in the order of their keys', choice, async () => {
  const datastoreId = await activeDatastore(sdk)
  const files: Record<string, Uint8Array> = {}
  for (let n = 0; n < 1_000; n++) {
    const name = String(n).padStart(4, '0')
    files[name] = n % 10 === 0 ? Buffer.from('no DICOM') : instance({ SOPInstanceUID: `2.25.1.1.${n}` })
  }
  const { manifest, success, failure } = await importFiles(server, { datastoreId, files })
  assert.deepEqual([success!.length, failure!.length], [900, 100])
  assert.equal(manifest.imageSetsSummary[0]!.numberOfMatchedSOPInstances, 900)
  const keys = success!.map(({ inputFile }) => inputFile)
  assert.deepEqual(keys, keys.toSorted())
})
