/**
 * Compaction: copies the used ranges of a partly unreferenced blob to a new blob, so that deleted bytes leave the store while other image
 * sets still use the blob. An import puts the files of many image sets into one blob, and their documents into another.
 *
 * Bytes first, then one transaction. The key of the new blob is reserved before the blob is written, so that garbage collection removes
 * it after a crash. The old blob is kept for a grace period for readers that already resolved the location. If several workers compact one
 * blob, each writes its own copy, and the catalog accepts the first.
 */
import { createHash } from 'node:crypto'
import type { ImportApp } from '../app.ts'
import { coalesced } from '../ingest/coalesce-chunks.ts'
import { readWholeRange } from '../stores/blobs/blob-range.ts'
import type { BlobStore } from '../stores/blobs/blob-store.ts'
import { movedFrameTable, rangesOfTable } from '../stores/blobs/frame-table.ts'
import { type BlobRange, type MovedRange, movedOffset, movedRanges } from '../stores/blobs/moved-ranges.ts'
import type { BlobToCompact, UsedRange } from '../stores/catalog/blob-repository.ts'

/** A round ends after this time, so that garbage collection continues. */
const ROUND_MS = 60_000

type Compaction = Pick<ImportApp, 'blobs' | 'catalog' | 'clock' | 'limits' | 'log' | 'newId'>

/**
 * @returns the number of blobs compacted
 * @throws if a blob cannot be read or written. It stays claimed for a while, so that the next round compacts others.
 */
export async function compactBlobs(app: Compaction, signal?: AbortSignal): Promise<number> {
  const { compactionDelayMs } = app.limits
  const startedAt = app.clock()
  let compacted = 0
  while (signal?.aborted !== true && app.clock() - startedAt < ROUND_MS) {
    const now = app.clock()
    const toCompact = await app.catalog.blobs.claimForCompaction({
      before: now - compactionDelayMs,
      now,
      leaseUntil: now + compactionDelayMs,
    })
    if (toCompact === undefined) break
    if ((await compact(app, toCompact, signal)) === 'moved') compacted += 1
  }
  if (compacted > 0) app.log.info({ blobs: compacted }, 'compacted partly unreferenced blobs')
  return compacted
}

async function compact(
  app: Compaction,
  from: BlobToCompact,
  signal?: AbortSignal,
): Promise<'moved' | 'changed' | 'whole'> {
  const { blobs, catalog, limits } = app
  const used = await catalog.blobs.usedRanges(from)
  const ranges = movedRanges([...used, ...(await rangesOfFrames(blobs, from, used))])
  if (isWhole(ranges, from.digest.sizeBytes)) {
    await catalog.blobs.skipCompaction(from)
    return 'whole'
  }
  const blobKey = `${from.blobKey.split('/')[0]}/rewritten/${app.newId()}`
  await catalog.blobs.reserve({ source: from, blobKey, unreferencedFrom: app.clock() + limits.movedBlobGraceMs })
  const digest = await copyRanges(app, { from, to: blobKey, parts: partsOf(ranges, used), ranges, signal })
  const at = app.clock()
  const oldUnreferencedFrom = at + limits.movedBlobGraceMs
  const outcome = await catalog.blobs.move({ from, to: { blobKey, digest }, ranges, at, oldUnreferencedFrom })
  if (outcome === 'changed') await blobs.remove([blobKey])
  return outcome
}

const isWhole = ([first, ...others]: readonly MovedRange[], sizeBytes: number): boolean =>
  first !== undefined && others.length === 0 && first.offsetBytes === 0 && first.sizeBytes === sizeBytes

const missing = (blobKey: string) => new Error(`the blob ${blobKey} is missing`)

