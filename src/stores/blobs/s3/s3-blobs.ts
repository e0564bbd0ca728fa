/** Blobs as the objects of one S3 bucket (Amazon S3 REST API 2006-03-01), through the official client. */
import {
  AbortMultipartUploadCommand,
  DeleteObjectsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3'
import { faultOfKey, InvalidBlobKey } from '../blob-key.ts'
import type { BlobEntry, BlobStore } from '../blob-store.ts'
import { inTime } from './s3-deadlines.ts'
import { send, unavailableFor } from './s3-failure.ts'
import { putObject } from './s3-putting.ts'
import { openObject, type S3Access } from './s3-reading.ts'

/** The most that DeleteObjects takes. */
const KEYS_PER_DELETE = 1_000

export interface S3Bucket extends S3Access {
  readonly bucket: string
  /** The prefix of every object key; the key of the blob is the rest. */
  readonly prefix: string
  /** `refuse`: an existing object is never replaced. */
  readonly overwriting: 'replace' | 'refuse'
}

export function s3Blobs(at: S3Bucket): BlobStore {
  const { client, bucket, prefix, limits } = at
  const faultOf = (key: string) => faultOfKey(key) ?? faultOfKey(prefix + key)
  return {
    async put(key, bytes) {
      const fault = faultOf(key)
      if (fault !== undefined) throw new InvalidBlobKey(fault)
      return putObject({ ...at, key: prefix + key }, bytes)
    },
    open: async (key, range) =>
      faultOf(key) === undefined ? openObject({ ...at, key: prefix + key }, range) : undefined,
    list: (keyPrefix, options) => listObjects(at, { keyPrefix, after: options?.after }),
    async remove(keys) {
      const possible = keys.filter((key) => faultOf(key) === undefined)
      for (let start = 0; start < possible.length; start += KEYS_PER_DELETE) {
        const Objects = possible.slice(start, start + KEYS_PER_DELETE).map((key) => ({ Key: prefix + key }))
        const command = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } })
        const removed = await send(() => inTime(limits, 0, (abortSignal) => client.send(command, { abortSignal })))
        const [failed] = removed.Errors ?? []
        if (failed !== undefined) throw unavailableFor(failed.Code)
      }
    },
    removeUnfinished: (before) => abortUploads(at, before),
  }
}

/** S3 lists in byte order of the UTF-8 keys. */
async function* listObjects(
  { client, limits, bucket, prefix }: S3Bucket,
  { keyPrefix, after }: { readonly keyPrefix: string; readonly after: string | undefined },
): AsyncGenerator<BlobEntry> {
  let token: string | undefined
  do {
    const command = new ListObjectsV2Command({
      Bucket: bucket,
      Prefix: prefix + keyPrefix,
      ...(after === undefined ? {} : { StartAfter: prefix + after }),
      ...(token === undefined ? {} : { ContinuationToken: token }),
    })
    const page = await send(() => inTime(limits, 0, (abortSignal) => client.send(command, { abortSignal })))
    for (const { Key, Size, LastModified } of page.Contents ?? []) {
      const key = Key!.slice(prefix.length)
      // S3 consoles create a folder as an object with the prefix as its key.
      if (key !== '') yield { key, sizeBytes: Size ?? 0, putAt: LastModified?.getTime() ?? 0 }
    }
    token = page.NextContinuationToken
  } while (token !== undefined)
}

async function abortUploads({ client, limits, bucket, prefix }: S3Bucket, before: number): Promise<void> {
  let marker: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {}
  while (marker !== undefined) {
    const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
      Bucket: bucket,
      Prefix: prefix,
      ...marker,
    })
    const page = await send(() => inTime(limits, 0, (abortSignal) => client.send(command, { abortSignal })))
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Initiated === undefined || Initiated.getTime() >= before) continue
      const abort = new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId })
      await send(() => inTime(limits, 0, (abortSignal) => client.send(abort, { abortSignal })))
    }
    marker =
      page.IsTruncated === true && page.NextKeyMarker !== undefined
        ? {
            KeyMarker: page.NextKeyMarker,
            ...(page.NextUploadIdMarker === undefined ? {} : { UploadIdMarker: page.NextUploadIdMarker }),
          }
        : undefined
  }
}
