/**
 * The input of a job, which is the caller's. A bucket that does not answer is away: the job is released and tried later. Where the
 * bucket answers and one object in it cannot be read, it is the object's fault, and a line of the failure report.
 */
import { DicomError } from '../dicom/dicom-error.ts'
import { readAll, readInto } from '../stores/blobs/blob-store.ts'
import type { Bucket, BucketFile } from '../stores/locations/locations.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import type { RangeOfFile } from './read-header.ts'

export interface InputBucket {
  readonly bucket: Bucket
  /** Below which the job may list. */
  readonly prefix: string
}

/** The cause is the store's, and has no key. */
export class UnreadableObject extends Error {
  override readonly name = 'UnreadableObject'
  readonly isDenied: boolean

  constructor(cause: StoreUnavailable) {
    super('an object of the input cannot be read', { cause })
    this.isDenied = cause.reason === 'access'
  }
}

const isGone = () => new DicomError({ reason: 'The object is no longer there' })

/** A range is read once more before it counts as unreadable. @throws UnreadableObject, or StoreUnavailable of a bucket that is away */
export const rangesOf = (input: InputBucket, file: Pick<BucketFile, 'open' | 'sizeBytes'>): RangeOfFile => ({
  sizeBytes: file.sizeBytes,
  read: (start, length) =>
    readTwice(input, async () => {
      const blob = await file.open({ start, length })
      if (blob === undefined) throw isGone()
      return readAll(blob)
    }),
})

/** As much from the beginning of the file as the memory holds. @returns a view of the memory. @throws as rangesOf */
export const readInputInto = (
  input: InputBucket,
  file: Pick<BucketFile, 'open'>,
  memory: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> =>
  readTwice(input, async () => {
    const blob = await file.open({ start: 0, length: memory.length, into: memory })
    if (blob === undefined) throw isGone()
    return readInto(blob, memory)
  })

async function readTwice<Bytes>(input: InputBucket, read: () => Promise<Bytes>): Promise<Bytes> {
  try {
    return await read()
  } catch (cause) {
    const fault = await faultOf(input, cause)
    if (!(fault instanceof UnreadableObject) || fault.isDenied) throw fault
  }
  try {
    return await read()
  } catch (cause) {
    throw await faultOf(input, cause)
  }
}

/** All of an object, from its beginning. @throws as rangesOf */
export async function* bytesOf(input: InputBucket, file: Pick<BucketFile, 'open'>): AsyncGenerator<Uint8Array> {
  try {
    const blob = await file.open()
    if (blob === undefined) throw isGone()
    yield* blob.bytes
  } catch (cause) {
    throw await faultOf(input, cause)
  }
}

/** What cannot be read where the bucket can still be listed is the object. */
async function faultOf({ bucket, prefix }: InputBucket, cause: unknown): Promise<unknown> {
  if (!(cause instanceof StoreUnavailable)) return cause
  if (cause.reason !== 'access') {
    for await (const _ of bucket.list(prefix)) break
  }
  return new UnreadableObject(cause)
}
