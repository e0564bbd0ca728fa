/** The result of an import job: as the server reads it from the report in its output folder, and formatted for the terminal. */
import type { DICOMImportJobProperties } from '@aws-sdk/client-medical-imaging'
import { z } from 'zod'
import { OperatorError } from '../../server/operator-error.ts'
import type { Server } from '../client/client.ts'
import { signedFetch } from '../client/signed-fetch.ts'
import type { Terminal } from '../terminal/terminal.ts'
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
  /** The page of the console with up to 1,000 failures (`limits.reportFiles`). */
  readonly reportPlace: string
  /** With --report: the folder with its files. */
  readonly reportFolder?: string
  /** Included in `failed`: files that could not be read before the job, which are not in its report. */
  readonly notHandedOver: number
}

const FAILURES_SHOWN = 10

/** Of GET /hilum/reports (docs/extensions.md). */
const ServersReport = z.object({
  scanned: z.int(),
  imported: z.int(),
  failed: z.int(),
  skipped: z.int(),
  imageSets: z.int(),
  failures: z.array(z.object({ file: z.string(), exceptionType: z.string(), message: z.string() })),
})

const NOTHING = { scanned: 0, imported: 0, failed: 0, skipped: 0, imageSets: 0, failures: [] }

export async function readReport(job: DICOMImportJobProperties, server: Server): Promise<ImportReport> {
  const { jobId, datastoreId, jobStatus, message } = job
  const path = `/hilum/reports/${datastoreId}/${jobId}`
  const response = await signedFetch(server, { method: 'GET', path })
  // A failed job may have written no report.
  const report = response.status === 404 ? NOTHING : ServersReport.parse(await answerOf(response))
  const { failures, ...counts } = report
  return {
    ...counts,
    status: jobStatus === 'COMPLETED' ? 'COMPLETED' : 'FAILED',
    jobId: jobId!,
    datastoreId: datastoreId!,
    message,
    seconds: (job.endedAt!.getTime() - job.submittedAt!.getTime()) / 1000,
    failures: failures.slice(0, FAILURES_SHOWN).map(({ file, exceptionType, message }) => ({
      file,
      reason: `${message} (${exceptionType})`,
    })),
    reportPlace: `${server.endpoint}/console/datastores/${datastoreId}/imports/${jobId}`,
    notHandedOver: 0,
  }
}

const answerOf = async (response: Response): Promise<unknown> => {
  if (!response.ok) throw await refusalOf(response)
  return response.json()
}

export async function refusalOf(response: Response): Promise<OperatorError> {
  const answer = (await response.json().catch(() => ({}))) as { readonly message?: string }
  const { message = `its status was ${response.status}` } = answer
  return new OperatorError(
    `The files were imported, but the server refused the report: ${message.replace(/\.?$/, '.')}`,
  )
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
  const { notHandedOver, reportPlace, reportFolder } = report
  const without = notHandedOver === 0 ? '' : `, without ${plural(notHandedOver, 'file')} that could not be read here`
  lines.push(styled('dim', `Report: ${reportPlace}${without}`))
  if (reportFolder !== undefined) lines.push(styled('dim', `Its files: ${reportFolder}`))
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
