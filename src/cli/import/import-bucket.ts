/**
 * The bucket that commands store input files in: the folder or S3 bucket that import jobs read. In a folder, files are hard links where the
 * file system supports them, so that a million files are not copied.
 */
import { constants, createReadStream } from 'node:fs'
import { copyFile, link, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Config } from '../../server/config.ts'
import { openLocations } from '../../server/open-stores.ts'
import { OperatorError } from '../../server/operator-error.ts'
import type { BlobStore } from '../../stores/blobs/blob-store.ts'
import { isClosed } from '../../stores/locations/locations.ts'

export interface ImportBucket {
  /** Location of the bucket for messages: the path of a folder or `s3://<bucket>`. */
  readonly place: string
  write(key: string, bytes: Uint8Array): Promise<unknown>
  /** Adds a file, which is not changed. */
  addFile(key: string, path: Buffer): Promise<unknown>
  /** Removes all keys with a prefix, which ends in a slash. */
  removeAll(prefix: string): Promise<void>
}

/** A folder is created if needed; an S3 bucket must exist. */
export async function openImportBucket(config: Config, name: string): Promise<ImportBucket> {
  const { dataFolder, s3, limits } = config
  const folder = join(dataFolder, 'buckets', name)
  if (s3 === undefined) await mkdir(folder, { recursive: true, mode: 0o700 })
  const locations = await openLocations({ dataFolder, s3, limits })
  const store = await locations.openBucket(name)
  if (isClosed(store)) throw new OperatorError(`The bucket ${name} cannot be used: ${store.reason}`)
  return s3 === undefined ? folderBucket(folder) : s3Bucket(name, store)
}

function folderBucket(folder: string): ImportBucket {
  const made = new Set<string>()
  const pathFor = async (key: string) => {
    const path = join(folder, key)
    const parent = dirname(path)
    if (!made.has(parent)) await mkdir(parent, { recursive: true, mode: 0o700 })
    made.add(parent)
    return path
  }
  return {
    place: folder,
    write: async (key, bytes) => writeFile(await pathFor(key), bytes),
    async addFile(key, path) {
      const target = await pathFor(key)
      try {
        await link(path, target)
      } catch {
        // The link failed: another file system, no hard links, or a file of another user. An unreadable file fails again in the copy.
        await copyFile(path, target, constants.COPYFILE_FICLONE)
      }
    },
    removeAll: (prefix) => rm(join(folder, prefix), { recursive: true, force: true }),
  }
}

function s3Bucket(name: string, store: BlobStore): ImportBucket {
  return {
    place: `s3://${name}`,
    write: (key, bytes) => store.put(key, bytes),
    addFile: (key, path) => store.put(key, createReadStream(path)),
    async removeAll(prefix) {
      const keys: string[] = []
      for await (const { key } of store.list(prefix)) keys.push(key)
      await store.remove(keys)
    },
  }
}
