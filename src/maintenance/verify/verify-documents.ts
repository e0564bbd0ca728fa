/** Inflates the metadata document of every version and checks its length and checksum. */

import { pipeline } from 'node:stream/promises'
import { crc32, createInflateRaw } from 'node:zlib'
import { DamagedBlob } from '../../stores/blobs/blob-store.ts'
import type { VersionDocument } from '../../stores/catalog/blob-repository.ts'
import type { Catalog } from '../../stores/catalog/catalog.ts'
import { RefusedKeys } from './refused-keys.ts'
import { type Difference, type Step, someAtOnce, type Verification } from './verify-steps.ts'

const DOCUMENTS_PER_BATCH = 500

export async function* verifyDocuments(verification: Verification): AsyncGenerator<Step> {
  const { documents: total } = await verification.catalog.blobs.totals()
  const refused = new RefusedKeys()
  let documents = 0
  const verify = (each: VersionDocument) =>
    refused.unless(each.range.blobKey, async () => ({ difference: await verifyDocument(verification, each) }))
  for await (const verified of someAtOnce(documentsIn(verification.catalog), verify)) {
    if (verified === undefined) continue
    documents += 1
    const differences = verified.difference === undefined ? [] : [verified.difference]
    yield { done: documents, total: Math.max(documents, total), checked: { documents }, differences }
  }
  yield { done: 1, total: 1, checked: { documents }, differences: [], ...refused.notChecked }
}

async function* documentsIn(catalog: Catalog): AsyncGenerator<VersionDocument, undefined> {
  let after: VersionDocument | undefined
  for (;;) {
    const some = await catalog.blobs.listDocuments({ after, limit: DOCUMENTS_PER_BATCH })
    if (some.length === 0) return
    yield* some
    after = some.at(-1)
  }
}

async function verifyDocument(verification: Verification, document: VersionDocument): Promise<Difference | undefined> {
  const fault = await faultOf(verification, document)
  if (fault === undefined || !(await isUnchanged(verification.catalog, document))) return undefined
  const { rowId, version, range } = document
  const text = `document of version ${version} of image set row ${rowId}, in blob ${range.blobKey}: ${fault}`
  return { kind: 'document-differs', text }
}

async function faultOf({ blobs }: Verification, { range }: VersionDocument): Promise<string | undefined> {
  const { blobKey, offsetBytes, sizeBytes, contentBytes } = range
  const found = { crc32: 0, contentBytes: 0 }
  try {
    const blob = await blobs.open(blobKey, { start: offsetBytes, length: sizeBytes })
    if (blob === undefined) return 'the blob is missing'
    await pipeline(blob.bytes, createInflateRaw(), async (inflated: AsyncIterable<Uint8Array>) => {
      for await (const chunk of inflated) {
        found.crc32 = crc32(chunk, found.crc32)
        found.contentBytes += chunk.length
        // Damaged bytes may inflate to any length.
        if (found.contentBytes > contentBytes) return
      }
    })
  } catch (error) {
    if (error instanceof DamagedBlob) return 'its blob was changed'
    if (!(error as NodeJS.ErrnoException).code?.startsWith('Z_')) throw error
    return 'it cannot be inflated'
  }
  if (found.contentBytes !== contentBytes) return 'its length is wrong'
  return found.crc32 === range.crc32 ? undefined : 'its checksum is wrong'
}

/** The document may have been deleted or moved to another blob meanwhile. */
async function isUnchanged(catalog: Catalog, { rowId, version, range }: VersionDocument): Promise<boolean> {
  const [again] = await catalog.blobs.listDocuments({ after: { rowId, version: version - 1 }, limit: 1 })
  return again?.rowId === rowId && again.version === version && again.range.blobKey === range.blobKey
}
