/** Steps that take transactions of several catalogs, as their callers take them, again after a failure, and what there is afterwards. */
import assert from 'node:assert/strict'
import { groupingKey } from '../../imaging/grouping.ts'
import { toTerms } from '../../imaging/search/terms.ts'
import type { Catalog } from '../catalog/catalog.ts'
import {
  AT,
  createDatastore,
  DIGEST,
  datastoreNamed,
  digestsOf,
  failedFile,
  importFiles,
  jobNamed,
  publishAll,
  record,
  storedFile,
  tokenOf,
} from '../catalog/conformance/catalog.fixture.ts'
import { describedFile, endOf, updateOf, versionOf } from '../catalog/conformance/workflow.fixture.ts'
import { type Declaration, DeclarationsChanged } from '../catalog/declared-attribute-repository.ts'
import { ImageSetChanged, ImageSetLocked } from '../catalog/image-set-records.ts'
import { isStoring, type Lease, type RecordedFile, type StoredFile } from '../catalog/import-job-repository.ts'
import { partitionsWith, studyOf } from './partitions.fixture.ts'

export interface Scenario<Subject> {
  /** Nothing of it fails. @param name of its data store */
  prepare(catalog: Catalog, name: string): Promise<Subject>
  /** @param attempt from 1 */
  attempt(catalog: Catalog, subject: Subject, attempt: number): Promise<void>
  /** What is to be the same. Without ids. */
  state(catalog: Catalog, parts: readonly Catalog[], subject: Subject): Promise<unknown>
}

const STUDY = { first: study(1, 1), second: study(2, 1), other: study(2, 2) }

function study(partition: number, name: number): string {
  return studyOf(partition, { of: 2, name })
}

/** What a server does when it starts. */
async function start({ datastores }: Catalog): Promise<void> {
  for (const datastoreId of await datastores.unsettled()) await datastores.settle(datastoreId, AT)
}

const storeOf = async (parts: readonly Catalog[], datastoreId: string) =>
  Promise.all(
    parts.map(async ({ datastores, tags }) => ({
      status: (await datastores.get(datastoreId, { deletedSince: 0 }))?.datastoreStatus,
      tags: await tags.list({ datastoreId, imageSetId: undefined }),
    })),
  )

/** The image sets of the studies: where they are, and their instances. */
async function imageSetsOf(catalog: Catalog, parts: readonly Catalog[], datastoreId: string) {
  const found: unknown[] = []
  for (const studyInstanceUID of Object.values(STUDY)) {
    const of = { datastoreId, studyInstanceUID }
    const imageSetIds = await catalog.imageSets.idsOfStudy({ ...of, max: 10 })
    const instances = await Promise.all(
      imageSetIds.map(async (imageSetId) => {
        const { workflowStatus, imageSetState } = (await catalog.imageSets.get({
          ...{ datastoreId, imageSetId, deletedSince: AT },
        }))!
        const uids = (await catalog.imageSets.instances({ datastoreId, imageSetId })).map((each) => each.sopInstanceUID)
        return { imageSetState, isFailed: workflowStatus.endsWith('FAILED'), uids }
      }),
    )
    found.push({ partitions: await partitionsWith(parts, of), instances })
  }
  return found
}

const creation: Scenario<string> = {
  prepare: async (_, name) => name,
  async attempt(catalog, name) {
    await start(catalog)
    const datastore = datastoreNamed(name)
    await catalog.datastores.create({ datastore, tags: { team: 'a' }, token: tokenOf(name) })
    await catalog.datastores.settle(datastore.datastoreId, AT)
  },
  state: (_, parts, name) => storeOf(parts, datastoreNamed(name).datastoreId),
}

const deletion: Scenario<string> = {
  prepare: (catalog, name) => createDatastore(catalog, name),
  async attempt(catalog, datastoreId) {
    await start(catalog)
    const { datastoreStatus } = (await catalog.datastores.get(datastoreId, { deletedSince: 0 }))!
    if (datastoreStatus === 'ACTIVE') assert.equal(await catalog.datastores.beginDelete(datastoreId, AT), 'deleting')
    await catalog.datastores.settle(datastoreId, AT)
  },
  state: (_, parts, datastoreId) => storeOf(parts, datastoreId),
}

