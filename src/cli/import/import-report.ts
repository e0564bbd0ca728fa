/** The result of an import job: read from the manifest and the failures in its output folder, and formatted for the terminal. */
import type { DICOMImportJobProperties } from '@aws-sdk/client-medical-imaging'
import { z } from 'zod'
import type { Terminal } from '../terminal/terminal.ts'
import type { ImportBucket } from './import-bucket.ts'
import type { UnreadFile } from './input-files.ts'

export interface ImportReport {
  readonly status: 'COMPLETED' | 'FAILED'
  readonly jobId: string
  readonly datastoreId: string
  /** Why the job as a whole failed. */
  readonly message: string | undefined
  readonly scanned: number
  readonly imported: number
  readonly failed: number
  /** Not counted as scanned. */
  readonly skipped: number
  readonly imageSets: number
  readonly seconds: number
  /** The first few. */
  readonly failures: readonly { readonly file: string; readonly reason: string }[]
  /** The folder of the full report. */
  readonly reportPlace: string
  /** Included in `failed`: files that could not be read before the job, which are not in its report. */
  readonly notHandedOver: number
}

const FAILURES_SHOWN = 10

const Manifest = z.object({
  jobSummary: z.object({
    numberOfScannedFiles: z.int(),
    numberOfImportedFiles: z.int(),
    numberOfFilesWithCustomerError: z.int(),
    numberOfFilesWithServerError: z.int(),
    numberOfGeneratedImageSets: z.int(),
    numberOfSkippedFiles: z.int().optional(),
  }),
})
const FailureLine = z.object({
  inputFile: z.string(),
  exception: z.object({ exceptionType: z.string(), message: z.string() }),
})

export async function readReport(
  job: DICOMImportJobProperties,
  from: { output: ImportBucket; inputFolder: string },
): Promise<ImportReport> {
  const folder = job.outputS3Uri!.replace(/^s3:\/\/[^/]+\//, '')
  const text = async (name: string) => {
    const bytes = await from.output.read(`${folder}${name}`)
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
  }
  // A failed job may have written no report.
  const manifest = await text('job-output-manifest.json')
  const summary = manifest === undefined ? undefined : Manifest.parse(JSON.parse(manifest)).jobSummary
  const failures = ((await text('FAILURE/failure.ndjson')) ?? '').split('\n').filter(Boolean).slice(0, FAILURES_SHOWN)
  return {
    status: job.jobStatus === 'COMPLETED' ? 'COMPLETED' : 'FAILED',
    jobId: job.jobId!,
    datastoreId: job.datastoreId!,
    message: job.message,
    scanned: summary?.numberOfScannedFiles ?? 0,
    imported: summary?.numberOfImportedFiles ?? 0,
    failed: summary === undefined ? 0 : summary.numberOfFilesWithCustomerError + summary.numberOfFilesWithServerError,
    skipped: summary?.numberOfSkippedFiles ?? 0,
    imageSets: summary?.numberOfGeneratedImageSets ?? 0,
    seconds: (job.endedAt!.getTime() - job.submittedAt!.getTime()) / 1000,
    failures: failures.map((line) => {
      const { inputFile, exception } = FailureLine.parse(JSON.parse(line))
      const file = inputFile.startsWith(from.inputFolder) ? inputFile.slice(from.inputFolder.length) : inputFile
      return { file, reason: `${exception.message} (${exception.exceptionType})` }
    }),
    reportPlace: `${from.output.place}/${folder}`,
    notHandedOver: 0,
  }
}

/** Adds files that were not passed to the job. */
export const withUnread = (report: ImportReport, unread: readonly UnreadFile[]): ImportReport => ({
  ...report,
  scanned: report.scanned + unread.length,
  failed: report.failed + unread.length,
  failures: [...unread, ...report.failures].slice(0, FAILURES_SHOWN),
  notHandedOver: unread.length,
})

export function drawReport(report: ImportReport, { styled }: Pick<Terminal, 'styled'>): string {
  const { imported, scanned, imageSets, seconds, failed, failures } = report
  const lines = [
    ...(report.status === 'FAILED'
      ? [styled('red', `The import job failed: ${report.message ?? 'no reason given'}`)]
      : []),
    `${count(imported)} of ${plural(scanned, 'file')} imported into ${plural(imageSets, 'image set')} in ${seconds.toFixed(1)} s` +
      rate(imported, seconds),
  ]
  if (report.skipped > 0) {
    lines.push(`${plural(report.skipped, 'file')} skipped, such as DICOMDIR, .DS_Store and Thumbs.db`)
  }
  if (failed > 0) {
    lines.push(styled('red', `${plural(failed, 'file')} failed:`))
    lines.push(...failures.map(({ file, reason }) => `  ${file}: ${reason}`))
    if (failed > failures.length) lines.push(`  and ${count(failed - failures.length)} more`)
  }
  const { notHandedOver, reportPlace } = report
  const without = notHandedOver === 0 ? '' : `, without ${plural(notHandedOver, 'file')} that could not be read here`
  lines.push(styled('dim', `Full report: ${reportPlace}${without}`))
  return lines.join('\n')
}

/** Omitted below one per second. */
function rate(instances: number, seconds: number): string {
  const perSecond = instances / seconds
  if (!Number.isFinite(perSecond) || perSecond < 1) return ''
  return ` (${perSecond < 10 ? perSecond.toFixed(1) : count(Math.round(perSecond))} instances/s)`
}

const count = (amount: number): string => amount.toLocaleString('en-US')

const plural = (amount: number, noun: string): string => `${count(amount)} ${noun}${amount === 1 ? '' : 's'}`
