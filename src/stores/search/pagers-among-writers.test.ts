/**
 * All pages read one snapshot (decision 4), while other processes publish, extend and delete as fast as they can. Started with a task as its
 * argument, this file is such a process.
 */

import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { openPostgres } from '../../fixtures/shared-servers.ts'
import { comparePositions, positionOf, type Search } from '../../imaging/search/search.ts'
import type { Catalog } from '../catalog/catalog.ts'
import {
  AT,
  createDatastore,
  importFiles,
  publishAll,
  record,
  startJob,
  storedFile,
} from '../catalog/conformance/catalog.fixture.ts'
import type { Lease } from '../catalog/import-job-repository.ts'
import type { ImageSetSummary, SnapshotVersion } from '../catalog/search-repository.ts'
import { POSTGRES_TEST_LIMITS, postgresIsMissing } from '../sql/engine/postgres/postgres.fixture.ts'
import { openPostgresCatalog } from '../sql/open-postgres.ts'
import { openSqliteCatalog } from '../sql/open-sqlite.ts'
import { SMALL_SIZES } from './small-sizes.fixture.ts'

/** Many leaves, and partitions that are built and dropped. */
const STANDING = 120
/** Of the initial image sets, these are only extended; the others may be deleted. */
const KEPT = 80
const WRITERS = 2
const LIMIT = 9

interface Task {
  /** A file, or the URL of a database. */
  readonly place: string
  readonly datastoreId: string
  readonly lease: Lease
  readonly writer: number
  /** Initial image sets that this writer deletes, beside those that it creates. */
  readonly toDelete: readonly string[]
}

type Report =
  | { readonly kind: 'written' }
  /** Sent before and after: in between a page may contain it or not. */
  | { readonly kind: 'deleting' | 'deleted'; readonly imageSetId: string }

const newId = () => crypto.randomUUID().replaceAll('-', '')

const openAt = (place: string): Promise<Catalog> =>
  place.startsWith('postgres:')
    ? openPostgresCatalog({ url: place, newId, limits: POSTGRES_TEST_LIMITS, sizes: SMALL_SIZES })
    : openSqliteCatalog({ path: place, newId, sizes: SMALL_SIZES })

const fileOf = (study: string, { key, patientId = 'ANON' }: { key: string; patientId?: string }) => {
  const day = Number(study.split('.').at(-1)) % 28
  return storedFile(key, {
    ...{ study, patientId, accessionNumber: `A${study}`, studyId: '1' },
    studyDate: day === 0 ? null : `202602${String(day).padStart(2, '0')}`,
  })
}

const task = process.argv[2]
if (task !== undefined) await writeUntilStopped(JSON.parse(task))
else {
  const postgres = postgresIsMissing === undefined ? await openPostgres() : undefined
  after(() => postgres?.remove())
  describe('on SQLite', () => testPagers(async (context) => join(await newFolder(context), 'catalog.sqlite')))
  describe('on PostgreSQL', { skip: postgresIsMissing ?? false }, () => testPagers(() => postgres!.newDatabase()))
}

async function writeUntilStopped({ place, datastoreId, lease, writer, toDelete }: Task): Promise<void> {
  const catalog = await openAt(place)
  const report = (message: Report) => process.send!(message)
  let isRunning = true
  process.once('message', () => {
    isRunning = false
  })
  const mine: string[] = []
  const initial = [...toDelete]
  for (let round = 0; isRunning; round++) {
    const key = (index: number) => `k${String(round).padStart(6, '0')}-${index}`
    // Two new image sets, one of them of another patient, and the next versions of two initial ones.
    const files = [
      fileOf(`2.${writer}.${round}`, { key: key(0) }),
      fileOf(`3.${writer}.${round}`, { key: key(1), patientId: `P${round % 3}` }),
      fileOf(`1.${(round * 7 + writer) % KEPT}`, { key: key(2) }),
      fileOf(`1.${(round * 7 + writer + 40) % KEPT}`, { key: key(3) }),
    ]
    await record(catalog, lease, files)
    const made = await publishAll(catalog, lease, AT + 1 + round)
    mine.push(...made.filter((each) => each.imageSetVersion === 1).map((each) => each.imageSetId))
    report({ kind: 'written' })
    const imageSetId = round % 8 === 3 ? initial.pop() : mine.length > 12 ? mine.shift() : undefined
    if (imageSetId === undefined) continue
    report({ kind: 'deleting', imageSetId })
    assert.equal(await catalog.imageSets.delete({ datastoreId, imageSetId, at: AT + 1 + round }), 'deleted')
    report({ kind: 'deleted', imageSetId })
  }
  await catalog.close()
  process.disconnect()
}

async function newFolder(_context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-pagers-'))
  removeAtExit(folder)
  return folder
}

class Writers {
  readonly #children: readonly ChildProcess[]
  readonly deleting = new Set<string>()
  readonly deleted = new Set<string>()
  written = 0

  constructor(tasks: readonly Task[]) {
    this.#children = tasks.map((each) => {
      const child = fork(import.meta.filename, [JSON.stringify(each)], { execArgv: [] })
      child.on('message', (message: Report) => {
        if (message.kind === 'written') this.written += 1
        else this[message.kind].add(message.imageSetId)
      })
      return child
    })
  }

  /** Resolves when they have written again. */
  async nextWrite(): Promise<void> {
    for (const sofar = this.written; this.written === sofar; ) {
      await setTimeout(1)
      assert.ok(
        this.#children.every(({ exitCode }) => exitCode === null),
        'the writers are running',
      )
    }
  }

  /** What they said before a page was read has arrived: a deletion is visible as soon as it is made. */
  async heard(): Promise<void> {
    await setTimeout(50)
  }

  async stop(): Promise<void> {
    const ends = this.#children.map(async (child) => {
      if (child.exitCode !== null) return
      const exited = once(child, 'exit')
      if (child.connected) child.send('stop')
      await exited
    })
    await Promise.all(ends)
    assert.ok(this.#children.every(({ exitCode }) => exitCode === 0))
  }
}

