/** Where a mixed load puts the files of its import jobs. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export interface LoadInput {
  readonly bucket: string
  put(key: string, bytes: Uint8Array): Promise<void>
}

/** A bucket that is a folder in the data folder of a server. */
export function folderInput(dataFolder: string): LoadInput {
  const bucket = 'load-bucket'
  return {
    bucket,
    async put(key, bytes) {
      const path = join(dataFolder, 'buckets', bucket, key)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, bytes)
    },
  }
}
