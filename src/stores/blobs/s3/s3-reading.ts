/** Reads an S3 object, or a range of it, as a stream. */
import type { Readable } from 'node:stream'
import { GetObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import type { ByteRange, OpenBlob } from '../blob-store.ts'
import { BodyDeadline, inTime, type S3Limits, timedOut } from './s3-deadlines.ts'
import { asUnavailable, send, statusOf } from './s3-failure.ts'

export interface S3Access {
  /** Aborts a connection without data. */
  readonly client: S3Client
  /** For streamed bodies. It has no timeout, because a reader may pause for any time; BodyDeadline limits the waits for the server. */
  readonly readingClient: S3Client
  readonly limits: S3Limits
}

export interface ObjectPlace extends S3Access {
  readonly bucket: string
  readonly key: string
}

/** Undefined if there is no such object. */
export async function openObject(place: ObjectPlace, range: ByteRange | undefined): Promise<OpenBlob | undefined> {
  // HTTP has no empty range.
  if (range?.length === 0) return withoutBytes(place)
  const end = range?.length === undefined ? '' : range.start + range.length - 1
  const command = new GetObjectCommand({
    Bucket: place.bucket,
    Key: place.key,
    ...(range === undefined ? {} : { Range: `bytes=${range.start}-${end}` }),
  })
  try {
    const { readingClient, limits } = place
    const found = await inTime(limits, 0, (abortSignal) => readingClient.send(command, { abortSignal }))
    const sizeBytes = Number(found.ContentRange?.split('/')[1] ?? found.ContentLength)
    return { sizeBytes, bytes: readableBytes(found.Body as Readable, limits) }
  } catch (error) {
    if (isAbsent(error)) return undefined
    // The range begins after the end.
    if (statusOf(error) === 416) return withoutBytes(place)
    throw asUnavailable(error)
  }
}

async function withoutBytes({ client, limits, bucket, key }: ObjectPlace): Promise<OpenBlob | undefined> {
  try {
    const command = new HeadObjectCommand({ Bucket: bucket, Key: key })
    const found = await inTime(limits, 0, (abortSignal) => client.send(command, { abortSignal }))
    return { sizeBytes: found.ContentLength ?? 0, bytes: (async function* () {})() }
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw asUnavailable(error)
  }
}

/** Not NoSuchBucket: a missing bucket is an error. HEAD does not distinguish it from a missing object. */
const isAbsent = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'NoSuchKey' || error.name === 'NotFound')

/** `return` frees the connection even if nothing was read. */
function readableBytes(body: Readable, limits: S3Limits): AsyncIterable<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]()
  const deadline = new BodyDeadline(limits)
  const abort = () => body.destroy(timedOut())
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => send(() => deadline.next(() => chunks.next(), abort)),
      async return() {
        body.destroy()
        return { done: true, value: undefined }
      },
    }),
  }
}