const SEARCHES: Readonly<Record<string, Search>> = {
  'last updated first': { filters: [], sort: { sortField: 'updatedAt', sortOrder: 'DESC' } },
  'first updated first': { filters: [], sort: { sortField: 'updatedAt', sortOrder: 'ASC' } },
  'by study date, one patient': {
    filters: [{ attribute: 'DICOMPatientId', equals: 'ANON' }],
    sort: { sortField: 'DICOMStudyDateAndTime', sortOrder: 'DESC' },
  },
  'by creation, one study id, updated in a range': {
    filters: [
      { attribute: 'DICOMStudyId', equals: '1' },
      { attribute: 'updatedAt', from: 0, to: AT + 1_000_000_000 },
    ],
    sort: { sortField: 'createdAt', sortOrder: 'DESC' },
  },
}

function testPagers(newPlace: (context: TestContext) => Promise<string>): void {
  test('no image set is returned twice, none is missed, in order and in the snapshot of the first page', async (context) => {
    const place = await newPlace(context)
    const catalog = await openAt(place)
    context.after(() => catalog.close())
    const datastoreId = await createDatastore(catalog)
    const files = Array.from({ length: STANDING }, (_, index) =>
      fileOf(`1.${index}`, { key: `k${String(index).padStart(4, '0')}` }),
    )
    const initial = (await importFiles(catalog, { datastoreId, files })).map(({ imageSetId }) => imageSetId)
    const tasks: Task[] = []
    for (let writer = 0; writer < WRITERS; writer++) {
      const lease = await startJob(catalog, { datastoreId, name: `job ${writer}`, owner: `writer ${writer}` })
      const toDelete = initial.slice(KEPT).filter((_, index) => index % WRITERS === writer)
      tasks.push({ place, datastoreId, lease, writer, toDelete })
    }
    const other = await createDatastore(catalog, 'other')
    // Changes of another data store have numbers of their own, and lock nothing that these writers need.
    const lease = await startJob(catalog, { datastoreId: other, name: 'job of another', owner: 'writer of another' })
    tasks.push({ place, datastoreId: other, lease, writer: WRITERS, toDelete: [] })
    const writers = new Writers(tasks)
    try {
      await writers.nextWrite()
      await Promise.all(
        Object.entries(SEARCHES).map(async ([name, search]) => {
          const request = { catalog, datastoreId, search, writers }
          const first = await readPages({ ...request, snapshotVersion: undefined })
          await writers.heard()
          const ids = new Set(first.rows.map(({ imageSetId }) => imageSetId))
          assert.equal(ids.size, first.rows.length, `${name}: none twice`)
          for (const imageSetId of initial) {
            if (ids.has(imageSetId)) continue
            assert.ok(writers.deleting.has(imageSetId), `${name}: none missed`)
          }
          // Again in the same snapshot: equal but for image sets deleted since.
          const again = await readPages({ ...request, snapshotVersion: first.snapshotVersion })
          await writers.heard()
          const left = new Set(again.rows.map(({ imageSetId }) => imageSetId))
          for (const { imageSetId } of first.rows) {
            assert.ok(
              left.has(imageSetId) || writers.deleting.has(imageSetId),
              `${name}: none missing but deleted ones`,
            )
          }
          const asBefore = first.rows.filter(({ imageSetId }) => left.has(imageSetId))
          const seenBefore = again.rows.filter(({ imageSetId }) => ids.has(imageSetId))
          assert.deepEqual(seenBefore, asBefore, `${name}: in the snapshot of the first page`)
          for (const { imageSetId } of again.rows) {
            // It may have been deleted before the first reading came to its page.
            assert.ok(ids.has(imageSetId) || writers.deleting.has(imageSetId), `${name}: none added`)
          }
        }),
      )
      assert.ok(writers.deleted.size > 0 && writers.written > 0)
    } finally {
      await writers.stop()
    }
    for await (const { differences } of catalog.searchIndex.verify()) assert.deepEqual(differences, [])
  })
}

async function readPages(request: {
  readonly catalog: Catalog
  readonly datastoreId: string
  readonly search: Search
  readonly writers: Writers
  readonly snapshotVersion: SnapshotVersion | undefined
}): Promise<{ readonly rows: readonly ImageSetSummary[]; readonly snapshotVersion: SnapshotVersion }> {
  const { catalog, datastoreId, search, writers } = request
  const rows: ImageSetSummary[] = []
  let { snapshotVersion } = request
  for (;;) {
    const deletedBefore = new Set(writers.deleted)
    const last = rows.at(-1)
    const page = await catalog.imageSets.search({
      ...{ datastoreId, search, limit: LIMIT },
      ...(last !== undefined && { after: positionOf(search, last) }),
      ...(snapshotVersion !== undefined && { snapshotVersion }),
    })
    snapshotVersion ??= page.snapshotVersion
    assert.deepEqual(page.snapshotVersion, snapshotVersion)
    for (const row of page.rows) {
      const before = rows.at(-1)
      assert.ok(
        before === undefined ||
          comparePositions(search.sort.sortOrder, positionOf(search, before), positionOf(search, row)) < 0,
        'in order',
      )
      assert.ok(!deletedBefore.has(row.imageSetId), 'a deleted image set is not returned')
      rows.push(row)
    }
    if (page.rows.length < LIMIT) return { rows, snapshotVersion }
    await writers.nextWrite()
  }
}
