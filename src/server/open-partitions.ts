/** Opens the control catalog and its partitions where the configuration puts them: files of the data folder, or schemas of PostgreSQL databases. */
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '../app.ts'
import type { Limits } from '../limits.ts'
import type { Catalog } from '../stores/catalog/catalog.ts'
import { identifyPartition, isCreated, notFound } from '../stores/partitioned/partition-identity.ts'
import { partitionedCatalog } from '../stores/partitioned/partitioned-catalog.ts'
import { CONTROL } from '../stores/partitioned/placement.ts'
import { SharedMemory } from '../stores/search/shared-memory.ts'
import { SqliteMemory } from '../stores/sql/engine/sqlite/sqlite-memory.ts'
import { openSqliteCatalog } from '../stores/sql/open-sqlite.ts'
import { NoSchema } from '../stores/sql/schema/other-schema.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { catalogFileOf, keyOfPartition, loadCatalogKey } from './catalog-key.ts'
import { type CatalogEngine, defaultPartitions } from './default-partitions.ts'
import { newId } from './new-id.ts'
import type { KeyPlaces } from './open-data-keys.ts'
import { OperatorError } from './operator-error.ts'

export interface CatalogPlaces {
  readonly dataFolder: string
  /** `postgres://...`, or undefined for SQLite files in the data folder. */
  readonly catalog: string | undefined
  /** Databases of the partitions in turn; default: that of the catalog. */
  readonly partitionCatalogs?: readonly string[] | undefined
  /** Without it, PostgreSQL on another machine needs verified TLS. */
  readonly allowPlainPostgresql?: boolean
  /** Over how many partitions the studies of data stores that are created here are spread. Default: by engine. */
  readonly partitions?: number | undefined
  readonly limits: Limits
  /** Without it the files are not encrypted. */
  readonly keys?: KeyPlaces | undefined
}

export interface OpenOptions {
  readonly readOnly?: boolean
  /** Receives the creation of partitions, which takes seconds on some engines. */
  readonly log?: Pick<Log, 'info'>
  /** Receives each search that a partition was asked, when it has answered. */
  readonly onSearch?: (partition: number, seconds: number) => void
}

interface Places {
  readonly engine: () => Promise<CatalogEngine>
  openControl(): Promise<Catalog>
  /** @param how.mayCreate it was not created yet. @returns undefined if it is not there */
  openPartition(
    number: number,
    how: { readonly control: Catalog; readonly mayCreate: boolean },
  ): Promise<Catalog | undefined>
  nameOf(number: number): string
  close(): Promise<void>
}

/** Each takes a connection, and on Citus hundreds of round trips to every node. */
const CREATED_AT_ONCE = 8

export async function openPartitions(places: CatalogPlaces, options: OpenOptions): Promise<Catalog> {
  const { readOnly = false, log, onSearch } = options
  const placed = places.catalog === undefined ? sqlitePlaces(places, options) : await postgresPlaces(places, options)
  const creating: Promise<unknown>[] = Array(CREATED_AT_ONCE).fill(Promise.resolve())

  async function openAt(number: number, mayCreate: boolean): Promise<Catalog> {
    const place = placed.nameOf(number)
    if (mayCreate) log?.info({ partition: number }, 'creating a partition of the catalog')
    const opened = await placed.openPartition(number, { control, mayCreate })
    if (opened === undefined) throw notFound({ number, place })
    try {
      await identifyPartition({ number, place }, { control, partition: opened, newId, readOnly })
      return onSearch === undefined ? opened : withTimedSearches(opened, (seconds) => onSearch(number, seconds))
    } catch (error) {
      await opened.close()
      throw error
    }
  }

  async function open(number: number): Promise<Catalog> {
    if (readOnly || (await isCreated(control, number))) return openAt(number, false)
    const place = number % CREATED_AT_ONCE
    const created = creating[place]!.then(() => openAt(number, true))
    creating[place] = created.catch(() => {})
    return created
  }

  let control: Catalog
  let spread: number
  try {
    control = await placed.openControl()
    spread = places.partitions ?? defaultPartitions(await placed.engine())
  } catch (error) {
    await placed.close()
    throw error
  }
  const catalog = partitionedCatalog({ control, open, spread })
  async function close(): Promise<void> {
    await catalog.close()
    await placed.close()
  }
  return { ...catalog, close }
}

function withTimedSearches(catalog: Catalog, onSearch: (seconds: number) => void): Catalog {
  const timed =
    <Request, Page>(search: (request: Request) => Promise<Page>) =>
    async (request: Request): Promise<Page> => {
      const startedAt = performance.now()
      const page = await search(request)
      onSearch((performance.now() - startedAt) / 1000)
      return page
    }
  const { imageSets, studies } = catalog
  return {
    ...catalog,
    imageSets: { ...imageSets, search: timed(imageSets.search) },
    studies: { ...studies, search: timed(studies.search) },
  }
}

