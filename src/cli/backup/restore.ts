/**
 * `hilum restore`: restores a backup into an empty place. A file marks the data folder from the beginning to the end, so that no server starts
 * on a part of an archive, and an interrupted restore is resumed.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Manifest } from '../../maintenance/backup/backup-format.ts'
import { listManifests } from '../../maintenance/backup/kept-files.ts'
import { catalogsOf, filesOf, restoreBlobs } from '../../maintenance/backup/restore-backup.ts'
import { AUDIT_FOLDER } from '../../security/audit/audit-files.ts'
import { backupPlaceOf, openPlaceToRead } from '../../server/backup-place.ts'
import { FILE_IN_DATA_FOLDER } from '../../server/config.ts'
import { createCatalogs } from '../../server/create-catalogs.ts'
import { entriesOf, KEYS_FOLDER, markDataFolder, RESTORING_FILE } from '../../server/data-folder.ts'
import { FolderInUse, LOCK_FILES, lockFolder } from '../../server/data-folder-lock.ts'
import { restoreFile } from '../../server/kept-in-backups.ts'
import { newId } from '../../server/new-id.ts'
import { keyPlacesOf, openExistingKeyServices } from '../../server/open-data-keys.ts'
import { openBlobs, placesOf } from '../../server/open-stores.ts'
import { OperatorError } from '../../server/operator-error.ts'
import type { BlobStore } from '../../stores/blobs/blob-store.ts'
import { CatalogNotEmpty } from '../../stores/catalog/catalog-snapshot.ts'
import { recorded } from '../audit/record-command.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { openProgress } from '../terminal/progress.ts'
import { stopOnCtrlC } from '../terminal/stop-signal.ts'
import { damagedManifest, explained } from './explained.ts'

const MIB = 1024 ** 2
const EVENT = { command: 'restore', eventName: 'RestoreBackup', resourceArns: () => [], isLong: true }

const BLOBS_FOLDER = 'blobs'
/** Entries that do not come from an archive. A restore that ended at its beginning leaves the folder of blobs, and it is empty. */
const MAY_BE_THERE = [
  ...[FILE_IN_DATA_FOLDER, KEYS_FOLDER, AUDIT_FOLDER, 'lost+found', RESTORING_FILE],
  ...[BLOBS_FOLDER, ...LOCK_FILES],
]

export async function restore(invocation: Invocation): Promise<ExitCode> {
  const { config, cwd, flags } = invocation
  const { from } = flags
  if (typeof from !== 'string') throw new OperatorError('hilum restore needs --from <place>.', { exitCode: 2 })
  const stop = stopOnCtrlC()
  try {
    return await explained('The restore has not ended', async () => {
      const services = () => openExistingKeyServices(keyPlacesOf(config))
      const place = await openPlaceToRead(backupPlaceOf(config, { place: from, cwd }), services)
      const manifests = await listManifests(place, (key) => invocation.terminal.note(damagedManifest(key)))
      const manifest = chosen(manifests, { from, wanted: flags.backup })
      return restoreInto(invocation, { place, manifest, signal: stop.signal })
    })
  } catch (error) {
    if (!stop.signal.aborted) throw error
    invocation.terminal.note('The restore was interrupted. Run it again to resume it.')
    return 130
  } finally {
    stop.ignore()
  }
}

function chosen(manifests: readonly Manifest[], of: { readonly from: string; readonly wanted: unknown }): Manifest {
  const found = of.wanted === undefined ? manifests.at(-1) : manifests.find(({ backupId }) => backupId === of.wanted)
  if (found !== undefined) return found
  throw new OperatorError(
    of.wanted === undefined
      ? `${of.from} holds no complete backup.`
      : `${of.from} holds no complete backup ${of.wanted}. hilum backup list shows all.`,
  )
}

interface Restoring {
  readonly place: BlobStore
  readonly manifest: Manifest
  readonly signal: AbortSignal
}

