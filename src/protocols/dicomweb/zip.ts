/**
 * Writes a zip archive (PKWARE APPNOTE 6.3.10) as a stream: sizes and checksums follow each file, so that nothing of it is held. Files are
 * always "deflated", also where nothing is compressed: readers that cannot seek do not find the end of a stored one.
 */
import { constants, crc32, createDeflateRaw } from 'node:zlib'
import { through } from './bodies.ts'

export interface ZipEntry {
  /** In ASCII. */
  readonly name: string
  /** Undefined: may be more than 4 GiB. */
  readonly sizeBytes: number | undefined
  /** False for bytes that are compressed already. */
  readonly isCompressible: boolean
  readonly bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/** What the central directory says of a file. */
interface Written {
  readonly name: Buffer
  readonly crc: number
  readonly plainBytes: number
  readonly packedBytes: number
  readonly offset: number
}

/** Bit 3: sizes and checksum follow the data. */
const FOLLOWS = 0x0008
const DEFLATED = 8
const VERSION_64 = 45
const MAX_32 = 0xffff_ffff
const MAX_16 = 0xffff
/** Deflate can enlarge what it cannot compress, by less than this. */
const LARGE_BYTES = 0xf000_0000

/** In smaller chunks, what is not compressed takes ten times as long. */
const CHUNK_BYTES = 256 * 1024

export async function* zipOf(entries: AsyncIterable<ZipEntry>, at: number): AsyncGenerator<Uint8Array> {
  const time = dosTime(new Date(at))
  const written: Written[] = []
  let offset = 0
  for await (const { sizeBytes, isCompressible, bytes, ...entry } of entries) {
    const name = Buffer.from(entry.name, 'latin1')
    const isLarge = sizeBytes === undefined || sizeBytes > LARGE_BYTES
    const head = localHeader(name, { time, isLarge })
    yield head
    const counted = new Counted(bytes)
    const level = isCompressible ? constants.Z_BEST_SPEED : constants.Z_NO_COMPRESSION
    let packedBytes = 0
    for await (const chunk of through(counted, createDeflateRaw({ level, chunkSize: CHUNK_BYTES }))) {
      packedBytes += chunk.length
      yield chunk
    }
    const { crc, plainBytes } = counted
    const end = descriptor({ crc, plainBytes, packedBytes, isLarge })
    yield end
    written.push({ name, crc, plainBytes, packedBytes, offset })
    offset += head.length + packedBytes + end.length
  }
  let directoryBytes = 0
  for (const file of written) {
    const header = centralHeader(file, time)
    directoryBytes += header.length
    yield header
  }
  yield endOfArchive({ files: written.length, directoryBytes, offset })
}

/** Counts and sums what passes. */
class Counted implements AsyncIterable<Uint8Array> {
  readonly #bytes: ZipEntry['bytes']
  crc = 0
  plainBytes = 0

  constructor(bytes: ZipEntry['bytes']) {
    this.#bytes = bytes
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#bytes) {
      this.crc = crc32(chunk, this.crc)
      this.plainBytes += chunk.length
      yield chunk
    }
  }
}

/** In UTC. */
function dosTime(at: Date): number {
  const date = ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate()
  const time = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1)
  return ((date << 16) | time) >>> 0
}

function localHeader(name: Buffer, { time, isLarge }: { readonly time: number; readonly isLarge: boolean }): Buffer {
  const extra = isLarge ? extraOf([0, 0]) : Buffer.alloc(0)
  const header = Buffer.alloc(30)
  header.writeUInt32LE(0x0403_4b50, 0)
  header.writeUInt16LE(isLarge ? VERSION_64 : 20, 4)
  header.writeUInt16LE(FOLLOWS, 6)
  header.writeUInt16LE(DEFLATED, 8)
  header.writeUInt32LE(time, 10)
  header.writeUInt32LE(isLarge ? MAX_32 : 0, 18)
  header.writeUInt32LE(isLarge ? MAX_32 : 0, 22)
  header.writeUInt16LE(name.length, 26)
  header.writeUInt16LE(extra.length, 28)
  return Buffer.concat([header, name, extra])
}

