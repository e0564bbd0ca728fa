/** Reads an S3 object or a range of it, as its bytes are asked for. */
import type { Readable } from 'node:stream'
import { GetObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import type { ByteRange, OpenBlob } from '../blob-store.ts'
import { BodyDeadline, inTime, type S3Limits, silent } from './s3-deadlines.ts'
import { asUnavailable, send, statusOf } from './s3-failure.ts'

/** The way to an S3 server. */
export interface S3Access {
  /** Gives up on a connection that is silent. */
  readonly client: S3Client
  /** For bodies that are read as they are asked for, which may take any time: it waits for ever, and BodyDeadline bounds that. */
  readonly readingClient: S3Client
  readonly limits: S3Limits
}

export interface ObjectPlace extends S3Access {
  readonly bucket: string
  readonly key: string
}

/** undefined where there is no such object. */
export async function openObject(place: ObjectPlace, range: ByteRange | undefined): Promise<OpenBlob | undefined> {
  // HTTP cannot ask for no bytes.
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
    // A range that begins past the end.
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

/** A bucket that is gone is a failure; HEAD cannot tell it from an object that is not there. */
const isAbsent = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'NoSuchKey' || error.name === 'NotFound')

/** `return` gives the connection back even where nothing was ever read. */
function readableBytes(body: Readable, limits: S3Limits): AsyncIterable<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]()
  const deadline = new BodyDeadline(limits)
  const giveUp = () => body.destroy(silent())
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => send(() => deadline.next(() => chunks.next(), giveUp)),
      async return() {
        body.destroy()
        return { done: true, value: undefined }
      },
    }),
  }
}
