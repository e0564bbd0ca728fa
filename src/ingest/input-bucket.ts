/**
 * Reads the objects of a job's input, which belong to the caller. If the bucket is unavailable, the job is released and tried later. If the
 * bucket can be listed and one object cannot be read, the object becomes a line of the failure report.
 */
import { DicomError } from '../dicom/dicom-error.ts'
import { readAll, readInto } from '../stores/blobs/blob-store.ts'
import type { Bucket, BucketFile } from '../stores/locations/locations.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import type { RangeOfFile } from './read-header.ts'

export interface InputBucket {
  readonly bucket: Bucket
  /** The prefix of the job's input. */
  readonly prefix: string
}

/** One object cannot be read while its bucket can. The cause contains no key. */
export class UnreadableObject extends Error {
  override readonly name = 'UnreadableObject'
  readonly isDenied: boolean

  constructor(cause: StoreUnavailable) {
    super('an object of the input cannot be read', { cause })
    this.isDenied = cause.reason === 'access'
  }
}

const missingObject = () => new DicomError({ reason: 'The object is no longer there' })

/** Retries a range once before the object counts as unreadable. @throws UnreadableObject, StoreUnavailable if the bucket is unavailable */
export const rangesOf = (input: InputBucket, file: Pick<BucketFile, 'open' | 'sizeBytes'>): RangeOfFile => ({
  sizeBytes: file.sizeBytes,
  read: (start, length) =>
    readTwice(input, async () => {
      const blob = await file.open({ start, length })
      if (blob === undefined) throw missingObject()
      return readAll(blob)
    }),
})

/** Fills the memory from the beginning of the file. @returns the part of the memory that was filled. @throws as rangesOf */
export const readInputInto = (
  input: InputBucket,
  file: Pick<BucketFile, 'open'>,
  memory: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> =>
  readTwice(input, async () => {
    const blob = await file.open({ start: 0, length: memory.length, into: memory })
    if (blob === undefined) throw missingObject()
    return readInto(blob, memory)
  })

async function readTwice<Bytes>(input: InputBucket, read: () => Promise<Bytes>): Promise<Bytes> {
  try {
    return await read()
  } catch (cause) {
    const error = await errorOf(input, cause)
    if (!(error instanceof UnreadableObject) || error.isDenied) throw error
  }
  try {
    return await read()
  } catch (cause) {
    throw await errorOf(input, cause)
  }
}

/** All bytes of an object, not retried. @throws as rangesOf */
export async function* bytesOf(input: InputBucket, file: Pick<BucketFile, 'open'>): AsyncGenerator<Uint8Array> {
  try {
    const blob = await file.open()
    if (blob === undefined) throw missingObject()
    yield* blob.bytes
  } catch (cause) {
    throw await errorOf(input, cause)
  }
}

/** If the bucket can still be listed, the object is at fault. @throws StoreUnavailable if it cannot */
async function errorOf({ bucket, prefix }: InputBucket, cause: unknown): Promise<unknown> {
  if (!(cause instanceof StoreUnavailable)) return cause
  if (cause.reason !== 'access') {
    for await (const _ of bucket.list(prefix)) break
  }
  return new UnreadableObject(cause)
}
