/** Brings a catalog to the schema of this program. Every step is applied once, in order, in the one transaction of the caller. */

import { assertIndexFormat } from '../../search/index-format.ts'
import type { SearchUpkeep } from '../../search/maintenance/update-index.ts'
import type { Dialect } from '../engine/differences.ts'
import { one, run, type Sql } from '../engine/statement.ts'
import { knownChanges } from '../history/changes.ts'
import { digestWaitingGroups } from '../rows/grouping-columns.ts'
import { catalog } from './0001-catalog.ts'
import { searchIndex } from './0002-search-index.ts'
import { partitionsInStates } from './0003-spaces-in-states.ts'
import { groupingDigest } from './0004-grouping-digest.ts'
import { metadata } from './0005-metadata.ts'
import { framesAndUses } from './0006-frames-and-uses.ts'
import { removedBlobs } from './0007-removed-blobs.ts'
import { blobsToCompact } from './0008-hollow-blobs.ts'
import { storedChecksums } from './0009-stored-checksums.ts'

/** In order; a step that was released is never changed, only followed by another. */
export const MIGRATIONS: readonly ((dialect: Dialect) => string)[] = [
  catalog,
  searchIndex,
  partitionsInStates,
  groupingDigest,
  metadata,
  framesAndUses,
  removedBlobs,
  blobsToCompact,
  storedChecksums,
]
/** Groups that waited before have no digest until after this step. */
const DIGESTED_AFTER = 4

/** A catalog that a newer program has written; nothing was read or changed. */
export class NewerSchema extends Error {
  override readonly name = 'NewerSchema'
  constructor(found: number) {
    super(
      `the catalog has schema ${found}, this program knows schemas up to ${MIGRATIONS.length}: ` +
        'start the newer version that wrote it, or restore a backup from before the upgrade',
    )
  }
}

/** A catalog that is not there, or that an older program has written; nothing was read or changed. */
export class OlderSchema extends Error {
  override readonly name = 'OlderSchema'
  constructor(found: number) {
    const what =
      found === 0 ? 'there is no catalog of Hilum' : `the catalog has schema ${found}, not ${MIGRATIONS.length}`
    super(`${what}: \`hilum serve\` makes it, or brings it forward`)
  }
}

/** Instead of migrate, for a read-only opening. */
export function* requireOurSchema(): Sql<void> {
  const found = (yield* one<{ version: number | null }>('SELECT max(version) AS version FROM schema_versions'))?.version
  if ((found ?? 0) > MIGRATIONS.length) throw new NewerSchema(found!)
  if (found !== MIGRATIONS.length) throw new OlderSchema(found ?? 0)
  assertIndexFormat((yield* knownChanges()).indexFormat)
}

export function* migrate({ dialect, upkeep }: { dialect: Dialect; upkeep: SearchUpkeep }): Sql<void> {
  yield* run('CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT PRIMARY KEY)')
  const found =
    (yield* one<{ version: number | null }>('SELECT max(version) AS version FROM schema_versions'))?.version ?? 0
  if (found > MIGRATIONS.length) throw new NewerSchema(found)
  for (const [index, migration] of MIGRATIONS.entries()) {
    if (index < found) continue
    for (const statement of migration(dialect).split(/;\s*\n/)) {
      if (statement.trim() !== '') yield* run(statement)
    }
    yield* run('INSERT INTO schema_versions (version) VALUES (?)', index + 1)
    if (index + 1 === DIGESTED_AFTER) yield* digestWaitingGroups()
  }
  yield* upkeep.ensureFormat()
}
