/** GetImageSet: state and properties of an image set, or of one of its versions. It does not count as access for storage tiers. */
import type { App } from '../app.ts'
import type { Input, Output } from '../contract/operations.ts'
import { storageTierOf } from '../imaging/storage-tier.ts'
import { knownDatastore } from './datastore-access.ts'
import { imageSetArn, knownImageSet } from './image-set-access.ts'

export async function getImageSet(input: Input<'GetImageSet'>, app: App): Promise<Output<'GetImageSet'>> {
  await knownDatastore(app, input.datastoreId)
  const found = await knownImageSet(app, input)
  const lastAccessedAt = Math.max(found.lastAccessedAt, app.accessTimes.lastOf(found.imageSetId) ?? 0)
  return {
    datastoreId: input.datastoreId,
    imageSetId: found.imageSetId,
    versionId: String(found.version),
    imageSetState: found.imageSetState,
    imageSetWorkflowStatus: found.workflowStatus,
    createdAt: found.createdAt,
    updatedAt: found.updatedAt,
    deletedAt: found.deletedAt,
    message: found.message,
    imageSetArn: imageSetArn(app, input),
    overrides: found.forced ? { forced: true } : undefined,
    isPrimary: found.isPrimary,
    lastAccessedAt,
    storageTier: storageTierOf(lastAccessedAt, app.clock()),
  }
}
