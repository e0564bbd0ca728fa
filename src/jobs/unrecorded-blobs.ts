/**
 * Removes what a crash left between "bytes first" and "then one transaction": nobody knows of it, and it is made anew, or never. Only
 * for whoever alone writes in the folder, and asks behind each listing whether that is so: whoever took the work over meanwhile began to
 * write only then, so nothing of that was listed.
 */
import type { ImportApp } from '../app.ts'

const KEYS_AT_ONCE = 1_000

export async function removeUnrecordedBlobs(
  { blobs, catalog }: Pick<ImportApp, 'blobs' | 'catalog'>,
  // Rejects where the work is another's by now.
  { folder, stillOurs }: { readonly folder: string; readonly stillOurs: () => Promise<void> },
): Promise<void> {
  let keys: string[] = []
  const removeUnknown = async () => {
    const known = new Set((await catalog.blobs.get(keys)).map(({ blobKey }) => blobKey))
    const unknown = keys.filter((key) => !known.has(key))
    keys = []
    if (unknown.length === 0) return
    await stillOurs()
    await blobs.remove(unknown)
  }
  for await (const { key } of blobs.list(folder)) {
    keys.push(key)
    if (keys.length === KEYS_AT_ONCE) await removeUnknown()
  }
  await removeUnknown()
}
