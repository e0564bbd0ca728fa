/** One input file: its bytes, or as much of them as its header needs, become an instance to store or a line of the failure report. */
import type { ImportApp } from '../app.ts'
import { DicomError } from '../dicom/dicom-error.ts'
import { parseP10 } from '../dicom/parse.ts'
import { type Instance, readInstance } from '../imaging/instance.ts'
import { type BlobEntry, type BlobStore, readAll } from '../stores/blob-store.ts'
import type { FailedFile } from '../stores/catalog.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { describeInstance, type MetadataBytes } from './describe-instance.ts'
import { checkedToTheEnd } from './large-file.ts'
import { type RangeOfFile, readHeader, readTrailing } from './read-header.ts'

export type FileRead =
  | {
      readonly kind: 'whole'
      readonly instance: Instance
      readonly bytes: Uint8Array
      readonly metadata: MetadataBytes
    }
  /** Too large to hold: its header has been read, and the bytes are still to be streamed; once they were, its metadata can be told. */
  | {
      readonly kind: 'large'
      readonly instance: Instance
      readonly bytes: () => AsyncIterable<Uint8Array>
      readonly metadata: () => Promise<MetadataBytes>
    }
  | { readonly kind: 'failed'; readonly failure: FailedFile }

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
  // A file that grew between listing and reading is taken as it is now, up to the same bound.
  const bytes = await rangeOf(bucket, entry).read(0, entry.sizeBytes + 1)
  const file = parseP10(bytes, { inflatedBytesMax: app.limits.inflatedBytes })
  const instance = readInstance(file)
  return { kind: 'whole', instance, bytes, metadata: describeInstance(app, { file, ...uidsOf(instance) }) }
}

/** Of the bytes only the header is held; the pixel data is checked while it is copied, and what follows it is read then. */
async function readLarge(app: ImportApp, bucket: BlobStore, entry: BlobEntry): Promise<FileRead> {
  const { sizeBytes, key } = entry
  const range = rangeOf(bucket, entry)
  const file = await readHeader(range, app.limits)
  const instance = readInstance(file)
  let pixelDataEnd: number | undefined
  const onEnd = (offsetBytes: number) => {
    pixelDataEnd = offsetBytes
  }
  const bytes = async function* () {
    const blob = await bucket.open(key)
    if (blob === undefined) throw new DicomError({ reason: 'The object is no longer there' })
    yield* checkedToTheEnd(blob.bytes, { file, sizeBytes, onEnd })
  }
  const metadata = async () => {
    const trailing = await readTrailing(range, file, { pixelDataEnd, limits: app.limits })
    return describeInstance(app, { file, ...uidsOf(instance), ...(trailing === undefined ? {} : { trailing }) })
  }
  return { kind: 'large', instance, bytes, metadata }
}

const uidsOf = ({ grouping, sopInstanceUID }: Instance) => ({
  seriesInstanceUID: grouping.SeriesInstanceUID,
  sopInstanceUID,
})

const rangeOf = (bucket: BlobStore, { key, sizeBytes }: BlobEntry): RangeOfFile => ({
  sizeBytes,
  async read(start, length) {
    const blob = await bucket.open(key, { start, length })
    if (blob === undefined) throw new DicomError({ reason: 'The object is no longer there' })
    return readAll(blob)
  },
})

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
