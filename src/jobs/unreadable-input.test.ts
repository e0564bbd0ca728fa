/** Unreadable input: each entry is a line of the failure report. If the input cannot be listed, the job fails with a message. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ExplicitVRLittleEndian, encodeP10 } from '../dicom/encode.ts'
import { asNobody } from '../fixtures/as-nobody.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { submitJob, testApp, untilEnded } from '../ingest/import-job.fixture.ts'
import { newId } from '../server/new-id.ts'
import { readAll } from '../stores/blobs/blob-store.ts'
import { openFolderLocations } from '../stores/blobs/disk/folder-locations.ts'
import { openMemoryBlobs } from '../stores/blobs/memory/memory-blobs.ts'
import type { ImportJobs } from '../stores/catalog/import-job-repository.ts'
import { openSqliteCatalog } from '../stores/sql/open-sqlite.ts'
import { startImportWorker } from './import-worker.ts'

let instances = 0

/** @param names each character is one byte (Latin-1) */
function write(folder: string, ...names: string[]): void {
  for (const name of names) {
    const path = Buffer.from(join(Buffer.from(folder).toString('latin1'), name), 'latin1')
    mkdirSync(path.subarray(0, path.lastIndexOf('/')), { recursive: true })
    writeFileSync(path, instance())
  }
}

const instance = () =>
  encodeP10({
    transferSyntaxUID: ExplicitVRLittleEndian,
    attributes: {
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
      SOPInstanceUID: `2.25.1.${++instances}`,
      StudyInstanceUID: '2.25.1',
      SeriesInstanceUID: '2.25.1.2',
    },
  })

interface Import {
  /** Fills the bucket. */
  readonly input: (folder: string) => void
  readonly uris?: Parameters<typeof submitJob>[2]
  /** Wraps calls of the repository of import jobs. */
  readonly around?: (importJobs: ImportJobs, at: { readonly input: string; readonly stop: () => void }) => ImportJobs
}

/** Imports the bucket without root privileges. After a worker that is stopped, another one starts. */
async function runImport(context: TestContext, { input, uris, around = (importJobs) => importJobs }: Import) {
  const root = await mkdtemp(join(tmpdir(), 'hilum-unreadable-'))
  context.after(async () => {
    await chmod(join(root, 'out-bucket'), 0o777)
    await rm(root, { recursive: true, force: true })
  })
  const at = join(root, 'in-bucket')
  for (const folder of [at, join(root, 'out-bucket')]) await mkdir(folder)
  await chmod(root, 0o755)
  await chmod(join(root, 'out-bucket'), 0o777)
  input(at)
  const catalog = await openSqliteCatalog({ path: ':memory:', newId })
  context.after(() => catalog.close())
  return asNobody(async () => {
    const stores = { blobs: openMemoryBlobs(), locations: await openFolderLocations(root) }
    const job = await submitJob(catalog, undefined, uris)
    const stopped = Promise.withResolvers<void>()
    const importJobs = around(catalog.importJobs, { input: at, stop: stopped.resolve })
    const first = startImportWorker(testApp({ ...stores, catalog: { ...catalog, importJobs } }))
    const second = stopped.promise.then(async () => {
      await first.stop()
      return startImportWorker(testApp({ ...stores, catalog }))
    })
    const ended = await untilEnded(catalog, job)
    stopped.resolve()
    await (await second).stop()
    const out = await stores.locations.openBucket('out-bucket')
    assert.ok(!('closed' in out))
    const read = async (name: string) => {
      const blob = await out.open(`${job.jobId}/${name}`)
      return blob === undefined ? undefined : Buffer.from(await readAll(blob)).toString()
    }
    const lines = async (name: string) =>
      ((await read(name)) ?? '')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    const manifest = await read('job-output-manifest.json')
    return {
      ended,
      summary: manifest === undefined ? undefined : JSON.parse(manifest).jobSummary,
      imported: (await lines('SUCCESS/success.ndjson')).map(({ inputFile }) => inputFile),
      failures: (await lines('FAILURE/failure.ndjson')).map(
        ({ inputFile, exception }) => `${inputFile}: ${exception.exceptionType}: ${exception.message}`,
      ),
    }
  })
}

