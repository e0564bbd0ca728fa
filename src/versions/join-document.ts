/**
 * Joins the metadata of instances to the body of a document and deflates it in chunks. For any number of instances memory holds a window of a
 * blob, a chunk, the largest instance, and some 300 bytes for the record of each.
 */

import type { ImportApp } from '../app.ts'
import { type AttributeOverrides, withOverrides } from '../imaging/documents/attribute-overrides.ts'
import type { DeclaredValues } from '../imaging/documents/declared-values.ts'
import { type DocumentBody, INSTANCE_SEPARATOR } from '../imaging/documents/metadata-document.ts'
import type { MetadataBytes } from '../ingest/describe-instance.ts'
import { WindowReader } from '../ingest/window-reader.ts'
import { StoredChecksum } from '../pixel-data/checksum/stored-checksum.ts'
import type { Range } from '../stores/blobs/blob-range.ts'
import type { InstanceRecord } from '../stores/catalog/image-set-records.ts'
import { DEFLATED_END, DocumentDeflater } from './deflate-document.ts'

/** Compressed without a pause, so not too large; each chunk starts a new deflate block, so not too small. */
const CHUNK_BYTES = 256 * 1024

export interface DocumentToJoin {
  /** In the order of the document. */
  readonly instances: readonly InstanceRecord[]
  readonly attributes: VersionAttributes
  /** Replaces the stored metadata of an instance, unless it is undefined. */
  readonly newMetadataOf?: (instance: InstanceRecord) => Uint8Array | undefined
  /** Receives the attributes, overrides and instances of the document. */
  readonly declared?: DeclaredValues
}

export interface JoinedDocument {
  readonly body: DocumentBody
  /** The instances that differ from the attributes of the image set. */
  readonly different: readonly InstanceRecord[]
  /** Continues the document, after the bytes before the last ones (DEFLATED_END). */
  readonly deflater: DocumentDeflater
}

/** The metadata of instances that are in memory. */
interface MetadataInMemory {
  readonly blobKey: string
  readonly offsetBytes: number
  readonly bytes: Uint8Array
}

export class DocumentJoiner {
  readonly #reader: WindowReader
  readonly #inMemory: MetadataInMemory | undefined

  /** @param inMemory is not read from its blob, which need not exist yet */
  constructor({ blobs }: Pick<ImportApp, 'blobs'>, inMemory?: MetadataInMemory) {
    this.#reader = new WindowReader(blobs)
    this.#inMemory = inMemory
  }

  /** The deflated bytes. After the last, onEnd receives the values that the gzip file needs. */
  async *body(document: DocumentToJoin, onEnd: (joined: JoinedDocument) => void): AsyncGenerator<Uint8Array> {
    const deflater = new DocumentDeflater()
    const checksum = new StoredChecksum(0)
    const deflate = (json: Uint8Array): Uint8Array => {
      const deflated = deflater.deflate(json)
      checksum.add(deflated)
      return deflated
    }
    const different: InstanceRecord[] = []
    let chunk: Uint8Array[] = []
    let chunkBytes = 0
    for await (const json of this.#json(document, different)) {
      chunk.push(json)
      chunkBytes += json.length
      if (chunkBytes < CHUNK_BYTES) continue
      yield deflate(Buffer.concat(chunk))
      chunk = []
      chunkBytes = 0
    }
    yield deflate(Buffer.concat(chunk))
    yield DEFLATED_END
    onEnd({ body: { ...deflater.end(), bodyChecksum: checksum.add(DEFLATED_END).end() }, different, deflater })
  }

  async *#json(
    { instances, attributes, newMetadataOf, declared }: DocumentToJoin,
    different: InstanceRecord[],
  ): AsyncGenerator<Uint8Array> {
    yield Buffer.from(attributes.text)
    declared?.addAttributes(attributes.text)
    let isFirst = true
    for (const instance of instances) {
      if (!isFirst) yield Buffer.from(INSTANCE_SEPARATOR)
      isFirst = false
      const own = newMetadataOf?.(instance) ?? (await this.metadata(instance, 'instanceMetadata'))
      const overrides = await attributes.overridesOf(instance)
      declared?.addInstance(own)
      if (overrides !== undefined) {
        different.push(instance)
        declared?.addOverrides(overrides)
      }
      yield overrides === undefined ? own : Buffer.from(withOverrides(Buffer.from(own).toString(), overrides))
    }
  }

  async metadata(instance: InstanceRecord, part: keyof MetadataBytes): Promise<Uint8Array> {
    const { blobKey, offsetBytes, instanceMetadataBytes, imageSetAttributesBytes } = instance.metadata
    return part === 'instanceMetadata'
      ? this.#read({ blobKey, offsetBytes, lengthBytes: instanceMetadataBytes })
      : this.#read({ blobKey, offsetBytes: offsetBytes + instanceMetadataBytes, lengthBytes: imageSetAttributesBytes })
  }

  async #read({ blobKey, offsetBytes, lengthBytes }: Range): Promise<Uint8Array> {
    if (blobKey !== this.#inMemory?.blobKey) return this.#reader.read({ blobKey, offsetBytes, lengthBytes })
    const start = offsetBytes - this.#inMemory.offsetBytes
    return this.#inMemory.bytes.subarray(start, start + lengthBytes)
  }
}

export type Overrides = AttributeOverrides | undefined

export interface VersionAttributes {
  /** As imaging/documents/metadata.ts writes it. */
  readonly text: string
  overridesOf(instance: InstanceRecord): Overrides | Promise<Overrides>
}
