/**
 * Removes blobs that a crash left between "bytes first" and "then one transaction": the catalog does not list them. Only the worker that
 * holds the lease of the work may call it. The lease is checked after each listing and before each removal: a worker that took the work over
 * began to write after that listing, so none of its blobs is removed.
 */
import type { ImportApp } from '../app.ts'

const KEYS_PER_BATCH = 1_000

/** @param work.checkLease rejects if the lease is lost */
export async function removeUnrecordedBlobs(
  { blobs, catalog }: Pick<ImportApp, 'blobs' | 'catalog'>,
  { folder, checkLease }: { readonly folder: string; readonly checkLease: () => Promise<void> },
): Promise<void> {
  let keys: string[] = []
  const removeUnrecorded = async () => {
    const recorded = new Set((await catalog.blobs.get(keys)).map(({ blobKey }) => blobKey))
    const unrecorded = keys.filter((key) => !recorded.has(key))
    keys = []
    if (unrecorded.length === 0) return
    await checkLease()
    await blobs.remove(unrecorded)
  }
  for await (const { key } of blobs.list(folder)) {
    keys.push(key)
    if (keys.length === KEYS_PER_BATCH) await removeUnrecorded()
  }
  await removeUnrecorded()
}
