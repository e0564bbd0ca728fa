/**
 * Deletes all image sets of a data store, page by page of a search: primary or not, with all versions. It can be interrupted at any time, and
 * continues when it is started again.
 */
import { paginateSearchImageSets, SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import { type Api, responseHeader, withHeaders } from '../api.ts'
import { deleteImageSet } from './delete-image-sets.ts'
import { NO_PROGRESS, runEach } from './run-each.ts'
import type { RunningTask } from './tasks.ts'

/** Image sets that were imported meanwhile are deleted by the next pass. */
const PASSES_MAX = 5
const LOOK_EVERY_MS = 500
/** The server deletes what it has accepted one after the other. As long as there are fewer each time, it is waited for. */
const LOOKS_WITHOUT_CHANGE = 60

const OLDEST_FIRST = { sort: { sortField: 'createdAt', sortOrder: 'ASC' } } as const

/** How many image sets the data store has. @param isPrimary only those */
export async function countImageSets(
  { client }: Pick<Api, 'client'>,
  {
    datastoreId,
    isPrimary,
    abortSignal,
  }: { readonly datastoreId: string; readonly isPrimary?: boolean; readonly abortSignal?: AbortSignal },
): Promise<number> {
  const filters = isPrimary === undefined ? {} : { filters: [{ operator: 'EQUAL' as const, values: [{ isPrimary }] }] }
  const command = new SearchImageSetsCommand({
    datastoreId,
    maxResults: 1,
    searchCriteria: { ...OLDEST_FIRST, ...filters },
  })
  const output = await client.send(withHeaders(command, { 'x-hilum-count': 'exact' }), {
    ...(abortSignal && { abortSignal }),
  })
  return Number(responseHeader(output, 'x-hilum-total-count'))
}

export async function emptyDatastore(api: Api, datastoreId: string, running: RunningTask): Promise<void> {
  const { signal } = running
  let progress = NO_PROGRESS
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    progress = await runEach(
      imageSetIds(api, datastoreId, signal),
      (imageSetId, abortSignal) => deleteImageSet(api, { datastoreId, imageSetId }, abortSignal),
      // Those that could not be deleted are tried again by each pass.
      { idOf: (id) => id, signal, from: { ...progress, failed: 0, failures: [] }, onProgress: running.report },
    )
    running.finishing()
    if ((await countWhenSettled(api, datastoreId, { failed: progress.failed, signal })) <= progress.failed) return
  }
  throw new Error(
    'Image sets are imported as fast as they are deleted. Wait until the import has ended, and start it again.',
  )
}

async function* imageSetIds({ client }: Api, datastoreId: string, abortSignal: AbortSignal): AsyncGenerator<string> {
  const pages = paginateSearchImageSets(
    { client, pageSize: 50 },
    { datastoreId, searchCriteria: OLDEST_FIRST },
    { abortSignal },
  )
  for await (const { imageSetsMetadataSummaries = [] } of pages) {
    for (const { imageSetId } of imageSetsMetadataSummaries) yield imageSetId!
  }
}

async function countWhenSettled(
  api: Api,
  datastoreId: string,
  { failed, signal }: { readonly failed: number; readonly signal: AbortSignal },
): Promise<number> {
  let count = Number.POSITIVE_INFINITY
  for (let looks = 0; looks < LOOKS_WITHOUT_CHANGE; looks++) {
    const now = await countImageSets(api, { datastoreId, abortSignal: signal })
    if (now <= failed) return now
    if (now < count) looks = 0
    count = now
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
  return count
}
