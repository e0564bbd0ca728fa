/** Inflates the metadata document of every version, and compares it with what the catalog says of it. */
import { pipeline } from 'node:stream/promises'
import { crc32, createInflateRaw } from 'node:zlib'
import type { VersionDocument } from '../../stores/catalog/blob-repository.ts'
import type { Catalog } from '../../stores/catalog/catalog.ts'
import { type Difference, type Looking, type Step, someAtOnce } from './verify-steps.ts'

const DOCUMENTS_AT_ONCE = 500

export async function* verifyDocuments(looking: Looking): AsyncGenerator<Step> {
  const { documents: inAll } = await looking.catalog.blobs.totals()
  let documents = 0
  for await (const difference of someAtOnce(documentsIn(looking.catalog), (each) => look(looking, each))) {
    documents += 1
    const differences = difference === undefined ? [] : [difference]
    yield { done: documents, total: Math.max(documents, inAll), checked: { documents }, differences }
  }
  yield { done: 1, total: 1, checked: { documents }, differences: [] }
}

async function* documentsIn(catalog: Catalog): AsyncGenerator<VersionDocument, undefined> {
  let after: VersionDocument | undefined
  for (;;) {
    const some = await catalog.blobs.listDocuments({ after, limit: DOCUMENTS_AT_ONCE })
    if (some.length === 0) return
    yield* some
    after = some.at(-1)
  }
}

async function look(looking: Looking, document: VersionDocument): Promise<Difference | undefined> {
  const fault = await faultOf(looking, document)
  if (fault === undefined || !(await isStillThere(looking.catalog, document))) return undefined
  const { rowId, version, range } = document
  const text = `document of version ${version} of image set row ${rowId}, in blob ${range.blobKey}: ${fault}`
  return { kind: 'document-differs', text }
}

async function faultOf({ blobs }: Looking, { range }: VersionDocument): Promise<string | undefined> {
  const { blobKey, offsetBytes, sizeBytes, contentBytes } = range
  const blob = await blobs.open(blobKey, { start: offsetBytes, length: sizeBytes })
  if (blob === undefined) return 'the blob is not there'
  const found = { crc32: 0, contentBytes: 0 }
  try {
    await pipeline(blob.bytes, createInflateRaw(), async (inflated: AsyncIterable<Uint8Array>) => {
      for await (const piece of inflated) {
        found.crc32 = crc32(piece, found.crc32)
        found.contentBytes += piece.length
        // However much damaged bytes may say that there is.
        if (found.contentBytes > contentBytes) return
      }
    })
  } catch (error) {
    if (!(error as NodeJS.ErrnoException).code?.startsWith('Z_')) throw error
    return 'it does not inflate'
  }
  if (found.contentBytes !== contentBytes) return 'it is not as long as it was'
  return found.crc32 === range.crc32 ? undefined : 'its checksum is not what it was'
}

async function isStillThere(catalog: Catalog, { rowId, version, range }: VersionDocument): Promise<boolean> {
  const [again] = await catalog.blobs.listDocuments({ after: { rowId, version: version - 1 }, limit: 1 })
  return again?.rowId === rowId && again.version === version && again.range.blobKey === range.blobKey
}