function sqlitePlaces({ dataFolder, keys, limits }: CatalogPlaces, { readOnly = false }: OpenOptions): Places {
  async function open(number: number, key: Uint8Array | undefined): Promise<Catalog> {
    const path = join(dataFolder, catalogFileOf(number))
    try {
      return await openSqliteCatalog({
        ...{ path, newId, partition: number, readOnly, key, sqliteMemory, searchMemory },
      })
    } catch (cause) {
      const isForeign = cause instanceof StoreUnavailable && cause.code === 'SQLITE_NOTADB' && key !== undefined
      throw isForeign
        ? new OperatorError(
            `${path} cannot be decrypted with the key beside it: the two are not from the same time and place, or the beginning of the file ` +
              'is damaged. Restore both from the same backup.',
            { cause },
          )
        : cause
    }
  }
  const [sqliteMemory, searchMemory] = [new SqliteMemory(limits.catalogCacheBytes), new SharedMemory()]
  let key: Uint8Array | undefined
  return {
    engine: async () => ({ name: 'SQLite' }),
    async openControl() {
      key = await loadCatalogKey({ dataFolder, keys }, { readOnly })
      return open(CONTROL, key)
    },
    async openPartition(number, { mayCreate }) {
      const path = join(dataFolder, catalogFileOf(number))
      return mayCreate || (await exists(path)) ? open(number, await keyOfPartition(path, key)) : undefined
    },
    nameOf: (number) => join(dataFolder, catalogFileOf(number)),
    async close() {},
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

const NEEDS_TLS =
  "PostgreSQL is on another machine, and the connection to it, which carries patients' data, would not be protected by verified TLS. Add " +
  '?sslmode=verify-full to the address of the catalog, with &sslrootcert=<file> for an authority of your own. In a network that only ' +
  'you can read, --allow-plain-postgresql (HILUM_ALLOW_PLAIN_POSTGRESQL=true) permits it without.'

async function postgresPlaces(
  { catalog, partitionCatalogs = [], allowPlainPostgresql, limits }: CatalogPlaces,
  { readOnly = false }: OpenOptions,
): Promise<Places> {
  const { reachOf } = await import('../stores/sql/engine/postgres/postgres-tls.ts')
  const { PostgresDatabase } = await import('../stores/sql/engine/postgres/postgres-database.ts')
  const { nodesOfCitus, openPostgresIn } = await import('../stores/sql/open-postgres.ts')
  const urls = partitionCatalogs.length === 0 ? [catalog!] : partitionCatalogs
  const urlOf = (number: number) => postgresPlaceOf({ catalog: catalog!, partitionCatalogs }, number).url
  for (const url of [catalog!, ...urls]) {
    if (allowPlainPostgresql !== true && reachOf(url) === 'readable by others') throw new OperatorError(NEEDS_TLS)
  }
  const databases = new Map([catalog!, ...urls].map((url) => [url, new PostgresDatabase({ url, limits })]))
  const databaseOf = (number: number) => databases.get(urlOf(number))!
  const control = databases.get(catalog!)!
  const searchMemory = new SharedMemory()
  return {
    async engine() {
      const nodes = await nodesOfCitus(control)
      return nodes === undefined ? { name: 'PostgreSQL' } : { name: 'Citus', nodes }
    },
    openControl: () => openPostgresIn(control, { newId, readOnly, searchMemory }),
    async openPartition(number, how) {
      try {
        return await openPostgresIn(databaseOf(number), {
          ...{ newId, partition: number, schema: schemaOf(number), readOnly, searchMemory },
          ...{ clock: () => how.control.now(), mayCreate: how.mayCreate },
        })
      } catch (error) {
        if (error instanceof NoSchema) return undefined
        throw error
      }
    },
    nameOf: (number) => `the schema ${schemaOf(number)} of ${databaseOf(number).name}`,
    async close() {
      await Promise.all([...databases.values()].map((database) => database.close()))
    },
  }
}

/** The place of a partition for people: a file, or a schema of a database. */
export async function placeInWords(places: CatalogPlaces, number: number): Promise<string> {
  const { dataFolder, catalog } = places
  if (catalog === undefined) return join(dataFolder, catalogFileOf(number))
  const { nameOfDatabase } = await import('../stores/sql/engine/postgres/postgres-database.ts')
  const { url, schema } = postgresPlaceOf({ ...places, catalog }, number)
  return schema === undefined ? nameOfDatabase(url) : `${nameOfDatabase(url)} ${schema}`
}

/** Where a partition is. @returns no schema for the control catalog: it is in the one that connections have */
export function postgresPlaceOf(
  { catalog, partitionCatalogs = [] }: { readonly catalog: string } & Pick<CatalogPlaces, 'partitionCatalogs'>,
  number: number,
): { readonly url: string; readonly schema: string | undefined } {
  if (number === CONTROL) return { url: catalog, schema: undefined }
  const urls = partitionCatalogs.length === 0 ? [catalog] : partitionCatalogs
  return { url: urls[(number - 1) % urls.length]!, schema: schemaOf(number) }
}

const schemaOf = (partition: number): string => `hilum_${String(partition).padStart(3, '0')}`
