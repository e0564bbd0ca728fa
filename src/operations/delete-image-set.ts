/** DeleteImageSet: locks the image set; a worker then deletes all its versions. */
import type { App } from '../app.ts'
import type { Input, Output } from '../contract/operations.ts'
import { QUOTAS } from '../contract/quotas.ts'
import { beginWorkflow } from './image-set-access.ts'

export async function deleteImageSet(input: Input<'DeleteImageSet'>, app: App): Promise<Output<'DeleteImageSet'>> {
  const { datastoreId, imageSetId } = input
  const [deleting] = await beginWorkflow(app, {
    datastoreId,
    request: { operation: 'DeleteImageSet', imageSetId },
    runningMax: QUOTAS.concurrentDeletesPerDatastore,
  })
  const { imageSetState, workflowStatus } = deleting!
  return { datastoreId, imageSetId, imageSetState, imageSetWorkflowStatus: workflowStatus }
}
