/** Reads an S3 object or a range of it, as its bytes are asked for. */
import type { Readable } from 'node:stream'
import { GetObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import type { ByteRange, OpenBlob } from '../blob-store.ts'
import { asUnavailable, send, statusOf } from './s3-failure.ts'

export interface ObjectPlace {
  readonly client: S3Client
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
    const found = await place.client.send(command)
    const sizeBytes = Number(found.ContentRange?.split('/')[1] ?? found.ContentLength)
    return { sizeBytes, bytes: readableBytes(found.Body as Readable) }
  } catch (error) {
    if (isAbsent(error)) return undefined
    // A range that begins past the end.
    if (statusOf(error) === 416) return withoutBytes(place)
    throw asUnavailable(error)
  }
}

async function withoutBytes({ client, bucket, key }: ObjectPlace): Promise<OpenBlob | undefined> {
  try {
    const found = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))
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
function readableBytes(body: Readable): AsyncIterable<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]()
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => send(() => chunks.next()),
      async return() {
        body.destroy()
        return { done: true, value: undefined }
      },
    }),
  }
}
