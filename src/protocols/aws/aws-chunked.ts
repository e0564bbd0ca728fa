/**
 * Decodes a body in the content coding `aws-chunked`, whose chunks may each be signed, with trailers at its end (AWS "Signature calculations
 * for the Authorization header: transferring payload in multiple chunks"). A chunk is passed on when its signature is checked.
 */
import { createHash, hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { ContractError } from '../../contract/errors.ts'
import { BufferedBytes } from '../http/buffered-bytes.ts'

interface ChunkedBody {
  /** The bytes of a signed chunk in memory. */
  readonly chunkBytesMax: number
  /** x-amz-decoded-content-length; undefined if it was not sent. */
  readonly decodedBytes: number | undefined
  /** Undefined where chunks are not signed. */
  readonly signatures: ChunkSignatures | undefined
  /** Whether trailers follow the last chunk. */
  readonly hasTrailer: boolean
}

/** Each signature covers the one before; the first is that of the request. @throws ContractError if the given one is wrong */
export interface ChunkSignatures {
  checkChunk(sha256: string, signature: string): void
  checkTrailer(sha256: string, signature: string): void
}

const LINE_BYTES_MAX = 1_024
const TRAILERS_MAX = 16
const EMPTY_SHA256 = hash('sha256', '')

export async function* decodeAwsChunked(
  bytes: AsyncIterable<Uint8Array>,
  body: ChunkedBody,
): AsyncGenerator<Uint8Array> {
  const { signatures, hasTrailer, decodedBytes } = body
  const reader = new Reader(bytes)
  const checksums = hasTrailer ? new Checksums() : undefined
  let sizeBytes = 0
  for (;;) {
    const { size, signature } = chunkHeader(await reader.line())
    if (signatures !== undefined && signature === undefined) throw invalid('has a chunk without chunk-signature')
    sizeBytes += size
    if (decodedBytes !== undefined && sizeBytes > decodedBytes) throw wrongLength()
    if (size === 0) {
      signatures?.checkChunk(EMPTY_SHA256, signature!)
      break
    }
    if (signatures === undefined) {
      for await (const part of reader.take(size)) {
        checksums?.update(part)
        yield part
      }
    } else {
      if (size > body.chunkBytesMax) throw invalid(`has a chunk of more than ${body.chunkBytesMax} bytes`)
      const parts: Uint8Array[] = []
      for await (const part of reader.take(size)) parts.push(part)
      const chunk = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
      signatures.checkChunk(hash('sha256', chunk), signature!)
      checksums?.update(chunk)
      yield chunk
    }
    if ((await reader.line()) !== '') throw invalid('has a chunk that is longer than it says')
  }
  if (decodedBytes !== undefined && sizeBytes !== decodedBytes) throw wrongLength()
  await checkTrailers(reader, { signatures, checksums })
  await reader.end()
}

async function checkTrailers(
  reader: Reader,
  { signatures, checksums }: { signatures: ChunkSignatures | undefined; checksums: Checksums | undefined },
): Promise<void> {
  let canonical = ''
  let signature: string | undefined
  for (let lines = 0; ; lines++) {
    // Some clients leave out the empty line after the last chunk.
    const line = await reader.lineOrEnd()
    if (line === undefined || line === '') break
    if (lines === TRAILERS_MAX) throw invalid(`has more than ${TRAILERS_MAX} trailers`)
    const colon = line.indexOf(':')
    if (colon < 1) throw invalid('has a trailer without a colon')
    const [name, value] = [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]
    if (name === 'x-amz-trailer-signature') {
      signature = value
      continue
    }
    canonical += `${name}:${value}\n`
    if (checksums?.isWrong(name, value)) {
      throw new ContractError('ValidationException', `The body does not have the checksum of the trailer ${name}.`)
    }
  }
  if (signatures === undefined || checksums === undefined) return
  if (signature === undefined) throw invalid('has no x-amz-trailer-signature')
  signatures.checkTrailer(hash('sha256', canonical), signature)
}

/** For example `10000;chunk-signature=0055...`. Other extensions are ignored. */
function chunkHeader(line: string): { readonly size: number; readonly signature: string | undefined } {
  const [size = '', ...extensions] = line.split(';')
  if (!/^[0-9a-f]{1,10}$/i.test(size.trim())) throw invalid('has a chunk without its length in hexadecimal digits')
  const signature = extensions.map((each) => /^\s*chunk-signature=([0-9a-f]{64})\s*$/.exec(each)?.[1]).find(Boolean)
  return { size: Number.parseInt(size, 16), signature }
}

/** Checksums of the AWS SDKs. Those that are not among them are not checked. */
class Checksums {
  #crc32 = 0
  readonly #hashes = { 'x-amz-checksum-sha1': createHash('sha1'), 'x-amz-checksum-sha256': createHash('sha256') }

  update(bytes: Uint8Array): void {
    this.#crc32 = crc32(bytes, this.#crc32)
    for (const each of Object.values(this.#hashes)) each.update(bytes)
  }

  /** At the end. */
  isWrong(name: string, value: string): boolean {
    if (name === 'x-amz-checksum-crc32') {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(this.#crc32)
      return bytes.toString('base64') !== value
    }
    if (name !== 'x-amz-checksum-sha1' && name !== 'x-amz-checksum-sha256') return false
    return this.#hashes[name].copy().digest('base64') !== value
  }
}

class Reader {
  readonly #input: BufferedBytes

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#input = new BufferedBytes(bytes)
  }

  async line(): Promise<string> {
    const line = await this.lineOrEnd()
    if (line === undefined) throw invalid('ends before its last chunk')
    return line
  }

  /** Without its end. Undefined at the end of the bytes. */
  async lineOrEnd(): Promise<string | undefined> {
    for (;;) {
      const at = this.#input.bytes.indexOf(10)
      if (at > LINE_BYTES_MAX || (at === -1 && this.#input.bytes.length > LINE_BYTES_MAX))
        throw invalid('has a long line')
      if (at !== -1) {
        const line = this.#input.take(at).toString('latin1')
        this.#input.take(1)
        return line.endsWith('\r') ? line.slice(0, -1) : line
      }
      if (await this.#input.more()) continue
      if (this.#input.bytes.length > 0) throw invalid('ends inside a line')
      return undefined
    }
  }

  async *take(bytes: number): AsyncGenerator<Uint8Array> {
    for (let left = bytes; left > 0; ) {
      if (this.#input.bytes.length === 0 && !(await this.#input.more())) throw invalid('ends inside a chunk')
      const part = this.#input.take(left)
      left -= part.length
      if (part.length > 0) yield part
    }
  }

  async end(): Promise<void> {
    do {
      if (this.#input.bytes.some((byte) => byte !== 13 && byte !== 10)) throw invalid('goes on after its last chunk')
      this.#input.clear()
    } while (await this.#input.more())
  }
}

const invalid = (what: string) => new ContractError('ValidationException', `The body in aws-chunked ${what}.`)
const wrongLength = () =>
  new ContractError('ValidationException', 'The body does not have the length of x-amz-decoded-content-length.')
