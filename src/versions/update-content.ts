/**
 * The outcome of an update for one image set. The request computes it to check the rules, the worker to store it.
 */
import { ContractError } from '../contract/errors.ts'
import { applyUpdate, type UpdatedImageSet } from '../imaging/updates/apply-update.ts'
import {
  forStudy,
  instancesTouched,
  type MetadataUpdate,
  parseUpdate,
  sopInstanceUIDsGiven,
} from '../imaging/updates/metadata-update.ts'
import type { InstanceRecord } from '../stores/catalog/image-set-records.ts'
import type { LockedImageSet, UpdateRequest } from '../stores/catalog/workflow-repository.ts'
import { DocumentJoiner } from './join-document.ts'
import { attributesText, type StoredContent, textOf } from './stored-attributes.ts'

export interface ImageSetToUpdate {
  readonly datastoreId: string
  readonly request: UpdateRequest
  /** With the version that is updated. */
  readonly imageSet: Pick<LockedImageSet, 'imageSetId' | 'version' | 'isPrimary' | 'role'>
}

/** @throws ContractError ValidationException where the rules forbid it */
export async function updatedImageSet(
  app: StoredContent,
  { datastoreId, request, imageSet }: ImageSetToUpdate,
): Promise<UpdatedImageSet> {
  const { imageSetId, version, isPrimary } = imageSet
  const base = { datastoreId, imageSetId, version }
  const update = updateFor(request, imageSet)
  const imageSetAttributes = await attributesText(app, base)
  const named = await partsOf(app, base, [...instancesTouched(update), ...sopInstanceUIDsGiven(update)])
  const joiner = new DocumentJoiner(app)
  const instanceMetadata = new Map<string, string>()
  for (const sopInstanceUID of instancesTouched(update)) {
    const parts = named.get(sopInstanceUID)
    if (parts !== undefined)
      instanceMetadata.set(sopInstanceUID, textOf(await joiner.metadata(parts, 'instanceMetadata')))
  }
  const sopInstanceUIDs = { has: (uid: string) => named.has(uid), size: await countFor(app, base, update) }
  return applyUpdate(update, {
    imageSetAttributes,
    instanceMetadata,
    sopInstanceUIDs,
    isPrimary,
    force: request.forced,
  })
}

const NOTHING_FOR_SIBLINGS =
  'The update has nothing for the other image sets of the study: leave out includeStudyImageSets, or name attributes of patient and study'

function updateFor(request: UpdateRequest, { role }: Pick<LockedImageSet, 'role'>): MetadataUpdate {
  if ('revertToVersion' in request.update) throw new Error('a revert applies no update')
  const { removableAttributes, updatableAttributes } = request.update
  const update = parseUpdate({
    removableAttributes: bytesOf(removableAttributes),
    updatableAttributes: bytesOf(updatableAttributes),
  })
  if (!request.includeStudyImageSets) return update
  const ofStudy = forStudy(update)
  if (ofStudy === undefined) throw new ContractError('ValidationException', NOTHING_FOR_SIBLINGS)
  return role === 'sibling' ? ofStudy : update
}

const bytesOf = (base64: string | undefined): Uint8Array | undefined =>
  base64 === undefined ? undefined : Buffer.from(base64, 'base64')

type Version = { readonly datastoreId: string; readonly imageSetId: string; readonly version: number }

async function partsOf(
  app: StoredContent,
  version: Version,
  sopInstanceUIDs: readonly string[],
): Promise<ReadonlyMap<string, InstanceRecord>> {
  if (sopInstanceUIDs.length === 0) return new Map()
  const parts = await app.catalog.imageSets.instanceRecords({ ...version, sopInstanceUIDs })
  return new Map(parts.map((part) => [part.sopInstanceUID, part]))
}

/** The number of instances matters only if some are removed, and then only whether more are left. */
async function countFor(app: StoredContent, version: Version, { removed }: MetadataUpdate): Promise<number> {
  return removed.size === 0
    ? Number.POSITIVE_INFINITY
    : app.catalog.imageSets.countInstances({ ...version, max: removed.size + 1 })
}
