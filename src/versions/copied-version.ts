/** The version that CopyImageSet makes: instances of the source, beside those of the destination. */
import { ATTRIBUTES_DO_NOT_MATCH, attributesAgree } from '../imaging/updates/copiable-attributes.ts'
import type { ImageSetVersion, InstanceRecord } from '../stores/catalog/image-set-records.ts'
import type { CopyRequest, LockedImageSet, VersionToPublish } from '../stores/catalog/workflow-repository.ts'
import { declaredTextsOfVersion } from './declared-texts.ts'
import { rowOf } from './updated-version.ts'
import { attributesOfVersion, movedUnder } from './version-attributes.ts'
import type { MakingVersions } from './version-blob.ts'
import { writeVersion } from './version-blob.ts'
import { WorkflowFailed } from './workflow-failed.ts'

interface Copy {
  readonly request: CopyRequest
  readonly destination: LockedImageSet
}

export async function copiedVersion(making: MakingVersions, copy: Copy): Promise<VersionToPublish> {
  return copy.request.destination === undefined ? newImageSet(making, copy) : nextVersion(making, copy)
}

/** A copy of all instances shares the document of the source. */
async function newImageSet(making: MakingVersions, { request, destination }: Copy): Promise<VersionToPublish> {
  const { source, sopInstanceUIDs } = request
  const { imageSetId } = destination
  const attributes = await attributesOf(making, source)
  const instances = { kind: 'added', from: source, sopInstanceUIDs } as const
  const shared = { attributes: { sharedWith: source }, document: { sharedWith: source } }
  if (sopInstanceUIDs === undefined) {
    const of = { datastoreId: making.datastoreId, ...source }
    const declaredTexts = await declaredTextsOfVersion(making.app, of, making.declared.attributes)
    return { imageSetId, ...shared, ...rowOf(attributes.text, declaredTexts), instances }
  }
  const written = await writeVersion(making, {
    ...{ attributes, instanceMetadata: new Map(), instances: await instancesOf(making, request) },
  })
  const row = rowOf(attributes.text, written.declaredTexts)
  return { imageSetId, attributes: written.attributes, document: written.document, ...row, instances }
}

/**
 * Patient, study and series are those of the destination, with force even if they differ from the source's. An instance keeps its overrides,
 * except for attributes in which the two image sets differ.
 */
async function nextVersion(making: MakingVersions, { request, destination }: Copy): Promise<VersionToPublish> {
  const { app, datastoreId } = making
  const { source, sopInstanceUIDs, forced } = request
  const { imageSetId } = destination
  const before = request.destination!
  const attributes = await attributesOf(making, before)
  const ofSource = await attributesOf(making, source)
  if (!forced && !attributesAgree(ofSource.text, attributes.text)) throw new WorkflowFailed(ATTRIBUTES_DO_NOT_MATCH)
  const held = await app.catalog.imageSets.instanceRecords({ datastoreId, ...before })
  const added = await instancesOf(making, request)
  requireDistinct(held, added)
  const moved = movedUnder(ofSource, attributes.text)
  const isAdded = new Set(added)
  const written = await writeVersion(making, {
    attributes: {
      text: attributes.text,
      overridesOf: (instance) => (isAdded.has(instance) ? moved : attributes).overridesOf(instance),
    },
    ...{ instanceMetadata: new Map(), instances: [...held, ...added] },
  })
  return {
    ...{ imageSetId, attributes: written.attributes, document: written.document },
    ...rowOf(attributes.text, written.declaredTexts),
    instances: { kind: 'added', from: source, sopInstanceUIDs },
  }
}

const attributesOf = ({ app, datastoreId }: MakingVersions, version: ImageSetVersion) =>
  attributesOfVersion(app, { datastoreId, ...version })

async function instancesOf(
  { app, datastoreId }: MakingVersions,
  { source, sopInstanceUIDs }: CopyRequest,
): Promise<readonly InstanceRecord[]> {
  const parts = await app.catalog.imageSets.instanceRecords({ datastoreId, ...source })
  const wanted = new Set(sopInstanceUIDs)
  return sopInstanceUIDs === undefined ? parts : parts.filter(({ sopInstanceUID }) => wanted.has(sopInstanceUID))
}

function requireDistinct(held: readonly InstanceRecord[], added: readonly InstanceRecord[]): void {
  const known = new Set(held.map(({ sopInstanceUID }) => sopInstanceUID))
  const again = added.filter(({ sopInstanceUID }) => known.has(sopInstanceUID)).length
  if (again === 0) return
  throw new WorkflowFailed(
    `INVALID_REQUEST: ${again} SOP Instance UIDs of the source are in the destination, and an instance can be in an image set once`,
  )
}
