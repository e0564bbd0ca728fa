/**
 * Compares the blobs of the catalog with those in the store. Both are listed in the order of their keys, so that one batch of each is in
 * memory. A running server may change both meanwhile: a difference is checked again before it is reported.
 */

import { compareKeys } from '../../stores/blobs/blob-key.ts'
import { type BlobEntry, type BlobStore, DamagedBlob } from '../../stores/blobs/blob-store.ts'
import { BytesDigest } from '../../stores/blobs/bytes-digest.ts'
import type { BlobRecord } from '../../stores/catalog/blob-repository.ts'
import type { Catalog } from '../../stores/catalog/catalog.ts'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import { RefusedKeys } from './refused-keys.ts'
import { type Difference, type Step, someAtOnce, UNREADABLE, type Verification } from './verify-steps.ts'

const BLOBS_PER_BATCH = 1_000
/** A newer blob that is not recorded may belong to a running import or workflow. */
const RECORDED_AFTER_MS = 3_600_000
const MIB = 1024 ** 2

export async function* verifyBlobs(verification: Verification): AsyncGenerator<Step> {
  const checked = { blobs: 0, MiB: 0 }
  let sizeBytes = 0
  const totalBytes = (await verification.catalog.blobs.totals()).sizeBytes
  const refused = new RefusedKeys()
  const pairs = paired(recordedBlobs(verification.catalog), verification.blobs.list(''))
  const verify = (pair: Pair) =>
    refused.unless(pair.recorded?.blobKey ?? pair.stored!.key, () => verifyPair(verification, pair))
  for await (const verified of someAtOnce(pairs, verify)) {
    if (verified === undefined) continue
    checked.blobs += 1
    sizeBytes += verified.sizeBytes
    checked.MiB = Math.ceil(sizeBytes / MIB)
    const { difference } = verified
    const total = Math.max(checked.MiB, Math.ceil(totalBytes / MIB))
    yield {
      done: checked.MiB,
      total,
      checked: { ...checked },
      differences: difference === undefined ? [] : [difference],
    }
  }
  yield { done: 1, total: 1, checked, differences: [], ...refused.notChecked }
}

interface Pair {
  readonly recorded: BlobRecord | undefined
  readonly stored: BlobEntry | undefined
}

async function* recordedBlobs(catalog: Catalog): AsyncGenerator<BlobRecord, undefined> {
  let after: string | undefined
  for (;;) {
    const some = await catalog.blobs.list({ after, limit: BLOBS_PER_BATCH })
    if (some.length === 0) return
    yield* some
    after = some.at(-1)!.blobKey
  }
}

/** Both in byte order of their keys. */
async function* paired(records: AsyncIterable<BlobRecord>, entries: AsyncIterable<BlobEntry>): AsyncGenerator<Pair> {
  const [recorded, stored] = [records[Symbol.asyncIterator](), entries[Symbol.asyncIterator]()]
  try {
    let [record, entry] = [await recorded.next(), await stored.next()]
    while (record.done !== true || entry.done !== true) {
      const order =
        record.done === true ? 1 : entry.done === true ? -1 : compareKeys(record.value.blobKey, entry.value.key)
      yield {
        recorded: order <= 0 ? (record.value as BlobRecord) : undefined,
        stored: order >= 0 ? (entry.value as BlobEntry) : undefined,
      }
      if (order <= 0) record = await recorded.next()
      if (order >= 0) entry = await stored.next()
    }
  } finally {
    await recorded.return?.()
    await stored.return?.()
  }
}

interface Verified {
  readonly sizeBytes: number
  readonly difference?: Difference
}

async function verifyPair(verification: Verification, { recorded, stored }: Pair): Promise<Verified> {
  if (recorded === undefined) return verifyUnrecorded(verification, stored!)
  const sizeBytes = stored?.sizeBytes ?? 0
  const difference = recorded.isUnreferenced ? undefined : await differenceOf(verification, { recorded, stored })
  if (difference === undefined || !(await isStillUsed(verification, recorded))) return { sizeBytes }
  return { sizeBytes, difference }
}

async function verifyUnrecorded(
  { catalog, now }: Verification,
  { key, sizeBytes, putAt }: BlobEntry,
): Promise<Verified> {
  if (now() - putAt < RECORDED_AFTER_MS || (await catalog.blobs.get([key])).length > 0) return { sizeBytes: 0 }
  const text = `blob ${withoutOtherNames(key)}: not in the catalog (${sizeBytes} bytes, stored ${new Date(putAt).toISOString()})`
  return { sizeBytes: 0, difference: { kind: 'blob-not-in-catalog', text } }
}

/** Garbage collection may have removed the blob meanwhile. */
async function isStillUsed({ catalog }: Verification, { blobKey }: BlobRecord): Promise<boolean> {
  const [record] = await catalog.blobs.get([blobKey])
  return record !== undefined && !record.isUnreferenced
}

async function differenceOf(
  { blobs, isQuick }: Verification,
  { recorded, stored }: Pair & { readonly recorded: BlobRecord & { readonly isUnreferenced: false } },
): Promise<Difference | undefined> {
  const { blobKey, digest } = recorded
  const difference = (kind: string, what: string) => ({ kind, text: `blob ${blobKey}: ${what}` })
  const missing = difference('blob-missing', 'missing')
  // The blob may have been stored after the listing passed its key.
  if (stored === undefined && (await exists(blobs, blobKey))) return undefined
  if (stored === undefined) return missing
  if (digest.sizeBytes !== stored.sizeBytes) {
    return difference('blob-size-differs', `has ${stored.sizeBytes} bytes, but ${digest.sizeBytes} were stored`)
  }
  if (isQuick) return undefined
  try {
    const blob = await blobs.open(blobKey)
    if (blob === undefined) return missing
    const found = new BytesDigest()
    for await (const chunk of blob.bytes) found.add(chunk)
    const { sizeBytes, sha256 } = found.end()
    if (sizeBytes === stored.sizeBytes && sha256 === digest.sha256) return undefined
    return difference('blob-bytes-differ', 'its bytes differ from those that were stored')
  } catch (error) {
    if (error instanceof DamagedBlob)
      return difference('blob-bytes-differ', 'its bytes differ from those that were stored')
    if (!(error instanceof StoreUnavailable && UNREADABLE.includes(error.code))) throw error
    return difference('blob-unreadable', `cannot be read (${error.code})`)
  }
}

async function exists(blobs: BlobStore, key: string): Promise<boolean> {
  const blob = await blobs.open(key, { start: 0, length: 0 })
  for await (const _ of blob?.bytes ?? []) break
  return blob !== undefined
}

/** Names of files that Hilum did not write may contain the name of a patient: they are replaced. */
const withoutOtherNames = (key: string): string =>
  key
    .split('/')
    .map((part) => (/^([0-9a-f]{32}(-\d+)?|\d{1,19}|documents|workflows|rewritten|doctor)$/.test(part) ? part : '…'))
    .join('/')
