/**
 * Deflates a document in pieces. Each piece ends on a byte boundary (an empty stored block, RFC 1951 3.2.4) and uses the JSON before it as
 * dictionary. The end of the document is a block of its own: a document with more instances begins with the same bytes.
 */
import { constants, crc32, deflateRawSync } from 'node:zlib'
import { DOCUMENT_END, type DocumentBody } from '../imaging/documents/metadata-document.ts'

/** Of the JSON before a piece: some instances. */
const WINDOW_BYTES = 8 * 1024
/** A piece of a few instances: less memory to initialise, and to collect as garbage. */
const SMALL_BYTES = 16 * 1024
const SMALL = { windowBits: 13, memLevel: 6, chunkSize: 2 * 1024 }

const END = Buffer.from(DOCUMENT_END)
/** A stored block, which is the last: its length and the complement of it. */
export const DEFLATED_END: Uint8Array = Buffer.from([1, END.length, 0, END.length ^ 0xff, 0xff, ...END])

export class DocumentDeflater {
  #crc32 = 0
  #contentBytes = 0
  #window: Uint8Array = new Uint8Array(0)

  deflate(json: Uint8Array): Uint8Array {
    if (json.length === 0) return json
    const deflated = deflateRawSync(json, {
      ...(json.length <= SMALL_BYTES ? SMALL : {}),
      ...{ dictionary: this.#window, finishFlush: constants.Z_SYNC_FLUSH },
    })
    this.#crc32 = crc32(json, this.#crc32)
    this.#contentBytes += json.length
    const kept = Math.max(0, Math.min(this.#window.length, WINDOW_BYTES - json.length))
    const window = Buffer.concat([
      this.#window.subarray(this.#window.length - kept),
      json.subarray(Math.max(0, json.length - WINDOW_BYTES)),
    ])
    this.overwrite()
    this.#window = window
    return deflated
  }

  /** Of the document that ends here. */
  end(): Pick<DocumentBody, 'crc32' | 'contentBytes'> {
    return { crc32: crc32(END, this.#crc32), contentBytes: this.#contentBytes + END.length }
  }

  /** It cannot be used afterwards. */
  overwrite(): void {
    this.#window.fill(0)
  }
}