/** Of a data store whose second partition has an image set. */
const refusedDeletion: Scenario<string> = {
  async prepare(catalog, name) {
    const datastoreId = await createDatastore(catalog, name)
    await importFiles(catalog, { datastoreId, files: [storedFile('a', { study: STUDY.second })] })
    return datastoreId
  },
  async attempt(catalog, datastoreId) {
    await start(catalog)
    assert.equal(await catalog.datastores.beginDelete(datastoreId, AT), 'holds-image-sets')
  },
  state: (_, parts, datastoreId) => storeOf(parts, datastoreId),
}

const tags: Scenario<string> = {
  prepare: (catalog, name) => createDatastore(catalog, name),
  async attempt(catalog, datastoreId) {
    const resource = { datastoreId, imageSetId: undefined }
    const added = { a: '1', b: '2', 'hilum:legal-hold': 'on' }
    assert.equal(await catalog.tags.add(resource, { tags: added, tagsMax: 50, at: AT }), 'added')
    await catalog.tags.remove(resource, ['a', 'hilum:legal-hold'])
  },
  state: (_, parts, datastoreId) => storeOf(parts, datastoreId),
}

interface ImportSubject {
  readonly datastoreId: string
  readonly name: string
  /** The keys of the report, by the attempt that finished. */
  reported: readonly string[]
}

const FILES: readonly (readonly RecordedFile[])[] = [
  [
    ...['a', 'b'].map((key, at) => describedFile(key, { study: Object.values(STUDY)[at]!, sop: `1.${key}` })),
    failedFile('c'),
  ],
  [
    ...['d', 'e'].map((key, at) => describedFile(key, { study: Object.values(STUDY)[at]!, sop: `1.${key}` })),
    describedFile('f', { study: STUDY.other, sop: '1.f' }),
    failedFile('g'),
  ],
]

/** Records a batch as a small one that is published at once, and only records it if that is too late. */
async function recordSmall(
  catalog: Catalog,
  lease: Lease,
  { files, datastoreId }: { files: readonly RecordedFile[]; datastoreId: string },
) {
  const stored = files.filter((file): file is StoredFile => file.outcome === 'stored')
  const groups = stored.map(({ grouping }, groupId) => ({ groupId, elements: grouping, files: 1 }))
  assert.equal(new Set(stored.map(({ grouping }) => groupingKey(grouping))).size, stored.length)
  const bases = await catalog.importJobs.versionsToExtend(
    datastoreId,
    groups.map(({ elements }) => elements),
  )
  const { revision } = await catalog.declaredAttributes.declared(datastoreId)
  const blobKey = `documents of ${lease.owner}`
  const place = { offsetBytes: 0, sizeBytes: 2, contentBytes: 2, crc32: 0, bodyChecksum: 0, declaredTexts: new Map() }
  const byGroup = new Map(groups.map(({ groupId }) => [groupId, { ...place, base: bases[groupId] }]))
  const keys = stored.flatMap((file) => [file.blobKey, file.metadata.blobKey, file.frames!.blobKey])
  const digests = digestsOf([...keys, blobKey])
  try {
    const documents = { blobKey, digest: DIGEST, byGroup, revision, groups }
    await catalog.importJobs.recordAndPublish(lease, { files, digests, documents, at: AT })
  } catch (cause) {
    const isLate = [ImageSetChanged, ImageSetLocked, DeclarationsChanged].some((late) => cause instanceof late)
    if (!isLate) throw cause
    await catalog.importJobs.record(lease, files, digests)
  }
}

/** The blobs of an attempt are its own. */
const filesOf = (files: readonly RecordedFile[], owner: string): readonly RecordedFile[] =>
  files.map((file) =>
    file.outcome !== 'stored'
      ? file
      : {
          ...file,
          blobKey: `${file.blobKey} of ${owner}`,
          metadata: { ...file.metadata, blobKey: `${file.metadata.blobKey} of ${owner}` },
          frames: { ...file.frames!, blobKey: `${file.frames!.blobKey} of ${owner}` },
        },
  )

