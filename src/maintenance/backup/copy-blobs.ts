/**
 * Copies the blobs of a snapshot to a place of backups, except those that the place holds. Keys of both are in byte order, so that neither
 * list is in memory. A blob that is missing or damaged in the archive does not end the backup: the others are saved.
 */
import type { BlobEntry, BlobStore } from '../../stores/blobs/blob-store.ts'
import { DamagedBlob } from '../../stores/blobs/blob-store.ts'
import type { SnapshotBlob } from '../../stores/catalog/catalog-snapshot.ts'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import { someAtOnce, UNREADABLE } from '../verify/verify-steps.ts'
import { BLOB_FOLDERS, type KeptBlob } from './backup-format.ts'
import { digestOf, keep } from './kept-files.ts'
import { SortedReader } from './sorted-reader.ts'

export interface BlobCopying {
  /** The blobs of the archive, as they are stored. */
  readonly storedBlobs: BlobStore
  readonly place: BlobStore
  /** The size of an encrypted blob. */
  readonly encryptedSizeOf: (sizeBytes: number) => number
}

export interface WantedBlob extends SnapshotBlob {
  readonly isEncrypted: boolean
}

export type BlobFault = 'missing' | 'damaged' | 'unreadable'

interface CopiedBlob {
  /** Undefined if the blob has no bytes in the archive. */
  readonly kept: KeptBlob | undefined
  readonly copiedBytes: number
  readonly fault?: BlobFault
  readonly blobKey: string
}

const keyInPlace = ({ blobKey, isEncrypted }: WantedBlob): string =>
  `${isEncrypted ? BLOB_FOLDERS.asStored : BLOB_FOLDERS.sealed}${blobKey}`

/** The key of the blob in a store of an archive. */
export const blobKeyOf = (keyInPlace: string): string => keyInPlace.slice(keyInPlace.indexOf('/') + 1)

/** All blobs in the place, in byte order of their keys. */
export async function* blobsInPlace(place: BlobStore): AsyncGenerator<BlobEntry, undefined> {
  yield* place.list(BLOB_FOLDERS.asStored)
  yield* place.list(BLOB_FOLDERS.sealed)
}

interface ToCopy {
  readonly wanted: WantedBlob
  /** In the last backup. */
  readonly kept: KeptBlob | undefined
  /** In the place. */
  readonly entry: BlobEntry | undefined
}

/**
 * @param wanted encrypted ones first, each kind in byte order of the keys
 * @param kept those of the last backup
 */
export async function* copyBlobs(
  copying: BlobCopying,
  wanted: AsyncIterable<WantedBlob>,
  kept: AsyncIterable<KeptBlob>,
): AsyncGenerator<CopiedBlob, undefined> {
  const [ofLast, inPlace] = [new SortedReader(kept), new SortedReader(blobsInPlace(copying.place))]
  async function* toCopy(): AsyncGenerator<ToCopy> {
    for await (const each of wanted) {
      const key = keyInPlace(each)
      yield { wanted: each, kept: await ofLast.find(key), entry: await inPlace.find(key) }
    }
  }
  try {
    yield* someAtOnce(toCopy(), (each) => copyOne(copying, each))
  } finally {
    await ofLast.close()
    await inPlace.close()
  }
}

async function copyOne(copying: BlobCopying, { wanted, kept, entry }: ToCopy): Promise<CopiedBlob> {
  const { blobKey } = wanted
  if (entry !== undefined) {
    const isKept = kept !== undefined && kept.isDamaged !== true && kept.sizeBytes === entry.sizeBytes
    const held = isKept ? kept : await leftOver(copying, wanted)
    if (held !== undefined) return { kept: held, copiedBytes: 0, blobKey }
    await copying.place.remove([keyInPlace(wanted)])
  }
  return copyFromArchive(copying, wanted)
}

/** A blob of a backup that was interrupted, if it is what the archive has. */
async function leftOver({ place, storedBlobs }: BlobCopying, wanted: WantedBlob): Promise<KeptBlob | undefined> {
  try {
    const key = keyInPlace(wanted)
    const found = await digestOf(await place.open(key))
    const expected = wanted.isEncrypted ? await digestOf(await storedBlobs.open(wanted.blobKey)) : wanted.digest
    return found !== undefined && found.sha256 === expected?.sha256 ? { key, ...found } : undefined
  } catch (error) {
    if (error instanceof DamagedBlob) return undefined
    throw error
  }
}

async function copyFromArchive(copying: BlobCopying, wanted: WantedBlob): Promise<CopiedBlob> {
  const { blobKey, isEncrypted, digest } = wanted
  const reading = new ReadingOfArchive()
  try {
    const blob = await reading.of(() => copying.storedBlobs.open(blobKey))
    if (blob === undefined) return { kept: undefined, copiedBytes: 0, fault: 'missing', blobKey }
    const kept = await keep(copying.place, keyInPlace(wanted), reading.bytes(blob.bytes))
    const isSound = isEncrypted
      ? kept.sizeBytes === copying.encryptedSizeOf(digest.sizeBytes)
      : kept.sha256 === digest.sha256
    if (isSound) return { kept, copiedBytes: kept.sizeBytes, blobKey }
    // Most of its image sets may still be readable.
    return { kept: { ...kept, isDamaged: true }, copiedBytes: kept.sizeBytes, fault: 'damaged', blobKey }
  } catch (error) {
    if (!reading.hasFailed || !(error instanceof StoreUnavailable && UNREADABLE.includes(error.code))) throw error
    return { kept: undefined, copiedBytes: 0, fault: 'unreadable', blobKey }
  }
}

/** Tells errors of the archive from those of the place. */
class ReadingOfArchive {
  hasFailed = false

  async of<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (error) {
      this.hasFailed = true
      throw error
    }
  }

  async *bytes(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, undefined> {
    try {
      yield* bytes
    } catch (error) {
      this.hasFailed = true
      throw error
    }
  }
}