const counted = ({ summary }: { readonly summary: Record<string, number> | undefined }) => {
  const { numberOfScannedFiles, numberOfImportedFiles, numberOfFilesWithCustomerError } = summary!
  return [numberOfScannedFiles, numberOfImportedFiles, numberOfFilesWithCustomerError]
}

test('a folder and a file whose names are not UTF-8 are imported under escaped keys, and no file after them is lost', async (context) => {
  const report = await runImport(context, {
    input: (folder) => write(folder, 'a.dcm', 'dir\xff/in.dcm', 'z1.dcm', 'z2.dcm', 'zz/z\xfc.dcm'),
  })
  assert.equal(report.ended.jobStatus, 'COMPLETED')
  assert.deepEqual(report.imported, ['a.dcm', 'dir%FF/in.dcm', 'z1.dcm', 'z2.dcm', 'zz/z%FC.dcm'])
  assert.deepEqual(counted(report), [5, 5, 0])
})

const UNREADABLE = [
  'broken: ValidationException: The link leads to nothing',
  'locked/: AccessDeniedException: It cannot be read: access denied. Nothing below it was imported',
  'out: AccessDeniedException: The link leads out of the bucket',
  'pipe: ValidationException: It is not a file but a pipe',
]

function writeUnreadable(folder: string): void {
  write(folder, 'a.dcm', 'locked/b.dcm', 'q.dcm')
  symlinkSync('nowhere', join(folder, 'broken'))
  symlinkSync(tmpdir(), join(folder, 'out'))
  execFileSync('mkfifo', [join(folder, 'pipe')])
  chmodSync(join(folder, 'locked'), 0)
}

test('a folder without read access, a link out of the bucket and a pipe are lines of the failure report', async (context) => {
  const report = await runImport(context, { input: writeUnreadable })
  assert.equal(report.ended.jobStatus, 'COMPLETED')
  assert.deepEqual(report.failures, UNREADABLE)
  assert.deepEqual(report.imported, ['a.dcm', 'q.dcm'])
  assert.deepEqual(counted(report), [6, 2, 4])
  assert.deepEqual([report.ended.filesDone, report.ended.filesFound], [6, 6])
})

test('a job that resumes reports every entry once, wherever it was stopped', async (context) => {
  for (let batch = 1; batch <= 3; batch++) {
    const report = await runImport(context, {
      input(folder) {
        writeUnreadable(folder)
        write(folder, 'dir\xff/1', 'dir\xff/2', 'dir\xff/3', 'x1', 'x2', 'x3')
      },
      around: (importJobs, { stop }) => {
        let records = 0
        return {
          ...importJobs,
          async record(...args) {
            await importJobs.record(...args)
            if (++records === batch) stop()
          },
        }
      },
    })
    assert.equal(report.ended.jobStatus, 'COMPLETED', report.ended.message)
    assert.deepEqual(report.failures, UNREADABLE)
    assert.deepEqual(report.imported, ['a.dcm', 'dir%FF/1', 'dir%FF/2', 'dir%FF/3', 'q.dcm', 'x1', 'x2', 'x3'])
    assert.deepEqual([report.ended.filesDone, report.ended.filesFound], [12, 12])
  }
})

test('a folder that is removed while a job runs costs no file of another folder', async (context) => {
  const names = Array.from({ length: 60 }, (_, at) => `${10 + at}/in.dcm`)
  let removed = false
  const report = await runImport(context, {
    input: (folder) => write(folder, ...names),
    around: (importJobs, { input }) => ({
      ...importJobs,
      async record(...args) {
        if (!removed) await asRoot(() => rmSync(join(input, '60'), { recursive: true }))
        removed = true
        return importJobs.record(...args)
      },
    }),
  })
  assert.equal(report.ended.jobStatus, 'COMPLETED')
  assert.deepEqual(
    report.imported,
    names.filter((name) => name !== '60/in.dcm'),
  )
  assert.deepEqual(report.failures, [
    '60/: ValidationException: It was removed or renamed while the import listed it. Nothing below it was imported',
  ])
})

