/** Reads every frame of every instance and checks the checksum that was recorded at import. */
import { StoredChecksum } from '../../pixel-data/checksum/stored-checksum.ts'
import { type BlobStore, DamagedBlob, readAll } from '../../stores/blobs/blob-store.ts'
import { DamagedFrameTable, framesOfTable, type TableFrame } from '../../stores/blobs/frame-table.ts'
import type { InstanceFrames } from '../../stores/catalog/blob-repository.ts'
import type { Catalog } from '../../stores/catalog/catalog.ts'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import { RefusedKeys } from './refused-keys.ts'
import { type Difference, type Step, someAtOnce, UNREADABLE, type Verification } from './verify-steps.ts'

const INSTANCES_PER_BATCH = 500

export async function* verifyFrames(verification: Verification): AsyncGenerator<Step> {
  const { framesOfInstances: total } = await verification.catalog.blobs.totals()
  const checked = { frames: 0 }
  const refused = new RefusedKeys()
  let instances = 0
  const verify = (each: InstanceFrames) => refused.unless(each.frames.blobKey, () => verifyInstance(verification, each))
  for await (const verified of someAtOnce(instancesIn(verification.catalog), verify)) {
    if (verified === undefined) continue
    const { frames, differences } = verified
    instances += 1
    checked.frames += frames
    yield { done: instances, total: Math.max(instances, total), checked: { ...checked }, differences }
  }
  yield { done: 1, total: 1, checked, differences: [], ...refused.notChecked }
}

async function* instancesIn(catalog: Catalog): AsyncGenerator<InstanceFrames, undefined> {
  let after: InstanceFrames['row'] | undefined
  for (;;) {
    const some = await catalog.blobs.listFrames({ after, limit: INSTANCES_PER_BATCH })
    if (some.length === 0) return
    yield* some
    after = some.at(-1)!.row
  }
}

interface Verified {
  readonly frames: number
  readonly differences: readonly Difference[]
}

async function verifyInstance(verification: Verification, instance: InstanceFrames): Promise<Verified> {
  const { row, frames } = instance
  const differences: Difference[] = []
  for await (const { frameNumber, fault } of faultsOf(verification.blobs, instance)) {
    const which = frameNumber === undefined ? 'frame table' : `frame ${frameNumber}`
    const text = `${which} ${frames.framesKey} of image set row ${row.rowId}, in blob ${frames.blobKey}: ${fault}`
    differences.push({ kind: 'frame-differs', text })
  }
  if (differences.length === 0 || (await isUnchanged(verification.catalog, instance))) {
    return { frames: frames.frameCount, differences }
  }
  return { frames: frames.frameCount, differences: [] }
}

interface Fault {
  /** Undefined for a fault of the frame table. */
  readonly frameNumber: number | undefined
  readonly fault: string
}

async function* faultsOf(blobs: BlobStore, instance: InstanceFrames): AsyncGenerator<Fault> {
  let frameNumber: number | undefined
  try {
    for await (const frame of framesOf(blobs, instance)) {
      frameNumber = frame.frameNumber
      const fault = await faultOf(blobs, { instance, frame, frameNumber })
      if (fault !== undefined) yield { frameNumber, fault }
    }
  } catch (error) {
    if (error instanceof DamagedBlob)
      yield { frameNumber, fault: 'its frame table differs from the one that was stored' }
    else if (error instanceof DamagedFrameTable) yield { frameNumber: undefined, fault: error.message }
    else if (!(error instanceof StoreUnavailable && UNREADABLE.includes(error.code))) throw error
    else yield { frameNumber, fault: `cannot be read (${error.code})` }
  }
}

async function* framesOf(
  blobs: BlobStore,
  { frames }: InstanceFrames,
): AsyncGenerator<{ readonly frameNumber: number; readonly ranges: TableFrame['ranges']; readonly checksum: number }> {
  const { blobKey, offsetBytes, sizeBytes: lengthBytes, frameCount } = frames
  if (frames.holds === 'frame') {
    const ranges = [{ in: 'blob', offsetBytes, lengthBytes }] as const
    yield { frameNumber: 1, ranges, checksum: frames.checksum }
    return
  }
  const blob = await blobs.open(blobKey, { start: offsetBytes, length: lengthBytes })
  const table = blob && (await readAll(blob))
  if (table?.length !== lengthBytes) throw new DamagedFrameTable('it is missing')
  let frameNumber = 0
  for (const frame of framesOfTable(table, frameCount)) yield { ...frame, frameNumber: ++frameNumber }
}

async function faultOf(
  blobs: BlobStore,
  found: {
    readonly instance: InstanceFrames
    readonly frame: { readonly ranges: TableFrame['ranges']; readonly checksum: number }
    readonly frameNumber: number
  },
): Promise<string | undefined> {
  const { file, frames } = found.instance
  const checksum = new StoredChecksum(found.frameNumber)
  for (const { in: container, offsetBytes, lengthBytes } of found.frame.ranges) {
    const [key, start] =
      container === 'file' ? [file.blobKey, file.offsetBytes + offsetBytes] : [frames.blobKey, offsetBytes]
    let read = 0
    try {
      const blob = await blobs.open(key, { start, length: lengthBytes })
      if (blob === undefined) return 'the blob is missing'
      for await (const chunk of blob.bytes) {
        checksum.add(chunk)
        read += chunk.length
      }
    } catch (error) {
      if (error instanceof DamagedBlob) return 'its bytes differ from those that were stored'
      throw error
    }
    if (read !== lengthBytes) return 'it is beyond the end of the blob'
  }
  return checksum.end() === found.frame.checksum ? undefined : 'its bytes differ from those that were stored'
}

/** The instance may have been deleted or moved to another blob meanwhile. */
async function isUnchanged(catalog: Catalog, { row, frames, file }: InstanceFrames): Promise<boolean> {
  const again = await catalog.blobs.getFrames(row)
  return again !== undefined && again.frames.blobKey === frames.blobKey && again.file.blobKey === file.blobKey
}
