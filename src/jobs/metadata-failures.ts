/** Records the lines of the failure report for JSON metadata files that could not be used. */
import type { ImportApp } from '../app.ts'
import type { JsonMetadataFiles } from '../ingest/json-metadata-files.ts'
import type { BatchWriter } from '../ingest/store-batch.ts'
import type { FailedFile, ImportJob, Lease } from '../stores/catalog/import-job-repository.ts'

/** Called after all files of the job. A job that resumes may find some of these lines recorded already. */
export async function recordMetadataFailures(
  { catalog }: Pick<ImportApp, 'catalog'>,
  work: {
    readonly metadata: JsonMetadataFiles
    readonly job: ImportJob
    readonly lease: Lease
    readonly writer: BatchWriter
    /** It is known of all files of the job which metadata they used. */
    readonly isComplete: boolean
  },
): Promise<void> {
  const { metadata, job, lease, writer, isComplete } = work
  if (metadata.keys.size === 0) return
  const recorded = new Set(await catalog.importJobs.recordedKeys(job.jobId, [...metadata.keys]))
  const failures: FailedFile[] = []
  for await (const failure of metadata.failures({ isComplete })) if (!recorded.has(failure.key)) failures.push(failure)
  if (failures.length === 0) return
  const { filesDone } = (await catalog.importJobs.get(job))!
  await catalog.importJobs.setFilesFound(lease, filesDone + failures.length)
  for (const failure of failures) await writer.addUnstored(failure)
  await writer.flush()
}
