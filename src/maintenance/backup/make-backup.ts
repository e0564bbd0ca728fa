/**
 * Makes a backup while the archive is used: first a snapshot of the catalog, then the blobs that it names and the place does not hold, last
 * the manifest. Its lease keeps garbage collection from removing blobs meanwhile. After an interruption the next backup begins with another
 * snapshot, and copies only what the interrupted one did not.
 */
import type { ImportApp } from '../../app.ts'
import type { CatalogSnapshot } from '../../stores/catalog/catalog-snapshot.ts'
import { type RunResult, runMaintenance } from '../maintenance-run.ts'
import { FORMAT, type KeptFile, keysOf, lineOf, type Manifest, newBackupId, parseLines } from './backup-format.ts'
import { compressRows } from './catalog-rows.ts'
import { type BlobCopying, type BlobFault, copyBlobs, type WantedBlob } from './copy-blobs.ts'
import { blobsOf, checkedBytes, keep, listManifests } from './kept-files.ts'
import { pruneBackups } from './prune-backups.ts'

const BLOBS_PER_LIST = 10_000
/** In a report: the others are only counted. */
const FAULTS_SHOWN_MAX = 100

interface BackupApp extends Pick<ImportApp, 'catalog' | 'clock' | 'newId'>, BlobCopying {}

interface BackupOptions {
  /** The name of the place, as the command has it. */
  readonly placeName: string
  /** Small files of the data folder that the archive needs, by name. */
  readonly files: Readonly<Record<string, Uint8Array>>
  /** How many backups the place has afterwards; undefined: all. */
  readonly keep: number | undefined
  readonly signal?: AbortSignal
  readonly onProgress: (copiedBytes: number, ofBytes: number) => void
}

/** What `hilum backup` prints and the catalog records. */
export interface BackupReport {
  readonly backupId: string
  /** A folder or an s3:// URI, as the command named it. */
  readonly place: string
  /** When the state was read that it holds. */
  readonly createdAt: number
  readonly blobs: number
  readonly sizeBytes: number
  readonly copiedBlobs: number
  /** New bytes in the place, with the catalog. */
  readonly copiedBytes: number
  readonly faultCount: number
  readonly faults: readonly { readonly blobKey: string; readonly fault: BlobFault }[]
  readonly removedBackups: number
}

/** The report of one that runs. */
interface BackupProgress extends Pick<BackupReport, 'place'> {
  readonly copiedBytes?: number
  readonly ofBytes?: number
}

/** @throws MaintenanceFailed, MaintenanceLeaseLost, StoreUnavailable */
export const makeBackup = (app: BackupApp, options: BackupOptions): Promise<RunResult<BackupReport>> =>
  runMaintenance(app, { kind: 'backup', ...(options.signal && { signal: options.signal }) }, (signal, note) => {
    note({ place: options.placeName } satisfies BackupProgress)
    const onProgress: BackupOptions['onProgress'] = (copiedBytes, ofBytes) => {
      note({ place: options.placeName, copiedBytes, ofBytes } satisfies BackupProgress)
      options.onProgress(copiedBytes, ofBytes)
    }
    return backUp(app, { ...options, signal, onProgress })
  })

async function backUp(
  app: BackupApp,
  options: BackupOptions & { readonly signal: AbortSignal },
): Promise<BackupReport> {
  const { place } = app
  const { signal } = options
  const last = (await listManifests(place)).at(-1)
  const createdAt = app.clock()
  await place.removeUnfinished(createdAt)
  const backupId = newBackupId(createdAt, app.newId())
  const keys = keysOf(backupId)
  const snapshot = await keepSnapshot(app, { backupId, signal })
  const files: KeptFile[] = [...snapshot.files]
  for (const [name, bytes] of Object.entries(options.files)) files.push(await keep(place, keys.file(name), bytes))

  const copied = await copyAll(app, { ...options, backupId, last, snapshot })
  files.push(...copied.lists)
  await place.remove([keys.wanted])
  signal.throwIfAborted()
  const manifest: Manifest = {
    ...{ format: FORMAT, backupId, createdAt, files },
    ...{ engine: snapshot.engine, schemaVersion: snapshot.schemaVersion },
    catalogs: snapshot.catalogs,
    blobs: copied.kept,
    copied: copied.new,
    faults: copied.faultCount,
  }
  await keep(place, keys.manifest, Buffer.from(lineOf(manifest)))
  const catalogBytes = snapshot.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const removedBackups = await pruneBackups(place, { keep: options.keep, current: backupId, signal })
  return {
    ...{ backupId, place: options.placeName, createdAt, removedBackups },
    ...{ blobs: copied.kept.count, sizeBytes: copied.kept.sizeBytes + catalogBytes },
    ...{ copiedBlobs: copied.new.count, copiedBytes: copied.new.sizeBytes + catalogBytes },
    ...{ faultCount: copied.faultCount, faults: copied.faults },
  }
}

