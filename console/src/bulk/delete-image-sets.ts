/** DeleteImageSet for many. An image set that is gone already, or is being deleted, counts as deleted: doing it again continues. */
import { DeleteImageSetCommand, GetImageSetCommand } from '@aws-sdk/client-medical-imaging'
import type { Api } from '../api.ts'
import { runEach } from './run-each.ts'
import type { RunningTask } from './tasks.ts'

/** The server deletes what it has accepted one after the other. */
const LOOK_EVERY_MS = 250
const LOOKS_MAX = 480
/** More than there are requests in flight. */
const LOOKED_AT_MAX = 12

/** @returns whether the server has accepted it now */
export async function deleteImageSet(api: Api, imageSet: ImageSet, abortSignal: AbortSignal): Promise<boolean> {
  try {
    await api.client.send(new DeleteImageSetCommand(imageSet), { abortSignal })
    return true
  } catch (error) {
    const { name } = error as Error
    if (name === 'ResourceNotFoundException') return false
    if (name === 'ConflictException' && (await statusOf(api, imageSet, abortSignal)) !== undefined) return false
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
  /** One of them is deleted last. Answers may arrive in another order than the server accepted the requests in. */
  let last: readonly string[] = []
  try {
    await runEach(
      imageSetIds,
      async (imageSetId, abortSignal) => {
        const before = last
        const isAccepted = await deleteImageSet(api, { datastoreId, imageSetId }, abortSignal)
        // Those that were answered before this request was sent are deleted before it.
        const others = isAccepted ? last.filter((each) => !before.includes(each)) : last
        last = [...others, imageSetId].slice(-LOOKED_AT_MAX)
      },
      { idOf: (id) => id, signal, onProgress: running.report },
    )
  } finally {
    if (last.length > 0) {
      running.finishing()
      await waitUntilDeleted(api, { datastoreId, imageSetIds: last })
    }
  }
}

/** Searches find an image set until the server has deleted it. */
async function waitUntilDeleted(
  api: Api,
  { datastoreId, imageSetIds }: { readonly datastoreId: string; readonly imageSetIds: readonly string[] },
): Promise<void> {
  let looks = 0
  for (const imageSetId of imageSetIds) {
    while ((await statusOf(api, { datastoreId, imageSetId }, AbortSignal.timeout(30_000))) === 'DELETING') {
      if (++looks === LOOKS_MAX) return
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
  }
}
