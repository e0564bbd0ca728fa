/**
 * Writes one S3 object, whole or not at all: what is small in one request, a stream of unknown length part by part. A part is held
 * until it is sent, and few of them at a time.
 */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { BlobDigest } from '../blob-store.ts'
import { BytesDigest } from '../bytes-digest.ts'
import { inTime } from './s3-deadlines.ts'
import { asUnavailable, send, statusOf } from './s3-failure.ts'
import { type ObjectPlace, openObject } from './s3-reading.ts'

/** A blob of an import's batch is one request; S3 takes 10,000 parts, which are 234 GiB. */
export const PART_BYTES = 24 * 1024 ** 2
/** Sent at once; one more is being filled. */
const PARTS_AT_ONCE = 2

interface Target extends ObjectPlace {
  readonly overwriting: 'replace' | 'refuse'
}

/** What a request must say for an object to be written only where there is none. */
type Condition = { readonly IfNoneMatch?: '*' }

export async function putObject(target: Target, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<BlobDigest> {
  const digest = new BytesDigest()
  if (bytes instanceof Uint8Array) return putWhole(target, bytes, digest.add(bytes))
  const parts = inParts(digest.passing(bytes))
  try {
    const first = await parts.next()
    const second = first.done ? first : await parts.next()
    if (second.done) return await putWhole(target, first.value ?? new Uint8Array(), digest)
    return await upload(target, { begun: [first.value!, second.value], rest: parts, digest })
  } finally {
    await parts.return(undefined)
  }
}

async function putWhole(target: Target, Body: Uint8Array, digest: BytesDigest): Promise<BlobDigest> {
  const { client, limits } = target
  const object = { Bucket: target.bucket, Key: target.key, Body }
  return write(target, digest.end(), (condition) =>
    inTime(limits, Body.length, (abortSignal) =>
      client.send(new PutObjectCommand({ ...object, ...condition }), { abortSignal }),
    ),
  )
}

async function upload(
  target: Target,
  { begun, rest, digest }: { begun: Uint8Array[]; rest: AsyncIterable<Uint8Array>; digest: BytesDigest },
): Promise<BlobDigest> {
  const { client, limits, bucket, key } = target
  const object = { Bucket: bucket, Key: key }
  const { UploadId } = await send(() =>
    inTime(limits, 0, (abortSignal) => client.send(new CreateMultipartUploadCommand(object), { abortSignal })),
  )
  const sending = new Set<Promise<void>>()
  const Parts: { PartNumber: number; ETag: string | undefined }[] = []
  const add = async (Body: Uint8Array) => {
    const PartNumber = Parts.length + sending.size + 1
    const command = new UploadPartCommand({ ...object, UploadId, PartNumber, Body })
    const sent = send(() => inTime(limits, Body.length, (abortSignal) => client.send(command, { abortSignal }))).then(
      ({ ETag }) => {
        sending.delete(sent)
        Parts.push({ PartNumber, ETag })
      },
    )
    sending.add(sent)
    // Awaited below; until then a rejection is not unhandled.
    sent.catch(() => {})
    if (sending.size >= PARTS_AT_ONCE) await Promise.race(sending)
  }
  try {
    for (const part of begun) await add(part)
    for await (const part of rest) await add(part)
    await Promise.all(sending)
    Parts.sort((a, b) => a.PartNumber - b.PartNumber)
    const whole = { ...object, UploadId, MultipartUpload: { Parts } }
    const written = digest.end()
    // The server puts the parts together before it answers.
    return await write(target, written, (condition) =>
      inTime(limits, written.sizeBytes, (abortSignal) =>
        client.send(new CompleteMultipartUploadCommand({ ...whole, ...condition }), { abortSignal }),
      ),
    )
  } catch (error) {
    await Promise.allSettled(sending)
    // S3 charges for parts until they are given up. That this fails too is no news beside the error itself.
    const command = new AbortMultipartUploadCommand({ ...object, UploadId })
    await inTime(limits, 0, (abortSignal) => client.send(command, { abortSignal })).catch(() => undefined)
    throw error
  }
}

/** 412: the object is there; 409: another was faster just now; 404: this upload was completed by an earlier try. */
const DONE_BY_ANOTHER = [404, 409, 412]
/** What a server answers that has no conditional writes. */
const NOT_IMPLEMENTED = 501

/**
 * An object that is there is harmless where its bytes are these: an earlier try of the same request, whose answer was lost, or another
 * server that made the same.
 */
async function write(
  target: Target,
  digest: BlobDigest,
  request: (condition: Condition) => Promise<unknown>,
): Promise<BlobDigest> {
  try {
    await request(target.overwriting === 'refuse' ? { IfNoneMatch: '*' } : {})
  } catch (error) {
    const status = statusOf(error)
    if (status === NOT_IMPLEMENTED && target.overwriting === 'refuse') {
      await send(() => request({}))
      return digest
    }
    if (status === undefined || !DONE_BY_ANOTHER.includes(status)) throw asUnavailable(error)
    const there = await openObject(target, undefined)
    if (there === undefined) throw asUnavailable(error)
    const found = new BytesDigest()
    for await (const chunk of there.bytes) found.add(chunk)
    if (found.end().sha256 !== digest.sha256)
      throw new Error('a blob is immutable, and its key was put again with other bytes')
  }
  return digest
}

/** The same bytes in pieces of PART_BYTES; the last may be smaller. */
async function* inParts(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, undefined, undefined> {
  let part = Buffer.allocUnsafeSlow(PART_BYTES)
  let filled = 0
  for await (const chunk of bytes) {
    for (let taken = 0; taken < chunk.byteLength; ) {
      const piece = chunk.subarray(taken, taken + PART_BYTES - filled)
      part.set(piece, filled)
      filled += piece.byteLength
      taken += piece.byteLength
      if (filled === PART_BYTES) {
        yield part
        part = Buffer.allocUnsafeSlow(PART_BYTES)
        filled = 0
      }
    }
  }
  if (filled > 0) yield part.subarray(0, filled)
}