async function restoreInto(
  { config, terminal }: Invocation,
  { place, manifest, signal }: Restoring,
): Promise<ExitCode> {
  const { dataFolder } = config
  const { backupId } = manifest
  await mkdir(dataFolder, { recursive: true, mode: 0o700 })
  const lock = await lockFolder(dataFolder).catch((cause: unknown) => {
    if (!(cause instanceof FolderInUse)) throw cause
    throw new OperatorError(`Another process (${cause.message}) uses the data folder ${dataFolder}.`, { cause })
  })
  try {
    const places = placesOf(config)
    const begun = await requireEmptyFolder(dataFolder, backupId)
    const restoreId = begun ?? newId()
    await recorded({ config }, { ...EVENT, backupIdOf: () => backupId }, async () => {
      const blobs = await openBlobs(places)
      if (begun === undefined) {
        for await (const _ of blobs.list('')) {
          throw new OperatorError(
            `${config.blobs ?? join(dataFolder, BLOBS_FOLDER)} is not empty. Restore into an empty place.`,
          )
        }
        await writeFile(
          join(dataFolder, RESTORING_FILE),
          `${JSON.stringify({ backupId, restoreId } satisfies Begun)}\n`,
          {
            mode: 0o600,
            flush: true,
          },
        )
      }
      const progress = openProgress('Restoring blobs, MiB', { terminal, now: Date.now })
      const onProgress = (bytes: number, of: number) => progress.update(Math.ceil(bytes / MIB), Math.ceil(of / MIB))
      await restoreBlobs({ place, blobs }, manifest, { onProgress, signal }).finally(() => progress.end())
      const rebuilding = openProgress('Building the search index for the other engine', { terminal, now: Date.now })
      const onRebuild = (done: number, of: number) => rebuilding.update(done, of)
      await createCatalogs(places, catalogsOf(place, manifest), { restoreId, onRebuild }).catch((cause: unknown) => {
        if (!(cause instanceof CatalogNotEmpty)) throw cause
        throw new OperatorError(
          'The database of --catalog is not empty. Name an empty one and run hilum restore again: it copies no blob twice.',
          { cause },
        )
      })
      rebuilding.end()
      for await (const file of filesOf(place, manifest)) await restoreFile(dataFolder, file)
      await markDataFolder(dataFolder)
      await rm(join(dataFolder, RESTORING_FILE))
    })
  } finally {
    await lock.release()
  }
  const { blobs, faults, createdAt } = manifest
  const time = new Date(createdAt).toISOString()
  terminal.print(
    config.json
      ? JSON.stringify({
          backupId,
          createdAt: time,
          dataFolder,
          blobs: blobs.count,
          sizeBytes: blobs.sizeBytes,
          faultCount: faults,
        })
      : `Restored ${backupId}, the state of ${time}: ${blobs.count.toLocaleString('en-US')} blobs. Start it with hilum serve, with the same key ring; hilum verify checks it.`,
  )
  if (faults > 0 && !config.json) terminal.note(`When it was backed up, ${faults} blobs were missing or damaged.`)
  return 0
}

/** What the file in the folder names. */
interface Begun {
  readonly backupId: string
  readonly restoreId: string
}

/** Undefined for an empty file: it is written before anything is restored. */
async function begunRestore(folder: string): Promise<Begun | undefined> {
  const text = await readFile(join(folder, RESTORING_FILE), 'utf8')
  if (text === '') return undefined
  try {
    const { backupId, restoreId } = JSON.parse(text)
    if (typeof backupId === 'string' && isId(restoreId)) return { backupId, restoreId }
  } catch {
    // As if it named none: a power failure may have cut it.
  }
  throw new OperatorError(`${join(folder, RESTORING_FILE)} is damaged. Empty the folder ${folder} and restore again.`)
}

/** It becomes a part of a statement. */
const isId = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{32}$/.test(value)

/** @returns the id of an interrupted restore, which is resumed */
async function requireEmptyFolder(folder: string, backupId: string): Promise<string | undefined> {
  const entries = await entriesOf(folder)
  if (entries.includes(RESTORING_FILE)) {
    const begun = await begunRestore(folder)
    if (begun?.backupId === backupId) return begun.restoreId
    if (begun !== undefined)
      throw new OperatorError(
        `${folder} has a part of the backup ${begun.backupId}. Resume it with --backup ${begun.backupId}, or restore into an empty folder.`,
      )
  }
  const foreign = entries.find((name) => !MAY_BE_THERE.includes(name))
  if (foreign === undefined) return undefined
  throw new OperatorError(
    `${folder} is not empty: it holds '${foreign}'. Restore into an empty or new folder with --data.`,
  )
}
