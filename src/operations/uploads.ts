/**
 * Uploads from a browser into the bucket that import jobs read. A file that exceeds the limit of a request body is sent in parts and joined.
 * Expired uploads are removed when the next one begins. The total per access key is limited, and part of the disk stays free.
 */
import { createHash } from 'node:crypto'
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { Upload, UploadedFile, UploadedFiles } from '../contract/extensions.ts'
import type { BlobStore } from '../stores/blobs/blob-store.ts'
import { isClosed } from '../stores/locations/locations.ts'

/** `hilum import` uses the same buckets. */
export const IMPORT_BUCKET = 'hilum-import'
export const REPORT_BUCKET = 'hilum-import-output'

const FILES = 'uploads/'
const PARTS = 'upload-parts/'
/** Time, owner and a random id. The time comes first, so that uploads are listed in the order of their start. */
const UPLOAD_ID = /^\d{8}T\d{9}Z-([0-9a-f]{16})-[0-9a-f]{32}$/
/** With its prefix, below the maximum of an S3 key; a path segment has the maximum of file systems. */
const NAME_BYTES_MAX = 900
const NAME_SEGMENT_BYTES_MAX = 255
const KEYS_PER_REMOVAL = 1_000
const PUTS_AT_ONCE = 8

export async function startUpload({ callerId }: Pick<UploadedFile, 'callerId'>, app: App): Promise<Upload> {
  const bucket = await openBucket(app)
  await checkDisk(0, app)
  // Created here, since a job does not create the bucket of its report.
  await openBucket(app, REPORT_BUCKET)
  app.background.run('remove expired uploads', async () => {
    await removeExpired(bucket, timeText(app.clock() - app.limits.uploadMs))
    app.uploadUsage.forget()
  })
  const uploadId = `${timeText(app.clock())}-${ownerOf(callerId)}-${app.newId()}`
  return { uploadId, inputS3Uri: `s3://${IMPORT_BUCKET}/${FILES}${uploadId}/`, outputS3Uri: `s3://${REPORT_BUCKET}/` }
}

export async function putUploadFile(
  file: UploadedFile & { readonly part?: number; readonly bytes: Uint8Array },
  app: App,
): Promise<void> {
  const { callerId, part, bytes } = file
  const key = part === undefined ? keyOf(file) : partKey(file, checkedParts(part, app))
  await putAll([{ key, bytes }], callerId, app)
}

/** One request for many small files, each of which would cost more than its bytes. */
export async function putUploadFiles({ files, ...upload }: UploadedFiles, app: App): Promise<void> {
  const most = app.limits.uploadFilesPerRequest
  if (files.length === 0 || files.length > most) {
    throw new ContractError('ValidationException', `A request must have 1 to ${most} files.`)
  }
  const blobs = files.map(({ name, bytes }) => ({ key: keyOf({ ...upload, name }), bytes }))
  await putAll(blobs, upload.callerId, app)
}

/** Waits for all of them, also where one fails: what is stored counts. */
async function putAll(
  blobs: readonly { readonly key: string; readonly bytes: Uint8Array }[],
  callerId: string,
  app: App,
): Promise<void> {
  const total = blobs.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const bucket = await openBucket(app)
  await checkDisk(total, app)
  const settle = await takeQuota(bucket, { owner: ownerOf(callerId), bytes: total }, app)
  const remaining = blobs.values()
  const failures: unknown[] = []
  async function putNext(): Promise<void> {
    for (const { key, bytes } of remaining) {
      try {
        // Nothing asks for the checksum: the job reads the file once, and removes it.
        await (bucket.putWithoutDigest?.(key, bytes) ?? bucket.put(key, bytes))
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(PUTS_AT_ONCE, blobs.length) }, putNext))
  settle(failures.length < blobs.length)
  if (failures.length > 0) throw failures[0]
}

export async function joinUploadFile(file: UploadedFile & { readonly parts: number }, app: App): Promise<void> {
  const bucket = await openBucket(app)
  const keys = Array.from({ length: checkedParts(file.parts, app) }, (_, at) => partKey(file, at + 1))
  // The disk holds the file twice until the parts are removed.
  const folder = keys[0]!.slice(0, keys[0]!.lastIndexOf('/') + 1)
  await checkDisk(await sizeOf(bucket, folder), app)
  try {
    await bucket.put(keyOf(file), joined(bucket, keys))
  } catch (error) {
    // An earlier attempt joined the parts, and then failed to remove them all or to send its reply.
    if (!(error instanceof PartMissing) || !(await exists(bucket, keyOf(file)))) throw error
  }
  await bucket.remove(keys)
}

async function exists(bucket: BlobStore, key: string): Promise<boolean> {
  const found = await bucket.open(key, { start: 0, length: 0 })
  for await (const _ of found?.bytes ?? []) break
  return found !== undefined
}

class PartMissing extends ContractError {
  constructor(part: number) {
    super('ValidationException', `Part ${part} of the file was not sent. Send it, then join the parts.`)
  }
}

export async function removeUpload(
  { callerId, uploadId }: Pick<UploadedFile, 'callerId' | 'uploadId'>,
  app: App,
): Promise<void> {
  checkUploadId(uploadId, callerId)
  const bucket = await openBucket(app)
  for (const prefix of [FILES, PARTS]) await removeWhile(bucket, `${prefix}${uploadId}/`, () => true)
  app.uploadUsage.forget()
}

