/** A folder in which blobs are stored, and the paths of keys in it. In a bucket, links are followed if they stay inside. */
import { lstat, mkdir, realpath } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { faultOfPath, InvalidBlobKey } from '../blob-key.ts'
import { codeOf } from './disk-failure.ts'
import type { OpenFiles } from './disk-open-files.ts'
import { isReserved, type Layout, pathsOf, UNFINISHED } from './disk-paths.ts'

export interface DiskPlace {
  /** A real path. */
  readonly root: string
  readonly layout: Layout
  /** Folders that are durable up to the root. */
  readonly durableFolders: Set<string>
  /** Undefined in a bucket: others may change its files. */
  readonly openFiles: OpenFiles | undefined
}

/** Creates the folder if it is missing. */
export async function openPlace(folder: string, kind: Pick<DiskPlace, 'layout' | 'openFiles'>): Promise<DiskPlace> {
  await mkdir(folder, { recursive: true })
  return { root: await realpath(folder), durableFolders: new Set(), ...kind }
}

/** Why the key is invalid in this place, or undefined. */
export const faultOfKeyIn = ({ layout }: DiskPlace, key: string): string | undefined =>
  faultOfPath(key) ?? (isReserved(key, layout) ? 'a part of it is reserved' : undefined)

/**
 * Where a blob is put: in a bucket with the links on the way followed.
 * @throws InvalidBlobKey if a link leads out of the bucket or to nothing
 */
export async function pathToPut({ root, layout }: Pick<DiskPlace, 'root' | 'layout'>, key: string): Promise<string> {
  const path = join(root, pathsOf(key, layout)[0]!)
  if (layout === 'spread') return path
  for (let folder = dirname(path); folder !== root; folder = dirname(folder)) {
    try {
      const real = await realpath(folder)
      if (real !== root && !real.startsWith(root + sep))
        throw new InvalidBlobKey('a link in it leads out of the bucket')
      return join(real, relative(folder, path))
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      const found = await lstat(folder).catch(() => undefined)
      if (found?.isSymbolicLink()) throw new InvalidBlobKey('a link in it leads to nothing')
      // Another put has created the folder since.
      if (found !== undefined) return pathToPut({ root, layout }, key)
    }
  }
  return path
}

/** In a bucket the path with its links followed; undefined if it leads out of the bucket. */
export async function reachable({ root, layout }: DiskPlace, path: string): Promise<string | undefined> {
  if (layout === 'spread') return path
  const real = await realpath(path)
  return real === root || real.startsWith(root + sep) ? real : undefined
}

/**
 * Where unfinished blobs are written. A spread place has one folder for them, so that those that a crash left are found at once. In a bucket
 * it is the folder of the blob, because a folder can be on another file system than the bucket.
 */
export const unfinishedFolder = ({ root, layout }: DiskPlace, folder: string): string =>
  layout === 'spread' ? join(root, `.hilum${UNFINISHED}`) : folder
