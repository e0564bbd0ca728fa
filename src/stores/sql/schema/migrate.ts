/** Brings a catalog to the schema of this program. Each migration is applied once, in order, in the transaction of the caller. */

import { assertIndexFormat } from '../../search/index-format.ts'
import type { SearchUpkeep } from '../../search/maintenance/update-index.ts'
import type { Dialect } from '../engine/differences.ts'
import { one, run, type Sql } from '../engine/statement.ts'
import { indexFormat } from '../history/changes.ts'
import { catalogSchema } from './catalog-schema.ts'
import { NewerSchema, NoSchema, OlderSchema, UnreleasedSchema } from './other-schema.ts'

/** In order. A migration that was released is never changed, only followed by another. */
export const MIGRATIONS: readonly ((dialect: Dialect) => string)[] = [catalogSchema]

/** The version after the first migration. Lower ones are those of commits before version 0.1.0. */
const FIRST_VERSION = 19
const LATEST_VERSION = FIRST_VERSION + MIGRATIONS.length - 1

/** Instead of migrate, for opening read-only. @throws OtherSchema */
export function* requireOurSchema(): Sql<void> {
  const found = yield* schemaVersion()
  if (found === undefined) throw new NoSchema()
  assertCanMigrate(found)
  if (found < LATEST_VERSION) throw new OlderSchema({ found, latest: LATEST_VERSION })
  assertIndexFormat(yield* indexFormat())
}

/** @throws OtherSchema */
export function* migrate({ dialect, upkeep }: { dialect: Dialect; upkeep: SearchUpkeep }): Sql<void> {
  yield* run('CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT PRIMARY KEY)')
  const found = yield* schemaVersion()
  if (found !== undefined) assertCanMigrate(found)
  for (const [index, migration] of MIGRATIONS.entries()) {
    const version = FIRST_VERSION + index
    if (found !== undefined && version <= found) continue
    // On PostgreSQL one round trip.
    yield statementsOf(migration(dialect)).map((text) => ({ text, values: [] }))
    yield* run('INSERT INTO schema_versions (version) VALUES (?)', version)
  }
  yield* upkeep.ensureFormat()
}

const statementsOf = (migration: string): readonly string[] =>
  migration.split(/;\s*\n/).filter((statement) => statement.trim() !== '')

/** The statements that create an empty catalog of this version of the schema, or an earlier one. @throws OtherSchema */
export function schemaStatements(dialect: Dialect, version: number): readonly string[] {
  assertCanMigrate(version)
  const versions = Array.from({ length: version - FIRST_VERSION + 1 }, (_, index) => FIRST_VERSION + index)
  return [
    'CREATE TABLE schema_versions (version BIGINT PRIMARY KEY)',
    ...MIGRATIONS.slice(0, versions.length).flatMap((migration) => statementsOf(migration(dialect))),
    ...versions.map((each) => `INSERT INTO schema_versions (version) VALUES (${each})`),
  ]
}

function* schemaVersion(): Sql<number | undefined> {
  const row = yield* one<{ version: number | null }>('SELECT max(version) AS version FROM schema_versions')
  return row?.version ?? undefined
}

function assertCanMigrate(found: number): void {
  if (found > LATEST_VERSION) throw new NewerSchema({ found, latest: LATEST_VERSION })
  if (found < FIRST_VERSION) throw new UnreleasedSchema(found)
}
