/** Runs import jobs as a client does: puts objects into a bucket, starts a job, polls it, and reads its report. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import {
  type DICOMImportJobProperties,
  GetDICOMImportJobCommand,
  StartDICOMImportJobCommand,
  type StartDICOMImportJobCommandInput,
} from '@aws-sdk/client-medical-imaging'
import type { Hilum, TestServer } from './hilum.ts'
import { until } from './until.ts'

export const INPUT = 'test-input'
export const OUTPUT = 'test-output'
export const ROLE = 'arn:aws:iam::123456789012:role/import'

export interface ImageSetOfJob {
  readonly imageSetId: string
  readonly imageSetVersion: number
  readonly isPrimary: boolean
  readonly numberOfMatchedSOPInstances: number
}

export interface Manifest {
  readonly jobSummary: {
    readonly jobId: string
    readonly datastoreId: string
    readonly inputS3Uri: string
    readonly outputS3Uri: string
    readonly successOutputS3Uri: string
    readonly failureOutputS3Uri: string
    readonly warningsOutputS3Uri: string
    readonly numberOfScannedFiles: number
    readonly numberOfImportedFiles: number
    readonly numberOfFilesWithCustomerError: number
    readonly numberOfFilesWithServerError: number
    readonly numberOfGeneratedImageSets: number
    /** An extension of Hilum. */
    readonly numberOfSkippedFiles?: number
    readonly imageSetsSummary: readonly ImageSetOfJob[]
  }
}

type ImageSetOfFile = Omit<ImageSetOfJob, 'numberOfMatchedSOPInstances'>

export interface Success {
  readonly inputFile: string
  readonly importResponse: ImageSetOfFile
}
export interface Failure {
  readonly inputFile: string
  readonly exception: { readonly exceptionType: string; readonly message: string }
}
export interface Warned {
  readonly inputFile: string
  readonly importResponse: ImageSetOfFile & {
    readonly warnings: readonly {
      readonly warning_reason_code: number
      readonly type: string
      readonly message: string
    }[]
  }
}

export interface Skipped {
  readonly inputFile: string
  readonly reason: string
}

export interface Report {
  readonly job: DICOMImportJobProperties
  readonly manifest: Manifest['jobSummary']
  /** The lines of each file; undefined where the file was not written. */
  readonly success: readonly Success[] | undefined
  readonly failure: readonly Failure[] | undefined
  readonly warning: readonly Warned[] | undefined
  readonly skipped: readonly Skipped[] | undefined
}

export interface Import {
  readonly datastoreId: string
  /** By name below the job's input folder. */
  readonly files: Readonly<Record<string, Uint8Array>>
  /** JSON metadata for the files of studies and series. */
  readonly mappings?: readonly MetadataMapping[]
}

export interface MetadataMapping {
  readonly studyInstanceUID: string
  readonly seriesInstanceUID?: string
  /** Below the job's input folder. */
  readonly metadataFilePath: string
}

/** Puts the files into a new folder and imports it; asserts that the job ends as COMPLETED. */
export async function importFiles(server: TestServer, { datastoreId, ...given }: Import): Promise<Report> {
  const jobId = await startImport(server, { datastoreId, ...given })
  const job = await jobAtEnd(server, { datastoreId, jobId })
  assert.equal(job.jobStatus, 'COMPLETED', job.message)
  return reportOf(server.hilum, job)
}

/** Puts the files and starts the job; does not wait for it. */
export async function startImport(server: TestServer, { datastoreId, files, mappings }: Import): Promise<string> {
  const folder = randomUUID()
  await makeBuckets(server.hilum)
  for (const [name, bytes] of Object.entries(files)) await server.hilum.putObject(INPUT, `${folder}/${name}`, bytes)
  const input = { datastoreId, inputS3Uri: `s3://${INPUT}/${folder}/` }
  if (mappings === undefined) return startJob(server, input)
  const command = withImportConfiguration(new StartDICOMImportJobCommand(jobInput(input)), {
    dicomJsonMetadataImportConfiguration: { dicomMetadataMappings: mappings },
  })
  return (await server.sdk.send(command)).jobId!
}

/** The SDK does not have the member yet: it is added to the body before signing. */
export function withImportConfiguration(command: StartDICOMImportJobCommand, importConfiguration: object) {
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body: string }
      request.body = JSON.stringify({ ...JSON.parse(request.body), importConfiguration })
      return next(args)
    },
    { step: 'build', priority: 'high' },
  )
  return command
}

/** Buckets are created with their first object. */
export async function makeBuckets(hilum: Hilum): Promise<void> {
  for (const bucket of [INPUT, OUTPUT]) await hilum.putObject(bucket, 'not-for-import', new Uint8Array())
}

export async function startJob(
  { sdk }: TestServer,
  input: Partial<StartDICOMImportJobCommandInput> & { readonly datastoreId: string },
): Promise<string> {
  const started = await sdk.send(new StartDICOMImportJobCommand(jobInput(input)))
  return started.jobId!
}

/** A complete request, with the members that a test specifies. */
export const jobInput = (
  input: Partial<StartDICOMImportJobCommandInput> & { readonly datastoreId: string },
): StartDICOMImportJobCommandInput => ({
  dataAccessRoleArn: ROLE,
  inputS3Uri: `s3://${INPUT}/none/`,
  outputS3Uri: `s3://${OUTPUT}/reports/`,
  clientToken: randomUUID(),
  ...input,
})

export const jobAtEnd = (
  { sdk }: TestServer,
  job: { readonly datastoreId: string; readonly jobId: string },
): Promise<DICOMImportJobProperties> =>
  until(async () => {
    const { jobProperties } = await sdk.send(new GetDICOMImportJobCommand(job))
    return jobProperties?.jobStatus === 'COMPLETED' || jobProperties?.jobStatus === 'FAILED' ? jobProperties : undefined
  })

export async function reportOf(hilum: Hilum, job: DICOMImportJobProperties): Promise<Report> {
  const folder = job.outputS3Uri!.slice(`s3://${OUTPUT}/`.length)
  const manifest = await hilum.getObject(OUTPUT, `${folder}job-output-manifest.json`)
  assert.ok(manifest, 'the job wrote its manifest')
  return {
    job,
    manifest: (JSON.parse(textOf(manifest)) as Manifest).jobSummary,
    success: await lines<Success>(hilum, `${folder}SUCCESS/success.ndjson`),
    failure: await lines<Failure>(hilum, `${folder}FAILURE/failure.ndjson`),
    warning: await lines<Warned>(hilum, `${folder}WARNING/warning.ndjson`),
    skipped: await lines<Skipped>(hilum, `${folder}SKIPPED/skipped.ndjson`),
  }
}

async function lines<Line>(hilum: Hilum, key: string): Promise<Line[] | undefined> {
  const bytes = await hilum.getObject(OUTPUT, key)
  if (bytes === undefined) return undefined
  const text = textOf(bytes)
  assert.ok(text.endsWith('\n'), 'the last line of a report ends like the others')
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}

const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes)
