/**
 * Import jobs beside each other: how long ten files and an update take alone, and while two jobs of many files run, and what both jobs
 * take together. Processor time of the server is the price of taking turns.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  GetDICOMImportJobCommand,
  GetImageSetCommand,
  SearchImageSetsCommand,
  StartDICOMImportJobCommand,
  UpdateImageSetMetadataCommand,
} from '@aws-sdk/client-medical-imaging'
import { drawCT, SIDE } from './frames-alone.ts'
import { type BenchServer, startHilumServer } from './hilum-server.ts'
import { createActiveDatastore } from './importing.ts'
import { optionsOf } from './options.ts'
import { inTempFolder, peakBytes, processorMs, quantile } from './processes.ts'
import { sliceOf } from './sample-files.ts'

const FEW = 10
const SERIES_FILES = 100
const SMALL_SIDE = 64
/** Ten files and an update are measured this often while the jobs run. */
const TIMES = 3
const POLL_MS = 5

/** @param args `--files N` of each of the two jobs, `--size small`, `slices` or `both` */
export async function fairnessBench(args: readonly string[]): Promise<number> {
  const options = optionsOf(args, { files: '2000', size: 'both' })
  const files = Number(options?.files)
  if (options === undefined || !Number.isSafeInteger(files) || files < 1) {
    process.stderr.write('npm run bench -- fairness [--files N] [--size small | slices | both] [--json]\n')
    return 2
  }
  for (const size of ['small', 'slices'] as const) {
    if (options.size !== size && options.size !== 'both') continue
    const measured = await inTempFolder((folder) => measureFairness(folder, { files, size }))
    if (options.json) process.stdout.write(`${JSON.stringify({ size, files, ...measured })}\n`)
    else process.stdout.write(`${textOf(size, files, measured)}\n`)
  }
  return 0
}

interface Fairness {
  /** From the call of StartDICOMImportJob to COMPLETED, on an idle server: the first, and those that follow. */
  readonly aloneMs: readonly number[]
  /** From the call to the first answer that is not SUBMITTED. */
  readonly startedMs: readonly number[]
  readonly sameStoreMs: readonly number[]
  readonly otherStoreMs: readonly number[]
  readonly updateAloneMs: readonly number[]
  readonly updateMs: readonly number[]
  /** Of the two jobs: how many of those that were begun beside them ended before either. */
  readonly endedBefore: string
  readonly bothSeconds: number
  readonly processorSeconds: number
  /** The most that was resident. */
  readonly peakMB: number
}

async function measureFairness(
  folder: string,
  { files, size }: { files: number; size: 'small' | 'slices' },
): Promise<Fairness> {
  const input = join(folder, 'buckets/bench-input')
  await mkdir(join(folder, 'buckets/bench-output'), { recursive: true })
  const side = size === 'small' ? SMALL_SIDE : SIDE
  const drawn = Array.from({ length: 8 }, (_, index) => drawCT(index).subarray(0, side * side * 2))
  const write = async (name: string, root: string, count: number) => {
    await mkdir(join(input, name), { recursive: true })
    for (let n = 0; n < count; n++) {
      const place = { root, series: Math.floor(n / SERIES_FILES), instance: n % SERIES_FILES }
      const bytes = sliceOf(place, { side, pixels: drawn[n % drawn.length]! })
      await writeFile(join(input, name, `${String(n).padStart(6, '0')}.dcm`), bytes)
    }
  }
  await write('one', '2.25.11', files)
  await write('two', '2.25.12', files)
  await write('few', '2.25.13', FEW)
  const server = await startHilumServer(folder)
  try {
    return await measureOn(server)
  } finally {
    server.client.destroy()
    await server.stop()
  }
}

