/** `hilum partitions` as a person calls it, on each engine, also while a partition is away. */
import assert from 'node:assert/strict'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { startHilumProcess } from '../../fixtures/hilum-process.ts'
import { openPostgres } from '../../fixtures/shared-servers.ts'
import { appIn, importInstances, newDataFolder } from '../../jobs/imported-instances.fixture.ts'
import { postgresIsMissing } from '../../stores/sql/engine/postgres/postgres.fixture.ts'

const PARTITIONS = 2
const STUDIES = 9

async function filled(context: TestContext, catalog?: string) {
  const folder = await newDataFolder(context)
  const app = await appIn(context, folder, { partitions: PARTITIONS, ...(catalog !== undefined && { catalog }) })
  const studies = Array.from({ length: STUDIES }, (_, at) => at + 1)
  const datastoreId = await importInstances(
    app,
    studies.map((study) => ({ study, series: 1, number: 1 })),
  )
  const hilum = async (...words: string[]) => {
    const env = catalog === undefined ? {} : { HILUM_CATALOG: catalog }
    const given = ['partitions', '--data', folder, ...words]
    const { ended, output } = startHilumProcess(context, given, { cwd: folder, env })
    return { code: await ended, output: output() }
  }
  return { folder, datastoreId, hilum }
}

test('each file of SQLite is a row with what it has, and the data store is shown with its spread', async (context) => {
  const { folder, datastoreId, hilum } = await filled(context)
  const { code, output } = await hilum()
  assert.equal(code, 0, output)
  assert.match(output, /^Partition +Place +ms +Data stores +Image sets +MiB +Index entries +Backlog +Changes$/m)
  assert.match(output, /^control +\S+catalog\.sqlite +[\d.]+ +1 +0 +1 +0 +0 +0$/m)
  const rows = [...output.matchAll(/^([12]) +(\S+) +[\d.]+ +1 +(\d+) /gm)]
  assert.deepEqual(
    rows.map(([, number, place]) => [number, place]),
    [1, 2].map((number) => [`${number}`, join(folder, `catalog-00${number}.sqlite`)]),
  )
  const counts = rows.map(([, , , imageSets]) => Number(imageSets))
  assert.equal(
    counts.reduce((a, b) => a + b),
    STUDIES,
  )
  const spread = `${datastoreId} +2 +9 +${Math.min(...counts)} +${Math.max(...counts)}`
  assert.match(output, new RegExp(`^${spread}$`, 'm'))

  await rename(join(folder, 'catalog-002.sqlite'), join(folder, 'elsewhere'))
  const away = await hilum()
  assert.equal(away.code, 1)
  assert.match(away.output, new RegExp(`^1 +\\S+ +[\\d.]+ +1 +${counts[0]} `, 'm'), 'the other is shown')
  assert.match(away.output, /^2 +\S+catalog-002\.sqlite +away$/m)
  assert.match(away.output, /^2: partition 2 of the catalog was created, and \S+ does not have it: .*\.$/m)
})

test('each schema of PostgreSQL is a member of the JSON, with the bytes of its tables', {
  skip: postgresIsMissing ?? false,
}, async (context) => {
  const server = await openPostgres()
  context.after(() => server.remove())
  const url = await server.newDatabase()
  const { datastoreId, hilum } = await filled(context, url)
  const { code, output } = await hilum('--json')
  assert.equal(code, 0, output)
  const { partitions, datastores } = JSON.parse(output.split('\n').find((line) => line.startsWith('{'))!)
  const name = new URL(url).pathname
  assert.deepEqual(
    partitions.map(({ partition, place }: { partition: number; place: string }) => [
      partition,
      place.slice(place.indexOf('/')),
    ]),
    [
      [0, name],
      [1, `${name} hilum_001`],
      [2, `${name} hilum_002`],
    ],
  )
  for (const { use, roundTripMs } of partitions) {
    assert.ok(use.bytes > 100_000 && roundTripMs > 0, JSON.stringify(use))
    assert.deepEqual([use.nodes, use.movingTo], [[], []])
  }
  assert.deepEqual([datastores[0].datastoreId, datastores[0].imageSets], [datastoreId, STUDIES])

  const client = new pg.Client(url)
  await client.connect()
  await client.query('ALTER SCHEMA hilum_001 RENAME TO elsewhere')
  await client.end()
  const away = await hilum('--json')
  assert.equal(away.code, 1)
  const again = JSON.parse(away.output.split('\n').find((line) => line.startsWith('{'))!)
  assert.match(again.partitions[1].fault, /^partition 1 of the catalog was created/)
  assert.ok(again.partitions[2].use.changes > 0)
})
