/**
 * Removes what a crash left between "bytes first" and "then one transaction": nobody knows of it, and it is made anew, or never. Only
 * for whoever alone writes in the folder.
 */
import type { ImportApp } from '../app.ts'

const KEYS_AT_ONCE = 1_000

export async function removeUnrecordedBlobs(
  { blobs, catalog }: Pick<ImportApp, 'blobs' | 'catalog'>,
  folder: string,
): Promise<void> {
  let keys: string[] = []
  const removeUnknown = async () => {
    const known = new Set((await catalog.blobs.get(keys)).map(({ blobKey }) => blobKey))
    await blobs.remove(keys.filter((key) => !known.has(key)))
    keys = []
  }
  for await (const { key } of blobs.list(folder)) {
    keys.push(key)
    if (keys.length === KEYS_AT_ONCE) await removeUnknown()
  }
  await removeUnknown()
}
