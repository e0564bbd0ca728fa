/** Lines of the report for JSON metadata files that could not be used. */

import type { ImportApp } from '../app.ts'
import type { JsonMetadataFiles } from '../ingest/json-metadata-files.ts'
import type { BatchWriter } from '../ingest/store-batch.ts'
import type { FailedFile, ImportJob, Lease } from '../stores/catalog/import-job-repository.ts'

/** Behind all files of the job: who goes on after a crash finds them recorded, and only some of these lines perhaps. */
export async function recordMetadataFailures(
  { catalog }: Pick<ImportApp, 'catalog'>,
  work: {
    readonly metadata: JsonMetadataFiles
    readonly job: ImportJob
    readonly lease: Lease
    readonly writer: BatchWriter
    readonly isWhole: boolean
  },
): Promise<void> {
  const { metadata, job, lease, writer, isWhole } = work
  if (metadata.keys.size === 0) return
  const recorded = new Set(await catalog.importJobs.recordedKeys(job.jobId, [...metadata.keys]))
  const failures: FailedFile[] = []
  for await (const failure of metadata.failures({ isWhole })) if (!recorded.has(failure.key)) failures.push(failure)
  if (failures.length === 0) return
  const { filesDone } = (await catalog.importJobs.get(job))!
  await catalog.importJobs.setFilesFound(lease, filesDone + failures.length)
  for (const failure of failures) await writer.addUnstored(failure)
  await writer.flush()
}
