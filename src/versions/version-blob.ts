/**
 * The blob of a new version: new instance metadata, the metadata document, which is joined while the blob is written, and the attributes of
 * patient, study and series with the overrides of instances.
 */
import type { ImportApp } from '../app.ts'
import { DeclaredValues } from '../imaging/documents/declared-values.ts'
import type { DeclaredTexts } from '../imaging/search/described.ts'
import { coalesced } from '../ingest/coalesce-chunks.ts'
import type { BlobDigest } from '../stores/blobs/blob-store.ts'
import type { Declared } from '../stores/catalog/declared-attribute-repository.ts'
import type {
  AttributesRange,
  DocumentRange,
  InstanceRecord,
  MetadataRange,
} from '../stores/catalog/image-set-records.ts'
import type { VersionAttributes } from './join-document.ts'
import { DocumentJoiner, type JoinedDocument } from './join-document.ts'
import { attributesBytes } from './version-attributes.ts'
import { WorkflowFailed } from './workflow-failed.ts'

interface VersionToWrite {
  readonly attributes: VersionAttributes
  /** By the SOPInstanceUID in the new version. */
  readonly instanceMetadata: ReadonlyMap<string, Uint8Array>
  /** All instances of the version, in the order of the document. */
  readonly instances: readonly InstanceRecord[]
}

interface WrittenVersion {
  readonly attributes: AttributesRange
  readonly document: DocumentRange
  readonly metadataOf: ReadonlyMap<string, MetadataRange>
  readonly declaredTexts: DeclaredTexts
}

/** @throws WorkflowFailed if the document would be too large */
export async function writeVersion(
  { app, newBlobKey, digests, declared: { attributes: declaredAttributes } }: MakingVersions,
  version: VersionToWrite,
): Promise<WrittenVersion> {
  const { attributes, instanceMetadata, instances } = version
  const blobKey = newBlobKey()
  const metadataOf = new Map<string, MetadataRange>()
  let offsetBytes = 0
  for (const [sopInstanceUID, metadata] of instanceMetadata) {
    metadataOf.set(sopInstanceUID, {
      blobKey,
      offsetBytes,
      instanceMetadataBytes: metadata.length,
      imageSetAttributesBytes: 0,
    })
    offsetBytes += metadata.length
  }
  const document = { offsetBytes, sizeBytes: 0 }
  const attributesPlace = { blobKey, offsetBytes: 0, sizeBytes: 0 }
  let joined: JoinedDocument | undefined
  const declared = new DeclaredValues(declaredAttributes)
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield* instanceMetadata.values()
    const onEnd = (of: JoinedDocument) => {
      joined = of
    }
    const newMetadataOf = ({ sopInstanceUID }: InstanceRecord) => instanceMetadata.get(sopInstanceUID)
    for await (const chunk of new DocumentJoiner(app).body({ instances, attributes, newMetadataOf, declared }, onEnd)) {
      document.sizeBytes += chunk.length
      yield chunk
    }
    attributesPlace.offsetBytes = document.offsetBytes + document.sizeBytes
    for await (const chunk of attributesBytes(attributes, joined!.different)) {
      attributesPlace.sizeBytes += chunk.length
      yield chunk
    }
  }
  digests.set(blobKey, await app.blobs.put(blobKey, coalesced(bytes())))
  const { body } = joined!
  const { imageSetMetadataBytes } = app.limits
  if (body.contentBytes > imageSetMetadataBytes) {
    throw new WorkflowFailed(
      `INVALID_REQUEST: the metadata would have ${body.contentBytes} bytes, more than the ${imageSetMetadataBytes} that it may have`,
    )
  }
  return {
    attributes: attributesPlace,
    document: { ...body, ...document, blobKey },
    metadataOf,
    declaredTexts: declared.texts(),
  }
}

export type WorkflowApp = Pick<ImportApp, 'catalog' | 'blobs' | 'limits' | 'clock' | 'newId' | 'log' | 'inSpan'>

export interface MakingVersions {
  readonly app: WorkflowApp
  readonly datastoreId: string
  /** As of the beginning: versions have the texts of these attributes. */
  readonly declared: Declared
  readonly newBlobKey: () => string
  /** Of the blobs that were written. */
  readonly digests: Map<string, BlobDigest>
}
