/** Blobs as the objects of one S3 bucket (Amazon S3 REST API 2006-03-01), through the official client. */
import type { Readable } from 'node:stream'
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { faultOfKey, InvalidBlobKey } from './blob-key.ts'
import type { BlobEntry, BlobStore, ByteRange, OpenBlob } from './blob-store.ts'
import { asUnavailable, statusOf, unavailableFor } from './s3-failure.ts'
import { putInParts } from './s3-multipart.ts'

/** The most that DeleteObjects takes. */
const KEYS_PER_DELETE = 1_000

export interface Bucket {
  readonly client: S3Client
  readonly bucket: string
}

export function s3Blobs({ client, bucket }: Bucket): BlobStore {
  return {
    async put(key, bytes) {
      const fault = faultOfKey(key)
      if (fault !== undefined) throw new InvalidBlobKey(fault)
      if (!(bytes instanceof Uint8Array)) return putInParts({ client, bucket, key }, bytes)
      await send(() => client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes })))
    },
    open: async (key, range) =>
      faultOfKey(key) === undefined ? openObject({ client, bucket, key }, range) : undefined,
    list: (prefix, options) => listObjects({ client, bucket, prefix, after: options?.after }),
    async remove(keys) {
      const possible = keys.filter((key) => faultOfKey(key) === undefined)
      for (let start = 0; start < possible.length; start += KEYS_PER_DELETE) {
        const Objects = possible.slice(start, start + KEYS_PER_DELETE).map((Key) => ({ Key }))
        const command = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } })
        const [failed] = (await send(() => client.send(command))).Errors ?? []
        if (failed !== undefined) throw unavailableFor(failed.Code)
      }
    },
  }
}

interface ObjectPlace extends Bucket {
  readonly key: string
}

async function openObject(place: ObjectPlace, range: ByteRange | undefined): Promise<OpenBlob | undefined> {
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

/** S3 lists in byte order of the UTF-8 keys. */
async function* listObjects(from: Bucket & { prefix: string; after: string | undefined }): AsyncGenerator<BlobEntry> {
  let token: string | undefined
  do {
    const command = new ListObjectsV2Command({
      Bucket: from.bucket,
      Prefix: from.prefix,
      ...(from.after === undefined ? {} : { StartAfter: from.after }),
      ...(token === undefined ? {} : { ContinuationToken: token }),
    })
    const page = await send(() => from.client.send(command))
    for (const { Key, Size } of page.Contents ?? []) yield { key: Key!, sizeBytes: Size ?? 0 }
    token = page.NextContinuationToken
  } while (token !== undefined)
}

async function send<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request()
  } catch (error) {
    throw asUnavailable(error)
  }
}
