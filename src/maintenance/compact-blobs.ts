/**
 * Writes blobs anew without what was deleted from them: an import lays the files of many image sets into one blob, and their documents
 * into another, so that what one of them leaves there would stay until the last is deleted.
 *
 * Bytes first, then one transaction. The new blob is known before it is put, as one that will be free: whoever dies in between leaves
 * nothing that is not swept. The old one stays a while, for those who had looked up where their bytes lie. Several may do so at once:
 * each puts a blob of its own, and of one blob only the first is moved to.
 */
import { createHash } from 'node:crypto'
import type { ImportApp } from '../app.ts'
import { coalesced } from '../ingest/coalesce-chunks.ts'
import { readWholeRange } from '../stores/blobs/blob-range.ts'
import type { BlobStore } from '../stores/blobs/blob-store.ts'
import { movedFrameTable, rangesOfTable } from '../stores/blobs/frame-table.ts'
import { type BlobRange, type MovedRange, movedOffset, movedRanges } from '../stores/blobs/moved-ranges.ts'
import type { BlobToCompact, UsedRange } from '../stores/catalog/blob-repository.ts'

/** Others that wait for the sweep get their turn behind it. */
const ROUND_MS = 60_000

type Compaction = Pick<ImportApp, 'blobs' | 'catalog' | 'clock' | 'limits' | 'log' | 'newId'>

/**
 * Answers how many were written anew.
 * @throws where one could not be read or written. It is left alone for a while, so that the next round takes others.
 */
export async function compactBlobs(app: Compaction, signal?: AbortSignal): Promise<number> {
  const { compactionDelayMs } = app.limits
  const startedAt = app.clock()
  let rewritten = 0
  while (signal?.aborted !== true && app.clock() - startedAt < ROUND_MS) {
    const now = app.clock()
    const toCompact = await app.catalog.blobs.claimForCompaction({
      before: now - compactionDelayMs,
      now,
      leaseUntil: now + compactionDelayMs,
    })
    if (toCompact === undefined) break
    if ((await rewrite(app, toCompact, signal)) === 'moved') rewritten += 1
  }
  if (rewritten > 0) app.log.info({ blobs: rewritten }, 'wrote blobs anew without what was deleted from them')
  return rewritten
}

async function rewrite(
  app: Compaction,
  from: BlobToCompact,
  signal?: AbortSignal,
): Promise<'moved' | 'changed' | 'whole'> {
  const { blobs, catalog, limits } = app
  const places = await catalog.blobs.usedRanges(from)
  const ranges = movedRanges([...places, ...(await rangesOfFrames(blobs, from, places))])
  if (isWhole(ranges, from.digest.sizeBytes)) {
    await catalog.blobs.skipCompaction(from)
    return 'whole'
  }
  const blobKey = `${from.blobKey.split('/')[0]}/rewritten/${app.newId()}`
  await catalog.blobs.reserve({ source: from, blobKey, unreferencedFrom: app.clock() + limits.movedBlobGraceMs })
  const digest = await copyRanges(app, { from, to: blobKey, parts: partsOf(ranges, places), ranges, signal })
  const at = app.clock()
  const oldUnreferencedFrom = at + limits.movedBlobGraceMs
  const outcome = await catalog.blobs.move({ from, to: { blobKey, digest }, ranges, at, oldUnreferencedFrom })
  if (outcome === 'changed') await blobs.remove([blobKey])
  return outcome
}

const isWhole = ([first, ...others]: readonly MovedRange[], sizeBytes: number): boolean =>
  first !== undefined && others.length === 0 && first.offsetBytes === 0 && first.sizeBytes === sizeBytes

/** Of one that was put before sizes were kept. */
const gone = (blobKey: string) => new Error(`the blob ${blobKey} is gone`)

/** What the tables in the blob tell of; frames that follow each other as one range. */
async function rangesOfFrames(
  blobs: BlobStore,
  { blobKey }: BlobToCompact,
  places: readonly UsedRange[],
): Promise<readonly BlobRange[]> {
  const ranges: { offsetBytes: number; sizeBytes: number }[] = []
  for (const { offsetBytes, sizeBytes, framesInTable } of places) {
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
  /** Of a table, which is not copied as it is: of how many frames. */
  readonly framesInTable?: number
}

/** The pieces, cut around the tables in them. */
function partsOf(ranges: readonly MovedRange[], places: readonly UsedRange[]): readonly Part[] {
  const tables = places
    .filter((place): place is UsedRange & { framesInTable: number } => place.framesInTable !== undefined)
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

/** The old blob is read from end to end, so that bytes that are not what was put do not get a digest that says that they are. */
async function copyRanges({ blobs }: Compaction, { from, to, parts, ranges, signal }: Copying) {
  const old = await blobs.open(from.blobKey)
  if (old === undefined) throw gone(from.blobKey)
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
  throw new Error(`the bytes of the blob ${from.blobKey} are not those that were put`)
}

/** In memory are a chunk and one table. */
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
  if (next < parts.length) throw new Error('a blob is shorter than it was')
}