/** The zip64 extra field. */
function extraOf(numbers: readonly number[]): Buffer {
  const extra = Buffer.alloc(4 + 8 * numbers.length)
  extra.writeUInt16LE(0x0001, 0)
  extra.writeUInt16LE(8 * numbers.length, 2)
  for (const [at, number] of numbers.entries()) extra.writeBigUInt64LE(BigInt(number), 4 + 8 * at)
  return extra
}

function descriptor({
  crc,
  plainBytes,
  packedBytes,
  isLarge,
}: Pick<Written, 'crc' | 'plainBytes' | 'packedBytes'> & { readonly isLarge: boolean }): Buffer {
  const bytes = Buffer.alloc(isLarge ? 24 : 16)
  bytes.writeUInt32LE(0x0807_4b50, 0)
  bytes.writeUInt32LE(crc, 4)
  if (isLarge) {
    bytes.writeBigUInt64LE(BigInt(packedBytes), 8)
    bytes.writeBigUInt64LE(BigInt(plainBytes), 16)
  } else {
    bytes.writeUInt32LE(packedBytes, 8)
    bytes.writeUInt32LE(plainBytes, 12)
  }
  return bytes
}

function centralHeader({ name, crc, plainBytes, packedBytes, offset }: Written, time: number): Buffer {
  const large = [plainBytes, packedBytes, offset].filter((number) => number >= MAX_32)
  const extra = large.length > 0 ? extraOf(large) : Buffer.alloc(0)
  const version = large.length > 0 ? VERSION_64 : 20
  const header = Buffer.alloc(46)
  header.writeUInt32LE(0x0201_4b50, 0)
  header.writeUInt16LE(version, 4)
  header.writeUInt16LE(version, 6)
  header.writeUInt16LE(FOLLOWS, 8)
  header.writeUInt16LE(DEFLATED, 10)
  header.writeUInt32LE(time, 12)
  header.writeUInt32LE(crc, 16)
  header.writeUInt32LE(Math.min(packedBytes, MAX_32), 20)
  header.writeUInt32LE(Math.min(plainBytes, MAX_32), 24)
  header.writeUInt16LE(name.length, 28)
  header.writeUInt16LE(extra.length, 30)
  header.writeUInt32LE(Math.min(offset, MAX_32), 42)
  return Buffer.concat([header, name, extra])
}

function endOfArchive({
  files,
  directoryBytes,
  offset,
}: {
  readonly files: number
  readonly directoryBytes: number
  readonly offset: number
}): Buffer {
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x0605_4b50, 0)
  end.writeUInt16LE(Math.min(files, MAX_16), 8)
  end.writeUInt16LE(Math.min(files, MAX_16), 10)
  end.writeUInt32LE(Math.min(directoryBytes, MAX_32), 12)
  end.writeUInt32LE(Math.min(offset, MAX_32), 16)
  if (files < MAX_16 && directoryBytes < MAX_32 && offset < MAX_32) return end
  const end64 = Buffer.alloc(76)
  end64.writeUInt32LE(0x0606_4b50, 0)
  end64.writeBigUInt64LE(44n, 4)
  end64.writeUInt16LE(VERSION_64, 12)
  end64.writeUInt16LE(VERSION_64, 14)
  end64.writeBigUInt64LE(BigInt(files), 24)
  end64.writeBigUInt64LE(BigInt(files), 32)
  end64.writeBigUInt64LE(BigInt(directoryBytes), 40)
  end64.writeBigUInt64LE(BigInt(offset), 48)
  end64.writeUInt32LE(0x0706_4b50, 56)
  end64.writeBigUInt64LE(BigInt(offset + directoryBytes), 64)
  end64.writeUInt32LE(1, 72)
  return Buffer.concat([end64, end])
}
