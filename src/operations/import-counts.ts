/**
 * The header `x-hilum-import-counts: <imported>/<failed>/<skipped>` (docs/extensions.md): of one job, or of all jobs of a list in their order. AWS
 * has these counts in the report only.
 */
import type { ReplyNotes } from '../contract/handlers.ts'
import type { ImportJob } from '../stores/catalog/import-job-repository.ts'

type CountedJob = Pick<ImportJob, 'filesDone' | 'filesFailed' | 'filesSkipped'>

export function addImportCounts(notes: ReplyNotes, jobs: readonly CountedJob[]): void {
  if (jobs.length === 0) return
  notes.replyHeaders['x-hilum-import-counts'] = jobs
    .map((job) => `${job.filesDone - job.filesFailed - job.filesSkipped}/${job.filesFailed}/${job.filesSkipped}`)
    .join(',')
}
