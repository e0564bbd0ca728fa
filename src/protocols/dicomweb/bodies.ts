/** Bodies of DICOMweb replies: multipart/related (RFC 2387), and streams that begin before their reply does. */
import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Part, Segment } from '../../contract/dicomweb.ts'
import type { Bytes } from '../../contract/shapes.ts'

/** Frames up to this size may be in a pooled buffer (`ReplyBuffers.sizeBytes`). */
const COPIED_BYTES_MAX = 1024 * 1024

export interface Multipart {
  readonly boundary: string
  /** Before the part: its boundary and headers. */
  head(contentType: string): Uint8Array
  readonly partEnd: Uint8Array
  readonly end: Uint8Array
}

/** @param id unpredictable, so that no content can imitate the boundary */
export function multipart(id: string): Multipart {
  const boundary = `hilum-${id}`
  return {
    boundary,
    head: (contentType) => Buffer.from(`--${boundary}\r\nContent-Type: ${contentType}\r\n\r\n`),
    partEnd: Buffer.from('\r\n'),
    end: Buffer.from(`--${boundary}--\r\n`),
  }
}

/**
 * A stream whose first two chunks are made already, the second usually that of the first frame: an error in them is an error response. A stream
 * with fewer chunks is returned as its bytes. `return` closes the source, which that of a generator that has not started would not.
 */
export async function started(source: AsyncGenerator<Uint8Array>): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
  const first = await source.next()
  if (first.done === true) return new Uint8Array(0)
  const second = await source.next()
  return second.done === true ? first.value : new StartedStream([first.value, second.value], source)
}

class StartedStream implements AsyncIterableIterator<Uint8Array> {
  readonly #made: Uint8Array[]
  readonly #rest: AsyncGenerator<Uint8Array>

  constructor(made: Uint8Array[], rest: AsyncGenerator<Uint8Array>) {
    this.#made = made
    this.#rest = rest
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    const value = this.#made.shift()
    return value === undefined ? this.#rest.next() : Promise.resolve({ done: false, value })
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#made.length = 0
    await this.#rest.return(undefined)
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/** The bytes as chunks, which are given back at the end. A pooled buffer is copied: the socket may hold a chunk longer than the stream. */
async function* chunksOf(bytes: Bytes): AsyncGenerator<Uint8Array> {
  if (bytes instanceof Uint8Array) yield bytes
  else if ('lent' in bytes) {
    try {
      yield bytes.lent.length <= COPIED_BYTES_MAX ? new Uint8Array(bytes.lent) : bytes.lent
    } finally {
      bytes.giveBack()
    }
  } else yield* 'sizeBytes' in bytes ? bytes.bytes : bytes
}

/** Releases bytes that will not be sent. */
async function drop(bytes: Bytes): Promise<void> {
  if (bytes instanceof Uint8Array) return
  if ('lent' in bytes) bytes.giveBack()
  else await ('sizeBytes' in bytes ? bytes.bytes : bytes)[Symbol.asyncIterator]().return?.()
}

/**
 * The bytes of segments in order, or a part of them. Segments before the part are not opened. Some are opened ahead of the one that is sent;
 * what is not sent is dropped. The first chunk is all that precedes the first opened segment, the second its beginning.
 */
export async function* bytesOfSegments(
  segments: Iterable<Segment>,
  { ahead, part = EVERYTHING }: { readonly ahead: number; readonly part?: Part | undefined },
): AsyncGenerator<Uint8Array> {
  const waiting: Waiting[] = []
  let opened = 0
  const next = async function* () {
    const { bytes, isOpened } = waiting.shift()!
    if (isOpened) opened -= 1
    yield* chunksOf(await bytes)
  }
  try {
    for (const { segment, wanted } of joined(withinPart(segments, part))) {
      const isOpened = !(segment instanceof Uint8Array)
      const bytes = isOpened ? segment.open(wanted) : Promise.resolve(segment)
      // A failure is thrown when it is awaited below.
      bytes.catch(() => {})
      waiting.push({ bytes, isOpened })
      if (isOpened) opened += 1
      while (opened > ahead) yield* next()
    }
    while (waiting.length > 0) yield* next()
  } finally {
    for (const { bytes } of waiting) await bytes.then(drop, () => {})
  }
}

interface Waiting {
  readonly bytes: Promise<Bytes>
  readonly isOpened: boolean
}

/** Bytes in memory that follow each other become one segment. */
function* joined(segments: Iterable<WantedSegment>): Generator<WantedSegment> {
  let parts: Uint8Array[] = []
  for (const { segment, wanted } of segments) {
    if (segment instanceof Uint8Array) {
      parts.push(cut(segment, wanted))
      continue
    }
    if (parts.length > 0) yield { segment: Buffer.concat(parts), wanted: undefined }
    parts = []
    yield { segment, wanted }
  }
  if (parts.length > 0) yield { segment: Buffer.concat(parts), wanted: undefined }
}

const EVERYTHING: Part = { start: 0, length: Number.POSITIVE_INFINITY }

const cut = (bytes: Uint8Array, wanted: Part | undefined): Uint8Array =>
  wanted === undefined ? bytes : bytes.subarray(wanted.start, wanted.start + wanted.length)

interface WantedSegment {
  readonly segment: Segment
  /** Undefined: the whole segment. */
  readonly wanted: Part | undefined
}

function* withinPart(segments: Iterable<Segment>, { start, length }: Part): Generator<WantedSegment> {
  let at = 0
  const end = start + length
  for (const segment of segments) {
    const sizeBytes = (segment instanceof Uint8Array ? segment.length : segment.sizeBytes) ?? Number.NaN
    const from = Math.max(0, start - at)
    const to = Math.min(sizeBytes, end - at)
    at += sizeBytes
    if (Number.isNaN(at) || (from === 0 && to === sizeBytes)) yield { segment, wanted: undefined }
    else if (from < to) yield { segment, wanted: { start: from, length: to - from } }
    if (at >= end) return
  }
}

/** Runs the bytes through a transform such as gzip, with back-pressure; destroying the result closes the source. */
export function through(source: AsyncIterable<Uint8Array>, transform: Transform): Transform {
  // Its errors are those of the transform, which the reply reads.
  pipeline(source, transform).catch(() => {})
  return transform
}
