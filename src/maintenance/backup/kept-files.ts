/** Writes files to a place of backups and reads them back, and reads what was written with its checksum. */
import { type BlobStore, DamagedBlob, type OpenBlob } from '../../stores/blobs/blob-store.ts'
import { BytesDigest } from '../../stores/blobs/bytes-digest.ts'
import { MaintenanceFailed } from '../maintenance-run.ts'
import {
  BACKUPS,
  FORMAT,
  isBackupId,
  type KeptBlob,
  type KeptFile,
  keysOf,
  type Manifest,
  parseLines,
} from './backup-format.ts'

/** @throws MaintenanceFailed if it does not read back as it was written */
export async function keep(
  place: BlobStore,
  key: string,
  bytes: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<KeptFile> {
  const { sizeBytes, sha256 } = await place.put(key, bytes)
  const found = await digestOf(await place.open(key))
  if (found?.sha256 !== sha256 || found.sizeBytes !== sizeBytes) {
    throw new MaintenanceFailed(`${key} in the place of the backup does not read back as it was written`)
  }
  return { key, sizeBytes, sha256 }
}

export async function digestOf(blob: OpenBlob | undefined): Promise<ReturnType<BytesDigest['end']> | undefined> {
  if (blob === undefined) return undefined
  const digest = new BytesDigest()
  for await (const chunk of blob.bytes) digest.add(chunk)
  return digest.end()
}

/** The bytes of a file of a backup, checked when they end. @throws MaintenanceFailed */
export async function* checkedBytes(place: BlobStore, file: KeptFile): AsyncGenerator<Uint8Array, undefined> {
  const damaged = new MaintenanceFailed(`${file.key} in the place of the backup is not what was written`)
  const digest = new BytesDigest()
  try {
    const blob = await place.open(file.key)
    if (blob === undefined) throw new MaintenanceFailed(`${file.key} is missing in the place of the backup`)
    yield* digest.passing(blob.bytes)
  } catch (error) {
    throw error instanceof DamagedBlob ? damaged : error
  }
  const { sizeBytes, sha256 } = digest.end()
  if (sizeBytes !== file.sizeBytes || sha256 !== file.sha256) throw damaged
}

/**
 * The complete backups of a place, oldest first.
 * @param onDamaged gets the key of a manifest that cannot be used. Without it, such a manifest is an error: what it names is unknown.
 */
export async function listManifests(place: BlobStore, onDamaged?: (key: string) => void): Promise<readonly Manifest[]> {
  const manifests: Manifest[] = []
  for await (const { key } of place.list(BACKUPS)) {
    const [, backupId = '', name, ...rest] = key.split('/')
    if (name !== 'manifest' || rest.length > 0 || !isBackupId(backupId)) continue
    try {
      manifests.push(await readManifest(place, key))
    } catch (error) {
      const isDamaged = [DamagedBlob, MaintenanceFailed, SyntaxError].some((kind) => error instanceof kind)
      if (!isDamaged) throw error
      if (onDamaged === undefined) throw new MaintenanceFailed(`${key} in the place of the backups is damaged`)
      onDamaged(key)
    }
  }
  return manifests.sort((a, b) => (a.backupId < b.backupId ? -1 : 1))
}

async function readManifest(place: BlobStore, key: string): Promise<Manifest> {
  const blob = await place.open(key)
  if (blob === undefined) throw new MaintenanceFailed(`${key} is missing in the place of the backup`)
  for await (const manifest of parseLines<Manifest>(blob.bytes)) {
    if (manifest.format === FORMAT) return manifest
  }
  throw new MaintenanceFailed(`${key} has the format of another version of Hilum`)
}

/** All blobs of a backup, in byte order of their keys in the place. */
export async function* blobsOf(place: BlobStore, { backupId, files }: Manifest): AsyncGenerator<KeptBlob, undefined> {
  const lists = files.filter(({ key }) => key.startsWith(keysOf(backupId).blobs(0).slice(0, -8)))
  for (const file of lists) yield* parseLines<KeptBlob>(checkedBytes(place, file))
}
