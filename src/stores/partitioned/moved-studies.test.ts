/** A study has image sets in one partition, also when updates change the StudyInstanceUID of image sets. */
import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import pg from 'pg'
import { isThorough } from '../../fixtures/soak.ts'
import { groupingKey } from '../../imaging/grouping.ts'
import type { Catalog } from '../catalog/catalog.ts'
import {
  AT,
  createDatastore,
  type FileValues,
  importFiles,
  publishAll,
  record,
  startJob,
  storedFile,
} from '../catalog/conformance/catalog.fixture.ts'
import { begin, claim, describedFile, endOf, updateOf, versionOf } from '../catalog/conformance/workflow.fixture.ts'
import { ImageSetChanged } from '../catalog/image-set-records.ts'
import { type PostgresServer, postgresIsMissing, startPostgres } from '../sql/engine/postgres/postgres.fixture.ts'
import {
  type OpenPartition,
  openServer,
  partitionsWith,
  postgresSchemas,
  schemaOf,
  sqliteFiles,
  studyOf,
} from './partitions.fixture.ts'

const PARTITIONS = 3
const study = (partition: number, name: number) => studyOf(partition, { of: PARTITIONS, name })

async function opened(context: TestContext, open?: OpenPartition) {
  const server = await openServer(context, { open: open ?? (await sqliteFiles(context)), partitions: PARTITIONS })
  return { ...server, datastoreId: await createDatastore(server.catalog) }
}

type Opened = Awaited<ReturnType<typeof opened>>

async function importOne({ catalog, datastoreId }: Opened, values: FileValues) {
  const [made] = await importFiles(catalog, { datastoreId, files: [describedFile('a', values)] })
  return made!.imageSetId
}

interface Move {
  readonly imageSetId: string
  readonly version: number
  readonly to: string
  /** Whether the request knows the study of the version that it begins. */
  readonly isKnown?: boolean
}

/** Gives an image set another StudyInstanceUID. */
async function move({ catalog, datastoreId }: Pick<Opened, 'catalog' | 'datastoreId'>, wanted: Move) {
  const { imageSetId, version, to, isKnown = true } = wanted
  const request = updateOf(imageSetId, version)
  const begun = await catalog.workflows.begin({
    ...{ datastoreId, request, at: AT },
    studyInstanceUID: isKnown ? to : undefined,
  })
  assert.equal(begun.outcome, 'begun')
  await complete(catalog, { imageSetId, to })
}

async function complete(catalog: Catalog, { imageSetId, to }: Pick<Move, 'imageSetId' | 'to'>) {
  const { lease } = await claim(catalog)
  const grouping = { ...storedFile('a', { study: to, series: `${to}.9` }).grouping }
  try {
    const version = versionOf(imageSetId, { grouping })
    assert.equal(await catalog.workflows.complete(lease, endOf([version], AT + 2_000)), 'completed')
  } catch (cause) {
    await catalog.workflows.fail(lease, { message: 'failed', at: AT + 2_000 })
    throw cause
  }
}

const idsOf = ({ catalog, datastoreId }: Opened, studyInstanceUID: string) =>
  catalog.imageSets.idsOfStudy({ datastoreId, studyInstanceUID, max: 10 })

const partitionOf = (imageSetId: string): number => Number.parseInt(imageSetId.slice(0, 3), 16)

