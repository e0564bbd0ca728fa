/** Writes a stream of unknown length as one S3 object: small ones in one request, others part by part, whole or not at all. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { asUnavailable } from './s3-failure.ts'

/** S3 takes 10,000 parts: 80 GB. */
const PART_BYTES = 8 * 1024 ** 2

interface Target {
  readonly client: S3Client
  readonly bucket: string
  readonly key: string
}

export async function putInParts(target: Target, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const parts = inParts(bytes)
  try {
    const first = await parts.next()
    const second = first.done ? first : await parts.next()
    if (second.done) await putWhole(target, first.value ?? new Uint8Array())
    else await upload(target, [first.value!, second.value], parts)
  } finally {
    await parts.return(undefined)
  }
}

async function putWhole({ client, bucket, key }: Target, Body: Uint8Array): Promise<void> {
  await send(() => client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body })))
}

async function upload(
  { client, bucket, key }: Target,
  begun: Uint8Array[],
  rest: AsyncIterable<Uint8Array>,
): Promise<void> {
  const object = { Bucket: bucket, Key: key }
  const { UploadId } = await send(() => client.send(new CreateMultipartUploadCommand(object)))
  const Parts: { PartNumber: number; ETag: string | undefined }[] = []
  const add = async (Body: Uint8Array) => {
    const PartNumber = Parts.length + 1
    const { ETag } = await send(() => client.send(new UploadPartCommand({ ...object, UploadId, PartNumber, Body })))
    Parts.push({ PartNumber, ETag })
  }
  try {
    for (const part of begun) await add(part)
    for await (const part of rest) await add(part)
    const complete = new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts } })
    await send(() => client.send(complete))
  } catch (error) {
    // S3 charges for parts until they are given up. That this fails too is no news beside the error itself.
    await client.send(new AbortMultipartUploadCommand({ ...object, UploadId })).catch(() => undefined)
    throw error
  }
}

/** The same bytes in pieces of PART_BYTES; the last may be smaller. */
async function* inParts(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, undefined, undefined> {
  let part = Buffer.allocUnsafe(PART_BYTES)
  let filled = 0
  for await (const chunk of bytes) {
    for (let taken = 0; taken < chunk.byteLength; ) {
      const piece = chunk.subarray(taken, taken + PART_BYTES - filled)
      part.set(piece, filled)
      filled += piece.byteLength
      taken += piece.byteLength
      if (filled === PART_BYTES) {
        yield part
        part = Buffer.allocUnsafe(PART_BYTES)
        filled = 0
      }
    }
  }
  if (filled > 0) yield part.subarray(0, filled)
}

async function send<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request()
  } catch (error) {
    throw asUnavailable(error)
  }
}
