/**
 * A catalog whose data stores are spread over partitions, each a catalog of its own: a schema of the same database, a distributed schema of
 * Citus, another database, or another file. Every transaction is of one catalog, and nothing inside a catalog knows of the others.
 */
import type { Catalog } from '../catalog/catalog.ts'
import type { Statistics } from '../catalog/statistics.ts'
import { awayPartitions } from './away-partitions.ts'
import { partitionedBlobs } from './blobs.ts'
import { partitionedSnapshot } from './catalog-snapshot.ts'
import { partitionedDatastores } from './datastores.ts'
import { partitionedDeclaredAttributes } from './declared-attributes.ts'
import { partitionedImageSets } from './image-sets.ts'
import { partitionedImportJobs } from './import-jobs.ts'
import { Placement } from './placement.ts'
import { partitionedSeries } from './series.ts'
import { partitionedStudies } from './studies.ts'
import { StudyPlaces } from './study-places.ts'
import { partitionedTags } from './tags.ts'
import { partitionedWorkflows } from './workflows.ts'

/**
 * @param options.control has data stores, import jobs and principals, and the whole of data stores with one partition
 * @param options.open opens a partition, from number 1: always the same one for a number
 * @param options.spread over how many of them new data stores are spread; 1: over none
 */
export function partitionedCatalog(options: {
  readonly control: Catalog
  readonly open: (number: number) => Promise<Catalog>
  readonly spread: number
}): Catalog {
  const { control, spread } = options
  const placement = new Placement(options)
  const studies = new StudyPlaces(placement)
  const all = async () => (await placement.all()).map(({ catalog }) => catalog)
  return {
    datastores: partitionedDatastores(placement, { partitions: spread }),
    dataKeys: control.dataKeys,
    importJobs: partitionedImportJobs(placement, studies),
    imageSets: partitionedImageSets(placement, studies),
    studies: partitionedStudies(placement, studies),
    series: partitionedSeries(placement, studies),
    workflows: partitionedWorkflows(placement, studies),
    declaredAttributes: partitionedDeclaredAttributes(placement),
    tags: partitionedTags(placement),
    blobs: partitionedBlobs(placement),
    access: control.access,
    maintenance: control.maintenance,
    servers: control.servers,
    oneTimeLinks: control.oneTimeLinks,
    searchIndex: {
      async *rebuild() {
        let before = 0
        for (const { searchIndex } of await all()) {
          let done = 0
          for await (const progress of searchIndex.rebuild()) {
            done = progress.done
            yield { done: before + done, of: before + progress.of }
          }
          before += done
        }
      },
      async *verify() {
        let before = { leaves: 0, entries: 0, entriesInAll: 0, partitions: 0 }
        for (const { searchIndex } of await all()) {
          let last = before
          for await (const { differences, ...found } of searchIndex.verify()) {
            last = {
              leaves: before.leaves + found.leaves,
              entries: before.entries + found.entries,
              entriesInAll: before.entriesInAll + found.entriesInAll,
              partitions: before.partitions + found.partitions,
            }
            yield { ...last, differences }
          }
          before = last
        }
      },
    },
    database: control.database,
    asControl: control.asControl,
    asPartition: control.asPartition,
    spread,
    awayPartitions: (options) => awayPartitions(placement, options),
    async parts() {
      return (await placement.each()).map((opening, partition) => {
        // It may be away, which is an error where it is opened.
        opening.catch(() => {})
        return { partition, open: async () => (await opening).catalog }
      })
    },
    now: () => control.now(),
    secret: (name) => control.secret(name),
    async checkWritable() {
      await Promise.all((await all()).map((each) => each.checkWritable()))
    },
    async *integrity(request) {
      for (const each of await all()) yield* each.integrity(request)
    },
    statistics: async () => summed(await Promise.all((await all()).map((each) => each.statistics()))),
    snapshot: () => partitionedSnapshot(placement),
    async close() {
      await Promise.all(placement.opened.map(({ catalog }) => catalog.close()))
    },
  }
}

/** Jobs are those of the first one. */
function summed([control, ...partitions]: readonly Statistics[]): Statistics {
  const stores = new Map(control!.datastores.map((each) => [each.datastoreId, { ...each }]))
  for (const each of partitions.flatMap(({ datastores }) => datastores)) {
    const sum = stores.get(each.datastoreId)
    if (sum === undefined) continue
    stores.set(each.datastoreId, {
      ...sum,
      primaryImageSets: sum.primaryImageSets + each.primaryImageSets,
      otherImageSets: sum.otherImageSets + each.otherImageSets,
      storedBytes: sum.storedBytes + each.storedBytes,
    })
  }
  return { ...control!, datastores: [...stores.values()] }
}
