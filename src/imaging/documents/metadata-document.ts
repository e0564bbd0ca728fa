/**
 * A metadata document as a gzip file (RFC 1952) around a body that was compressed in advance. The ids of data store and image set precede
 * the body in an uncompressed block, and the checksum of the whole is computed from those of the two parts. So versions and copies can
 * share a body, and serving a document compresses nothing.
 */
import { crc32 } from 'node:zlib'
import { crc32OfJoined } from './crc32-joined.ts'

/** The JSON of a document after its ids, as one complete deflate stream (RFC 1951), with the values that the gzip trailer needs. */
export interface DocumentBody {
  /** Of the JSON. */
  readonly crc32: number
  /** Of the JSON. */
  readonly contentBytes: number
  /** Of the deflated bytes, as pixel-data/checksum/stored-checksum.ts makes it with number 0. */
  readonly bodyChecksum: number
}

export const INSTANCE_SEPARATOR = ','
/** Closes Instances, the series, Series, Study and the document. */
export const DOCUMENT_END = '}}}}}'

interface DocumentIds {
  readonly DatastoreID: string
  readonly ImageSetID: string
}

interface GzipAround {
  readonly before: Uint8Array
  readonly after: Uint8Array
}

/** Deflate, no name, no time, unknown system. */
const GZIP_HEADER = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
const STORED_BLOCK_HEADER_BYTES = 5
const GZIP_TRAILER_BYTES = 8

/** The bytes before and after a deflated body that make it the gzip file of one image set's document. */
export function gzipAround(
  { DatastoreID, ImageSetID }: DocumentIds,
  body: Pick<DocumentBody, 'crc32' | 'contentBytes'>,
): GzipAround {
  const head = Buffer.from(`${JSON.stringify({ SchemaVersion: '1.1', DatastoreID, ImageSetID }).slice(0, -1)},`)
  const before = Buffer.alloc(GZIP_HEADER.length + STORED_BLOCK_HEADER_BYTES + head.length)
  before.set(GZIP_HEADER)
  // A stored block that is not the last: its length and the complement of it (RFC 1951 3.2.4).
  before.writeUInt16LE(head.length, GZIP_HEADER.length + 1)
  before.writeUInt16LE(head.length ^ 0xffff, GZIP_HEADER.length + 3)
  before.set(head, GZIP_HEADER.length + STORED_BLOCK_HEADER_BYTES)
  const after = Buffer.alloc(GZIP_TRAILER_BYTES)
  const second = { crc32: body.crc32, lengthBytes: body.contentBytes }
  after.writeUInt32LE(crc32OfJoined(crc32(head), second))
  after.writeUInt32LE((head.length + body.contentBytes) % 2 ** 32, 4)
  return { before, after }
}
