/**
 * UpdateImageSetMetadata: begins a new version of an image set, with attributes set, removed or reverted to an earlier version. The rules are
 * checked before the image set is locked (AWS "Updating image set metadata", "DICOM metadata constraints").
 */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { Input, Output } from '../contract/operations.ts'
import { QUOTAS } from '../contract/quotas.ts'
import { imageSetColumnsOf, readImageSetAttributes } from '../imaging/documents/image-set-attributes.ts'
import type { UpdateRequest } from '../stores/catalog/workflow-repository.ts'
import { type ImageSetToUpdate, updatedImageSet } from '../versions/update-content.ts'
import { beginWorkflow, isPossibleVersion, latestImageSet } from './image-set-access.ts'

export async function updateImageSetMetadata(
  input: Input<'UpdateImageSetMetadata'>,
  app: App,
): Promise<Output<'UpdateImageSetMetadata'>> {
  const { datastoreId, imageSetId } = input
  const { isPrimary, version } = await latestImageSet(app, input)
  const request: UpdateRequest = {
    operation: 'UpdateImageSetMetadata',
    imageSet: { imageSetId, version },
    forced: input.force ?? false,
    includeStudyImageSets: input.includeStudyImageSets ?? false,
    update: await wantedUpdate(input, app),
  }
  const imageSet = { imageSetId, version, isPrimary, role: 'changed' } as const
  const studyInstanceUID = await studyAfter(app, { datastoreId, request, imageSet })
  const runningMax = QUOTAS.concurrentUpdatesPerDatastore
  const [updating] = await beginWorkflow(app, { datastoreId, request, studyInstanceUID, runningMax })
  return {
    datastoreId,
    imageSetId,
    latestVersionId: String(updating!.version),
    imageSetState: updating!.imageSetState,
    imageSetWorkflowStatus: updating!.workflowStatus,
    createdAt: updating!.createdAt,
    updatedAt: updating!.updatedAt,
  }
}

/**
 * The study of the version to make. Undefined of an earlier version: its attributes are read when it is made again.
 * @throws ContractError where the rules forbid the update
 */
async function studyAfter(app: App, update: ImageSetToUpdate): Promise<string | undefined> {
  if ('revertToVersion' in update.request.update) return undefined
  const { imageSetAttributes } = await updatedImageSet(app, update)
  return imageSetColumnsOf(readImageSetAttributes(imageSetAttributes)).grouping.StudyInstanceUID
}

async function wantedUpdate(input: Input<'UpdateImageSetMetadata'>, app: App): Promise<UpdateRequest['update']> {
  const updates = input.updateImageSetMetadataUpdates
  if (updates.revertToVersionId !== undefined) {
    if (input.includeStudyImageSets === true) {
      const message = 'includeStudyImageSets cannot be combined with revertToVersionId: revert each image set by itself'
      throw new ContractError('ValidationException', message)
    }
    return { revertToVersion: await versionToRevertTo(input, { app, versionId: updates.revertToVersionId }) }
  }
  const { removableAttributes, updatableAttributes } = updates.DICOMUpdates!
  requirePayloadWithinQuota(app, [removableAttributes, updatableAttributes])
  return { removableAttributes: base64(removableAttributes), updatableAttributes: base64(updatableAttributes) }
}

const base64 = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString('base64')

function requirePayloadWithinQuota(app: App, blobs: readonly (Uint8Array | undefined)[]): void {
  const bytes = blobs.reduce((sum, blob) => sum + (blob?.length ?? 0), 0)
  if (!app.awsQuotas || bytes <= QUOTAS.updatePayloadBytes) return
  const message = `The update has ${bytes} bytes, more than the quota of ${QUOTAS.updatePayloadBytes}: make it in several`
  throw new ContractError('ServiceQuotaExceededException', message)
}

async function versionToRevertTo(
  { datastoreId, imageSetId }: Input<'UpdateImageSetMetadata'>,
  { app, versionId }: { readonly app: App; readonly versionId: string },
): Promise<number> {
  const version = Number(versionId)
  const levels = isPossibleVersion(versionId)
    ? await app.catalog.imageSets.attributes({ datastoreId, imageSetId, version })
    : 'absent'
  if (levels === 'absent') {
    const message = `Image set ${imageSetId} has no version ${versionId} to revert to`
    throw new ContractError('ResourceNotFoundException', message)
  }
  return version
}
