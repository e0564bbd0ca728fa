/**
 * The kinds of catalogs that suites run on: one catalog, and a catalog with partitions, on SQLite and on PostgreSQL; and partitions as
 * distributed schemas of a running Citus, which the environment variable HILUM_TEST_CITUS names.
 */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { citusIsMissing, openCitus } from '../../fixtures/citus.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { openPostgres } from '../../fixtures/shared-servers.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { uniqueIds } from '../catalog/conformance/catalog.fixture.ts'
import type { IndexSizes } from '../search/kd-tree/sizes.ts'
import { type Dialect, POSTGRES, SQLITE } from '../sql/engine/differences.ts'
import { EmptiedDatabases } from '../sql/engine/postgres/emptied-databases.fixture.ts'
import { POSTGRES_TEST_LIMITS, postgresIsMissing } from '../sql/engine/postgres/postgres.fixture.ts'
import { PostgresDatabase } from '../sql/engine/postgres/postgres-database.ts'
import { openPostgresIn } from '../sql/open-postgres.ts'
import { openSqliteCatalog } from '../sql/open-sqlite.ts'
import { partitionedCatalog } from './partitioned-catalog.ts'

/** Where a catalog is: text, which another process can open it with. */
export interface CatalogPlace {
  readonly engine: 'SQLite' | 'PostgreSQL'
  /** A folder, or `:memory:`; or the URL of a database. */
  readonly at: string
  readonly partitions: number
}

type KindName =
  | 'SQLite'
  | 'PostgreSQL'
  | 'two partitions on SQLite'
  | 'four partitions on PostgreSQL'
  | 'four partitions on Citus'

export interface CatalogKind extends Pick<CatalogPlace, 'engine' | 'partitions'> {
  readonly name: KindName
  readonly dialect: Dialect
  /** Why it cannot be opened here. */
  readonly skip: string | undefined
  /** An empty one, in memory on SQLite. It is closed before the next is opened. */
  open(options?: OpenOptions): Promise<Catalog>
  /** The place of an empty one, for several processes. */
  newPlace(): Promise<CatalogPlace>
}

interface OpenOptions {
  readonly newId?: () => string
  readonly sizes?: IndexSizes
}

/** Opens the catalog at a place. Several processes can, but for one in memory. */
export async function openCatalogAt(place: CatalogPlace, options: OpenOptions = {}): Promise<Catalog> {
  const given = { newId: uniqueIds(), ...options }
  const spread = place.partitions
  if (place.engine === 'SQLite') {
    const open = (partition: number) =>
      openSqliteCatalog({
        path: place.at === MEMORY ? MEMORY : join(place.at, `${partition}.sqlite`),
        partition,
        ...given,
      })
    return partitionedCatalog({ control: await open(0), open, spread })
  }
  const database = databaseAt(place.at)
  const catalog = await openInDatabase(database, { ...given, spread })
  return {
    ...catalog,
    async close() {
      await catalog.close()
      await database.close()
    },
  }
}

const databaseAt = (url: string) => new PostgresDatabase({ url, limits: POSTGRES_TEST_LIMITS })

async function openInDatabase(
  database: PostgresDatabase,
  { spread, ...given }: OpenOptions & { readonly newId: () => string; readonly spread: number },
): Promise<Catalog> {
  const control = await openPostgresIn(database, given)
  // One after the other: each waits for the lock of migrations.
  let opening: Promise<unknown> = Promise.resolve()
  function open(partition: number): Promise<Catalog> {
    const opened = opening.then(() =>
      openPostgresIn(database, { ...given, partition, schema: schemaOf(partition), clock: () => control.now() }),
    )
    opening = opened.catch(() => {})
    return opened
  }
  return partitionedCatalog({ control, open, spread })
}

const schemaOf = (partition: number): string => `hilum_${String(partition).padStart(3, '0')}`

const MEMORY = ':memory:'

/** Servers are started once a test file, and removed after its tests. */
export async function catalogKinds(): Promise<readonly CatalogKind[]> {
  const postgres = postgresIsMissing === undefined ? await openPostgres() : undefined
  const citus = citusIsMissing === undefined ? await openCitus() : undefined
  const closing: (() => Promise<void>)[] = []
  after(async () => {
    for (const close of closing) await close()
    await postgres?.remove()
    await citus?.remove()
  })
  const closeAtEnd = (close: () => Promise<void>) => closing.push(close)
  const onPostgres = { closeAtEnd, partitions: 4, skip: postgresIsMissing, newDatabase: () => postgres!.newDatabase() }
  return [
    sqliteKind({ name: 'SQLite', partitions: 1 }),
    postgresKind({ ...onPostgres, name: 'PostgreSQL', partitions: 1 }),
    sqliteKind({ name: 'two partitions on SQLite', partitions: 2 }),
    postgresKind({ ...onPostgres, name: 'four partitions on PostgreSQL' }),
    postgresKind({
      ...{ name: 'four partitions on Citus', partitions: 4, skip: citusIsMissing, closeAtEnd },
      newDatabase: () => citus!.newDatabase(),
    }),
  ]
}

function sqliteKind({ name, partitions }: Pick<CatalogKind, 'name' | 'partitions'>): CatalogKind {
  const engine = 'SQLite'
  return {
    ...{ name, engine, partitions, dialect: SQLITE, skip: undefined },
    open: (options) => openCatalogAt({ engine, partitions, at: MEMORY }, options),
    async newPlace() {
      const at = await mkdtemp(join(tmpdir(), 'hilum-catalog-'))
      removeAtExit(at)
      return { engine, partitions, at }
    },
  }
}

function postgresKind({
  name,
  partitions,
  skip,
  newDatabase,
  closeAtEnd,
}: Pick<CatalogKind, 'name' | 'partitions' | 'skip'> & {
  readonly newDatabase: () => Promise<string>
  readonly closeAtEnd: (close: () => Promise<void>) => void
}): CatalogKind {
  const engine = 'PostgreSQL'
  const databases = new EmptiedDatabases(newDatabase)
  /** Their connections stay open: a new one has to read what PostgreSQL knows of some hundred tables and indexes. */
  const kept = new Map<string, PostgresDatabase>()
  closeAtEnd(async () => {
    for (const database of kept.values()) await database.close()
  })
  return {
    ...{ name, engine, partitions, dialect: POSTGRES, skip },
    async open(options) {
      const at = await databases.take()
      const database = kept.get(at) ?? databaseAt(at)
      kept.set(at, database)
      const catalog = await openInDatabase(database, { newId: uniqueIds(), ...options, spread: partitions })
      return {
        ...catalog,
        async close() {
          await catalog.close()
          databases.giveBack(at)
        },
      }
    },
    newPlace: async () => ({ engine, partitions, at: await newDatabase() }),
  }
}
