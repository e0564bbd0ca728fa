/** Where the report of an import job is: its output bucket and folder. */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { BlobStore } from '../stores/blobs/blob-store.ts'
import { isClosed } from '../stores/locations/locations.ts'
import { s3Place } from '../stores/locations/s3-uri.ts'
import { knownDatastore } from './datastore-access.ts'

interface ReportPlace {
  readonly bucket: BlobStore
  readonly prefix: string
  /** Keys of input files begin with it. */
  readonly inputPrefix: string
}

/** The key of an input file without the folder of the input. */
export const shownKey = ({ inputPrefix }: Pick<ReportPlace, 'inputPrefix'>, key: string): string =>
  key.startsWith(inputPrefix) ? key.slice(inputPrefix.length) : key

/** @throws ContractError if there is no such job, or its bucket cannot be read */
export async function reportPlaceOf(
  ids: { readonly datastoreId: string; readonly jobId: string },
  app: App,
): Promise<ReportPlace> {
  await knownDatastore(app, ids.datastoreId)
  const job = await app.catalog.importJobs.get(ids)
  if (job === undefined) {
    throw new ContractError('ResourceNotFoundException', `Data store ${ids.datastoreId} has no import job ${ids.jobId}`)
  }
  const { bucket: name, prefix } = s3Place(job.outputS3Uri)
  const bucket = await app.bucketsOf(job.dataAccessRoleArn).openBucket(name)
  if (isClosed(bucket)) throw new ContractError('ConflictException', `The report cannot be read. ${bucket.reason}.`)
  return { bucket, prefix, inputPrefix: s3Place(job.inputS3Uri).prefix }
}
