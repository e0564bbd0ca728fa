/** Puts the nouns of the catalog together over any database that can run their statements. */
import type { Catalog } from '../catalog.ts'
import type { IndexSizes } from '../search-index/sizes.ts'
import { blobsOver } from './blobs.ts'
import { datastoresOver } from './datastores.ts'
import type { Dialect } from './differences.ts'
import { imageSetsOver } from './image-sets.ts'
import { importJobsOver } from './import-jobs.ts'
import { rebuildSearchIndex } from './search-rebuild.ts'
import type { SearchUpkeep } from './search-upkeep.ts'
import { secret } from './settings.ts'
import { run, type Transactions } from './statement.ts'
import { tagsOver } from './tags.ts'
import { verifySearchIndex } from './verify-search-index.ts'
import { workflowsOver } from './workflows.ts'

export function catalogOver(
  database: Transactions,
  options: {
    readonly dialect: Dialect
    readonly newId: () => string
    readonly sizes: IndexSizes
    readonly upkeep: SearchUpkeep
  },
): Catalog {
  return {
    datastores: datastoresOver(database),
    importJobs: importJobsOver(database, options),
    imageSets: imageSetsOver(database, options),
    workflows: workflowsOver(database, options),
    tags: tagsOver(database),
    blobs: blobsOver(database),
    searchIndex: {
      rebuild: () => rebuildSearchIndex(database, options),
      verify: () => verifySearchIndex(database, options),
    },
    secret: (name) => database.write(() => secret(name, options.newId)),
    // A write that changes nothing still has to reach the disk.
    check: () => database.write(() => run('UPDATE changes SET number = number')),
    close: () => database.close(),
  }
}