const anImport: Scenario<ImportSubject> = {
  async prepare(catalog, name) {
    const datastoreId = await createDatastore(catalog, name)
    await importFiles(catalog, { datastoreId, files: [describedFile('0', { study: STUDY.second, sop: '1.0' })] })
    return { datastoreId, name, reported: [] }
  },
  async attempt(catalog, subject, attempt) {
    const { datastoreId, name } = subject
    const { importJobs } = catalog
    const { jobId } = jobNamed(name, { datastoreId })
    await importJobs.submit({ job: jobNamed(name, { datastoreId }), token: tokenOf(name) })
    const owner = `${name} ${attempt}`
    const now = AT + attempt * 60_000
    const claimed = await importJobs.claim({ owner, now, leaseUntil: now + 30_000 })
    if (claimed !== undefined) {
      assert.ok(claimed.jobId === jobId && !isStoring(claimed))
      const lease = { jobId, owner }
      const last = await importJobs.lastRecordedKey(jobId)
      for (const [at, batch] of FILES.entries()) {
        const files = filesOf(batch, `${owner} ${at}`).filter(({ key }) => last === undefined || key > last)
        if (files.length === 0) continue
        if (at === 0) await recordSmall(catalog, lease, { files, datastoreId })
        else await record(catalog, lease, files)
      }
      await publishAll(catalog, lease, AT)
      const reported: string[] = []
      for await (const { key } of importJobs.reportLines(jobId)) reported.push(key)
      subject.reported = reported
      await importJobs.finish(lease, { jobStatus: 'COMPLETED', message: undefined, endedAt: now })
    }
    // A worker that finds nothing to do ends what is left of jobs.
    await importJobs.claim({ owner, now, leaseUntil: now + 30_000 })
  },
  async state(catalog, parts, { datastoreId, name, reported }) {
    const { jobId } = jobNamed(name, { datastoreId })
    const job = await catalog.importJobs.get({ datastoreId, jobId })
    return {
      reported,
      job: job && [job.jobStatus, job.filesDone, job.filesFailed],
      left: await Promise.all(parts.map(({ asPartition }) => asPartition.unended(10))),
      recorded: await catalog.importJobs.recordedKeys(jobId, ['a', 'b', 'd']),
      imageSets: await imageSetsOf(catalog, parts, datastoreId),
    }
  },
}

interface WorkflowSubject {
  readonly datastoreId: string
  readonly updated: string
  readonly deleted: string
}

/** An update that moves a study to another partition, and a deletion. */
const workflows: Scenario<WorkflowSubject> = {
  async prepare(catalog, name) {
    const datastoreId = await createDatastore(catalog, name)
    const files = [STUDY.first, STUDY.second].map((uid, at) => describedFile(`${at}`, { study: uid, sop: `1.${at}` }))
    const [first, second] = await importFiles(catalog, { datastoreId, files })
    return { datastoreId, updated: first!.imageSetId, deleted: second!.imageSetId }
  },
  async attempt(catalog, { datastoreId, updated, deleted }, attempt) {
    const { workflows: own } = catalog
    const now = AT + attempt * 60_000
    const begun = await own.begin({
      ...{ datastoreId, request: updateOf(updated, 1), studyInstanceUID: STUDY.other, at: AT },
    })
    assert.ok(['begun', 'locked', 'not-latest'].includes(begun.outcome))
    const deletionBegun = await own.begin({
      ...{ datastoreId, request: { operation: 'DeleteImageSet', imageSetId: deleted }, at: AT },
    })
    assert.ok(['begun', 'locked', 'absent'].includes(deletionBegun.outcome))
    // A claim whose answer was lost holds its lease, while those of other partitions go on.
    for (const at of [now, now + 31_000]) {
      for (;;) {
        const claimed = await own.claim({ owner: `worker ${attempt}`, now: at, leaseUntil: at + 30_000 })
        if (claimed === undefined) break
        if (claimed.request.operation === 'DeleteImageSet') await own.completeDeletion(claimed.lease, at)
        else {
          const { grouping } = storedFile('a', { study: STUDY.other })
          assert.equal(await own.complete(claimed.lease, endOf([versionOf(updated, { grouping })], at)), 'completed')
        }
      }
    }
  },
  async state(catalog, parts, { datastoreId, updated }) {
    const { version } = (await catalog.imageSets.get({ datastoreId, imageSetId: updated, deletedSince: AT }))!
    return { version, imageSets: await imageSetsOf(catalog, parts, datastoreId) }
  },
}

