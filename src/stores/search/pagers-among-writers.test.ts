/**
 * All pages read one snapshot (decision 4), while other processes publish, extend and delete as fast as they can. Started with a task as its
 * argument, this file is such a process.
 */

import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Search } from '../../imaging/search/search.ts'
import type { Catalog } from '../catalog/catalog.ts'
import {
  AT,
  createDatastore,
  documentsOf,
  importFiles,
  record,
  startJob,
  storedFile,
} from '../catalog/conformance/catalog.fixture.ts'
import { type GeneratedImageSet, ImageSetChanged } from '../catalog/image-set-records.ts'
import type { Lease } from '../catalog/import-job-repository.ts'
import { type CatalogPlace, catalogKinds, openCatalogAt } from '../partitioned/catalog-kinds.fixture.ts'
import { assertOneSnapshot, reportsArrived, SEARCHES_OF_ALL, type WrittenSoFar } from './pages.fixture.ts'
import { SMALL_SIZES } from './small-sizes.fixture.ts'

/** Many leaves, and partitions of the index that are built and dropped. */
const STANDING = 120
/** With several partitions of the data store, whose writers and pages take longer. */
const STANDING_PARTITIONED = 60
const WRITERS = 2

interface Task {
  readonly place: CatalogPlace
  readonly datastoreId: string
  readonly lease: Lease
  readonly writer: number
  /** Of the initial image sets, as many are only extended; the others may be deleted. */
  readonly kept: number
  /** Initial image sets that this writer deletes, beside those that it creates. */
  readonly toDelete: readonly string[]
}

type Report =
  /** Without what was published if a part of it was refused: it was published later then, in another transaction. */
  | { readonly kind: 'written'; readonly publication?: readonly GeneratedImageSet[] }
  | { readonly kind: 'deleting' | 'deleted'; readonly imageSetId: string }

const newId = () => crypto.randomUUID().replaceAll('-', '')

const openAt = (place: CatalogPlace) => openCatalogAt(place, { newId, sizes: SMALL_SIZES })

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
  for (const kind of await catalogKinds()) {
    describe(`on ${kind.name}`, { skip: kind.skip ?? false }, () => testPagers(() => kind.newPlace()))
  }
}

async function writeUntilStopped({ place, datastoreId, lease, writer, kept, toDelete }: Task): Promise<void> {
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
      fileOf(`1.${(round * 7 + writer) % kept}`, { key: key(2) }),
      fileOf(`1.${(round * 7 + writer + kept / 2) % kept}`, { key: key(3) }),
    ]
    await record(catalog, lease, files)
    const made = await publishedBy(catalog, lease, AT + 1 + round)
    mine.push(...made.filter((each) => each.imageSetVersion === 1).map((each) => each.imageSetId))
    report({ kind: 'written', ...(made.length > 0 && { publication: made }) })
    const imageSetId = round % 8 === 3 ? initial.pop() : mine.length > 12 ? mine.shift() : undefined
    if (imageSetId === undefined) continue
    report({ kind: 'deleting', imageSetId })
    assert.equal(await catalog.imageSets.delete({ datastoreId, imageSetId, at: AT + 1 + round }), 'deleted')
    report({ kind: 'deleted', imageSetId })
  }
  await catalog.close()
  process.disconnect()
}

/** Publishes all. @returns what was published, but for what a partition published before another one refused its part */
async function publishedBy(catalog: Catalog, lease: Lease, at: number): Promise<readonly GeneratedImageSet[]> {
  for (let isWhole = true; ; isWhole = false) {
    const groups = await catalog.importJobs.unpublishedGroups(lease.jobId, 100)
    if (groups.length === 0) return []
    const [documents] = await documentsOf(catalog, lease, groups)
    try {
      const made = await catalog.importJobs.publish(lease, groups, at, documents!)
      return isWhole ? made : []
    } catch (error) {
      if (!(error instanceof ImageSetChanged)) throw error
    }
  }
}

class Writers implements WrittenSoFar {
  readonly #children: readonly ChildProcess[]
  readonly deleting = new Set<string>()
  readonly deleted = new Set<string>()
  readonly publications: (readonly GeneratedImageSet[])[] = []
  written = 0

  constructor(tasks: readonly Task[]) {
    this.#children = tasks.map((each, index) => {
      const child = fork(import.meta.filename, [JSON.stringify(each)], { execArgv: [] })
      child.on('message', (message: Report) => {
        if (message.kind === 'written') {
          this.written += 1
          // Those of the writer of another data store are not searched.
          if (message.publication !== undefined && index < WRITERS) this.publications.push(message.publication)
        } else this[message.kind].add(message.imageSetId)
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

  readonly reported = reportsArrived

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
  ...SEARCHES_OF_ALL,
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

function testPagers(newPlace: () => Promise<CatalogPlace>): void {
  test('no image set is returned twice, none is missed, in order and in the snapshot of the first page, and no page is torn', async (context) => {
    const place = await newPlace()
    const catalog = await openAt(place)
    context.after(() => catalog.close())
    const datastoreId = await createDatastore(catalog)
    const standing = place.partitions === 1 ? STANDING : STANDING_PARTITIONED
    const kept = (standing * 2) / 3
    const files = Array.from({ length: standing }, (_, index) =>
      fileOf(`1.${index}`, { key: `k${String(index).padStart(4, '0')}` }),
    )
    const initial = (await importFiles(catalog, { datastoreId, files })).map(({ imageSetId }) => imageSetId)
    const tasks: Task[] = []
    for (let writer = 0; writer < WRITERS; writer++) {
      const lease = await startJob(catalog, { datastoreId, name: `job ${writer}`, owner: `writer ${writer}` })
      const toDelete = initial.slice(kept).filter((_, index) => index % WRITERS === writer)
      tasks.push({ place, datastoreId, lease, writer, kept, toDelete })
    }
    const other = await createDatastore(catalog, 'other')
    // Changes of another data store have numbers of their own, and lock nothing that these writers need.
    const lease = await startJob(catalog, { datastoreId: other, name: 'job of another', owner: 'writer of another' })
    tasks.push({ place, datastoreId: other, lease, writer: WRITERS, kept, toDelete: [] })
    const writers = new Writers(tasks)
    try {
      await writers.nextWrite()
      await Promise.all(
        Object.entries(SEARCHES).map(([name, search]) =>
          assertOneSnapshot({ catalog, datastoreId, name, search, initial, written: writers }),
        ),
      )
      assert.ok(writers.deleted.size > 0 && writers.written > 0)
    } finally {
      await writers.stop()
    }
    for await (const { differences } of catalog.searchIndex.verify()) assert.deepEqual(differences, [])
  })
}
