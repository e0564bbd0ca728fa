/**
 * Makes the metadata documents of image sets that came in before there were any, one after the other, from their files. Several workers
 * may do so at once: a document has a key of its own, and whoever comes second finds it made.
 */
import { setTimeout } from 'node:timers/promises'
import type { ImportApp } from '../app.ts'
import type { DocumentBody } from '../imaging/documents/metadata-document.ts'
import { coalesced } from '../ingest/coalesce-chunks.ts'
import type { BlobDigest } from '../stores/blobs/blob-store.ts'
import type { VersionOfDatastore } from '../stores/catalog/image-set-records.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { DocumentJoiner, type JoinedDocument } from '../versions/join-document.ts'
import { attributesOfVersion } from '../versions/version-attributes.ts'

const VERSIONS_AT_ONCE = 100
const AGAIN_MS = 10_000

/** Never rejects: while a store is away it is tried again, and what fails otherwise is logged and tried again at the next start. */
export async function describeOldVersions(app: ImportApp, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      return await describeAll(app, signal)
    } catch (err) {
      if (!(err instanceof StoreUnavailable)) {
        app.log.error({ err }, 'metadata documents of older image sets could not be made; the next start goes on')
        return
      }
      app.log.warn({ err }, 'metadata documents of older image sets could not be made; it is tried again')
      await setTimeout(AGAIN_MS, undefined, { signal }).catch(() => {})
    }
  }
}

async function describeAll(app: ImportApp, signal: AbortSignal): Promise<void> {
  for (let after: VersionOfDatastore | undefined; ; ) {
    const versions = await app.catalog.imageSets.pendingDocuments({ after, limit: VERSIONS_AT_ONCE })
    for (const version of versions) {
      if (signal.aborted) return
      await describeVersion(app, version)
      after = version
    }
    if (versions.length === 0) return
  }
}

async function describeVersion(app: ImportApp, version: VersionOfDatastore): Promise<void> {
  const { datastoreId, imageSetId } = version
  const blobKey = `${datastoreId}/documents/${app.newId()}`
  const instances = await app.catalog.imageSets.parts(version)
  if (instances.length === 0) return
  let sizeBytes = 0
  let body: DocumentBody = { crc32: 0, contentBytes: 0 }
  async function* bytes(): AsyncGenerator<Uint8Array> {
    const joiner = new DocumentJoiner(app)
    const attributes = await attributesOfVersion(app, { version, joiner })
    const finished = (joined: JoinedDocument) => {
      body = joined.body
    }
    for await (const piece of joiner.body({ instances, attributes }, finished)) {
      sizeBytes += piece.length
      yield piece
    }
  }
  let digest: BlobDigest
  try {
    digest = await app.blobs.put(blobKey, coalesced(bytes()))
  } catch (err) {
    if (err instanceof StoreUnavailable) throw err
    app.log.error({ err, imageSetId, version: version.version }, 'a metadata document could not be made')
    return
  }
  const place = { ...body, blobKey, offsetBytes: 0, sizeBytes }
  const outcome = await app.catalog.imageSets.addDocument(version, place, new Map([[blobKey, digest]]))
  if (outcome !== 'added') await app.blobs.remove([blobKey])
}
