/** Verification and repair of a catalog with partitions: what is damaged in one is found there, and the others are verified. */
import assert from 'node:assert/strict'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import Database from 'better-sqlite3-multiple-ciphers'
import { startHilumProcess } from '../../fixtures/hilum-process.ts'
import { appIn, importInstances, newDataFolder } from '../../jobs/imported-instances.fixture.ts'
import { untilDamaged } from './in-each-catalog.ts'
import { VERIFIED_PARTS } from './verify-parts.ts'
import type { Difference, Step } from './verify-steps.ts'

const PARTITIONS = 3
const STUDIES = 12

async function opened(context: TestContext) {
  const folder = await newDataFolder(context)
  const app = await appIn(context, folder, { partitions: PARTITIONS })
  const studies = Array.from({ length: STUDIES }, (_, at) => at + 1)
  const datastoreId = await importInstances(
    app,
    studies.map((study) => ({ study, series: 1, number: 1 })),
  )
  const database = (partition: number) => {
    const connection = new Database(join(folder, `catalog-00${partition}.sqlite`))
    context.after(() => connection.close())
    return connection
  }
  async function verified(): Promise<ReadonlyMap<string, { differences: Difference[]; checked: Step['checked'] }>> {
    const found = new Map<string, { differences: Difference[]; checked: Step['checked'] }>()
    for (const { name, steps } of VERIFIED_PARTS) {
      const differences: Difference[] = []
      let last: Step | undefined
      for await (const step of untilDamaged(steps({ ...app, now: Date.now, isQuick: false }))) {
        assert.ok(
          step.done <= step.total && (name === 'blobs' || step.done >= (last?.done ?? 0)),
          `progress of ${name}`,
        )
        last = step
        differences.push(...step.differences)
      }
      found.set(name, { differences, checked: last!.checked })
    }
    return found
  }
  return { folder, app, datastoreId, database, verified }
}

test('all partitions are verified, and the amounts are sums', async (context) => {
  const { verified } = await opened(context)
  const found = await verified()
  assert.deepEqual(
    [...found.values()].flatMap(({ differences }) => differences),
    [],
  )
  assert.equal(found.get('database')!.checked['data stores'], PARTITIONS)
  assert.equal(found.get('search index')!.checked.entries, STUDIES)
  assert.equal(found.get('uses of blobs')!.checked['image sets'], STUDIES)
  assert.equal(found.get('metadata documents')!.checked.documents, STUDIES)
})

test('a changed row of one partition is found there, and hilum reindex repairs it', async (context) => {
  const { folder, database } = await opened(context)
  const hilum = async (...words: string[]) => {
    const { ended, output } = startHilumProcess(context, [...words, '--data', folder], { cwd: folder })
    return { code: await ended, output: output() }
  }
  database(2).exec('UPDATE image_sets SET updated_at = updated_at + 1 WHERE row_id = 1')
  const unsound = await hilum('verify', '--quick')
  assert.equal(unsound.code, 1, unsound.output)
  assert.match(unsound.output, /^partition 2: leaf \d+ of index partition \d+ .*image set row 1 differs .* updatedAt$/m)
  assert.doesNotMatch(unsound.output, /^partition [13]: |^control catalog: /m)
  const reindexed = await hilum('reindex')
  assert.match(reindexed.output, /^The search index was rebuilt from 12 rows in /m)
  const sound = await hilum('verify', '--quick')
  assert.equal(sound.code, 0, sound.output)
})

test('a damaged file of one partition is found there, and the others are verified', async (context) => {
  const { folder, database, verified } = await opened(context)
  const connection = database(1)
  connection.pragma('wal_checkpoint(TRUNCATE)')
  const sql = `SELECT rootpage FROM sqlite_schema WHERE name = 'image_sets'`
  const { rootpage } = connection.prepare(sql).get() as { readonly rootpage: number }
  const pageBytes = connection.pragma('page_size', { simple: true }) as number
  connection.close()
  const file = await open(join(folder, 'catalog-001.sqlite'), 'r+')
  await file.write(Buffer.alloc(512, 0xa5), 0, 512, (rootpage - 1) * pageBytes)
  await file.close()
  const found = await verified()
  for (const part of ['database', 'search index', 'uses of blobs']) {
    const partitions = found.get(part)!.differences.map(({ inPartition }) => inPartition)
    assert.deepEqual([...new Set(partitions)], [1], part)
  }
  assert.match(found.get('uses of blobs')!.differences[0]!.text, /^partition 1: it cannot be read: /)
  assert.ok(found.get('uses of blobs')!.checked['image sets']! > 0, 'in the other partitions')
})

test('a data store or a job that only one side has is a difference', async (context) => {
  const { app, datastoreId, database, verified } = await opened(context)
  const second = database(2)
  second.pragma('foreign_keys = OFF')
  second.exec(`UPDATE datastores SET datastore_id = 'f'`)
  database(3).exec(`UPDATE import_jobs SET job_id = 'unknown', ended_at = NULL`)
  const kinds = (await verified()).get('database')!.differences.map(({ kind, inPartition }) => [kind, inPartition])
  assert.deepEqual(kinds, [
    ['datastore-not-in-control', 2],
    ['datastore-not-in-partition', 2],
    ['job-not-in-control', 3],
  ])
  second.exec(`UPDATE datastores SET datastore_id = '${datastoreId}'`)
  // A worker that finds no job ends the parts of those that do not exist.
  await app.catalog.importJobs.claim({ owner: 'w', now: Date.now(), leaseUntil: Date.now() })
  assert.deepEqual((await verified()).get('database')!.differences, [])
})
