/**
 * Makes the image sets of a job visible, some groups at a time: their metadata documents into one blob first, then all of them in one
 * transaction. A document holds every instance of its version, so it is made from the version that it will follow; where another job
 * was faster, nothing is published and the documents are made anew.
 */
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { ImportApp } from '../app.ts'
import type { DocumentBody } from '../imaging/metadata-document.ts'
import {
  type DocumentOfGroup,
  type DocumentsOfGroups,
  ImageSetLocked,
  ImageSetMoved,
  type ImportJob,
  type InstanceParts,
  type Lease,
  type VersionToBe,
  type WaitingGroup,
} from '../stores/catalog.ts'
import { gathered } from './gathered.ts'
import { DocumentJoiner } from './join-document.ts'
import { blobFolder } from './store-batch.ts'

/** Whose documents lie in one blob: enough to share an fsync. */
const GROUPS_AT_ONCE = 1_000
/** More than this at once only where one group has more. */
const FILES_AT_ONCE = 20_000
/** Published in one transaction: enough to share another and the writing of leaves, few enough for others to get their turn. */
const GROUPS_PER_TRANSACTION = 100

/** Updates and copies take a fraction of a second, mostly. */
const UNLOCKED_SOON_MS = 100

interface Publishing {
  readonly app: ImportApp
  readonly job: ImportJob
  readonly lease: Lease
  /** Aborted when the server stops. */
  readonly signal: AbortSignal
}

export async function publishGroups({ app, job, lease, signal }: Publishing): Promise<void> {
  for (;;) {
    const groups = ofFewFiles(await app.catalog.importJobs.waitingGroups(job.jobId, GROUPS_AT_ONCE))
    if (groups.length === 0) return
    signal.throwIfAborted()
    const documents = await writeDocuments(app, job, groups)
    const published = await publishAll({ app, job, lease, signal }, { groups, documents })
    if (published === 0) await app.blobs.remove([documents.blobKey])
  }
}

/** Up to the first that another job was faster with, or that an update has locked. Answers how many there were. */
async function publishAll(
  { app, lease, signal }: Publishing,
  { groups, documents }: { readonly groups: readonly WaitingGroup[]; readonly documents: DocumentsOfGroups },
): Promise<number> {
  for (let start = 0; start < groups.length; start += GROUPS_PER_TRANSACTION) {
    signal.throwIfAborted()
    const some = groups.slice(start, start + GROUPS_PER_TRANSACTION)
    try {
      await app.catalog.importJobs.publish(lease, some, app.clock(), documents)
    } catch (cause) {
      if (cause instanceof ImageSetLocked) await setTimeout(UNLOCKED_SOON_MS)
      else if (!(cause instanceof ImageSetMoved)) throw cause
      return start
    }
  }
  return groups.length
}

function ofFewFiles(groups: readonly WaitingGroup[]): readonly WaitingGroup[] {
  let files = 0
  const tooMany = groups.findIndex((group) => {
    files += group.files
    return files > FILES_AT_ONCE
  })
  return tooMany === -1 ? groups : groups.slice(0, Math.max(tooMany, 1))
}

async function writeDocuments(
  app: ImportApp,
  job: ImportJob,
  groups: readonly WaitingGroup[],
): Promise<DocumentsOfGroups> {
  const blobKey = `${blobFolder(job)}${app.newId()}`
  const joiner = new DocumentJoiner(app)
  const ofGroups = new Map<number, DocumentOfGroup>()
  async function* bodies(): AsyncGenerator<Uint8Array> {
    let offsetBytes = 0
    for (const version of await app.catalog.importJobs.versionsToBe(job.jobId, groups)) {
      let sizeBytes = 0
      const instances = await instancesOf(app, job, version)
      const finished = (body: DocumentBody) => {
        ofGroups.set(version.groupId, { ...body, base: version.base, offsetBytes, sizeBytes })
      }
      for await (const bytes of joiner.body(instances, finished)) {
        sizeBytes += bytes.length
        yield bytes
      }
      offsetBytes += sizeBytes
      // In the library door an import shares its thread with the server, which gets its turn between two documents.
      await setImmediate()
    }
  }
  const digest = await app.blobs.put(blobKey, gathered(bodies()))
  return { blobKey, digests: new Map([[blobKey, digest]]), ofGroups }
}

async function instancesOf(
  app: ImportApp,
  { datastoreId }: ImportJob,
  { base, added }: VersionToBe,
): Promise<readonly InstanceParts[]> {
  if (base === undefined) return added
  const again = new Set(added.map(({ sopInstanceUID }) => sopInstanceUID))
  const held = await app.catalog.imageSets.parts({ datastoreId, ...base })
  return [...held.filter(({ sopInstanceUID }) => !again.has(sopInstanceUID)), ...added]
}