/** The frames that the frame tables list; adjacent frames are merged into one range. */
async function rangesOfFrames(
  blobs: BlobStore,
  { blobKey }: BlobToCompact,
  used: readonly UsedRange[],
): Promise<readonly BlobRange[]> {
  const ranges: { offsetBytes: number; sizeBytes: number }[] = []
  for (const { offsetBytes, sizeBytes, framesInTable } of used) {
    if (framesInTable === undefined) continue
    const table = await readWholeRange(blobs, { blobKey, offsetBytes, lengthBytes: sizeBytes })
    for (const range of rangesOfTable(table, framesInTable)) {
      if (range.in === 'file' || range.lengthBytes === 0) continue
      const last = ranges.at(-1)
      if (last !== undefined && last.offsetBytes + last.sizeBytes === range.offsetBytes)
        last.sizeBytes += range.lengthBytes
      else ranges.push({ offsetBytes: range.offsetBytes, sizeBytes: range.lengthBytes })
    }
  }
  return ranges
}

interface Part {
  readonly start: number
  readonly end: number
  /** The number of frames if the part is a frame table, whose offsets change; else undefined. */
  readonly framesInTable?: number
}

/** The ranges, split into frame tables and bytes that are copied unchanged. */
function partsOf(ranges: readonly MovedRange[], used: readonly UsedRange[]): readonly Part[] {
  const tables = used
    .filter((range): range is UsedRange & { framesInTable: number } => range.framesInTable !== undefined)
    .sort((a, b) => a.offsetBytes - b.offsetBytes)
  const parts: Part[] = []
  let next = 0
  for (const { offsetBytes, sizeBytes } of ranges) {
    let start = offsetBytes
    const end = offsetBytes + sizeBytes
    for (let table = tables[next]; table !== undefined && table.offsetBytes < end; table = tables[++next]) {
      const [tableStart, tableEnd] = [table.offsetBytes, table.offsetBytes + table.sizeBytes]
      parts.push({ start, end: tableStart })
      parts.push({ start: tableStart, end: tableEnd, framesInTable: table.framesInTable })
      start = tableEnd
    }
    parts.push({ start, end })
  }
  return parts.filter(({ start, end }) => start < end)
}

interface Copying {
  readonly from: BlobToCompact
  readonly to: string
  readonly parts: readonly Part[]
  readonly ranges: readonly MovedRange[]
  readonly signal: AbortSignal | undefined
}

/** Reads all of the old blob and checks its digest, so that damaged bytes do not get a new, valid digest. */
async function copyRanges({ blobs }: Compaction, { from, to, parts, ranges, signal }: Copying) {
  const old = await blobs.open(from.blobKey)
  if (old === undefined) throw missing(from.blobKey)
  const sha256 = createHash('sha256')
  const read = async function* () {
    for await (const chunk of old.bytes) {
      signal?.throwIfAborted()
      sha256.update(chunk)
      yield chunk
    }
  }
  const digest = await blobs.put(to, coalesced(bytesOfParts(read(), { parts, ranges })))
  if (sha256.digest('hex') === from.digest.sha256) return digest
  await blobs.remove([to])
  throw new Error(`the bytes of the blob ${from.blobKey} differ from those that were stored`)
}

/** Holds one chunk and one frame table in memory. */
async function* bytesOfParts(
  chunks: AsyncIterable<Uint8Array>,
  { parts, ranges }: Pick<Copying, 'parts' | 'ranges'>,
): AsyncGenerator<Uint8Array> {
  let chunkStart = 0
  let next = 0
  let table: Uint8Array[] = []
  for await (const chunk of chunks) {
    const chunkEnd = chunkStart + chunk.length
    for (let part = parts[next]; part !== undefined && part.start < chunkEnd; part = parts[next]) {
      const bytes = chunk.subarray(Math.max(part.start - chunkStart, 0), Math.min(part.end, chunkEnd) - chunkStart)
      if (part.framesInTable === undefined) yield bytes
      else table.push(bytes)
      if (part.end > chunkEnd) break
      if (part.framesInTable !== undefined) {
        yield movedFrameTable(
          Buffer.concat(table),
          part.framesInTable,
          ({ offsetBytes, lengthBytes }) => movedOffset(ranges, { offsetBytes, sizeBytes: lengthBytes })!,
        )
        table = []
      }
      next += 1
    }
    chunkStart = chunkEnd
  }
  if (next < parts.length) throw new Error('a blob is shorter than recorded')
}
