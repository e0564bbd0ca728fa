/** For tests of stored bytes: a data folder with image sets that were imported by a real job. */
import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { ImportApp } from '../app.ts'
import { DEFAULT_LIMITS } from '../default-limits.ts'
import { ExplicitVRLittleEndian, encodeP10 } from '../dicom/encode.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { submitJob, testApp, untilEnded, withBuckets } from '../ingest/import-job.fixture.ts'
import { lockDataFolder } from '../server/data-folder.ts'
import { openStores } from '../server/open-stores.ts'
import { openMemoryLocations } from '../stores/blobs/memory/memory-locations.ts'
import { startImportWorker } from './import-worker.ts'

interface InstanceToImport {
  readonly study?: number
  readonly series: number
  readonly number: number
  readonly patientName?: string
}

export const sopOf = ({ study = 1, series, number }: InstanceToImport) => `2.25.${study}.${series}.${number}`

export const instanceOf = (instance: InstanceToImport): Uint8Array =>
  encodeP10({
    transferSyntaxUID: ExplicitVRLittleEndian,
    attributes: {
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
      SOPInstanceUID: sopOf(instance),
      StudyInstanceUID: `2.25.${instance.study ?? 1}`,
      SeriesInstanceUID: `2.25.${instance.study ?? 1}.${instance.series}`,
      SeriesNumber: instance.series,
      PatientID: `P${instance.study ?? 1}`,
      PatientName: instance.patientName ?? 'DOE^JANE',
      // A series attribute with a different value in each instance.
      StationName: `S${instance.number}`,
    },
  })

export async function newDataFolder(_context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-imported-'))
  removeAtExit(folder)
  await (await lockDataFolder(folder)).release()
  return folder
}

/** An app over real stores in the folder; buckets are in memory. @param options.catalog a PostgreSQL database */
export async function appIn(
  context: TestContext,
  folder: string,
  options: { readonly clock?: () => number; readonly partitions?: number; readonly catalog?: string } = {},
): Promise<ImportApp> {
  const { partitions, catalog } = options
  const stores = await openStores({
    ...{ dataFolder: folder, s3: undefined, blobs: undefined, catalog },
    ...(partitions !== undefined && { partitions }),
    limits: DEFAULT_LIMITS,
  })
  context.after(() => stores.catalog.close())
  return testApp({ ...stores, locations: openMemoryLocations() }, options)
}

/** Runs a job to its end. @param into the id of its data store; default: a new one. @returns the id of the data store */
export async function importInstances(
  app: ImportApp,
  instances: readonly InstanceToImport[],
  into?: string,
): Promise<string> {
  const locations = openMemoryLocations()
  locations.createBucket('out-bucket')
  const bucket = locations.createBucket('in-bucket')
  for (const [at, instance] of instances.entries()) await bucket.put(`${at}.dcm`, instanceOf(instance))
  const job = await submitJob(app.catalog, into)
  const worker = startImportWorker(withBuckets(app, locations))
  const ended = await untilEnded(app.catalog, job)
  await worker.stop()
  assert.equal(ended.jobStatus, 'COMPLETED', ended.message)
  return job.datastoreId
}

/** The ids of all image sets, by SeriesInstanceUID. */
export async function imageSetIdsOf(app: ImportApp, datastoreId: string): Promise<ReadonlyMap<string, string>> {
  const everything = { filters: [], sort: { sortField: 'createdAt', sortOrder: 'ASC' } } as const
  const { rows } = await app.catalog.imageSets.search({ datastoreId, search: everything, limit: 1_000 })
  const ids = new Map<string, string>()
  for (const { imageSetId, version } of rows) {
    const [first] = await app.catalog.imageSets.instanceRecords({ datastoreId, imageSetId, version })
    ids.set(first!.sopInstanceUID.split('.').slice(0, -1).join('.'), imageSetId)
  }
  return ids
}