async function measureOn(server: BenchServer): Promise<Fairness> {
  const { client, child } = server
  const [store, other] = [await createActiveDatastore(server), await createActiveDatastore(server)]
  const startedMs: number[] = []
  const few = async (datastoreId: string) => {
    const startedAt = performance.now()
    const job = await startJob(server, { datastoreId, name: 'few' })
    await until(server, job, (status) => status !== 'SUBMITTED')
    startedMs.push(performance.now() - startedAt)
    await until(server, job, (status) => status === 'COMPLETED')
    return performance.now() - startedAt
  }
  const aloneMs: number[] = []
  for (let time = 0; time < TIMES; time++) aloneMs.push(await few(store))
  const started = startedMs.splice(0)
  const { imageSetsMetadataSummaries } = await client.send(new SearchImageSetsCommand({ datastoreId: store }))
  const imageSetId = imageSetsMetadataSummaries![0]!.imageSetId!
  const update = () => updateOnce(server, { datastoreId: store, imageSetId })
  const updateAloneMs = [await update(), await update(), await update()]

  const processorBefore = processorMs(child.pid!)
  const startedAt = performance.now()
  const jobs = [
    await startJob(server, { datastoreId: store, name: 'one' }),
    await startJob(server, { datastoreId: store, name: 'two' }),
  ]
  let ended = 0
  const both = Promise.all(
    jobs.map(async (job) => {
      await until(server, job, (status) => status === 'COMPLETED', 50)
      ended += 1
    }),
  ).then(() => ({
    bothSeconds: (performance.now() - startedAt) / 1000,
    processorSeconds: (processorMs(child.pid!) - processorBefore) / 1000,
    peakMB: Math.round(peakBytes(child.pid!) / 2 ** 20),
  }))
  await until(server, jobs[0]!, (status) => status === 'IN_PROGRESS')
  const [sameStoreMs, otherStoreMs, updateMs]: [number[], number[], number[]] = [[], [], []]
  let before = 0
  const beside = async (times: number[], work: () => Promise<number>) => {
    if (ended > 0) return
    times.push(await work())
    if (ended === 0) before += 1
  }
  for (let time = 0; time < TIMES; time++) {
    await beside(sameStoreMs, () => few(store))
    await beside(otherStoreMs, () => few(other))
    await beside(updateMs, update)
  }
  const endedBefore = `${before} of ${sameStoreMs.length + otherStoreMs.length + updateMs.length}`
  const took = await both
  return { aloneMs, startedMs: started, sameStoreMs, otherStoreMs, updateAloneMs, updateMs, endedBefore, ...took }
}

interface Job {
  readonly datastoreId: string
  readonly jobId: string
}

async function startJob(
  { client }: BenchServer,
  { datastoreId, name }: { datastoreId: string; name: string },
): Promise<Job> {
  const { jobId } = await client.send(
    new StartDICOMImportJobCommand({
      ...{ datastoreId, dataAccessRoleArn: 'arn:aws:iam::000000000000:role/bench' },
      ...{ inputS3Uri: `s3://bench-input/${name}/`, outputS3Uri: 's3://bench-output/' },
    }),
  )
  return { datastoreId, jobId: jobId! }
}

async function until(
  { client }: BenchServer,
  job: Job,
  isReached: (status: string) => boolean,
  pollMs = POLL_MS,
): Promise<void> {
  for (;;) {
    const { jobProperties } = await client.send(new GetDICOMImportJobCommand(job))
    const { jobStatus, message } = jobProperties!
    if (jobStatus === 'FAILED') throw new Error(`the import failed: ${message}`)
    if (isReached(jobStatus!)) return
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

async function updateOnce(
  { client }: BenchServer,
  { datastoreId, imageSetId }: { datastoreId: string; imageSetId: string },
): Promise<number> {
  const { versionId } = await client.send(new GetImageSetCommand({ datastoreId, imageSetId }))
  const tree = { SchemaVersion: '1.1', Patient: { DICOM: { PatientName: `Bench^${versionId}` } } }
  const startedAt = performance.now()
  await client.send(
    new UpdateImageSetMetadataCommand({
      ...{ datastoreId, imageSetId, latestVersionId: versionId!, force: true },
      updateImageSetMetadataUpdates: { DICOMUpdates: { updatableAttributes: Buffer.from(JSON.stringify(tree)) } },
    }),
  )
  for (;;) {
    const { imageSetState } = await client.send(new GetImageSetCommand({ datastoreId, imageSetId }))
    if (imageSetState === 'ACTIVE') return performance.now() - startedAt
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

function textOf(size: string, files: number, measured: Fairness): string {
  const ms = (times: readonly number[]) =>
    times.length === 0
      ? '-'
      : `${Math.round(
          quantile(
            times.toSorted((a, b) => a - b),
            0.5,
          ),
        )} (${Math.round(Math.max(...times))})`
  const { aloneMs, startedMs, sameStoreMs, otherStoreMs, updateAloneMs, updateMs } = measured
  return [
    `${size}: two jobs of ${files} files; median and greatest in ms`,
    `  ten files alone ${ms(aloneMs)}, of which until they have begun ${ms(startedMs)}`,
    `  ten files of the same data store ${ms(sameStoreMs)}, of another ${ms(otherStoreMs)}`,
    `  an update alone ${ms(updateAloneMs)}, beside the jobs ${ms(updateMs)}`,
    `  ended before the first of the two jobs: ${measured.endedBefore}`,
    `  both jobs in ${measured.bothSeconds.toFixed(1)} s, ${measured.processorSeconds.toFixed(1)} s of processor time, ${measured.peakMB} MB at most`,
  ].join('\n')
}
