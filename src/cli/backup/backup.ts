/** `hilum backup`: one backup, or one after the other, beside a running server or without one. */
import { setTimeout } from 'node:timers/promises'
import { type BackupReport, makeBackup } from '../../maintenance/backup/make-backup.ts'
import { backupPlaceOf, openPlaceToWrite } from '../../server/backup-place.ts'
import { isDataFolder } from '../../server/data-folder.ts'
import { parseDuration } from '../../server/duration.ts'
import { filesToKeep } from '../../server/kept-in-backups.ts'
import { newId } from '../../server/new-id.ts'
import { hasKeyRing, keyPlacesOf, openKeyServices } from '../../server/open-data-keys.ts'
import { encryptedSizeOf, openBlobs, openCatalog, placesOf } from '../../server/open-stores.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { recorded } from '../audit/record-command.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { openProgress } from '../terminal/progress.ts'
import { stopOnCtrlC } from '../terminal/stop-signal.ts'
import { explained } from './explained.ts'

const MIB = 1024 ** 2
const EVENT = { command: 'backup', eventName: 'CreateBackup', resourceArns: () => [], isLong: true }

export async function backup(invocation: Invocation): Promise<ExitCode> {
  const { flags, config, terminal } = invocation
  if (typeof flags.to !== 'string') throw new OperatorError('hilum backup needs --to <place>.', { exitCode: 2 })
  const keep = keepOf(flags.keep)
  const everyMs = typeof flags.every === 'string' ? parseDuration('--every', flags.every) : undefined
  const hasNoDataFolder = config.catalog !== undefined && config.blobs !== undefined
  if (!hasNoDataFolder && !(await isDataFolder(config.dataFolder))) {
    throw new OperatorError(`${config.dataFolder} is not a data folder of Hilum. Name the right one with --data.`)
  }
  const stop = stopOnCtrlC()
  const { signal } = stop
  try {
    for (;;) {
      const startedAt = performance.now()
      let exitCode: ExitCode = 1
      try {
        exitCode = await backUpOnce(invocation, { to: flags.to, keep, signal })
      } catch (error) {
        if (signal.aborted) throw error
        // A wrong command line stays wrong; a place that is away may come back.
        if (everyMs === undefined || !(error instanceof OperatorError) || error.exitCode === 2) throw error
        terminal.note(config.json ? JSON.stringify({ error: error.message }) : `hilum: ${error.message}`)
      }
      if (everyMs === undefined) return exitCode
      const leftMs = Math.max(0, everyMs - (performance.now() - startedAt))
      await setTimeout(leftMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) return 0
    }
  } catch (error) {
    if (!signal.aborted) throw error
    terminal.note('The backup was interrupted. The next one copies only what this one did not.')
    return 130
  } finally {
    stop.ignore()
  }
}

function keepOf(given: unknown): number | undefined {
  if (given === undefined) return undefined
  const keep = Number(given)
  if (Number.isInteger(keep) && keep >= 1) return keep
  throw new OperatorError('--keep must be a whole number of at least 1.', { exitCode: 2 })
}

async function backUpOnce(
  { config, cwd, terminal }: Invocation,
  { to, keep, signal }: { readonly to: string; readonly keep: number | undefined; readonly signal: AbortSignal },
): Promise<ExitCode> {
  const places = placesOf(config)
  const keyPlaces = keyPlacesOf(config)
  const isNewRing = !(await hasKeyRing(keyPlaces))
  const report = await explained('The backup was not made', () =>
    recorded({ config }, { ...EVENT, backupIdOf: (made) => made?.backupId }, async () => {
      const services = await openKeyServices(keyPlaces)
      if (isNewRing)
        terminal.note(`Created the key ring ${keyPlaces.ring.ringFile}. Without it the backups cannot be read.`)
      const catalog = await openCatalog(places)
      try {
        const place = await openPlaceToWrite(backupPlaceOf(config, { place: to, cwd }), { services, catalog })
        const storedBlobs = await openBlobs(places)
        const files = await filesToKeep(config)
        const progress = openProgress('Copying blobs, MiB', { terminal, now: Date.now })
        const app = { catalog, place, storedBlobs, encryptedSizeOf, clock: () => catalog.now(), newId }
        const onProgress = (bytes: number, of: number) => progress.update(Math.ceil(bytes / MIB), Math.ceil(of / MIB))
        const result = await makeBackup(app, { placeName: to, files, keep, signal, onProgress }).finally(() =>
          progress.end(),
        )
        if ('refused' in result) {
          throw new OperatorError(
            'The backup was not made: another backup of this archive is running. Wait until it ends.',
          )
        }
        return result.report
      } finally {
        await catalog.close()
      }
    }),
  )
  terminal.print(
    config.json ? JSON.stringify({ ...report, createdAt: new Date(report.createdAt) }) : wordsOf(report, to),
  )
  return report.faultCount === 0 ? 0 : 1
}

const count = (amount: number): string => amount.toLocaleString('en-US')
const size = (bytes: number): string => `${count(Math.ceil(bytes / MIB))} MiB`

function wordsOf(report: BackupReport, to: string): string {
  const { backupId, blobs, sizeBytes, copiedBlobs, copiedBytes, faultCount, faults, removedBackups } = report
  return [
    `Backup ${backupId} in ${to}: ${count(blobs)} blobs, ${size(sizeBytes)}; ${count(copiedBlobs)} of them new, ${size(copiedBytes)} copied.`,
    ...(removedBackups === 0 ? [] : [`Removed ${count(removedBackups)} older backups.`]),
    ...faults.map(({ blobKey, fault }) => `blob ${blobKey} of the archive: ${fault}`),
    ...(faultCount === 0
      ? []
      : [
          `${count(faultCount)} blobs of the archive are missing or damaged. Run hilum verify, and restore them from an earlier backup.`,
        ]),
  ].join('\n')
}
