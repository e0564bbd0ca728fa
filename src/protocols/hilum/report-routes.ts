/** The routes of the report of an import job: as one JSON object with the first files, and each of its files as it was written. */
import type { App } from '../../app.ts'
import { ContractError } from '../../contract/errors.ts'
import { type Extensions, REPORT_FILES, type ReportFile } from '../../contract/extensions.ts'
import { bytesReply } from '../aws/write-output.ts'
import { optionalNumber } from './query-number.ts'
import { type HilumRoute, jsonReply, type NeedsOfCall, type SignedCall } from './route.ts'

const needsOfReport: NeedsOfCall = ({ labels }, arns) => [
  { action: 'hilum:GetImportReport', resource: arns.datastore(labels.datastoreId!) },
]

export const reportRoutes = (
  app: App,
  { readImportReport, summarizeImportReport, readReportPage, openReportFile }: Extensions<App>,
): readonly HilumRoute[] => [
  {
    http: 'GET /hilum/reports/{datastoreId}/{jobId}',
    needs: needsOfReport,
    async answer({ labels }) {
      return jsonReply(written(await readImportReport(jobOf(labels), app)))
    },
  },
  {
    http: 'GET /hilum/reports/{datastoreId}/{jobId}/summary',
    needs: needsOfReport,
    async answer({ labels }) {
      return jsonReply(written(await summarizeImportReport(jobOf(labels), app)))
    },
  },
  {
    http: 'GET /hilum/reports/{datastoreId}/{jobId}/{file}/files',
    needs: needsOfReport,
    async answer({ labels, query }) {
      const { file } = labels
      if (file !== 'failure' && file !== 'warning') {
        throw new ContractError('ResourceNotFoundException', 'Only failure and warning have pages.')
      }
      const [reason, after, limit] = [
        query.get('reason') ?? undefined,
        optionalNumber(query, 'after'),
        optionalNumber(query, 'limit'),
      ]
      return jsonReply(await readReportPage({ ...jobOf(labels), file, reason, after, limit }, app))
    },
  },
  {
    http: 'GET /hilum/reports/{datastoreId}/{jobId}/{file}',
    needs: needsOfReport,
    async answer({ labels }) {
      const { datastoreId, jobId, file } = labels as Readonly<Record<keyof ReportFile, string>>
      const bytes = isReportFile(file) ? await openReportFile({ datastoreId, jobId, file }, app) : undefined
      if (bytes === undefined) {
        throw new ContractError('ResourceNotFoundException', 'The report of the import job has no such file.')
      }
      const type = file === 'manifest' ? 'application/json' : 'application/x-ndjson'
      return bytesReply(bytes, { status: 200, headers: { 'Content-Type': type, 'Cache-Control': 'no-store' } })
    },
  },
]

const jobOf = (labels: SignedCall['labels']) => ({ datastoreId: labels.datastoreId!, jobId: labels.jobId! })

function written<Report>(report: Report | undefined): Report {
  if (report !== undefined) return report
  throw new ContractError(
    'ResourceNotFoundException',
    'The import job has written no report yet. Ask again when the job has ended.',
  )
}

const isReportFile = (file: string): file is ReportFile['file'] => Object.hasOwn(REPORT_FILES, file)
