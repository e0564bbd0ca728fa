/** `hilum import` with a server: files that cannot be read, stored or imported. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { CreateDatastoreCommand, GetDatastoreCommand } from '@aws-sdk/client-medical-imaging'
import { ExplicitVRLittleEndian, encodeP10 } from '../../dicom/encode.ts'
import { startHilumProcess } from '../../fixtures/hilum-process.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { openClient } from '../client/client.ts'

/** A folder with an empty `disc`, and a server with a data store. */
async function startServer(t: TestContext) {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-import-'))
  removeAtExit(cwd)
  mkdirSync(join(cwd, 'disc'))
  const serve = ['serve', '--data', 'data', '--port', '0', '--host', '127.0.0.1']
  const [, endpoint] = await startHilumProcess(t, serve, { cwd }).printed(/^Hilum answers at (http:\S+) /m)
  const credentials = JSON.parse(readFileSync(join(cwd, 'data', 'credentials.json'), 'utf8'))
  const client = openClient({ endpoint: endpoint!, region: 'us-east-1', credentials })
  const { datastoreId } = await client.send(new CreateDatastoreCommand({ datastoreName: 'mine' }))
  const isActive = async () =>
    (await client.send(new GetDatastoreCommand({ datastoreId }))).datastoreProperties?.datastoreStatus === 'ACTIVE'
  while (!(await isActive()));
  client.destroy()
  const importDisc = async (...flags: string[]) => {
    const words = ['import', 'disc', '--datastore', 'mine', '--data', 'data', '--port', new URL(endpoint!).port]
    const process = startHilumProcess(t, [...words, ...flags], { cwd })
    return { code: await process.ended, output: process.output() }
  }
  return { cwd, disc: join(cwd, 'disc'), importDisc }
}

let instances = 0

/** Each character of the name is one byte. */
function write(folder: string, name: string): void {
  const path = Buffer.from(join(Buffer.from(folder).toString('latin1'), name), 'latin1')
  mkdirSync(path.subarray(0, path.lastIndexOf('/')), { recursive: true })
  writeFileSync(path, scan(++instances))
}

const scan = (number: number): Uint8Array =>
  encodeP10({
    transferSyntaxUID: ExplicitVRLittleEndian,
    attributes: {
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
      SOPInstanceUID: `2.25.1.1.${number}`,
      StudyInstanceUID: '2.25.1',
      SeriesInstanceUID: '2.25.1.1',
      PatientID: 'P1',
    },
  })

test('a folder with names that are not UTF-8 is imported, and every unreadable entry is reported', async (t) => {
  const { cwd, disc, importDisc } = await startServer(t)
  for (const name of ['a.dcm', 'dir\xff/in.dcm', 'z1.dcm', 'z2.dcm', 'zz/z3.dcm', '../elsewhere.dcm']) write(disc, name)
  symlinkSync(join(cwd, 'elsewhere.dcm'), join(disc, 'linked.dcm'))
  const all = await importDisc()
  assert.equal(all.code, 0, all.output)
  assert.match(all.output, /^6 of 6 files imported into 1 image set in \d/m)

  execFileSync('mkfifo', [join(disc, 'pipe')])
  symlinkSync('nowhere', join(disc, 'broken'))
  writeFileSync(Buffer.from(`${disc}/no\xff.txt`, 'latin1'), 'no DICOM')
  const mixed = await importDisc()
  assert.equal(mixed.code, 1)
  assert.match(mixed.output, /^6 of 9 files imported/m)
  assert.match(
    mixed.output,
    /^3 files failed:\n {2}broken: The link leads to nothing\n {2}pipe: It is not a file but a pipe$/m,
  )
  assert.match(mixed.output, /^ {2}no%FF\.txt: DICOM attributes does not exist.*ValidationException/m)
  assert.match(mixed.output, /^Report: .*, without 2 files that could not be read here$/m)
  const json = JSON.parse(/^\{.*\}$/m.exec((await importDisc('--json')).output)![0])
  assert.deepEqual([json.scanned, json.imported, json.failed, json.notHandedOver], [9, 6, 3, 2])
  assert.deepEqual(readdirSync(join(cwd, 'data', 'buckets', 'hilum-import')), [])

  const saved = await importDisc('--report', 'report')
  assert.equal(saved.code, 1, saved.output)
  assert.match(saved.output, /^Its files: .*report$/m)
  const report = join(cwd, 'report')
  const linesOf = (name: string) =>
    readFileSync(join(report, name), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
  const { jobSummary } = JSON.parse(readFileSync(join(report, 'job-output-manifest.json'), 'utf8'))
  assert.deepEqual([jobSummary.numberOfScannedFiles, jobSummary.numberOfImportedFiles], [7, 6])
  assert.equal(linesOf('SUCCESS/success.ndjson').length, 6)
  const [failure] = linesOf('FAILURE/failure.ndjson')
  assert.match(failure.inputFile, /\/no%FF\.txt$/)
  assert.equal(failure.exception.exceptionType, 'ValidationException')
  assert.deepEqual(linesOf('UNREAD/unread.ndjson'), [
    { inputFile: 'broken', reason: 'The link leads to nothing' },
    { inputFile: 'pipe', reason: 'It is not a file but a pipe' },
  ])
  assert.deepEqual(readdirSync(report).sort(), ['FAILURE', 'SUCCESS', 'UNREAD', 'job-output-manifest.json'])
  assert.equal(statSync(join(report, 'FAILURE/failure.ndjson')).mode & 0o777, 0o600)
  const again = await importDisc('--report', 'report')
  assert.equal(again.code, 2)
  assert.match(again.output, /report is not empty: it holds '.*'\. Name an empty or new folder with --report\./)
})

test('files of operating systems and a DICOMDIR are skipped and counted, not failed', async (t) => {
  const { disc, importDisc } = await startServer(t)
  write(disc, 'IM_1')
  for (const name of ['.DS_Store', '._IM_1', 'Thumbs.db', 'desktop.ini', 'DICOMDIR'])
    writeFileSync(join(disc, name), 'x')
  const { code, output } = await importDisc()
  assert.equal(code, 0, output)
  assert.match(output, /^1 of 1 file imported/m)
  assert.match(output, /^5 files skipped, such as DICOMDIR/m)
  const json = JSON.parse(/^\{.*\}$/m.exec((await importDisc('--json')).output)![0])
  assert.deepEqual([json.scanned, json.imported, json.failed, json.skipped], [1, 1, 0, 5])
})

test('a file whose name is too long for the bucket is reported, and the others are imported', async (t) => {
  const { disc, importDisc } = await startServer(t)
  write(disc, 'a.dcm')
  // Each byte takes three characters when escaped.
  write(disc, '\xff'.repeat(100))
  const { code, output } = await importDisc()
  assert.equal(code, 1)
  assert.match(output, /^1 of 2 files imported/m)
  assert.match(output, /^ {2}(%FF){100}: The name is too long for the import bucket$/m)
})
