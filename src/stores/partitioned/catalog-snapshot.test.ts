/** A snapshot of a catalog with partitions is one state of all of them, while another process imports. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { citusIsMissing, openCitus } from '../../fixtures/citus.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { openPostgres } from '../../fixtures/shared-servers.ts'
import { isSoak } from '../../fixtures/soak.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { CatalogSnapshot, CellValue } from '../catalog/catalog-snapshot.ts'
import { collected, uniqueIds } from '../catalog/conformance/catalog.fixture.ts'
import { postgresIsMissing } from '../sql/engine/postgres/postgres.fixture.ts'
import { openPartitions } from './snapshot-catalogs.fixture.ts'

const STUDIES = 3
const SNAPSHOTS = isSoak ? 1_000 : 10
/** How much later than the one before it a partition begins its snapshot: the time of a few jobs. */
const DELAY_MS = 60

async function importingProcess(context: TestContext, place: string): Promise<void> {
  const args = [join(import.meta.dirname, 'catalog-snapshot.fixture.ts'), place, `${STUDIES}`]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  context.after(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  await once(child.stdout, 'data')
}

const withDelay = (catalog: Catalog, partition: number): Catalog => ({
  ...catalog,
  async snapshot() {
    await setTimeout(partition * DELAY_MS)
    return catalog.snapshot()
  },
})

type Rows = readonly Readonly<Record<string, CellValue>>[]

async function rowsOf(snapshot: CatalogSnapshot, table: string): Promise<readonly Rows[]> {
  const parts: Rows[] = []
  for (const part of snapshot.parts) {
    const batches = (await collected(part.rows())).filter((batch) => batch.table === table)
    parts.push(
      batches.flatMap(({ columns, rows }) =>
        rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at]!]))),
      ),
    )
  }
  return parts
}

/** What a crash cannot leave: a job that has ended before its parts, or whose image sets are not all there. */
async function faultsOf(snapshot: CatalogSnapshot): Promise<readonly string[]> {
  const faults: string[] = []
  const [control, ...partitions] = await rowsOf(snapshot, 'import_jobs')
  const ended = new Set(control!.filter((job) => job.ended_at !== null).map((job) => job.job_id))
  for (const [at, parts] of partitions.entries()) {
    for (const part of parts) {
      if (part.ended_at !== null && !ended.has(part.job_id)) faults.push(`a part of a job has ended in ${at + 1}`)
      if (!control!.some((job) => job.job_id === part.job_id)) faults.push(`a job is only in ${at + 1}`)
    }
  }
  const [inControl, ...imageSets] = await rowsOf(snapshot, 'image_sets')
  assert.deepEqual(inControl, [])
  const published = imageSets.flat().length
  if (published < ended.size * STUDIES) faults.push(`${published} image sets of ${ended.size} jobs that have ended`)
  return faults
}

function testSnapshots(newPlace: () => Promise<string>): void {
  test('no step of a job is between two partitions', async (context) => {
    const place = await newPlace()
    await importingProcess(context, place)
    const catalog = await openPartitions(place, uniqueIds(), { change: withDelay })
    context.after(() => catalog.close())
    const faults: string[] = []
    const jobs: number[] = []
    for (let each = 0; each < SNAPSHOTS; each++) {
      const snapshot = await catalog.snapshot()
      try {
        faults.push(...(await faultsOf(snapshot)))
        jobs.push((await rowsOf(snapshot, 'import_jobs'))[0]!.length)
      } finally {
        await snapshot.close()
      }
    }
    assert.deepEqual(faults, [])
    assert.ok(jobs.at(-1)! > jobs[0]! + 1, `jobs were imported meanwhile: ${jobs}`)
  })
}

const server = postgresIsMissing === undefined ? await openPostgres() : undefined
after(() => server?.remove())
const citus = citusIsMissing === undefined ? await openCitus() : undefined
after(() => citus?.remove())

describe('on SQLite', () =>
  testSnapshots(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hilum-partitions-'))
    removeAtExit(folder)
    return folder
  }))
describe('on PostgreSQL', { skip: postgresIsMissing ?? false }, () => testSnapshots(() => server!.newDatabase()))
describe('on Citus', { skip: citusIsMissing ?? false }, () => testSnapshots(() => citus!.newDatabase()))
