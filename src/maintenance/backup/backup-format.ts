/**
 * What a place of backups holds, by key. All backups of an archive in a place share blobs: a blob never changes, so it is copied once.
 *
 * `blobs/<blob key>`              the stored bytes of a blob of an encrypted data store, as they are
 * `sealed/<blob key>`             the bytes of any other blob
 * `backups/<id>/catalog`          the rows of the control catalog: compressed lines of JSON
 * `backups/<id>/catalog-003`      the rows of partition 3
 * `backups/<id>/blobs/<number>`   the blobs that the catalog names, in the order of their keys: lines of JSON
 * `backups/<id>/files/<name>`     small files of the data folder
 * `backups/<id>/manifest`         written last: without it the backup is incomplete and does not count
 *
 * The store of the place encrypts everything except `blobs/` (src/server/backup-place.ts).
 */
import type { BlobDigest } from '../../stores/blobs/blob-store.ts'
import type { SnapshotFormat } from '../../stores/catalog/catalog-snapshot.ts'

export const FORMAT = 'hilum-backup-2'

export const BACKUPS = 'backups/'

/** In this order of keys blobs are copied, listed and removed. */
export const BLOB_FOLDERS = { asStored: 'blobs/', sealed: 'sealed/' } as const

export const keysOf = (backupId: string) => ({
  folder: `${BACKUPS}${backupId}/`,
  catalog: (partition: number) =>
    `${BACKUPS}${backupId}/catalog${partition === 0 ? '' : `-${String(partition).padStart(3, '0')}`}`,
  /** What has to be copied; removed when it is. */
  wanted: `${BACKUPS}${backupId}/wanted`,
  blobs: (number: number) => `${BACKUPS}${backupId}/blobs/${String(number).padStart(8, '0')}`,
  file: (name: string) => `${BACKUPS}${backupId}/files/${name}`,
  manifest: `${BACKUPS}${backupId}/manifest`,
})

/** `20260131T235959999Z-0f3a5c71`: in the order of time. */
export const newBackupId = (at: number, random: string): string =>
  `${new Date(at).toISOString().replace(/[-:.]/g, '')}-${random.slice(0, 8)}`

export const isBackupId = (text: string): boolean => /^\d{8}T\d{9}Z-[0-9a-f]{8}$/.test(text)

/** An object of the place, with the digest of its bytes before the place encrypts them. */
export interface KeptFile extends BlobDigest {
  readonly key: string
}

/** A blob in the place. */
export interface KeptBlob extends KeptFile {
  /** Its bytes were not those that the catalog had recorded. The next backup copies it again. */
  readonly isDamaged?: true
}

/** The rows of the control catalog, or of a partition. */
interface KeptCatalog {
  /** 0: the control catalog. */
  readonly partition: number
  readonly counters: Readonly<Record<string, number>>
  /** Rows by table. */
  readonly rows: Readonly<Record<string, number>>
}

export interface Manifest extends SnapshotFormat {
  readonly format: typeof FORMAT
  readonly backupId: string
  /** When its state of the catalog was read. */
  readonly createdAt: number
  /** The control catalog, then the partitions by number. */
  readonly catalogs: readonly KeptCatalog[]
  readonly files: readonly KeptFile[]
  readonly blobs: { readonly count: number; readonly sizeBytes: number }
  /** Of these, what earlier backups did not have. */
  readonly copied: { readonly count: number; readonly sizeBytes: number }
  /** Blobs that are missing or damaged in the archive itself. */
  readonly faults: number
}

export const lineOf = (value: unknown): string => `${JSON.stringify(value)}\n`

/** Parses lines of JSON that arrive in pieces. */
export async function* parseLines<T>(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<T, undefined> {
  const decoder = new TextDecoder()
  let begun: string[] = []
  for await (const chunk of bytes) {
    const lines = decoder.decode(chunk, { stream: true }).split('\n')
    const first = lines.shift()!
    begun.push(first)
    if (lines.length === 0) continue
    yield JSON.parse(begun.join(''))
    begun = [lines.pop()!]
    for (const line of lines) yield JSON.parse(line)
  }
}
