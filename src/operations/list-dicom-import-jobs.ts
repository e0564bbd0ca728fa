/** ListDICOMImportJobs: the jobs of the last 90 days, newest first, optionally of one status. */
import type { App } from '../app.ts'
import type { ReplyNotes } from '../contract/handlers.ts'
import type { Input, Output } from '../contract/operations.ts'
import { knownDatastore } from './datastore-access.ts'
import { addImportCounts } from './import-counts.ts'
import { positionOfPage, takePage } from './page-tokens.ts'

interface After {
  readonly submittedAt: number
  readonly jobId: string
}

export async function listDICOMImportJobs(
  input: Input<'ListDICOMImportJobs'>,
  app: App,
  notes: ReplyNotes,
): Promise<Output<'ListDICOMImportJobs'>> {
  const { datastoreId } = await knownDatastore(app, input.datastoreId)
  const request = ['ListDICOMImportJobs', datastoreId, input.jobStatus]
  const size = input.maxResults ?? app.limits.pageSize
  const found = await app.catalog.importJobs.list({
    datastoreId,
    status: input.jobStatus,
    submittedSince: app.clock() - app.limits.importJobMs,
    after: positionOfPage<After>(app.pageTokens, { request, nextToken: input.nextToken }),
    limit: size + 1,
  })
  const { rows, nextToken } = takePage(found, {
    size,
    tokenAfter: ({ submittedAt, jobId }) => app.pageTokens.seal(request, { submittedAt, jobId } satisfies After),
  })
  addImportCounts(notes, rows)
  const jobSummaries = rows.map((job) => ({
    jobId: job.jobId,
    jobName: job.jobName,
    jobStatus: job.jobStatus,
    datastoreId: job.datastoreId,
    dataAccessRoleArn: job.dataAccessRoleArn,
    endedAt: job.endedAt,
    submittedAt: job.submittedAt,
    message: job.message,
  }))
  return { jobSummaries, nextToken }
}
