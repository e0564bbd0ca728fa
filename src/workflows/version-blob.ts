/**
 * The blob of one version to be: levels and entries that are new, and behind them the metadata document, which is joined while the blob
 * is written.
 */
import type { DocumentBody } from '../imaging/metadata-document.ts'
import { gathered } from '../import/gathered.ts'
import { DocumentJoiner } from '../import/join-document.ts'
import type { DocumentPlace, InstanceParts, LevelsPlace, MetadataPlace } from '../stores/catalog.ts'
import type { MakingVersions } from './run-workflow.ts'
import { WorkflowFailed } from './workflow-failed.ts'

export interface VersionToWrite {
  readonly levels: Uint8Array
  /** By the SOPInstanceUID that they have in the version. */
  readonly entries: ReadonlyMap<string, Uint8Array>
  /** All that the version will hold, in the order of the document. */
  readonly instances: readonly InstanceParts[]
}

export interface WrittenVersion {
  readonly levels: LevelsPlace
  readonly document: DocumentPlace
  readonly metadataOf: ReadonlyMap<string, MetadataPlace>
}

/** @throws WorkflowFailed where the document would be too large */
export async function writeVersion(
  { app, newBlobKey, digests }: MakingVersions,
  version: VersionToWrite,
): Promise<WrittenVersion> {
  const { levels, entries, instances } = version
  const blobKey = newBlobKey()
  const metadataOf = new Map<string, MetadataPlace>()
  let offsetBytes = levels.length
  for (const [sopInstanceUID, entry] of entries) {
    metadataOf.set(sopInstanceUID, { blobKey, offsetBytes, entryBytes: entry.length, levelsBytes: 0 })
    offsetBytes += entry.length
  }
  const document = { offsetBytes, sizeBytes: 0 }
  let body: DocumentBody = { crc32: 0, contentBytes: 0 }
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield levels
    yield* entries.values()
    const onEnd = (of: DocumentBody) => {
      body = of
    }
    const entryOf = ({ sopInstanceUID }: InstanceParts) => entries.get(sopInstanceUID)
    for await (const piece of new DocumentJoiner(app).body(instances, onEnd, { levels, entryOf })) {
      document.sizeBytes += piece.length
      yield piece
    }
  }
  digests.set(blobKey, await app.blobs.put(blobKey, gathered(bytes())))
  const { imageSetMetadataBytes } = app.limits
  if (body.contentBytes > imageSetMetadataBytes) {
    throw new WorkflowFailed(
      `INVALID_REQUEST: the metadata would have ${body.contentBytes} bytes, more than the ${imageSetMetadataBytes} that it may have`,
    )
  }
  return {
    levels: { blobKey, offsetBytes: 0, sizeBytes: levels.length },
    document: { ...body, ...document, blobKey },
    metadataOf,
  }
}
