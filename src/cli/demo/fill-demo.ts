/**
 * Finds the demo's data store, or creates and fills it with an import job. An interrupted start is resumed: a data store without a job gets
 * its files and a job, and a running job is waited for.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import {
  CreateDatastoreCommand,
  type DICOMImportJobSummary,
  GetDatastoreCommand,
  type MedicalImagingClient,
  paginateListDICOMImportJobs,
  StartDICOMImportJobCommand,
} from '@aws-sdk/client-medical-imaging'
import { demoInstances } from '../../demo/instances.ts'
import { demoCounts } from '../../demo/studies/studies.ts'
import type { Config } from '../../server/config.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { getImportJob, type Server } from '../client/client.ts'
import { activeDatastores } from '../client/datastores.ts'
import { followJob } from '../import/follow-job.ts'
import { type ImportBucket, openImportBucket } from '../import/import-bucket.ts'
import { type ImportReport, readReport } from '../import/import-report.ts'
import { openProgress } from '../terminal/progress.ts'
import type { Terminal } from '../terminal/terminal.ts'

const NAME = 'demo'
const BUCKET = 'hilum-demo'
const INPUT_FOLDER = 'studies/'
const OUTPUT_FOLDER = 'import-report/'
const SEED = 1

interface DemoWork {
  readonly client: MedicalImagingClient
  readonly server: Server
  readonly config: Config
  readonly terminal: Terminal
  /** YYYYMMDD, the date of the newest study. */
  readonly today: string
  readonly signal: AbortSignal
  /** Of the data store, if it is created. */
  readonly lambdaAuthorizerArn: string
}

export interface FilledDatastore {
  readonly datastoreId: string
  readonly datastoreName: string | undefined
  /** Of the data store as it was created. */
  readonly lambdaAuthorizerArn: string | undefined
  /** Of the demo's own import; undefined for a data folder with other data stores. */
  readonly report: ImportReport | undefined
}

export async function findOrFillDatastore(work: DemoWork): Promise<FilledDatastore> {
  const { client } = work
  const datastores = await activeDatastores(client)
  const demo = datastores.find(({ datastoreName }) => datastoreName === NAME)
  const other = datastores[0]
  if (demo === undefined && other !== undefined) {
    const { datastoreId, datastoreName } = other
    return {
      ...(await authorizerOf(client, datastoreId!)),
      datastoreId: datastoreId!,
      datastoreName,
      report: undefined,
    }
  }
  const datastoreId = demo?.datastoreId ?? (await createDatastore(work))
  const jobId = (await lastJob(client, datastoreId)) ?? (await startJob(work, datastoreId))
  const { job: found } = await getImportJob(client, { datastoreId, jobId })
  const hasEnded = found.jobStatus === 'COMPLETED'
  const job = hasEnded ? found : await followJob(client, { datastoreId, jobId }, work)
  if (job.jobStatus === 'FAILED')
    throw new OperatorError(`The demo's import failed: ${job.message ?? 'no reason given'}`)
  const report = await readReport(job, work.server)
  return { ...(await authorizerOf(client, datastoreId)), datastoreId, datastoreName: NAME, report }
}

async function authorizerOf(
  client: MedicalImagingClient,
  datastoreId: string,
): Promise<Pick<FilledDatastore, 'lambdaAuthorizerArn'>> {
  const { datastoreProperties } = await client.send(new GetDatastoreCommand({ datastoreId }))
  return { lambdaAuthorizerArn: datastoreProperties?.lambdaAuthorizerArn }
}

async function createDatastore({ client, signal, lambdaAuthorizerArn }: DemoWork): Promise<string> {
  const command = new CreateDatastoreCommand({ datastoreName: NAME, clientToken: randomUUID(), lambdaAuthorizerArn })
  const { datastoreId } = await client.send(command)
  for (;;) {
    const { datastoreProperties } = await client.send(new GetDatastoreCommand({ datastoreId }))
    if (datastoreProperties?.datastoreStatus === 'ACTIVE') return datastoreId!
    await wait(50, undefined, { signal })
  }
}

/** The newest job that has not failed. */
async function lastJob(client: MedicalImagingClient, datastoreId: string): Promise<string | undefined> {
  const jobs: DICOMImportJobSummary[] = []
  for await (const page of paginateListDICOMImportJobs({ client }, { datastoreId })) jobs.push(...page.jobSummaries!)
  return jobs.find(({ jobStatus }) => jobStatus !== 'FAILED')?.jobId
}

async function startJob(work: DemoWork, datastoreId: string): Promise<string> {
  await writeStudies(work, await openImportBucket(work.config, BUCKET))
  const { jobId } = await work.client.send(
    new StartDICOMImportJobCommand({
      datastoreId,
      jobName: NAME,
      clientToken: randomUUID(),
      dataAccessRoleArn: `arn:aws:iam::${work.config.accountId}:role/hilum-demo`,
      inputS3Uri: `s3://${BUCKET}/${INPUT_FOLDER}`,
      outputS3Uri: `s3://${BUCKET}/${OUTPUT_FOLDER}`,
    }),
  )
  return jobId!
}

async function writeStudies({ terminal, today, signal }: DemoWork, bucket: ImportBucket): Promise<void> {
  const options = { seed: SEED, today }
  const { instances } = demoCounts(options)
  const progress = openProgress('Drawing synthetic studies', { terminal, now: Date.now })
  try {
    let written = 0
    for await (const { path, bytes } of demoInstances(options)) {
      signal.throwIfAborted()
      await bucket.write(`${INPUT_FOLDER}${path}`, bytes)
      written += 1
      progress.update(written, instances)
    }
  } finally {
    progress.end()
  }
}
