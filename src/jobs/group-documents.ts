/**
 * The metadata documents of the groups of a job, written to one blob: for each group the document of the version that it will become, made
 * from the version before and the new files. Documents are joined while the blob is written, one at a time.
 */
import { setImmediate } from 'node:timers/promises'
import type { ImportApp } from '../app.ts'
import { flatAttributes, keysThatDiffer } from '../imaging/documents/attribute-overrides.ts'
import { DeclaredValues } from '../imaging/documents/declared-values.ts'
import { coercionWarning, type ImportWarning } from '../imaging/import-warnings.ts'
import { coalesced } from '../ingest/coalesce-chunks.ts'
import { newBlobKey } from '../ingest/job-blob-keys.ts'
import type {
  GroupDocument,
  GroupDocuments,
  InstanceRecord,
  NextVersion,
  UnpublishedGroup,
} from '../stores/catalog/image-set-records.ts'
import type { ImportJob } from '../stores/catalog/import-job-repository.ts'
import { DocumentJoiner, type DocumentToJoin, type JoinedDocument } from '../versions/join-document.ts'
import { attributesBytes, attributesOfFiles, attributesOfVersion, keptUnder } from '../versions/version-attributes.ts'

/** @returns where the document of each group is; the blob is durable */
export async function writeGroupDocuments(
  app: ImportApp,
  job: ImportJob,
  groups: readonly UnpublishedGroup[],
): Promise<GroupDocuments> {
  const blobKey = newBlobKey(app, job)
  const joiner = new DocumentJoiner(app)
  const byGroup = new Map<number, GroupDocument>()
  const { attributes: declaredAttributes, revision } = await app.catalog.declaredAttributes.declared(job.datastoreId)
  async function* documents(): AsyncGenerator<Uint8Array> {
    let offsetBytes = 0
    for (const version of await app.catalog.importJobs.nextVersions(job.jobId, groups)) {
      const content = await contentOf(app, { job, joiner, version })
      let joined: JoinedDocument = { body: { crc32: 0, contentBytes: 0, bodyChecksum: 0 }, different: [] }
      const onEnd = (document: JoinedDocument) => {
        joined = document
      }
      let sizeBytes = 0
      const declared = new DeclaredValues(declaredAttributes)
      for await (const bytes of joiner.body({ ...content, declared }, onEnd)) {
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
      byGroup.set(version.groupId, {
        ...{ ...body, base: version.base, offsetBytes, sizeBytes },
        attributes:
          different.length === 0 ? undefined : { offsetBytes: offsetBytes + sizeBytes, sizeBytes: attributesSizeBytes },
        declaredTexts: declared.texts(),
        warnings: await warningsOf(content, { version, different }),
      })
      offsetBytes += sizeBytes + attributesSizeBytes
      // In testing.ts imports run in the thread of the server: it serves requests between two documents.
      await setImmediate()
    }
  }
  const digest = await app.blobs.put(blobKey, coalesced(documents()))
  return { blobKey, digest, byGroup, revision }
}

type Content = Pick<DocumentToJoin, 'instances' | 'attributes'>

/** The patient, study and series attributes are those of the last file. Instances with other values keep them as overrides. */
async function contentOf(
  app: ImportApp,
  { job, joiner, version }: { readonly job: ImportJob; readonly joiner: DocumentJoiner; readonly version: NextVersion },
): Promise<Content> {
  const { base, added } = version
  const instances = await instancesOf(app, job, version)
  const text = Buffer.from(await joiner.metadata(added.at(-1)!, 'imageSetAttributes')).toString()
  const ofFiles = attributesOfFiles(joiner, text)
  if (base === undefined) return { instances, attributes: ofFiles }
  const of = { datastoreId: job.datastoreId, ...base }
  const held = keptUnder(await attributesOfVersion(app, of), text)
  const isAdded = new Set(added)
  const overridesOf = (instance: InstanceRecord) => (isAdded.has(instance) ? ofFiles : held).overridesOf(instance)
  return { instances, attributes: { text, overridesOf } }
}

/** By SOPInstanceUID, for the files of this job: those of earlier jobs had their warnings then. */
async function warningsOf(
  { attributes }: Content,
  { version, different }: { readonly version: NextVersion; readonly different: readonly InstanceRecord[] },
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
  { base, added }: NextVersion,
): Promise<readonly InstanceRecord[]> {
  if (base === undefined) return added
  const again = new Set(added.map(({ sopInstanceUID }) => sopInstanceUID))
  const held = await app.catalog.imageSets.instanceRecords({ datastoreId, ...base })
  return [...held.filter(({ sopInstanceUID }) => !again.has(sopInstanceUID)), ...added]
}