/** A hash, since the id of an upload is part of URLs and logs. */
const ownerOf = (callerId: string): string => createHash('sha256').update(callerId).digest('hex').slice(0, 16)

async function takeQuota(
  bucket: BlobStore,
  { owner, bytes }: { readonly owner: string; readonly bytes: number },
  { uploadUsage, limits }: App,
): Promise<(isStored: boolean) => void> {
  const limitBytes = limits.uploadBytesPerKey
  const count = async () => {
    const isOwn = (key: string) => UPLOAD_ID.exec(key.split('/')[1] ?? '')?.[1] === owner
    return (await sizeOf(bucket, FILES, isOwn)) + (await sizeOf(bucket, PARTS, isOwn))
  }
  const settle = await uploadUsage.take({ owner, bytes, limitBytes }, count)
  if (settle !== undefined) return settle
  throw new ContractError(
    'ServiceQuotaExceededException',
    `The uploads of one access key may take ${inWords(limitBytes)} until they are imported and removed. Wait for running imports to end and ` +
      "remove uploads that are no longer needed, or raise limits.uploadBytesPerKey in the server's configuration.",
  )
}

async function checkDisk(bytes: number, { locations, limits }: App): Promise<void> {
  const freeBytes = await locations.freeBytes(IMPORT_BUCKET)
  const keptBytes = limits.uploadDiskBytesKeptFree
  if (freeBytes === undefined || freeBytes - bytes >= keptBytes) return
  throw new ContractError(
    'ServiceQuotaExceededException',
    `The server's disk has ${inWords(freeBytes)} left, of which uploads leave ${inWords(keptBytes)} free. Free space on it, or lower ` +
      "limits.uploadDiskBytesKeptFree in the server's configuration.",
  )
}

async function sizeOf(bucket: BlobStore, prefix: string, isCounted = (_key: string) => true): Promise<number> {
  let bytes = 0
  for await (const { key, sizeBytes } of bucket.list(prefix)) if (isCounted(key)) bytes += sizeBytes
  return bytes
}

const inWords = (bytes: number): string =>
  bytes < 1024 ** 3 ? `${(bytes / 1024 ** 2).toFixed(1)} MiB` : `${(bytes / 1024 ** 3).toFixed(1)} GiB`

async function* joined(bucket: BlobStore, keys: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const [at, key] of keys.entries()) {
    const part = await bucket.open(key)
    if (part === undefined) throw new PartMissing(at + 1)
    yield* part.bytes
  }
}

async function openBucket(app: App, name = IMPORT_BUCKET): Promise<BlobStore> {
  const bucket = await app.locations.openOwnBucket(name)
  if (isClosed(bucket))
    throw new ContractError('ConflictException', `The bucket for uploads cannot be used. ${bucket.reason}.`)
  return bucket
}

function keyOf({ callerId, uploadId, name }: UploadedFile): string {
  checkUploadId(uploadId, callerId)
  checkName(name)
  return `${FILES}${uploadId}/${name}`
}

function partKey(file: UploadedFile, part: number): string {
  keyOf(file)
  const place = createHash('sha256').update(file.name).digest('hex')
  return `${PARTS}${file.uploadId}/${place}/${String(part).padStart(6, '0')}`
}

function checkUploadId(uploadId: string, callerId: string): void {
  if (UPLOAD_ID.exec(uploadId)?.[1] !== ownerOf(callerId))
    throw new ContractError(
      'ValidationException',
      'There is no upload with this id. Start one with POST /hilum/uploads.',
    )
}

/** The message does not quote the name: folders may be named after patients. */
function checkName(name: string): void {
  const fault = faultOfName(name)
  if (fault !== undefined) throw new ContractError('ValidationException', `A file cannot have this name: ${fault}.`)
}

function faultOfName(name: string): string | undefined {
  if (!name.isWellFormed() || /[\u0000-\u001f\u007f]/.test(name))
    return 'it has a control character or is not valid Unicode'
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) return `with its folders it is longer than ${NAME_BYTES_MAX} bytes`
  for (const part of name.split('/')) {
    if (part === '' || part === '.' || part === '..') return 'a part of it is empty, . or ..'
    if (part.startsWith('.hilum-')) return 'a part of it begins with .hilum-'
    if (Buffer.byteLength(part) > NAME_SEGMENT_BYTES_MAX)
      return `a part of it is longer than ${NAME_SEGMENT_BYTES_MAX} bytes`
  }
  return undefined
}

function checkedParts(count: number, { limits }: App): number {
  const most = Math.ceil(limits.importFileBytes / limits.requestBodyBytes)
  if (count >= 1 && count <= most) return count
  throw new ContractError('ValidationException', `A file must have 1 to ${most} parts.`)
}

async function removeExpired(bucket: BlobStore, before: string): Promise<void> {
  for (const prefix of [FILES, PARTS]) {
    await removeWhile(bucket, prefix, (key) => key.slice(prefix.length) < before)
  }
}

/** Removes keys in order, until one is to be kept. */
async function removeWhile(bucket: BlobStore, prefix: string, isRemovable: (key: string) => boolean): Promise<void> {
  let keys: string[] = []
  for await (const { key } of bucket.list(prefix)) {
    if (!isRemovable(key)) break
    keys.push(key)
    if (keys.length < KEYS_PER_REMOVAL) continue
    await bucket.remove(keys)
    keys = []
  }
  await bucket.remove(keys)
}

/** `20261124T063541123Z` */
const timeText = (ms: number): string => new Date(ms).toISOString().replaceAll(/[-:.]/g, '')
