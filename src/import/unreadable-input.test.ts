/** What may not be read in the input: one file is a line of the report, a folder ends the job with a message. */
import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ExplicitVRLittleEndian, encodeP10 } from '../dicom/encode.ts'
import { asNobody } from '../fixtures/as-nobody.ts'
import { newId } from '../new-id.ts'
import { readAll } from '../stores/blob-store.ts'
import { openFolderLocations } from '../stores/folder-locations.ts'
import { openMemoryBlobs } from '../stores/memory-blobs.ts'
import { openSqliteCatalog } from '../stores/sql/sqlite.ts'
import { submitJob, testApp, untilEnded } from './testing.fixture.ts'
import { startImportWorker } from './worker.ts'

const good = encodeP10({
  transferSyntaxUID: ExplicitVRLittleEndian,
  attributes: {
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
    SOPInstanceUID: '2.25.1.1',
    StudyInstanceUID: '2.25.1',
    SeriesInstanceUID: '2.25.1.2',
  },
})

/** Imports the bucket as a user who is not root, after `lock` has closed something in it. */
async function importAsNobody(context: TestContext, lock: (input: string) => Promise<void>) {
  const root = await mkdtemp(join(tmpdir(), 'hilum-unreadable-'))
  context.after(() => rm(root, { recursive: true, force: true }))
  const input = join(root, 'in-bucket')
  const output = join(root, 'out-bucket')
  await mkdir(join(input, 'folder'), { recursive: true })
  await mkdir(output)
  await writeFile(join(input, 'a.dcm'), good)
  await writeFile(join(input, 'folder/b.dcm'), good)
  await chmod(root, 0o755)
  await chmod(output, 0o777)
  await lock(input)
  const catalog = await openSqliteCatalog({ path: ':memory:', newId })
  context.after(() => catalog.close())
  return asNobody(async () => {
    const app = testApp({ catalog, blobs: openMemoryBlobs(), locations: await openFolderLocations(root) })
    const job = await submitJob(catalog)
    const worker = startImportWorker(app)
    const ended = await untilEnded(catalog, job)
    await worker.stop()
    const out = await app.locations.openBucket('out-bucket')
    assert.ok(!('closed' in out))
    const read = async (name: string) => {
      const blob = await out.open(`${job.jobId}/${name}`)
      return blob === undefined ? undefined : Buffer.from(await readAll(blob)).toString()
    }
    return { ended, manifest: await read('job-output-manifest.json'), failures: await read('FAILURE/failure.ndjson') }
  })
}

test('a file that may not be read is a line of the failure report, and the others are imported', async (context) => {
  const { ended, manifest, failures } = await importAsNobody(context, (input) => chmod(join(input, 'folder/b.dcm'), 0))
  assert.equal(ended.jobStatus, 'COMPLETED')
  assert.equal(JSON.parse(manifest!).jobSummary.numberOfImportedFiles, 1)
  assert.deepEqual(JSON.parse(failures!), {
    inputFile: 'folder/b.dcm',
    exception: { exceptionType: 'AccessDeniedException', message: 'The object cannot be read: access denied' },
  })
})

test('a folder that may not be listed ends the job with a message, and nothing is imported', async (context) => {
  const { ended, manifest } = await importAsNobody(context, (input) => chmod(join(input, 'folder'), 0))
  assert.equal(ended.jobStatus, 'FAILED')
  assert.equal(ended.message, 'The input location cannot be listed: access')
  assert.equal(manifest, undefined)
})

test('an output that may not be written ends the job with a message, and nothing is imported', async (context) => {
  const { ended } = await importAsNobody(context, (input) => chmod(join(input, '../out-bucket'), 0o555))
  assert.equal(ended.jobStatus, 'FAILED')
  assert.equal(ended.message, 'The output location cannot be written')
})
