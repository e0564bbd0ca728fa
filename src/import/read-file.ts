/** One input file: its bytes, or as much of them as its header needs, become an instance to store or a line of the failure report. */
import type { ImportApp } from '../app.ts'
import { DicomError, PrefixTooShortError } from '../dicom/dicom-error.ts'
import { parseP10 } from '../dicom/parse.ts'
import { type Instance, readInstance } from '../imaging/instance.ts'
import { type BlobEntry, type BlobStore, readAll } from '../stores/blob-store.ts'
import type { FailedFile } from '../stores/catalog.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { checkedToTheEnd } from './large-file.ts'

export type FileRead =
  | { readonly kind: 'whole'; readonly instance: Instance; readonly bytes: Uint8Array }
  /** Too large to hold: its header has been read, and the bytes are still to be streamed. */
  | { readonly kind: 'large'; readonly instance: Instance; readonly bytes: () => AsyncIterable<Uint8Array> }
  | { readonly kind: 'failed'; readonly failure: FailedFile }

const FIRST_HEADER_BYTES = 1024 * 1024

/** Never rejects: whatever is wrong with one file is a value, and the job goes on. */
export async function readFile(app: ImportApp, bucket: BlobStore, entry: BlobEntry): Promise<FileRead> {
  const { importFileBytes, importWholeFileBytes } = app.limits
  try {
    if (entry.sizeBytes > importFileBytes) {
      throw new DicomError({
        reason: `The file has ${entry.sizeBytes} bytes, more than the ${importFileBytes} that can be imported`,
      })
    }
    return entry.sizeBytes > importWholeFileBytes
      ? await readLarge(app, bucket, entry)
      : await readWhole(app, bucket, entry)
  } catch (cause) {
    return { kind: 'failed', failure: failureOf(app, entry.key, cause) }
  }
}

async function readWhole(app: ImportApp, bucket: BlobStore, entry: BlobEntry): Promise<FileRead> {
  const bytes = await readRange(bucket, entry, entry.sizeBytes + 1)
  // A file that grew between listing and reading is taken as it is now, up to the same bound.
  const instance = readInstance(parseP10(bytes, { inflatedBytesMax: app.limits.inflatedBytes }))
  return { kind: 'whole', instance, bytes }
}

/** Reads the header by ever longer prefixes; the pixel data is checked while it is copied. */
async function readLarge(app: ImportApp, bucket: BlobStore, entry: BlobEntry): Promise<FileRead> {
  const { sizeBytes, key } = entry
  const prefixBytesMax = app.limits.importWholeFileBytes
  for (let prefixBytes = FIRST_HEADER_BYTES; ; prefixBytes = Math.min(prefixBytes * 4, prefixBytesMax)) {
    const prefix = await readRange(bucket, entry, prefixBytes)
    try {
      const file = parseP10(prefix, { sizeBytes, inflatedBytesMax: app.limits.inflatedBytes })
      const instance = readInstance(file)
      const bytes = async function* () {
        const blob = await bucket.open(key)
        if (blob === undefined) throw new DicomError({ reason: 'The object is no longer there' })
        yield* checkedToTheEnd(blob.bytes, { file, sizeBytes })
      }
      return { kind: 'large', instance, bytes }
    } catch (error) {
      if (!(error instanceof PrefixTooShortError)) throw error
      if (prefixBytes >= prefixBytesMax) {
        const reason = `The attributes before the pixel data take more than ${prefixBytesMax} bytes`
        throw new DicomError({ reason }, { cause: error })
      }
    }
  }
}

async function readRange(bucket: BlobStore, entry: BlobEntry, length: number): Promise<Uint8Array> {
  const blob = await bucket.open(entry.key, { start: 0, length })
  if (blob === undefined) throw new DicomError({ reason: 'The object is no longer there' })
  return readAll(blob)
}

export function failureOf(app: ImportApp, key: string, cause: unknown): FailedFile {
  if (cause instanceof DicomError) {
    return { outcome: 'failed', key, exceptionType: 'ValidationException', message: cause.message }
  }
  if (isAccessDenied(cause)) {
    return {
      outcome: 'failed',
      key,
      exceptionType: 'AccessDeniedException',
      message: 'The object cannot be read: access denied',
    }
  }
  // The key may name a patient, so the log has only the cause.
  app.log.warn({ err: cause }, 'an input file could not be read')
  return {
    outcome: 'failed',
    key,
    exceptionType: 'InternalServerException',
    message: 'The object could not be read; import it again',
  }
}

const isAccessDenied = (cause: unknown): boolean => cause instanceof StoreUnavailable && cause.reason === 'access'
