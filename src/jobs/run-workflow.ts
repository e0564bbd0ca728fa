/**
 * One workflow from its claim to its end: the bytes of every version to be are made durable, and then one transaction makes all of them
 * visible. What was found to be wrong meanwhile ends it as a failed version with a message.
 */

import type { BlobDigest } from '../stores/blobs/blob-store.ts'
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

/** @throws WorkflowFailed where it cannot succeed; WorkflowLeaseLost where another worker has it. */
export async function runWorkflow(app: WorkflowApp, claimed: ClaimedWorkflow): Promise<void> {
  const { lease, request, datastoreId } = claimed
  if (request.operation === 'DeleteImageSet') return app.catalog.workflows.completeDeletion(lease, app.clock())
  // Also at the first attempt: one that put it down because a store was away is not counted.
  await removeBlobsOf(app, claimed)
  const digests = new Map<string, BlobDigest>()
  const making = { app, datastoreId, digests, newBlobKey: () => `${workflowFolder(claimed)}${app.newId()}` }
  try {
    const versions =
      request.operation === 'CopyImageSet'
        ? [await copiedVersion(making, copyOf(request, claimed))]
        : await updatedVersions(making, request, claimed)
    const outcome = await app.catalog.workflows.complete(lease, { versions, digests, at: app.clock() })
    if (outcome === 'conflicts') {
      throw new WorkflowFailed(
        'Meanwhile the primary image sets of the study changed, and this one conflicts with them',
      )
    }
  } catch (cause) {
    // Who took the workflow over may have ended it, and then nobody else looks for what was written here since.
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

/** An earlier workflow may have had the same number, and what it wrote may be in use. */
const workflowFolder = ({ datastoreId, lease }: ClaimedWorkflow): string =>
  `${datastoreId}/workflows/${lease.workflow}/`

/** What was written for a workflow that has not ended. @throws WorkflowLeaseLost where it is another's by now */
export async function removeBlobsOf(app: WorkflowApp, claimed: ClaimedWorkflow): Promise<void> {
  const stillOurs = () => app.catalog.workflows.renew(claimed.lease, app.clock() + app.limits.workflowLeaseMs)
  await removeUnrecordedBlobs(app, { folder: workflowFolder(claimed), stillOurs })
}
