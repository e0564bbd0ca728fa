/**
 * The documents of the image sets that were extended last, in memory. When instances are added to such an image set, its next document is
 * these bytes and the new instances: neither the metadata of its other instances nor their rows are read. Without it, a series whose n
 * instances arrive one by one costs n² reads.
 */
import { withOverrides } from '../imaging/documents/attribute-overrides.ts'
import type { DeclaredValues } from '../imaging/documents/declared-values.ts'
import { type DocumentBody, INSTANCE_SEPARATOR } from '../imaging/documents/metadata-document.ts'
import { StoredChecksum } from '../pixel-data/checksum/stored-checksum.ts'
import type { ImageSetVersion } from '../stores/catalog/image-set-records.ts'
import { DEFLATED_END, type DocumentDeflater } from './deflate-document.ts'
import type { Overrides } from './join-document.ts'

/** With the object of a set. */
const UID_BYTES = 128
/** The window of the deflater and the objects. */
const OWN_BYTES = 16 * 1024
/** Less than a revoked key may be used (decision 18): documents are data of patients. */
const UNUSED_MS = 20_000

interface DocumentWritten {
  readonly deflater: DocumentDeflater
  /** Without the end. */
  readonly deflated: Uint8Array
  /** Of patient, study and series. */
  readonly text: string
  /** The text and the overrides of instances, as they are stored; undefined if no instance has any. */
  readonly attributes: Uint8Array | undefined
  readonly sopInstanceUIDs: Iterable<string>
  readonly declared: DeclaredValues
  /** Of the declared attributes. */
  readonly revision: number
}

export interface AddedInstance {
  readonly sopInstanceUID: string
  readonly metadata: Uint8Array
  readonly overrides: Overrides
}

export class GrowingDocument {
  readonly text: string
  readonly revision: number
  readonly declared: DeclaredValues
  readonly #deflater: DocumentDeflater
  readonly #sopInstanceUIDs: Set<string>
  #memory: Uint8Array
  #deflatedBytes: number
  #attributes: Uint8Array | undefined

  constructor({ deflater, deflated, text, attributes, sopInstanceUIDs, declared, revision }: DocumentWritten) {
    this.text = text
    this.revision = revision
    this.declared = declared
    this.#deflater = deflater
    this.#sopInstanceUIDs = new Set(sopInstanceUIDs)
    this.#memory = deflated
    this.#deflatedBytes = deflated.length
    this.#attributes = attributes
  }

  get sizeBytes(): number {
    const attributesBytes = this.text.length + (this.#attributes?.length ?? 0)
    return this.#memory.length + attributesBytes + this.#sopInstanceUIDs.size * UID_BYTES + OWN_BYTES
  }

  has(sopInstanceUID: string): boolean {
    return this.#sopInstanceUIDs.has(sopInstanceUID)
  }

  /** @param lines as the attributes of a version are stored, for the instances with overrides */
  add(instances: readonly AddedInstance[], lines: readonly Uint8Array[]): void {
    const json = instances.flatMap(({ sopInstanceUID, metadata, overrides }) => {
      this.#sopInstanceUIDs.add(sopInstanceUID)
      this.declared.addInstance(metadata)
      if (overrides === undefined) return [Buffer.from(INSTANCE_SEPARATOR), metadata]
      this.declared.addOverrides(overrides)
      const overridden = withOverrides(Buffer.from(metadata).toString(), overrides)
      return [Buffer.from(INSTANCE_SEPARATOR + overridden)]
    })
    this.#append(this.#deflater.deflate(Buffer.concat(json)))
    if (lines.length > 0) this.#attributes = Buffer.concat([this.#attributes ?? Buffer.from(this.text), ...lines])
  }

  get deflatedBytes(): number {
    return this.#deflatedBytes + DEFLATED_END.length
  }

  /** To be stored before anything else is added. */
  get deflated(): readonly Uint8Array[] {
    return [this.#memory.subarray(0, this.#deflatedBytes), DEFLATED_END]
  }

  get attributes(): Uint8Array | undefined {
    return this.#attributes
  }

  body(): DocumentBody {
    const checksum = new StoredChecksum(0)
    for (const bytes of this.deflated) checksum.add(bytes)
    return { ...this.#deflater.end(), bodyChecksum: checksum.end() }
  }

  /** It cannot be used afterwards. */
  overwrite(): void {
    this.#memory.fill(0)
    this.#attributes?.fill(0)
    this.#deflater.overwrite()
  }

  #append(bytes: Uint8Array): void {
    const length = this.#deflatedBytes + bytes.length
    if (length > this.#memory.length) {
      const larger = new Uint8Array(length + (length >> 1))
      larger.set(this.#memory.subarray(0, this.#deflatedBytes))
      this.#memory.fill(0)
      this.#memory = larger
    }
    this.#memory.set(bytes, this.#deflatedBytes)
    this.#deflatedBytes = length
  }
}

interface Kept {
  readonly version: number
  readonly document: GrowingDocument
  readonly usedAt: number
}

export class GrowingDocuments {
  readonly limitBytes: number
  /** By image set, the most recently used last. */
  readonly #kept = new Map<string, Kept>()
  #sizeBytes = 0
  #timer: NodeJS.Timeout | undefined

  constructor({ limitBytes }: { readonly limitBytes: number }) {
    this.limitBytes = limitBytes
  }

  /** It is no longer kept: a version that is not published leaves no document that contains its instances. */
  take({ imageSetId, version }: ImageSetVersion): GrowingDocument | undefined {
    const found = this.#kept.get(imageSetId)
    if (found === undefined) return undefined
    this.#kept.delete(imageSetId)
    this.#sizeBytes -= found.document.sizeBytes
    if (found.version === version) return found.document
    found.document.overwrite()
    return undefined
  }

  /** When the version is published. */
  keep(of: ImageSetVersion, document: GrowingDocument): void {
    this.take(of)?.overwrite()
    this.#kept.set(of.imageSetId, { version: of.version, document, usedAt: performance.now() })
    this.#sizeBytes += document.sizeBytes
    this.#dropWhile(() => this.#sizeBytes > this.limitBytes)
    this.#timer ??= setInterval(() => this.#dropUnused(), UNUSED_MS / 4).unref()
  }

  clear(): void {
    this.#dropWhile(() => true)
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #dropUnused(): void {
    const usedBefore = performance.now() - UNUSED_MS
    this.#dropWhile(({ usedAt }) => usedAt < usedBefore)
    if (this.#kept.size === 0) this.clear()
  }

  /** From the least recently used on. */
  #dropWhile(condition: (kept: Kept) => boolean): void {
    for (const [imageSetId, kept] of this.#kept) {
      if (!condition(kept)) return
      this.take({ imageSetId, version: kept.version })
      kept.document.overwrite()
    }
  }
}