describe('a study in the partition of an image set that was given its StudyInstanceUID', () => {
  it('is found there by every look-up for a study', async (context) => {
    const server = await opened(context)
    const { catalog, datastoreId } = server
    const imageSetId = await importOne(server, { study: study(1, 1), sop: '1.1' })
    const to = study(2, 2)
    // Another server, which has looked for the study before.
    assert.deepEqual(await idsOf(server, to), [])
    await move(server, { imageSetId, version: 1, to })

    const of = { datastoreId, studyInstanceUID: to }
    assert.deepEqual(await idsOf(server, to), [imageSetId])
    assert.deepEqual(
      (await catalog.imageSets.ofStudy(of)).map((each) => each.imageSetId),
      [imageSetId],
    )
    const instances = await catalog.imageSets.instancesOfSeries({ ...of, seriesInstanceUID: `${to}.9` })
    assert.deepEqual(
      instances.map((each) => each.sopInstanceUID),
      ['1.1'],
    )
    assert.notEqual(await catalog.imageSets.representativeInstance(of), 'absent')
    assert.equal((await catalog.series.classesOfStudy(of)).length, 1)
    assert.deepEqual(
      [...(await catalog.series.totalsOfStudies({ datastoreId, studyInstanceUIDs: [study(3, 3), to] }))].map(
        ([uid, { instances: count }]) => [uid, count],
      ),
      [[to, 1]],
    )
    const criteria = [{ keyword: 'StudyInstanceUID', match: { kind: 'equal', values: [to] } }] as const
    const studies = await catalog.studies.search({
      ...{ datastoreId, criteria, order: [], offset: 0, limit: 10, isCounted: true },
    })
    assert.deepEqual([studies.rows.length, studies.total], [1, 1])
    const series = await catalog.series.searchSeries({
      ...{ datastoreId, studyInstanceUIDs: [to], criteria: [], order: [], offset: 0, limit: 10, rowsMax: 100 },
    })
    assert.equal(series.rows.length, 1)
    const filters = [{ attribute: 'DICOMStudyInstanceUID', equals: to }] as const
    const search = { filters, sort: { sortField: 'updatedAt', sortOrder: 'DESC' } } as const
    const page = await catalog.imageSets.search({ datastoreId, search, limit: 10, count: 'exact' })
    assert.deepEqual([page.rows.map((row) => row.imageSetId), page.total], [[imageSetId], 1])
    assert.deepEqual(page.visited.datastorePartitions, [1])
  })

  it('takes the files that are imported later, also by a server that does not know', async (context) => {
    const open = await sqliteFiles(context)
    const server = await opened(context, open)
    const other = await openServer(context, { open, partitions: PARTITIONS })
    const imageSetId = await importOne(server, { study: study(1, 1), sop: '1.1' })
    const to = study(2, 2)
    await move(server, { imageSetId, version: 1, to, isKnown: false })

    const again = await importOne({ ...server, ...other }, { study: to, series: `${to}.9`, sop: '1.2' })
    assert.equal(again, imageSetId, 'the files extend the primary image set of their series')
    const beside = await importOne(server, { study: to, series: `${to}.8`, sop: '1.3' })
    assert.equal(partitionOf(beside), 1)
    assert.deepEqual(await partitionsWith(server.parts, { ...server, studyInstanceUID: to }), [1])
  })

  it('takes a small batch that was to be published at once, of which only the files are recorded then', async (context) => {
    const server = await opened(context)
    const { catalog, datastoreId, parts } = server
    const to = study(2, 2)
    await parts[2]!.asPartition.keepStudyIn({ datastoreId, studyInstanceUID: to, partition: 3 })
    const lease = await startJob(catalog, { datastoreId })
    const files = [storedFile('a', { study: study(1, 1) }), storedFile('b', { study: to })]
    const groups = files.map((file, groupId) => ({ groupId, elements: file.grouping, files: 1 }))
    const document = { base: undefined, offsetBytes: 0, sizeBytes: 2, contentBytes: 2, crc32: 0, bodyChecksum: 0 }
    const byGroup = new Map(groups.map(({ groupId }) => [groupId, { ...document, declaredTexts: new Map() }]))
    const digest = { sizeBytes: 1_000, sha256: '' }
    const digests = new Map([['blob', digest]])
    const documents = { blobKey: 'blob', digest, byGroup, revision: 0, groups }
    await assert.rejects(
      catalog.importJobs.recordAndPublish(lease, { files, digests, documents, at: AT }),
      ImageSetChanged,
    )
    await record(catalog, lease, files)
    assert.deepEqual(
      (await publishAll(catalog, lease, AT)).map((made) => partitionOf(made.imageSetId)),
      [3],
    )
    assert.equal((await idsOf(server, study(1, 1))).length, 1)
    assert.deepEqual((await catalog.importJobs.recordedKeys(lease.jobId, ['a', 'b'])).toSorted(), ['a', 'b'])
  })

  it('stays there when the update fails, and when all its image sets are deleted', async (context) => {
    const server = await opened(context)
    const { catalog, datastoreId } = server
    const imageSetId = await importOne(server, { study: study(1, 1), sop: '1.1' })
    const to = study(2, 2)
    const request = updateOf(imageSetId, 1)
    await catalog.workflows.begin({ datastoreId, request, studyInstanceUID: to, at: AT })
    await catalog.workflows.fail((await claim(catalog)).lease, { message: 'failed', at: AT })
    const made = await importOne(server, { study: to, sop: '1.2' })
    assert.equal(partitionOf(made), 1)
    await catalog.imageSets.delete({ datastoreId, imageSetId: made, at: AT })
    assert.equal(partitionOf(await importOne(server, { study: to, sop: '1.2' })), 1)
  })

  it('goes back to its former study, and to others, as long as they are in the partition', async (context) => {
    const server = await opened(context)
    const [from, to] = [study(1, 1), study(2, 2)]
    const imageSetId = await importOne(server, { study: from, sop: '1.1' })
    for (const [at, next] of [to, from, to, study(3, 3), from].entries()) {
      await move(server, { imageSetId, version: at + 1, to: next })
      assert.deepEqual(await idsOf(server, next), [imageSetId])
      assert.deepEqual(await partitionsWith(server.parts, { ...server, studyInstanceUID: next }), [1])
    }
  })

  it('is deleted as a whole by its image sets', async (context) => {
    const server = await opened(context)
    const { catalog, datastoreId } = server
    const imageSetId = await importOne(server, { study: study(1, 1), sop: '1.1' })
    const to = study(2, 2)
    await move(server, { imageSetId, version: 1, to })
    const deletion = { datastoreId, studyInstanceUID: to, at: AT }
    assert.deepEqual(await catalog.workflows.beginDeletions({ ...deletion, imageSetIds: [] }), { outcome: 'others' })
    const imageSetIds = [imageSetId]
    assert.deepEqual(await catalog.workflows.beginDeletions({ ...deletion, imageSetIds }), { outcome: 'begun' })
  })
})