test('the progress of a job ends at the number of files that were read, even if files were removed after the count', async (context) => {
  const { ended } = await runImport(context, {
    input: (folder) => write(folder, 'a/1', 'b/1', 'c/1'),
    around: (importJobs, { input }) => ({
      ...importJobs,
      async setFilesFound(...args) {
        await importJobs.setFilesFound(...args)
        await asRoot(() => rmSync(join(input, 'b'), { recursive: true, force: true }))
      },
    }),
  })
  assert.equal(ended.jobStatus, 'COMPLETED')
  assert.deepEqual([ended.filesDone, ended.filesFound], [2, 2])
})

test('a file without read access is a line of the failure report, and the others are imported', async (context) => {
  const report = await runImport(context, {
    input(folder) {
      write(folder, 'a.dcm', 'folder/b.dcm')
      chmodSync(join(folder, 'folder/b.dcm'), 0)
    },
  })
  assert.equal(report.ended.jobStatus, 'COMPLETED')
  assert.deepEqual(counted(report), [2, 1, 1])
  assert.deepEqual(report.failures, ['folder/b.dcm: AccessDeniedException: The object cannot be read: access denied'])
})

test('an input folder without read access ends the job with a message, and nothing is imported', async (context) => {
  const { ended, summary } = await runImport(context, {
    input(folder) {
      write(folder, 'a.dcm', 'folder/b.dcm')
      chmodSync(join(folder, 'folder'), 0)
    },
    uris: { inputS3Uri: 's3://in-bucket/folder/' },
  })
  assert.equal(ended.jobStatus, 'FAILED')
  assert.match(ended.message!, /^The input location cannot be listed by the server .EACCES.*Give its user/)
  assert.equal(summary, undefined)
})

test('an output without write access ends the job with a message, and nothing is imported', async (context) => {
  const { ended } = await runImport(context, {
    input(folder) {
      write(folder, 'a.dcm')
      chmodSync(join(folder, '../out-bucket'), 0o555)
    },
  })
  assert.equal(ended.jobStatus, 'FAILED')
  assert.equal(ended.message, 'The output location cannot be written')
})

test('an output that leads out of its bucket through a link is refused, and nothing is written or imported', async (context) => {
  const outside = await mkdtemp(join(tmpdir(), 'hilum-outside-'))
  removeAtExit(outside)
  await chmod(outside, 0o777)
  const { ended } = await runImport(context, {
    input(folder) {
      write(folder, 'a.dcm')
      symlinkSync(outside, join(folder, '../out-bucket/link'))
    },
    uris: { outputS3Uri: 's3://out-bucket/link/' },
  })
  assert.equal(ended.jobStatus, 'FAILED')
  assert.match(ended.message!, /^The output location cannot be written: .*a link in it leads out of the bucket$/)
  assert.equal(ended.filesDone, 0)
  assert.deepEqual(await readdir(outside), [])
})

test('a job with NUL in its input URI, which earlier versions accepted, finds no file', async (context) => {
  const { ended } = await runImport(context, {
    input: (folder) => write(folder, 'a.dcm'),
    uris: { inputS3Uri: 's3://in-bucket/\0' },
  })
  assert.equal(ended.jobStatus, 'COMPLETED')
  assert.equal(ended.filesDone, 0)
})

/** With root privileges, within asNobody. */
async function asRoot(work: () => void): Promise<void> {
  const user = process.geteuid!()
  process.seteuid!(process.getuid!())
  try {
    work()
  } finally {
    process.seteuid!(user)
  }
}
