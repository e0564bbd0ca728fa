/** A process that imports one job after the other into a catalog with partitions, each with a file of each of some studies, until it is ended. */
import { setTimeout } from 'node:timers/promises'
import {
  AT,
  createDatastore,
  jobNamed,
  publishAll,
  record,
  storedFile,
  tokenOf,
  uniqueIds,
} from '../catalog/conformance/catalog.fixture.ts'
import { openPartitions } from './snapshot-catalogs.fixture.ts'

const [place, studies] = process.argv.slice(2) as [string, string]
const catalog = await openPartitions(place, uniqueIds())
const datastoreId = await createDatastore(catalog)
const claim = () => catalog.importJobs.claim({ owner: 'worker', now: AT, leaseUntil: AT + 30_000 })
for (let each = 0; ; each++) {
  const job = jobNamed(`job ${each}`, { datastoreId })
  await catalog.importJobs.submit({ job, token: tokenOf(`job ${each}`) })
  // While writes are paused none is found.
  while ((await claim()) === undefined) await setTimeout(1)
  const lease = { jobId: job.jobId, owner: 'worker' }
  const files = Array.from({ length: Number(studies) }, (_, at) => storedFile(`f${at}`, { study: `1.${each}.${at}` }))
  await record(catalog, lease, files)
  await publishAll(catalog, lease, AT)
  await catalog.importJobs.finish(lease, { jobStatus: 'COMPLETED', message: undefined, endedAt: AT })
  if (each === 0) process.stdout.write('begun\n')
}
