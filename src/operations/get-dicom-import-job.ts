/**
 * GetDICOMImportJob. The header `x-hilum-progress: <done>/<found>` (docs/extensions.md) has the number of processed files and of all files;
 * found is `?` until the input has been listed.
 */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { ReplyNotes } from '../contract/handlers.ts'
import type { Input, Output } from '../contract/operations.ts'
import { knownDatastore } from './datastore-access.ts'
import { addImportCounts } from './import-counts.ts'

export async function getDICOMImportJob(
  input: Input<'GetDICOMImportJob'>,
  app: App,
  notes: ReplyNotes,
): Promise<Output<'GetDICOMImportJob'>> {
  const { datastoreId } = await knownDatastore(app, input.datastoreId)
  const job = await app.catalog.importJobs.get({ datastoreId, jobId: input.jobId })
  if (job === undefined) {
    throw new ContractError(
      'ResourceNotFoundException',
      `Data store ${datastoreId} has no import job with the id ${input.jobId}`,
    )
  }
  notes.replyHeaders['x-hilum-progress'] = `${job.filesDone}/${job.filesFound ?? '?'}`
  addImportCounts(notes, [job])
  return { jobProperties: job }
}
