/**
 * Compares the blobs that the catalog knows with those that are there: both come in the order of their keys, so that never more than a
 * bite of either is held. Beside a running server neither stands still: what looks wrong is asked for once more before it is told.
 */

import { compareKeys } from '../../stores/blobs/blob-key.ts'
import type { BlobEntry, BlobStore } from '../../stores/blobs/blob-store.ts'
import { BytesDigest } from '../../stores/blobs/bytes-digest.ts'
import type { BlobRecord } from '../../stores/catalog/blob-repository.ts'
import type { Catalog } from '../../stores/catalog/catalog.ts'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import { type Difference, type Looking, type Step, someAtOnce, UNREADABLE } from './verify-steps.ts'

const BLOBS_AT_ONCE = 1_000
/** What was put and is not recorded may still be by whoever put it. */
const RECORDED_AFTER_MS = 3_600_000
const MIB = 1024 ** 2

export async function* verifyBlobs(looking: Looking): AsyncGenerator<Step> {
  const checked = { blobs: 0, MiB: 0 }
  let sizeBytes = 0
  const totalBytes = (await looking.catalog.blobs.totals()).sizeBytes
  const pairs = paired(knownBlobs(looking.catalog), looking.blobs.list(''))
  for await (const looked of someAtOnce(pairs, (pair) => look(looking, pair))) {
    checked.blobs += 1
    sizeBytes += looked.sizeBytes
    checked.MiB = Math.ceil(sizeBytes / MIB)
    const { difference } = looked
    const total = Math.max(checked.MiB, Math.ceil(totalBytes / MIB))
    yield {
      done: checked.MiB,
      total,
      checked: { ...checked },
      differences: difference === undefined ? [] : [difference],
    }
  }
  yield { done: 1, total: 1, checked, differences: [] }
}

interface Pair {
  readonly known: BlobRecord | undefined
  readonly there: BlobEntry | undefined
}

async function* knownBlobs(catalog: Catalog): AsyncGenerator<BlobRecord, undefined> {
  let after: string | undefined
  for (;;) {
    const some = await catalog.blobs.list({ after, limit: BLOBS_AT_ONCE })
    if (some.length === 0) return
    yield* some
    after = some.at(-1)!.blobKey
  }
}

/** Both in byte order of their keys. */
async function* paired(known: AsyncIterable<BlobRecord>, there: AsyncIterable<BlobEntry>): AsyncGenerator<Pair> {
  const [ours, theirs] = [known[Symbol.asyncIterator](), there[Symbol.asyncIterator]()]
  try {
    let [our, their] = [await ours.next(), await theirs.next()]
    while (our.done !== true || their.done !== true) {
      const order = our.done === true ? 1 : their.done === true ? -1 : compareKeys(our.value.blobKey, their.value.key)
      yield {
        known: order <= 0 ? (our.value as BlobRecord) : undefined,
        there: order >= 0 ? (their.value as BlobEntry) : undefined,
      }
      if (order <= 0) our = await ours.next()
      if (order >= 0) their = await theirs.next()
    }
  } finally {
    await ours.return?.()
    await theirs.return?.()
  }
}

interface Looked {
  readonly sizeBytes: number
  readonly difference?: Difference
}

async function look(looking: Looking, { known, there }: Pair): Promise<Looked> {
  if (known === undefined) return lookAtUnknown(looking, there!)
  const sizeBytes = there?.sizeBytes ?? 0
  const difference = known.isUnreferenced ? undefined : await differenceOf(looking, { known, there })
  if (difference === undefined || !(await isStillThere(looking, known))) return { sizeBytes }
  return { sizeBytes, difference }
}

async function lookAtUnknown({ catalog, now }: Looking, { key, sizeBytes, putAt }: BlobEntry): Promise<Looked> {
  if (now() - putAt < RECORDED_AFTER_MS || (await catalog.blobs.get([key])).length > 0) return { sizeBytes: 0 }
  const text = `blob ${withoutForeignWords(key)}: nobody knows of it (${sizeBytes} bytes, put ${new Date(putAt).toISOString()})`
  return { sizeBytes: 0, difference: { kind: 'blob-unknown', text } }
}

/** In the meantime it may have become free, and its bytes may have been removed. */
async function isStillThere({ catalog }: Looking, { blobKey }: BlobRecord): Promise<boolean> {
  const [known] = await catalog.blobs.get([blobKey])
  return known !== undefined && !known.isUnreferenced
}

async function differenceOf(
  { blobs, isQuick }: Looking,
  { known, there }: Pair & { readonly known: BlobRecord & { readonly isUnreferenced: false } },
): Promise<Difference | undefined> {
  const { blobKey, digest } = known
  const told = (kind: string, what: string) => ({ kind, text: `blob ${blobKey}: ${what}` })
  const missing = told('blob-missing', 'it is not there')
  // Put and recorded behind the place that the listing had come to.
  if (there === undefined && (await isThere(blobs, blobKey))) return undefined
  if (there === undefined) return missing
  if (digest.sizeBytes !== there.sizeBytes) {
    return told('blob-size-differs', `it has ${there.sizeBytes} bytes, and ${digest.sizeBytes} were put`)
  }
  if (isQuick) return undefined
  try {
    const blob = await blobs.open(blobKey)
    if (blob === undefined) return missing
    const found = new BytesDigest()
    for await (const chunk of blob.bytes) found.add(chunk)
    const { sizeBytes, sha256 } = found.end()
    if (sizeBytes === there.sizeBytes && sha256 === digest.sha256) return undefined
    return told('blob-bytes-differ', 'its bytes are not those that were put')
  } catch (error) {
    if (!(error instanceof StoreUnavailable && UNREADABLE.includes(error.code))) throw error
    return told('blob-unreadable', `it cannot be read (${error.code})`)
  }
}

async function isThere(blobs: BlobStore, key: string): Promise<boolean> {
  const blob = await blobs.open(key, { start: 0, length: 0 })
  for await (const _ of blob?.bytes ?? []) break
  return blob !== undefined
}

/** A file that somebody else put there may be named after a patient. */
const withoutForeignWords = (key: string): string =>
  key
    .split('/')
    .map((part) => (/^([0-9a-f]{32}(-\d+)?|\d{1,19}|documents|workflows|rewritten|doctor)$/.test(part) ? part : '…'))
    .join('/')
