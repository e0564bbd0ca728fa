/** The small files of a data folder that an archive needs and a backup keeps: the owner's access key and the sealing key. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createExclusively } from '../security/private-file.ts'
import type { Config } from './config.ts'
import { CREDENTIALS_FILE } from './credentials.ts'
import { SEALING_KEY_FILE } from './sealing-key.ts'

/** Not the configuration: it may name the database of this server. Not the key ring: a backup protects nothing if its key is in it. */
const KEPT = [CREDENTIALS_FILE, SEALING_KEY_FILE]

/** By name. A file that does not exist, because its content is configured elsewhere, is left out. */
export async function filesToKeep({
  dataFolder,
}: Pick<Config, 'dataFolder'>): Promise<Readonly<Record<string, Uint8Array>>> {
  const files: Record<string, Uint8Array> = {}
  for (const name of KEPT) {
    try {
      files[name] = await readFile(join(dataFolder, name))
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
  return files
}

/** Ignores names that it does not know. A file that exists, from an interrupted restore of the same backup, stays. */
export async function restoreFile(
  dataFolder: string,
  { name, bytes }: { name: string; bytes: Uint8Array },
): Promise<void> {
  if (KEPT.includes(name)) await createExclusively(join(dataFolder, name), Buffer.from(bytes).toString())
}
