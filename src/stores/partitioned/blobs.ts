/**
 * Blobs of all partitions. A blob with the files of an import can be in use by several: each has a row of it. Its bytes are removed when no
 * partition needs them any more, and each copies the ranges that it uses itself when it compacts the blob.
 */
import type { BlobRecord, Blobs, BlobToCompact, UnreferencedBlob } from '../catalog/blob-repository.ts'
import { mergeSorted } from './merge.ts'
import { numberIn, partitionNumberOf, partitionOfRow, rowIdInside, rowIdOutside, rowOf } from './numbers.ts'
import type { Partition, Placement } from './placement.ts'

/** Of a partition, how many blobs that others need are given up at once. */
const SHARED_MAX = 100

export function partitionedBlobs(placement: Placement): Blobs {
  const { control } = placement
  const ofBlob = async ({ blob }: Pick<UnreferencedBlob, 'blob'>) =>
    (await placement.at(partitionNumberOf(blob))).catalog.blobs
  const inPartition = <Blob extends Pick<UnreferencedBlob, 'blob'>>(blob: Blob): Blob => ({
    ...blob,
    blob: rowOf(blob.blob),
  })

  /** From one partition after the other, as if their rows were in one table. */
  async function inTurn<Row>(
    after: number | undefined,
    limit: number,
    read: (partition: Partition, from: number | undefined, limit: number) => Promise<readonly Row[]>,
  ): Promise<readonly Row[]> {
    const first = after === undefined ? 0 : partitionOfRow(after)
    const rows: Row[] = []
    for (const partition of (await placement.all()).slice(first)) {
      if (rows.length >= limit) break
      const from = partition.number === first && after !== undefined ? rowIdInside(after) : undefined
      rows.push(...(await read(partition, from, limit - rows.length)))
    }
    return rows
  }

  const outside = <Row extends { readonly rowId: number }>(partition: Partition, row: Row): Row => ({
    ...row,
    rowId: rowIdOutside(partition, row.rowId),
  })

  /** Those of the partition that no other needs. Of the others the partition gives up its row: those that need them have parts too many. */
  async function unreferencedEverywhere(
    partition: Partition,
    request: Parameters<Blobs['listUnreferenced']>[0],
  ): Promise<readonly UnreferencedBlob[]> {
    const { before } = request
    const found = await partition.catalog.blobs.listUnreferenced(request)
    if (found.length === 0) return []
    const keys = found.map(({ blobKey }) => blobKey)
    const needed = new Map<string, Partition>()
    for (const other of (await placement.all()).filter((each) => each !== partition)) {
      const kept = await other.catalog.asPartition.blobsKept(keys, before)
      if (kept.length === 0) continue
      await other.catalog.asPartition.markPartlyUnreferenced(kept, before - 1)
      for (const key of kept) if (!needed.has(key)) needed.set(key, other)
    }
    const shared = found.filter(({ blobKey }) => needed.has(blobKey))
    if (shared.length > 0) await giveUp(partition, shared, { needed, at: before })
    return found.filter(({ blobKey }) => !needed.has(blobKey))
  }

  /** Others need the bytes: one of them counts the sizes that the partition has counted. */
  async function giveUp(
    { catalog }: Partition,
    shared: readonly UnreferencedBlob[],
    { needed, at }: { readonly needed: ReadonlyMap<string, Partition>; readonly at: number },
  ): Promise<void> {
    const counted = await catalog.asPartition.blobsCounted(shared.map(({ blobKey }) => blobKey))
    for (const [other, keys] of Map.groupBy(counted, (key) => needed.get(key)!)) {
      await other.catalog.asPartition.countBlobs(keys)
    }
    await catalog.blobs.markPurged(shared, at)
  }

  async function claimOne(request: Parameters<Blobs['claimForCompaction']>[0]): Promise<BlobToCompact | undefined> {
    for (const partition of await placement.all()) {
      const claimed = await partition.catalog.blobs.claimForCompaction(request)
      if (claimed !== undefined) return { ...claimed, blob: numberIn(partition, claimed.blob) }
    }
    return undefined
  }

  return {
    async listUnreferenced(request) {
      if (await control.asControl.isBackupRunning(request.now)) return []
      const found = new Map<string, UnreferencedBlob>()
      for (const partition of await placement.all()) {
        for (const each of await unreferencedEverywhere(partition, request)) found.set(each.blobKey, each)
      }
      // A backup that began before the lists were read may need them. One that begins later does not.
      if (found.size > 0 && (await control.asControl.isBackupRunning(request.now))) return []
      return [...found.values()].slice(0, request.limit)
    },
    async markPurged(blobs, at) {
      const keys = blobs.map(({ blobKey }) => blobKey)
      for (const { catalog } of await placement.all()) {
        const own = (await catalog.blobs.get(keys)).filter(({ isUnreferenced }) => isUnreferenced)
        if (own.length > 0) await catalog.blobs.markPurged(own, at)
      }
    },
    async list(request) {
      const all = await placement.all()
      const lists = await Promise.all(all.map(({ catalog }) => catalog.blobs.list(request)))
      const compare = (a: BlobRecord, b: BlobRecord) => Buffer.compare(Buffer.from(a.blobKey), Buffer.from(b.blobKey))
      const merged = mergeSorted(lists, { compare, limit: request.limit * all.length })
      return eachOnce(merged.map(({ row }) => row)).slice(0, request.limit)
    },
    async get(blobKeys) {
      const found = await Promise.all((await placement.all()).map(({ catalog }) => catalog.blobs.get(blobKeys)))
      return eachOnce(found.flat())
    },
    listDocuments: ({ after, limit }) =>
      inTurn(after?.rowId, limit, async (partition, from, some) => {
        const start = from === undefined ? undefined : { rowId: from, version: after!.version }
        const rows = await partition.catalog.blobs.listDocuments({ after: start, limit: some })
        return rows.map((row) => outside(partition, row))
      }),
    listFrames: ({ after, limit }) =>
      inTurn(after?.rowId, limit, async (partition, from, some) => {
        const start = from === undefined ? undefined : { ...after!, rowId: from }
        const rows = await partition.catalog.blobs.listFrames({ after: start, limit: some })
        return rows.map((each) => ({ ...each, row: outside(partition, each.row) }))
      }),
    async getFrames(row) {
      const partition = await placement.at(partitionOfRow(row.rowId))
      const found = await partition.catalog.blobs.getFrames({ ...row, rowId: rowIdInside(row.rowId) })
      return found && { ...found, row }
    },
    async listUses({ after, imageSets }) {
      const first = Math.max(0, partitionOfRow(after))
      for (const partition of (await placement.all()).slice(first)) {
        const from = partition.number === first ? rowIdInside(after) : 0
        const found = await partition.catalog.blobs.listUses({ after: from, imageSets })
        if (found.last === undefined) continue
        return {
          ...found,
          last: rowIdOutside(partition, found.last),
          uses: found.uses.map((use) => outside(partition, use)),
        }
      }
      return { last: undefined, imageSets: 0, uses: [] }
    },
    async claimForCompaction(request) {
      const claimed = await claimOne(request)
      if (claimed !== undefined) return claimed
      for (const partition of await placement.all())
        await unreferencedEverywhere(partition, { ...request, limit: SHARED_MAX })
      return claimOne(request)
    },
    usedRanges: async (blob) => (await ofBlob(blob)).usedRanges(inPartition(blob)),
    skipCompaction: async (toCompact) => (await ofBlob(toCompact)).skipCompaction(inPartition(toCompact)),
    reserve: async (request) =>
      (await ofBlob(request.source)).reserve({ ...request, source: inPartition(request.source) }),
    move: async (request) => (await ofBlob(request.from)).move({ ...request, from: inPartition(request.from) }),
    async totals() {
      const totals = await Promise.all((await placement.all()).map(({ catalog }) => catalog.blobs.totals()))
      return totals.reduce((a, b) => ({
        imageSets: a.imageSets + b.imageSets,
        documents: a.documents + b.documents,
        framesOfInstances: a.framesOfInstances + b.framesOfInstances,
        sizeBytes: a.sizeBytes + b.sizeBytes,
      }))
    },
  }
}

/** Of a blob that several partitions have: one that is needed, if any is. */
function eachOnce(records: readonly BlobRecord[]): readonly BlobRecord[] {
  const found = new Map<string, BlobRecord>()
  for (const record of records) {
    const before = found.get(record.blobKey)
    if (before === undefined || (before.isUnreferenced && !record.isUnreferenced)) found.set(record.blobKey, record)
  }
  return [...found.values()]
}