const DEPARTMENT = { tag: '00081040', keyword: 'InstitutionalDepartmentName', comparison: 'words' } as const
const PROTOCOL = { tag: '00181030', keyword: 'ProtocolName', comparison: 'words' } as const

async function makeSearchable(catalog: Catalog, datastoreId: string, attribute: typeof DEPARTMENT | typeof PROTOCOL) {
  const declared = await catalog.declaredAttributes.declare(datastoreId, attribute, { max: 2 })
  const { number } = declared as Declaration
  for (;;) {
    const batch = await catalog.declaredAttributes.nextBatch({ datastoreId, number }, { limit: 2 })
    if (batch === undefined) return
    const texts = new Map(batch.imageSets.map(({ rowId }) => [rowId, new Map([[`words ${number}` as const, ['x']]])]))
    await catalog.declaredAttributes.describe({ datastoreId, number }, { ...batch, texts })
  }
}

/** The declarations in each partition, and what searches by the attribute find. */
async function declarationsOf(catalog: Catalog, parts: readonly Catalog[], datastoreId: string) {
  const standing = await Promise.all(
    parts.slice(1).map(async ({ asPartition }) => {
      const { revision, declarations } = (await asPartition.standingDeclarations(datastoreId))!
      return { revision, declarations: declarations.map(({ number, keyword, state }) => [number, keyword, state]) }
    }),
  )
  const all = (await catalog.declaredAttributes.list(datastoreId))!
  const found: number[] = []
  for (const of of all) {
    const search = { filters: [], sort: { sortField: 'createdAt', sortOrder: 'ASC' } } as const
    const terms = toTerms([[of.keyword, 'x']], [of])
    found.push((await catalog.imageSets.search({ datastoreId, search: { ...search, terms }, limit: 10 })).rows.length)
  }
  return { standing, found, states: all.map(({ state }) => state) }
}

async function withImageSets(catalog: Catalog, name: string): Promise<string> {
  const datastoreId = await createDatastore(catalog, name)
  const files = Object.values(STUDY).map((uid, at) => storedFile(`${at}`, { study: uid }))
  await importFiles(catalog, { datastoreId, files })
  return datastoreId
}

const declarations: Scenario<string> = {
  prepare: withImageSets,
  async attempt(catalog, datastoreId) {
    for (const attribute of [DEPARTMENT, PROTOCOL]) await makeSearchable(catalog, datastoreId, attribute)
  },
  state: declarationsOf,
}

/** Of one, after which another is declared. */
const removals: Scenario<string> = {
  async prepare(catalog, name) {
    const datastoreId = await withImageSets(catalog, name)
    await makeSearchable(catalog, datastoreId, DEPARTMENT)
    return datastoreId
  },
  async attempt(catalog, datastoreId) {
    const removed = await catalog.declaredAttributes.beginRemoval(datastoreId, DEPARTMENT.keyword)
    if (removed !== undefined) {
      const which = { datastoreId, number: removed.number }
      while ((await catalog.declaredAttributes.removeBatch(which, { limit: 1 })) !== undefined);
    }
    await makeSearchable(catalog, datastoreId, PROTOCOL)
  },
  state: declarationsOf,
}

export const SCENARIOS = {
  'a data store is created in all partitions': creation,
  'a data store is deleted in all partitions': deletion,
  'a data store whose deletion is refused stays as it was': refusedDeletion,
  'tags and locks of a data store are in all partitions': tags,
  'files of an import are recorded, published and reported once': anImport,
  'an update moves a study, and a deletion completes': workflows,
  'attributes are declared in all partitions, with the same numbers': declarations,
  'declared attributes are removed from all partitions': removals,
} as unknown as Readonly<Record<string, Scenario<unknown>>>
