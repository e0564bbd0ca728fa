/** `hilum backup list`. */
import type { Manifest } from '../../maintenance/backup/backup-format.ts'
import { listManifests } from '../../maintenance/backup/kept-files.ts'
import { backupPlaceOf, openPlaceToRead } from '../../server/backup-place.ts'
import { keyPlacesOf, openExistingKeyServices } from '../../server/open-data-keys.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { drawTable } from '../access/draw-table.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { damagedManifest, explained } from './explained.ts'

export async function listBackups({ config, cwd, flags, terminal }: Invocation): Promise<ExitCode> {
  const { from } = flags
  if (typeof from !== 'string') throw new OperatorError('hilum backup list needs --from <place>.', { exitCode: 2 })
  await explained('The backups cannot be listed', async () => {
    const services = () => openExistingKeyServices(keyPlacesOf(config))
    const place = await openPlaceToRead(backupPlaceOf(config, { place: from, cwd }), services)
    const manifests = await listManifests(place, (key) => terminal.note(damagedManifest(key)))
    if (config.json) for (const manifest of manifests) terminal.print(JSON.stringify(summaryOf(manifest)))
    else if (manifests.length === 0) terminal.note(`${from} holds no complete backup.`)
    else terminal.print(tableOf(manifests, terminal))
  })
  return 0
}

const summaryOf = ({ backupId, createdAt, engine, blobs, copied, faults }: Manifest) => ({
  ...{ backupId, createdAt: new Date(createdAt), catalog: engine, blobs: blobs.count },
  ...{ sizeBytes: blobs.sizeBytes, copiedBytes: copied.sizeBytes, faultCount: faults },
})

const MIB = 1024 ** 2
const mebibytes = (bytes: number): string => Math.ceil(bytes / MIB).toLocaleString('en-US')

const tableOf = (manifests: readonly Manifest[], terminal: Terminal): string =>
  drawTable(
    ['Backup', 'Time', 'Catalog', 'Blobs', 'MiB', 'New MiB', 'Faults'],
    manifests.map((manifest) => {
      const { backupId, createdAt, catalog, blobs, sizeBytes, copiedBytes, faultCount } = summaryOf(manifest)
      const numbers = [blobs.toLocaleString('en-US'), mebibytes(sizeBytes), mebibytes(copiedBytes), String(faultCount)]
      return [backupId, createdAt.toISOString(), catalog, ...numbers]
    }),
    terminal,
  )
