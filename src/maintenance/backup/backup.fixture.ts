/** For tests of backups: makes one of an app, restores the latest, and reads everything that two archives can differ in. */
import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { ImportApp } from '../../app.ts'
import { DEFAULT_LIMITS } from '../../default-limits.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { appIn, newDataFolder } from '../../jobs/imported-instances.fixture.ts'
import { createCatalogs } from '../../server/create-catalogs.ts'
import { newId } from '../../server/new-id.ts'
import { encryptedSizeOf } from '../../server/open-stores.ts'
import type { BlobStore } from '../../stores/blobs/blob-store.ts'
import { openDiskBlobs } from '../../stores/blobs/disk/disk-blobs.ts'
import type { TableRows } from '../../stores/catalog/catalog-snapshot.ts'
import { collected } from '../../stores/catalog/conformance/catalog.fixture.ts'
import { digestOf, listManifests } from './kept-files.ts'
import { type BackupReport, makeBackup } from './make-backup.ts'
import { catalogsOf, restoreBlobs } from './restore-backup.ts'

/** An empty place. Its files are not encrypted: src/server/backup-place.ts does that. */
export async function newPlace(): Promise<{ readonly folder: string; readonly place: BlobStore }> {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-backups-'))
  removeAtExit(folder)
  return { folder, place: await openDiskBlobs(folder) }
}

type Archive = Pick<ImportApp, 'catalog' | 'blobs' | 'clock' | 'newId'>

/** @returns its report; it fails if another backup is running */
export async function backUp(
  { blobs: storedBlobs, ...app }: Archive,
  place: BlobStore,
  options: { readonly keep?: number; readonly signal?: AbortSignal; readonly onProgress?: () => void } = {},
): Promise<BackupReport> {
  const { keep, signal, onProgress = () => {} } = options
  const result = await makeBackup(
    { ...app, storedBlobs, place, encryptedSizeOf },
    { placeName: 'place', files: {}, keep, ...(signal && { signal }), onProgress },
  )
  assert.ok('report' in result, 'no other backup runs')
  return result.report
}

/** The latest backup, or the one with the id, in a new data folder. @param catalog an empty PostgreSQL database */
export async function restored(
  context: TestContext,
  place: BlobStore,
  backupId?: string,
  catalog?: string,
): Promise<ImportApp> {
  const manifests = await listManifests(place)
  const manifest = backupId === undefined ? manifests.at(-1) : manifests.find((each) => each.backupId === backupId)
  assert.ok(manifest, 'there is a complete backup')
  const dataFolder = await newDataFolder(context)
  const blobs = await openDiskBlobs(join(dataFolder, 'blobs'))
  await restoreBlobs({ place, blobs }, manifest, { onProgress() {}, signal: new AbortController().signal })
  await createCatalogs({ dataFolder, catalog, limits: DEFAULT_LIMITS }, catalogsOf(place, manifest), {
    restoreId: newId(),
  })
  return appIn(context, dataFolder, catalog === undefined ? {} : { catalog })
}

export async function rowsOf({ catalog }: Pick<ImportApp, 'catalog'>): Promise<readonly TableRows[]> {
  const snapshot = await catalog.snapshot()
  try {
    const batches: TableRows[] = []
    for (const part of snapshot.parts) batches.push(...(await collected(part.rows())))
    return batches
  } finally {
    await snapshot.close()
  }
}

/** The digest of each blob that the catalog needs. */
export async function bytesOf({
  catalog,
  blobs,
}: Pick<ImportApp, 'catalog' | 'blobs'>): Promise<ReadonlyMap<string, string>> {
  const digests = new Map<string, string>()
  for (const { blobKey, isUnreferenced } of await catalog.blobs.list({ after: undefined, limit: 10_000 })) {
    if (isUnreferenced) continue
    const found = await digestOf(await blobs.open(blobKey))
    digests.set(blobKey, found?.sha256 ?? 'missing')
  }
  return digests
}
