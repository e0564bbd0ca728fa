/**
 * A process is killed during its writes: writes that returned are complete, others are complete or absent. The file is also that process,
 * when it is started with a path.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import Database from 'better-sqlite3-multiple-ciphers'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { toTerms } from '../../imaging/search/terms.ts'
import type { Catalog } from '../catalog/catalog.ts'
import {
  AT,
  collected,
  countedIds,
  createDatastore,
  jobNamed,
  publishAll,
  record,
  storedFile,
  tokenOf,
} from '../catalog/conformance/catalog.fixture.ts'
import type { GeneratedImageSet } from '../catalog/image-set-records.ts'
import { INDEX_SIZES, type IndexSizes } from '../search/kd-tree/sizes.ts'
import { checkIndex } from '../search/search-index.fixture.ts'
import { openSqliteCatalog } from './open-sqlite.ts'

const FILES_PER_SERIES = 3
const KILLS = 4
/** The tail becomes postings, and prefixes get tokens, every few batches. */
const SIZES: IndexSizes = { ...INDEX_SIZES, tailRowsMax: 10, sealedTokensMax: 15, prefixWordsMax: 3 }
const path = process.argv[2]

type Answered =
  | { readonly kind: 'recorded'; readonly key: string }
  | { readonly kind: 'published'; readonly imageSets: readonly GeneratedImageSet[] }

if (path !== undefined) await writeUntilKilled(path)
else {
  test('killed repeatedly, no write that returned is lost and none is partial', {
    timeout: 120_000,
  }, async (_context) => {
    const folder = await mkdtemp(join(tmpdir(), 'hilum-crash-'))
    removeAtExit(folder)
    const at = join(folder, 'catalog.sqlite')
    const first = await openSqliteCatalog({ path: at, newId: countedIds(), sizes: SIZES })
    const datastoreId = await createDatastore(first)
    const job = jobNamed('job', { datastoreId })
    await first.importJobs.submit({ job, token: tokenOf('job') })
    await first.close()

    const answered: Answered[] = []
    for (let kill = 0; kill < KILLS; kill++) {
      answered.push(...(await killedAfter(at, 15 + 20 * kill)))
      const catalog = await openSqliteCatalog({ path: at, newId: countedIds(), sizes: SIZES })
      await checkAll(catalog, { datastoreId, jobId: job.jobId, answered })
      await catalog.close()
      checkIndex(at)
      const database = new Database(at, { readonly: true })
      assert.equal(database.pragma('integrity_check', { simple: true }), 'ok')
      assert.deepEqual(database.pragma('foreign_key_check'), [])
      database.close()
    }
  })
}

/** Records and publishes batches, and reports each to its parent. */
async function writeUntilKilled(path: string): Promise<void> {
  // Counted ids would repeat after each start of the process.
  const newId = () => crypto.randomUUID().replaceAll('-', '')
  const catalog = await openSqliteCatalog({ path, newId, sizes: SIZES })
  const owner = newId()
  const job = await catalog.importJobs.claim({ owner, now: AT, leaseUntil: AT - 1 })
  const lease = { jobId: job!.jobId, owner }
  const tell = (answered: Answered) => process.send!(answered)
  const begin = Number((await catalog.importJobs.lastRecordedKey(lease.jobId))?.slice(1, 7) ?? -1) + 1
  for (let batch = begin; ; batch++) {
    const files = Array.from({ length: 4 * FILES_PER_SERIES }, (_, index) => {
      const series = `1.${batch}.${index % 4}`
      const key = `k${String(batch).padStart(6, '0')}-${String(index).padStart(2, '0')}`
      const patientName = `Mull${'abcdefghij'[batch % 10]}^${index % 4}`
      return storedFile(key, { study: `1.${batch}`, series, sop: `${series}.${index}`, patientName })
    })
    await record(catalog, lease, files)
    tell({ kind: 'recorded', key: files.at(-1)!.key })
    tell({ kind: 'published', imageSets: await publishAll(catalog, lease, AT + batch) })
  }
}

/** The reports of the writer before it is killed, at once after that many. */
async function killedAfter(at: string, answers: number): Promise<Answered[]> {
  const answered: Answered[] = []
  const child: ChildProcess = fork(import.meta.filename, [at], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  child.on('message', (message) => {
    answered.push(message as Answered)
    if (answered.length === answers) child.kill('SIGKILL')
  })
  const [, signal] = await once(child, 'exit')
  assert.equal(signal, 'SIGKILL')
  return answered
}

async function checkAll(
  catalog: Catalog,
  { datastoreId, jobId, answered }: { datastoreId: string; jobId: string; answered: readonly Answered[] },
): Promise<void> {
  const lastKey = await catalog.importJobs.lastRecordedKey(jobId)
  const last = answered.filter((each) => each.kind === 'recorded').at(-1)!
  assert.ok(lastKey !== undefined && lastKey >= last.key)
  const job = await catalog.importJobs.get({ datastoreId, jobId })
  assert.equal(job!.filesDone % (4 * FILES_PER_SERIES), 0)

  const search = { filters: [], sort: { sortField: 'createdAt', sortOrder: 'ASC' } } as const
  const { rows } = await catalog.imageSets.search({ datastoreId, search, limit: 1_000_000 })
  const byName = { ...search, terms: toTerms([['PatientName', 'mull']]) }
  const named = await catalog.imageSets.search({ datastoreId, search: byName, limit: 1_000_000 })
  assert.deepEqual(named.rows, rows)
  for await (const { differences } of catalog.searchIndex.verify()) assert.deepEqual(differences, [])
  const generated = await collected(catalog.importJobs.generatedImageSets(jobId))
  assert.deepEqual(new Set(rows.map((row) => row.imageSetId)), new Set(generated.map((each) => each.imageSetId)))
  const shown = new Map(rows.map((row) => [row.imageSetId, row.version]))
  for (const each of answered) {
    if (each.kind !== 'published') continue
    for (const { imageSetId, imageSetVersion } of each.imageSets) assert.equal(shown.get(imageSetId), imageSetVersion)
  }
  for (const { imageSetId, tags } of rows) {
    const instances = await catalog.imageSets.instances({ datastoreId, imageSetId })
    assert.equal(instances.length, FILES_PER_SERIES)
    assert.equal(JSON.parse(tags).DICOMNumberOfStudyRelatedInstances, FILES_PER_SERIES)
  }
}
