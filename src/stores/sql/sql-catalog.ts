/** Assembles the repositories of the catalog over a database. */
import type { Catalog } from '../catalog/catalog.ts'
import type { PausedWrites } from '../catalog/catalog-database.ts'
import type { IndexSizes } from '../search/kd-tree/sizes.ts'
import { rebuildSearchIndex } from '../search/maintenance/rebuild.ts'
import type { SearchUpkeep } from '../search/maintenance/update-index.ts'
import { verifySearchIndex } from '../search/verify.ts'
import { CachedWords } from '../search/words/cached-words.ts'
import { accessOver } from './access/access.ts'
import { blobsOver } from './blobs/blobs.ts'
import { dataKeysOver } from './data-keys/data-keys.ts'
import { datastoresOver } from './datastores/datastores.ts'
import { lockCreations } from './datastores/lock-creations.ts'
import { tagsOver } from './datastores/tags.ts'
import { declaredAttributesOver } from './declared-attributes/declared-attributes.ts'
import type { Dialect } from './engine/differences.ts'
import type { Transactions } from './engine/statement.ts'
import { imageSetsOver } from './image-sets/image-sets.ts'
import { importJobsOver } from './imports/import-jobs.ts'
import type { postgresIntegrity, sqliteIntegrity } from './integrity.ts'
import { maintenanceOver } from './maintenance/maintenance.ts'
import { answers, catalogUse, type postgresPlace, type sqlitePlace } from './partition/catalog-use.ts'
import { controlOver } from './partition/control.ts'
import { partitionOver } from './partition/partition.ts'
import { newIdSuffix } from './rows/image-set-id.ts'
import { keepSetting, secret, setting } from './schema/settings.ts'
import { seriesOver } from './series/series.ts'
import { oneTimeLinksOver } from './servers/one-time-links.ts'
import { serversOver } from './servers/servers.ts'
import { type SnapshotTransaction, snapshotOver } from './snapshot/snapshot.ts'
import { statistics } from './statistics.ts'
import { studiesOver } from './studies/studies.ts'
import { workflowsOver } from './workflows/workflows.ts'

export function catalogOver(
  database: Transactions,
  options: {
    readonly dialect: Dialect
    readonly newId: () => string
    readonly clock: () => number
    /** Ids of image sets begin with it. */
    readonly partition: number
    readonly sizes: IndexSizes
    readonly upkeep: SearchUpkeep
    readonly integrity: typeof sqliteIntegrity | typeof postgresIntegrity
    /** Begins a transaction on a connection of its own. */
    readonly beginSnapshot: () => Promise<SnapshotTransaction>
    readonly pauseWrites: () => Promise<PausedWrites>
    readonly placeOf: typeof sqlitePlace | typeof postgresPlace
  },
): Catalog {
  const words = new CachedWords(options.sizes)
  const making = { ...options, newIdSuffix: () => newIdSuffix(options.partition, options.newId) }
  const catalog: Catalog = {
    datastores: datastoresOver(database),
    dataKeys: dataKeysOver(database),
    importJobs: importJobsOver(database, making),
    imageSets: imageSetsOver(database, { ...options, words }),
    studies: studiesOver(database, { ...options, words }),
    series: seriesOver(database, options),
    workflows: workflowsOver(database, making),
    declaredAttributes: declaredAttributesOver(database, options),
    tags: tagsOver(database),
    blobs: blobsOver(database),
    access: accessOver(database),
    maintenance: maintenanceOver(database),
    servers: serversOver(database),
    oneTimeLinks: oneTimeLinksOver(database),
    searchIndex: {
      rebuild: () => rebuildSearchIndex(database, options),
      verify: () => verifySearchIndex(database, options),
    },
    database: {
      answers: async () => database.readOne(answers),
      setting: (name) => database.read(() => setting(name)),
      keepSetting: (name, value) => database.write(() => keepSetting(name, value)),
      use: () => catalogUse(database, options.placeOf),
      pauseWrites: options.pauseWrites,
    },
    asControl: controlOver(database),
    asPartition: partitionOver(database, options),
    spread: 1,
    awayPartitions: async () => [],
    parts: async () => [{ partition: options.partition, open: async () => catalog }],
    secret: (name) => database.write(() => secret(name, options.newId)),
    now: options.clock,
    // Also a write without a change is committed to disk.
    checkWritable: () => database.write(lockCreations),
    integrity: (request) => options.integrity(database, request),
    statistics: () => database.read(statistics),
    snapshot: async () => snapshotOver(await options.beginSnapshot(), options.partition),
    close: () => database.close(),
  }
  return catalog
}