interface KeptSnapshot extends Pick<CatalogSnapshot, 'engine' | 'schemaVersion'> {
  readonly catalogs: Manifest['catalogs']
  /** Of the catalogs. */
  readonly files: readonly KeptFile[]
  readonly wanted: KeptFile
  readonly wantedBytes: number
}

/** The list of blobs is kept too, so that the transaction of the snapshot ends before the blobs are copied. */
async function keepSnapshot(
  { catalog, place }: BackupApp,
  { backupId, signal }: { readonly backupId: string; readonly signal: AbortSignal },
): Promise<KeptSnapshot> {
  const keys = keysOf(backupId)
  const snapshot = await catalog.snapshot()
  try {
    const catalogs: Manifest['catalogs'][number][] = []
    const files: KeptFile[] = []
    for (const { partition, ...part } of snapshot.parts) {
      const rows: Record<string, number> = {}
      const compressed = compressRows(part.rows(), (table, count) => {
        signal.throwIfAborted()
        rows[table] = (rows[table] ?? 0) + count
      })
      files.push(await keep(place, keys.catalog(partition), compressed))
      catalogs.push({ partition, counters: await part.counters(), rows })
    }
    let wantedBytes = 0
    const encrypted = await snapshot.encryptedOwners()
    async function* lines() {
      // As they are ordered in the place: encrypted ones first.
      for (const isEncrypted of [true, false]) {
        for await (const blob of snapshot.blobs()) {
          if (encrypted.has(blob.blobKey.split('/')[0]!) !== isEncrypted) continue
          signal.throwIfAborted()
          wantedBytes += blob.digest.sizeBytes
          yield Buffer.from(lineOf({ ...blob, isEncrypted } satisfies WantedBlob))
        }
      }
    }
    const wanted = await keep(place, keys.wanted, lines())
    const { engine, schemaVersion } = snapshot
    return { engine, schemaVersion, catalogs, files, wanted, wantedBytes }
  } finally {
    await snapshot.close()
  }
}

interface Copied {
  readonly lists: readonly KeptFile[]
  readonly kept: Manifest['blobs']
  readonly new: Manifest['copied']
  readonly faultCount: number
  readonly faults: BackupReport['faults']
}

async function copyAll(
  app: BackupApp,
  from: {
    readonly backupId: string
    readonly last: Manifest | undefined
    readonly snapshot: KeptSnapshot
    readonly signal: AbortSignal
    readonly onProgress: BackupOptions['onProgress']
  },
): Promise<Copied> {
  const { place } = app
  const { backupId, last, snapshot, signal, onProgress } = from
  const lists: KeptFile[] = []
  const kept = { count: 0, sizeBytes: 0 }
  const added = { count: 0, sizeBytes: 0 }
  const faults: { blobKey: string; fault: BlobFault }[] = []
  let faultCount = 0
  let lines: string[] = []
  const endList = async () => {
    if (lines.length === 0) return
    lists.push(await keep(place, keysOf(backupId).blobs(lists.length), Buffer.from(lines.join(''))))
    lines = []
  }
  const wanted = parseLines<WantedBlob>(checkedBytes(place, snapshot.wanted))
  const ofLast = last === undefined ? none() : blobsOf(place, last)
  for await (const { kept: blob, copiedBytes, fault, blobKey } of copyBlobs(app, wanted, ofLast)) {
    signal.throwIfAborted()
    if (fault !== undefined) {
      faultCount += 1
      if (faults.length < FAULTS_SHOWN_MAX) faults.push({ blobKey, fault })
    }
    if (blob === undefined) continue
    lines.push(lineOf(blob))
    if (lines.length === BLOBS_PER_LIST) await endList()
    kept.count += 1
    kept.sizeBytes += blob.sizeBytes
    added.count += copiedBytes > 0 ? 1 : 0
    added.sizeBytes += copiedBytes
    onProgress(kept.sizeBytes, Math.max(kept.sizeBytes, snapshot.wantedBytes))
  }
  await endList()
  return { lists, kept, new: added, faultCount, faults }
}

async function* none(): AsyncGenerator<never, undefined> {}
