/**
 * Makes the image sets of a job visible, some groups at a time: their metadata documents into one blob first, then all of them in one
 * transaction. A document holds every instance of its version, so it is made from the version that it will follow; where another job
 * was faster, nothing is published and the documents are made anew.
 */
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { ImportApp } from '../app.ts'
import { flatAttributes, keysThatDiffer } from '../imaging/documents/attribute-overrides.ts'
import { coercionWarning, type ImportWarning } from '../imaging/import-warnings.ts'
import { coalesced } from '../ingest/coalesce-chunks.ts'
import { blobFolder } from '../ingest/store-batch.ts'
import {
  type DocumentOfGroup,
  type DocumentsOfGroups,
  ImageSetLocked,
  ImageSetMoved,
  type InstanceRecord,
  type VersionToBe,
  type WaitingGroup,
} from '../stores/catalog/image-set-records.ts'
import type { ImportJob, Lease } from '../stores/catalog/import-job-repository.ts'
import { DocumentJoiner, type DocumentToJoin, type JoinedDocument } from '../versions/join-document.ts'
import { attributesBytes, attributesOfFiles, attributesOfVersion, keptUnder } from '../versions/version-attributes.ts'

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
      const content = await contentOf(app, { job, joiner, version })
      let joined: JoinedDocument = { body: { crc32: 0, contentBytes: 0 }, different: [] }
      const finished = (of: JoinedDocument) => {
        joined = of
      }
      let sizeBytes = 0
      for await (const bytes of joiner.body(content, finished)) {
        sizeBytes += bytes.length
        yield bytes
      }
      const { body, different } = joined
      let attributesSizeBytes = 0
      if (different.length > 0) {
        for await (const bytes of attributesBytes(content.attributes, different)) {
          attributesSizeBytes += bytes.length
          yield bytes
        }
      }
      ofGroups.set(version.groupId, {
        ...{ ...body, base: version.base, offsetBytes, sizeBytes },
        levels:
          different.length === 0 ? undefined : { offsetBytes: offsetBytes + sizeBytes, sizeBytes: attributesSizeBytes },
        warnings: await warningsOf(content, { version, different }),
      })
      offsetBytes += sizeBytes + attributesSizeBytes
      // In the library door an import shares its thread with the server, which gets its turn between two documents.
      await setImmediate()
    }
  }
  const digest = await app.blobs.put(blobKey, coalesced(bodies()))
  return { blobKey, digests: new Map([[blobKey, digest]]), ofGroups }
}

type Content = Pick<DocumentToJoin, 'instances' | 'attributes'>

/** Patient, study and series are those of the last file. What other instances have differently, they keep. */
async function contentOf(
  app: ImportApp,
  { job, joiner, version }: { readonly job: ImportJob; readonly joiner: DocumentJoiner; readonly version: VersionToBe },
): Promise<Content> {
  const { base, added } = version
  const instances = await instancesOf(app, job, version)
  const text = Buffer.from(await joiner.metadata(added.at(-1)!, 'imageSetAttributes')).toString()
  const ofFiles = attributesOfFiles(joiner, text)
  if (base === undefined) return { instances, attributes: ofFiles }
  const of = { datastoreId: job.datastoreId, ...base }
  const held = keptUnder(await attributesOfVersion(app, { version: of, joiner: new DocumentJoiner(app) }), text)
  const isAdded = new Set(added)
  const overridesOf = (instance: InstanceRecord) => (isAdded.has(instance) ? ofFiles : held).overridesOf(instance)
  return { instances, attributes: { text, overridesOf } }
}

/** Of the files of this job; what others brought in was reported then. By SOPInstanceUID. */
async function warningsOf(
  { attributes }: Content,
  { version, different }: { readonly version: VersionToBe; readonly different: readonly InstanceRecord[] },
): Promise<ReadonlyMap<string, ImportWarning>> {
  const warnings = new Map<string, ImportWarning>()
  if (different.length === 0) return warnings
  const flat = flatAttributes(attributes.text)
  const isAdded = new Set(version.added)
  for (const instance of different) {
    if (!isAdded.has(instance)) continue
    const keys = keysThatDiffer((await attributes.overridesOf(instance))!, flat)
    if (keys.length > 0) warnings.set(instance.sopInstanceUID, coercionWarning(keys))
  }
  return warnings
}

async function instancesOf(
  app: ImportApp,
  { datastoreId }: ImportJob,
  { base, added }: VersionToBe,
): Promise<readonly InstanceRecord[]> {
  if (base === undefined) return added
  const again = new Set(added.map(({ sopInstanceUID }) => sopInstanceUID))
  const held = await app.catalog.imageSets.parts({ datastoreId, ...base })
  return [...held.filter(({ sopInstanceUID }) => !again.has(sopInstanceUID)), ...added]
}
