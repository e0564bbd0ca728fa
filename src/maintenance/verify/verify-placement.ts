/**
 * Compares the control catalog with its partitions: each data store is in all of its partitions, and a partition has no data store and no job that
 * the control catalog does not have. Nothing to do for a catalog without partitions. What it reads later may be newer, so that the side that is written first is read last.
 */
import type { Catalog } from '../../stores/catalog/catalog.ts'
import type { Datastore } from '../../stores/catalog/datastore-repository.ts'
import type { Difference, Step, Verification } from './verify-steps.ts'

const DATASTORES_PER_PAGE = 500
const JOBS_MAX = 1_000

export async function* verifyPlacement({ catalog }: Verification): AsyncGenerator<Step> {
  const [first, ...partitions] = await catalog.parts()
  const control = await first!.open()
  const checked = { partitions: 0, 'data stores': 0, jobs: 0 }
  for (const { partition, open } of partitions) {
    const opened = await open()
    const differences: Difference[] = []
    const differ = (kind: string, text: string) =>
      differences.push({ kind, inPartition: partition, text: `partition ${partition}: ${text}` })
    for (const jobId of await opened.asPartition.unended(JOBS_MAX)) {
      checked.jobs += 1
      if ((await control.asControl.datastoreOf(jobId)) === undefined)
        differ('job-not-in-control', `the control catalog does not have the import job ${jobId}`)
    }
    const there = new Set<string>()
    for await (const { datastoreId } of datastoresOf(opened)) {
      there.add(datastoreId)
      if ((await control.asControl.partitionsOf(datastoreId)) === undefined)
        differ('datastore-not-in-control', `the control catalog does not have the data store ${datastoreId}`)
    }
    for await (const { datastoreId } of datastoresOf(control, 'ACTIVE')) {
      if (((await control.asControl.partitionsOf(datastoreId)) ?? 1) < Math.max(2, partition)) continue
      checked['data stores'] += 1
      // It may have been created since.
      const isMissing = !there.has(datastoreId) && (await get(opened, datastoreId)) === undefined
      if (isMissing && (await get(control, datastoreId))?.datastoreStatus === 'ACTIVE')
        differ('datastore-not-in-partition', `it does not have the data store ${datastoreId}`)
    }
    checked.partitions += 1
    yield { done: checked.partitions, total: partitions.length, checked: { ...checked }, differences }
  }
}

/** Also deleted ones: their rows stay. */
async function* datastoresOf(catalog: Catalog, status?: Datastore['datastoreStatus']): AsyncGenerator<Datastore> {
  let after: Datastore | undefined
  for (;;) {
    const some = await catalog.datastores.list({ status, deletedSince: 0, after, limit: DATASTORES_PER_PAGE })
    yield* some
    if (some.length < DATASTORES_PER_PAGE) return
    after = some.at(-1)
  }
}

const get = (catalog: Catalog, datastoreId: string) =>
  catalog.datastores.get(datastoreId, { deletedSince: Number.MAX_SAFE_INTEGER })
