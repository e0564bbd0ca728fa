/**
 * One workflow from its claim to its end: first the bytes of every new version are made durable, then one transaction publishes all of them.
 * A workflow that cannot succeed ends as a failed version with a message.
 */
import type { BlobDigest } from '../stores/blobs/blob-store.ts'
import { DeclarationsChanged } from '../stores/catalog/declared-attribute-repository.ts'
import {
  type ClaimedWorkflow,
  type CopyRequest,
  type LockedImageSet,
  type UpdateRequest,
  type VersionToPublish,
  WorkflowLeaseLost,
} from '../stores/catalog/workflow-repository.ts'
import { copiedVersion } from '../versions/copied-version.ts'
import { revertedVersion, updatedVersion } from '../versions/updated-version.ts'
import type { MakingVersions, WorkflowApp } from '../versions/version-blob.ts'
import { WorkflowFailed } from '../versions/workflow-failed.ts'
import { removeUnrecordedBlobs } from './unrecorded-blobs.ts'

/** @throws WorkflowFailed if it cannot succeed, WorkflowLeaseLost if another worker has claimed it, StoreUnavailable */
export async function runWorkflow(app: WorkflowApp, claimed: ClaimedWorkflow): Promise<void> {
  const { lease, request, datastoreId } = claimed
  if (request.operation === 'DeleteImageSet') return app.catalog.workflows.completeDeletion(lease, app.clock())
  // Also at the first attempt: an attempt that was released because a store was unavailable is not counted.
  await removeBlobsOf(app, claimed)
  const digests = new Map<string, BlobDigest>()
  const declared = await app.catalog.declaredAttributes.declared(datastoreId)
  const making = { app, datastoreId, declared, digests, newBlobKey: () => `${workflowFolder(claimed)}${app.newId()}` }
  try {
    const versions =
      request.operation === 'CopyImageSet'
        ? [await copiedVersion(making, copyOf(request, claimed))]
        : await updatedVersions(making, request, claimed)
    const outcome = await app.catalog.workflows.complete(lease, {
      ...{ versions, digests, at: app.clock(), revision: declared.revision },
    })
    if (outcome === 'conflicts') {
      throw new WorkflowFailed(
        'Meanwhile the primary image sets of the study changed, and this one conflicts with them',
      )
    }
  } catch (cause) {
    // Begins again with the attributes that are declared now, and removes the blobs written so far.
    if (cause instanceof DeclarationsChanged) return runWorkflow(app, claimed)
    // The worker that claimed the workflow may have ended it, and does not look for blobs that this one wrote since.
    if (cause instanceof WorkflowLeaseLost) await app.blobs.remove([...digests.keys()])
    throw cause
  }
}

async function updatedVersions(
  making: MakingVersions,
  request: UpdateRequest,
  { imageSets }: ClaimedWorkflow,
): Promise<readonly VersionToPublish[]> {
  const versions: VersionToPublish[] = []
  for (const imageSet of imageSets) {
    versions.push(
      'revertToVersion' in request.update
        ? await revertedVersion(making, { imageSet, to: request.update.revertToVersion })
        : await updatedVersion(making, { imageSet, request }),
    )
  }
  return versions
}

function copyOf(request: CopyRequest, { imageSets }: ClaimedWorkflow) {
  const destination = imageSets.find(({ role }) => role !== 'source') as LockedImageSet
  return { request, destination }
}

/** An earlier workflow may have had the same number, and versions may use blobs in this folder. */
const workflowFolder = ({ datastoreId, lease }: ClaimedWorkflow): string =>
  `${datastoreId}/workflows/${lease.workflow}/`

/** Removes the blobs that were written for a workflow that has not ended. @throws WorkflowLeaseLost */
export async function removeBlobsOf(app: WorkflowApp, claimed: ClaimedWorkflow): Promise<void> {
  const checkLease = () => app.catalog.workflows.renew(claimed.lease, app.clock() + app.limits.workflowLeaseMs)
  await removeUnrecordedBlobs(app, { folder: workflowFolder(claimed), checkLease })
}