describe('an update to a study of another partition is refused', () => {
  const refused = { name: 'ValidationException', message: /keeps in another partition/ }
  const refusals: Readonly<Record<string, (server: Opened, to: string) => Promise<unknown>>> = {
    'if its home has image sets of it': (server, to) => importOne(server, { study: to, sop: '1.9' }),
    'if a third partition has it': (server, to) =>
      server.parts[2]!.asPartition.keepStudyIn({ ...server, studyInstanceUID: to, partition: 3 }),
  }
  for (const [when, prepare] of Object.entries(refusals)) {
    it(`${when}, when it begins and when it completes`, async (context) => {
      const server = await opened(context)
      const imageSetId = await importOne(server, { study: study(1, 1), sop: '1.1' })
      const to = study(2, 2)
      await prepare(server, to)
      await assert.rejects(move(server, { imageSetId, version: 1, to }), refused)
      await assert.rejects(move(server, { imageSetId, version: 1, to, isKnown: false }), refused)
      assert.deepEqual(await idsOf(server, study(1, 1)), [imageSetId])
    })
  }

  it('if its own home, the partition of the image set, does not have it', async (context) => {
    const server = await opened(context)
    const { catalog, datastoreId, parts } = server
    const imageSetId = await importOne(server, { study: study(1, 1), sop: '1.1' })
    const to = study(1, 2)
    await begin(catalog, datastoreId, updateOf(imageSetId, 1))
    await parts[1]!.asPartition.keepStudyIn({ datastoreId, studyInstanceUID: to, partition: 2 })
    await assert.rejects(complete(catalog, { imageSetId, to }), refused)
  })

  it('while files of it are recorded that are not published', async (context) => {
    const server = await opened(context)
    const { catalog, datastoreId } = server
    const imageSetId = await importOne(server, { study: study(1, 1), sop: '1.1' })
    const to = study(2, 2)
    const lease = await startJob(catalog, { datastoreId })
    await record(catalog, lease, [storedFile('a', { study: to })])
    const moving = { imageSetId, version: 1, to }
    await assert.rejects(move(server, moving), { name: 'ConflictException', message: /are being imported/ })
    await publishAll(catalog, lease, AT)
    await assert.rejects(move(server, moving), refused)
  })

  it('with a key that begins as the JSON of groups does', () => {
    const { grouping } = storedFile('a', { study: '1.2.3' })
    assert.ok(groupingKey(grouping).startsWith('["1.2.3",'))
  })
})

