/** DeleteImageSet for many. An image set that is gone already, or is being deleted, counts as deleted: doing it again continues. */
import { DeleteImageSetCommand, GetImageSetCommand } from '@aws-sdk/client-medical-imaging'
import type { Api } from '../api.ts'
import { runEach } from './run-each.ts'
import type { RunningTask } from './tasks.ts'

/** The server deletes what it has accepted one after the other. */
const LOOK_EVERY_MS = 250
const LOOKS_MAX = 480

export async function deleteImageSet(api: Api, imageSet: ImageSet, abortSignal: AbortSignal): Promise<void> {
  try {
    await api.client.send(new DeleteImageSetCommand(imageSet), { abortSignal })
  } catch (error) {
    const { name } = error as Error
    if (name === 'ResourceNotFoundException') return
    if (name === 'ConflictException' && (await statusOf(api, imageSet, abortSignal)) !== undefined) return
    throw error
  }
}

interface ImageSet {
  readonly datastoreId: string
  readonly imageSetId: string
}

/** DELETING or DELETED; undefined for any other, and where it may not be read. */
async function statusOf({ client }: Api, imageSet: ImageSet, abortSignal: AbortSignal): Promise<string | undefined> {
  try {
    const { imageSetWorkflowStatus } = await client.send(new GetImageSetCommand(imageSet), { abortSignal })
    return ['DELETING', 'DELETED'].find((status) => status === imageSetWorkflowStatus)
  } catch (error) {
    return (error as Error).name === 'ResourceNotFoundException' ? 'DELETED' : undefined
  }
}

export async function deleteImageSets(
  api: Api,
  { datastoreId, imageSetIds }: { readonly datastoreId: string; readonly imageSetIds: readonly string[] },
  running: RunningTask,
): Promise<void> {
  const { signal } = running
  let last: string | undefined
  try {
    await runEach(
      imageSetIds,
      async (imageSetId, abortSignal) => {
        await deleteImageSet(api, { datastoreId, imageSetId }, abortSignal)
        last = imageSetId
      },
      { idOf: (id) => id, signal, onProgress: running.report },
    )
  } finally {
    // Searches find an image set until the server has deleted it.
    if (last !== undefined) {
      running.finishing()
      for (let look = 0; look < LOOKS_MAX; look++) {
        const status = await statusOf(api, { datastoreId, imageSetId: last }, AbortSignal.timeout(30_000))
        if (status !== 'DELETING') break
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
      }
    }
  }
}
