/** Runs all checks of `hilum verify`, for tests of code that changes stores. */
import type { ImportApp } from '../../app.ts'
import { verifyBlobs } from './verify-blobs.ts'
import { verifyDocuments } from './verify-documents.ts'
import { verifyFrames } from './verify-frames.ts'
import { verifyIntegrity } from './verify-integrity.ts'
import type { Difference } from './verify-steps.ts'
import { verifyUses } from './verify-uses.ts'

const DAY_MS = 24 * 3_600_000

/** By default as of tomorrow, so that blobs which are not recorded are reported. */
export async function differencesIn(
  { catalog, blobs }: Pick<ImportApp, 'catalog' | 'blobs'>,
  { now = () => Date.now() + DAY_MS }: { readonly now?: () => number } = {},
): Promise<Difference[]> {
  const verification = { catalog, blobs, now, isQuick: false }
  const found: Difference[] = []
  for (const part of [verifyIntegrity, verifyUses, verifyBlobs, verifyDocuments, verifyFrames]) {
    for await (const { differences } of part(verification)) found.push(...differences)
  }
  for await (const { differences } of catalog.searchIndex.verify()) {
    found.push(...differences.map(({ kind }) => ({ kind, text: 'search index' })))
  }
  return found
}