/** Two servers update image sets of two partitions to the studies of a third, where an import brings files of them at the same time. */
async function race(context: TestContext, open: OpenPartition) {
  const server = await opened(context, open)
  const { catalog, datastoreId, parts } = server
  const { catalog: other } = await openServer(context, { open, partitions: PARTITIONS })
  const contested = Array.from({ length: 12 }, (_, name) => study(3, 100 + name))
  const targets = new Map<string, string>()
  for (const partition of [1, 2]) {
    const files = contested.map((_, name) =>
      describedFile(`${partition}${String(name).padStart(3, '0')}`, { study: study(partition, name), sop: `${name}` }),
    )
    const made = await importFiles(catalog, { datastoreId, files })
    for (const [at, { imageSetId }] of made.entries()) targets.set(imageSetId, contested[at]!)
  }

  /** Begins the updates of a partition, and completes those that are claimed, which may be the other server's. */
  async function update(by: Catalog, partition: number): Promise<void> {
    for (const [imageSetId, studyInstanceUID] of targets) {
      if (partitionOf(imageSetId) !== partition) continue
      const request = { datastoreId, request: updateOf(imageSetId, 1), studyInstanceUID, at: AT }
      const begun = await by.workflows.begin(request).catch((cause: Error) => cause)
      if (begun instanceof Error) {
        assert.match(begun.name, /ValidationException|ConflictException/)
        continue
      }
      const claimed = await by.workflows.claim({ owner: imageSetId, now: AT, leaseUntil: AT + 30_000 })
      if (claimed === undefined) continue
      const claimedId = claimed.imageSets[0]!.imageSetId
      const { grouping } = storedFile('a', { study: targets.get(claimedId)! })
      const outcome = await by.workflows.complete(
        claimed.lease,
        endOf([versionOf(claimedId, { grouping })], AT + 2_000),
      )
      assert.equal(outcome, 'completed', 'a study that was kept for an update stays so')
    }
  }
  async function importAll(by: Catalog): Promise<void> {
    for (const [at, to] of contested.entries()) {
      const lease = await startJob(by, { datastoreId, name: `contested ${at}` })
      await record(by, lease, [describedFile('z', { study: to, series: `${to}.7`, sop: `7.${at}` })])
      assert.equal((await publishAll(by, lease, AT)).length, 1)
      await by.importJobs.finish(lease, { jobStatus: 'COMPLETED', message: undefined, endedAt: AT })
    }
  }
  await Promise.all([update(catalog, 1), update(other, 2), importAll(other)])
  for (const studyInstanceUID of contested) {
    const where = await partitionsWith(parts, { datastoreId, studyInstanceUID })
    assert.equal(where.length, 1, `the study is in the partitions ${where}`)
    const imported = { datastoreId, studyInstanceUID, seriesInstanceUID: `${studyInstanceUID}.7` }
    assert.equal((await catalog.imageSets.ofStudy(imported)).length, 1)
  }
}

/** What a transaction that holds a lock writes of the study `?`, before it commits. */
const WRITES = {
  'records files of it': {
    lock: 'SELECT job FROM import_jobs WHERE ended_at IS NULL FOR UPDATE',
    write: `UPDATE import_groups SET grouping_key = '["' || $1 || '",' || substr(grouping_key, 3)`,
    outcome: 'being-imported',
  },
  'gives its UID to an image set': {
    lock: 'UPDATE changes SET number = number',
    write: 'UPDATE image_sets SET study_instance_uid = $1',
    outcome: 'elsewhere',
  },
} as const

async function keepsWaiting(
  { url, parts, datastoreId }: Opened & { readonly url: string },
  { lock, write, outcome }: (typeof WRITES)[keyof typeof WRITES],
  which: string,
): Promise<void> {
  const studyInstanceUID = study(3, 900 + outcome.length)
  const writer = new pg.Client({ connectionString: url, options: `-c search_path=${schemaOf(3)}` })
  await writer.connect()
  try {
    await writer.query('BEGIN')
    await writer.query(lock)
    let isDone = false
    const keeping = parts[3]!.asPartition
      .keepStudyIn({ datastoreId, studyInstanceUID, partition: 1 })
      .finally(() => (isDone = true))
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'`
    while (!isDone && (await writer.query(waiting)).rows.length === 0) await setImmediate()
    await writer.query(write, [studyInstanceUID])
    await writer.query('COMMIT')
    assert.equal(await keeping, outcome, `a transaction ${which}`)
  } finally {
    await writer.end()
  }
}

describe('servers that change the same studies', () => {
  it('leave each in one partition, on SQLite', async (context) => {
    await race(context, await sqliteFiles(context))
  })

  describe('on PostgreSQL', { skip: postgresIsMissing }, () => {
    let server: PostgresServer
    before(async () => {
      server = await startPostgres()
    })
    after(() => server.remove())

    it('leave each in one partition', { skip: !isThorough && 'many transactions' }, async (context) => {
      await race(context, postgresSchemas(await server.newDatabase()))
    })

    it('wait for a transaction before a study is kept elsewhere', async (context) => {
      const url = await server.newDatabase()
      const own = await opened(context, postgresSchemas(url))
      await importOne(own, { study: study(3, 901) })
      const lease = await startJob(own.catalog, { datastoreId: own.datastoreId })
      await record(own.catalog, lease, [storedFile('a', { study: study(3, 902) })])
      for (const [which, writes] of Object.entries(WRITES)) await keepsWaiting({ ...own, url }, writes, which)
    })
  })
})
