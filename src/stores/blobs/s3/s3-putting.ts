/**
 * Writes one S3 object, completely or not at all: a small one in one request, a longer stream as a multipart upload. Memory holds
 * PARTS_AT_ONCE parts and one that is being filled.
 */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { type BlobDigest, BlobExists } from '../blob-store.ts'
import { BytesDigest } from '../bytes-digest.ts'
import { inTime } from './s3-deadlines.ts'
import { asUnavailable, send, statusOf } from './s3-failure.ts'
import { type ObjectPlace, openObject } from './s3-reading.ts'

/** The blob of an import batch fits into one request. S3 accepts 10,000 parts, which are 234 GiB. */
export const PART_BYTES = 24 * 1024 ** 2
const PARTS_AT_ONCE = 2

interface Target extends ObjectPlace {
  readonly overwriting: 'replace' | 'refuse'
}

/** Headers with which an object is written only if there is none. */
type Condition = { readonly IfNoneMatch?: '*' }

export async function putObject(target: Target, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<BlobDigest> {
  const digest = new BytesDigest()
  if (bytes instanceof Uint8Array) return putWhole(target, bytes, digest.add(bytes))
  const parts = inParts(digest.passing(bytes))
  try {
    const first = await parts.next()
    const second = first.done ? first : await parts.next()
    if (second.done) return await putWhole(target, first.value ?? new Uint8Array(), digest)
    return await upload(target, { first: [first.value!, second.value], rest: parts, digest })
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
  { first, rest, digest }: { first: Uint8Array[]; rest: AsyncIterable<Uint8Array>; digest: BytesDigest },
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
    for (const part of first) await add(part)
    for await (const part of rest) await add(part)
    await Promise.all(sending)
    Parts.sort((a, b) => a.PartNumber - b.PartNumber)
    const whole = { ...object, UploadId, MultipartUpload: { Parts } }
    const written = digest.end()
    // The server assembles the parts before it responds.
    return await write(target, written, (condition) =>
      inTime(limits, written.sizeBytes, (abortSignal) =>
        client.send(new CompleteMultipartUploadCommand({ ...whole, ...condition }), { abortSignal }),
      ),
    )
  } catch (error) {
    await Promise.allSettled(sending)
    // S3 charges for parts until the upload is aborted. The first error is thrown, even if the abort fails too.
    const command = new AbortMultipartUploadCommand({ ...object, UploadId })
    await inTime(limits, 0, (abortSignal) => client.send(command, { abortSignal })).catch(() => undefined)
    throw error
  }
}

/** 412: the object exists; 409: a concurrent request wrote it; 404: an earlier attempt completed this upload. */
const MAY_EXIST = [404, 409, 412]
/** The response of a server without conditional writes. */
const NOT_IMPLEMENTED = 501

/**
 * An object that exists is accepted if it has the same bytes: an earlier attempt wrote it and its response was lost, or another server wrote
 * the same.
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
    if (status === undefined || !MAY_EXIST.includes(status)) throw asUnavailable(error)
    const existing = await openObject(target, undefined)
    if (existing === undefined) throw asUnavailable(error)
    const found = new BytesDigest()
    for await (const chunk of existing.bytes) found.add(chunk)
    if (found.end().sha256 !== digest.sha256) throw new BlobExists()
  }
  return digest
}

/** The same bytes in parts of PART_BYTES; the last can be smaller. */
async function* inParts(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, undefined, undefined> {
  let part = Buffer.allocUnsafeSlow(PART_BYTES)
  let filled = 0
  for await (const chunk of bytes) {
    for (let taken = 0; taken < chunk.byteLength; ) {
      const slice = chunk.subarray(taken, taken + PART_BYTES - filled)
      part.set(slice, filled)
      filled += slice.byteLength
      taken += slice.byteLength
      if (filled === PART_BYTES) {
        yield part
        part = Buffer.allocUnsafeSlow(PART_BYTES)
        filled = 0
      }
    }
  }
  if (filled > 0) yield part.subarray(0, filled)
}
