/** For tests of import jobs: an app over real stores, a submitted job, and its end. */
import type { ImportApp } from '../app.ts'
import { DEFAULT_LIMITS } from '../default-limits.ts'
import type { Limits } from '../limits.ts'
import { startFrameThreads } from '../pixel-data/threads/frame-threads.ts'
import { newId } from '../server/new-id.ts'
import type { Catalog } from '../stores/catalog/catalog.ts'
import type { ImportJob } from '../stores/catalog/import-job-repository.ts'

const SILENT = { debug() {}, info() {}, warn() {}, error() {} }

/** Shared by all tests of a file. Threads start with the first frame and do not keep the process alive. */
const frames = startFrameThreads(DEFAULT_LIMITS)

/** A blob holds a few instances; the frames of an instance with five frames of 4 KB get a blob of their own. */
export const CRASH_LIMITS: Partial<Limits> = { importBlobBytes: 16 * 1024 }

/** As CRASH_LIMITS, and jobs take turns as often as they can. */
export const TURN_LIMITS: Partial<Limits> = { ...CRASH_LIMITS, importTurnMs: 1, importJobsPerWorker: 1 }

type Stores = Pick<ImportApp, 'catalog' | 'blobs' | 'locations'>

export const testApp = (
  stores: Stores,
  options: { limits?: Partial<Limits>; clock?: () => number } = {},
): ImportApp => ({
  ...stores,
  bucketsOf: () => ({ refusalOf: () => undefined, openBucket: (name) => stores.locations.openBucket(name) }),
  frames,
  clock: options.clock ?? Date.now,
  newId,
  log: SILENT,
  inSpan: (_name, _attributes, step) => step(),
  limits: { ...DEFAULT_LIMITS, importFilesPerBatch: 4, ...options.limits },
})

/** The same app with other buckets, for every role. */
export const withBuckets = <A extends ImportApp>(app: A, locations: ImportApp['locations']): A => ({
  ...app,
  locations,
  bucketsOf: () => ({ refusalOf: () => undefined, openBucket: (name) => locations.openBucket(name) }),
})

/** A SUBMITTED job. @param into the id of its data store; default: a new one */
export async function submitJob(
  catalog: Catalog,
  into?: string,
  {
    inputS3Uri = 's3://in-bucket/',
    outputS3Uri = 's3://out-bucket/',
    ...given
  }: Partial<Pick<ImportJob, 'inputS3Uri' | 'outputS3Uri' | 'importConfiguration'>> = {},
): Promise<ImportJob> {
  const datastoreId = into ?? (await activeDatastore(catalog))
  const [jobId, now] = [newId(), Date.now()]
  const submitted = await catalog.importJobs.submit({
    job: {
      jobId,
      datastoreId,
      jobName: undefined,
      jobStatus: 'SUBMITTED',
      dataAccessRoleArn: 'arn:aws:iam::000000000000:role/import',
      inputS3Uri,
      outputS3Uri: `${outputS3Uri}${jobId}/`,
      importConfiguration: undefined,
      message: undefined,
      submittedAt: now,
      endedAt: undefined,
      filesDone: 0,
      filesFailed: 0,
      filesSkipped: 0,
      filesFound: undefined,
      ...given,
    },
    token: { clientToken: jobId, fingerprint: 'job', usedSince: 0 },
  })
  if (submitted.outcome !== 'submitted') throw new Error(submitted.outcome)
  return submitted.job
}

async function activeDatastore(catalog: Catalog): Promise<string> {
  const [datastoreId, now] = [newId(), Date.now()]
  await catalog.datastores.create({
    datastore: {
      datastoreId,
      datastoreName: undefined,
      datastoreStatus: 'CREATING',
      kmsKeyArn: undefined,
      lambdaAuthorizerArn: undefined,
      losslessStorageFormat: 'HTJ2K',
      createdAt: now,
      updatedAt: now,
    },
    tags: {},
    token: { clientToken: datastoreId, fingerprint: 'datastore', usedSince: 0 },
  })
  await catalog.datastores.settle(datastoreId, now)
  return datastoreId
}

export async function untilEnded(catalog: Catalog, job: Pick<ImportJob, 'datastoreId' | 'jobId'>): Promise<ImportJob> {
  for (;;) {
    const current = await catalog.importJobs.get(job)
    if (current?.endedAt !== undefined) return current
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
