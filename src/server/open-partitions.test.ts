/** Where partitions are: files of the data folder and schemas of databases; what does not belong there is refused. */
import assert from 'node:assert/strict'
import { copyFile, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import pg from 'pg'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { openPostgres } from '../fixtures/shared-servers.ts'
import type { Catalog } from '../stores/catalog/catalog.ts'
import { createDatastore, importFiles, storedFile } from '../stores/catalog/conformance/catalog.fixture.ts'
import { WrongPartition } from '../stores/partitioned/partition-identity.ts'
import { postgresIsMissing } from '../stores/sql/engine/postgres/postgres.fixture.ts'
import { encryptCatalog } from './catalog-key.ts'
import { type Config, loadConfig } from './config.ts'
import { type CatalogEngine, defaultPartitions } from './default-partitions.ts'
import { openCatalog, placesOf } from './open-stores.ts'

const server = postgresIsMissing === undefined ? await openPostgres() : undefined
after(() => server?.remove())

const EVERYTHING = { filters: [], sort: { sortField: 'updatedAt', sortOrder: 'DESC' } } as const
const STUDIES = 8

async function newConfig(flags: Readonly<Record<string, string | readonly string[]>> = {}): Promise<Config> {
  const data = await mkdtemp(join(tmpdir(), 'hilum-partitions-'))
  removeAtExit(data)
  return loadConfig({ cwd: data, flags: { data, partitions: '2', encryption: 'none', ...flags } })
}

async function using<T>(
  config: Config,
  work: (catalog: Catalog) => Promise<T>,
  options: { readonly readOnly?: boolean } = {},
): Promise<T> {
  const catalog = await openCatalog(placesOf(config), options)
  try {
    return await work(catalog)
  } finally {
    await catalog.close()
  }
}

/** With studies in both partitions. */
const fill = (config: Config, existing?: string): Promise<string> =>
  using(config, async (catalog) => {
    const datastoreId = existing ?? (await createDatastore(catalog, `spread over ${config.partitions}`))
    const files = Array.from({ length: STUDIES }, (_, index) =>
      storedFile(`${index}`, { study: `1.${index}`, series: `1.${index}.1` }),
    )
    await importFiles(catalog, { datastoreId, files })
    return datastoreId
  })

const countImageSets = (config: Config, datastoreId: string, options: { readonly readOnly?: boolean } = {}) =>
  using(
    config,
    async ({ imageSets }) => (await imageSets.search({ datastoreId, search: EVERYTHING, limit: 100 })).rows.length,
    options,
  )

const refused = (config: Config, datastoreId: string, message: RegExp) =>
  assert.rejects(countImageSets(config, datastoreId), (error) => {
    assert.ok(error instanceof WrongPartition, String(error))
    assert.match(error.message, message)
    return true
  })

test('the default number of partitions is that of the engine', () => {
  const engines: readonly CatalogEngine[] = [
    { name: 'SQLite' },
    { name: 'PostgreSQL' },
    ...[1, 2, 8, 20].map((nodes) => ({ name: 'Citus', nodes }) as const),
  ]
  assert.deepEqual(engines.map(defaultPartitions), [1, 1, 8, 16, 64, 64])
})

describe('partitions on SQLite', () => {
  test('are files beside the catalog, which reading does not create', async () => {
    const config = await newConfig()
    const files = async () => (await readdir(config.dataFolder)).filter((name) => name.endsWith('.sqlite')).toSorted()
    await using(config, async () => {})
    assert.deepEqual(await files(), ['catalog.sqlite'])
    const datastoreId = await fill(config)
    const all = ['catalog-001.sqlite', 'catalog-002.sqlite', 'catalog.sqlite']
    assert.deepEqual(await files(), all)
    assert.equal(await countImageSets(config, datastoreId, { readOnly: true }), STUDIES)
    const modes = await Promise.all(all.map(async (name) => (await stat(join(config.dataFolder, name))).mode))
    assert.equal(new Set(modes).size, 1)
    await rm(join(config.dataFolder, 'catalog-002.sqlite'))
    for (const options of [{}, { readOnly: true }]) {
      await assert.rejects(countImageSets(config, datastoreId, options), WrongPartition)
    }
    assert.deepEqual(await files(), ['catalog-001.sqlite', 'catalog.sqlite'])
  })

  test('are refused if they are of another catalog, or another partition', async () => {
    const [config, other] = [await newConfig(), await newConfig()]
    const datastoreId = await fill(config)
    await fill(other)
    const fileOf = ({ dataFolder }: Config, number: number) => join(dataFolder, `catalog-00${number}.sqlite`)
    await copyFile(fileOf(other, 2), fileOf(config, 2))
    await refused(config, datastoreId, /catalog-002\.sqlite is a partition of another catalog/)
    await copyFile(fileOf(config, 1), fileOf(config, 2))
    await refused(config, datastoreId, /catalog-002\.sqlite is partition 1, not 2/)
  })

  test('are encrypted as the catalog is, and plain ones are encrypted with it', async () => {
    const config = await newConfig()
    const plain = await fill(config)
    const encrypting = { ...config, encryption: 'on' } as const
    const isEncrypted = async (number: number) =>
      !(await readFile(join(config.dataFolder, `catalog-00${number}.sqlite`))).includes('SQLite format 3')
    assert.deepEqual(await Promise.all([1, 2].map(isEncrypted)), [false, false])
    assert.equal(await encryptCatalog(placesOf(encrypting)), true)
    assert.equal(await encryptCatalog(placesOf(encrypting)), false)
    assert.equal(await countImageSets(encrypting, plain), STUDIES)
    await fill({ ...encrypting, partitions: 3 })
    assert.deepEqual(await Promise.all([1, 2, 3].map(isEncrypted)), [true, true, true])
  })
})

describe('partitions on PostgreSQL', { skip: postgresIsMissing ?? false }, () => {
  const schemasOf = async (url: string): Promise<readonly string[]> => {
    const client = new pg.Client(url)
    await client.connect()
    const { rows } = await client.query(
      `SELECT schema_name AS name FROM information_schema.schemata WHERE schema_name LIKE 'hilum%' ORDER BY 1`,
    )
    await client.end()
    return rows.map(({ name }) => name)
  }

  test('are in the listed databases in turn, and another list is refused', async () => {
    const [catalog, one, two] = [await server!.newDatabase(), await server!.newDatabase(), await server!.newDatabase()]
    const config = await newConfig({ catalog, 'partition-catalog': [one, two], partitions: '3' })
    const datastoreId = await fill(config)
    assert.deepEqual(await Promise.all([catalog, one, two].map(schemasOf)), [
      [],
      ['hilum_001', 'hilum_003'],
      ['hilum_002'],
    ])
    assert.equal(await countImageSets(config, datastoreId), STUDIES)
    assert.equal(await countImageSets(config, datastoreId, { readOnly: true }), STUDIES)
    for (const partitionCatalogs of [[two, one], [one], []]) {
      await refused(
        { ...config, partitionCatalogs },
        datastoreId,
        /does not have it: give the databases .* in the order/,
      )
    }
    assert.deepEqual(await Promise.all([catalog, one, two].map(schemasOf)), [
      [],
      ['hilum_001', 'hilum_003'],
      ['hilum_002'],
    ])
    const other = await newConfig({ catalog: await server!.newDatabase(), 'partition-catalog': [one, two] })
    await assert.rejects(fill(other), /the schema hilum_00\d of .* is a partition of another catalog/)
  })

  test('are created once by servers that create a data store at the same time', async () => {
    const config = await newConfig({ catalog: await server!.newDatabase(), partitions: '3' })
    const created = (name: string) => using(config, (catalog) => createDatastore(catalog, name))
    const ids = await Promise.all(['a', 'b', 'c'].map(created))
    await fill(config, ids[1])
    assert.deepEqual([await countImageSets(config, ids[0]!), await countImageSets(config, ids[1]!)], [0, STUDIES])
  })
})
