/** Writes a file atomically and durably: under a temporary name first, then under its own. */
import { randomUUID } from 'node:crypto'
import { type FileHandle, link, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

export interface DraftFile {
  /** Bytes written so far. */
  readonly sizeBytes: number
  append(bytes: Uint8Array): Promise<void>
  /** Overwrites written bytes, for lengths and tables that are known only at the end. */
  replace(offsetBytes: number, bytes: Uint8Array): Promise<void>
}

/** False, and nothing is changed, if the path exists and may not be replaced. Creates parent folders. */
export async function writeWhole(
  path: string,
  { overwrite, write }: { readonly overwrite: boolean; readonly write: (draft: DraftFile) => Promise<void> },
): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true })
  const draftPath = `${path}.${randomUUID()}.part`
  const file = await open(draftPath, 'wx')
  try {
    await write(draftOn(file))
    await file.sync()
    await file.close()
    if (overwrite) await rename(draftPath, path)
    else await link(draftPath, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await file.close()
    await rm(draftPath, { force: true })
  }
}

function draftOn(file: FileHandle): DraftFile {
  let sizeBytes = 0
  return {
    get sizeBytes() {
      return sizeBytes
    },
    async append(bytes) {
      await writeAll(file, bytes, sizeBytes)
      sizeBytes += bytes.length
    },
    replace: (offsetBytes, bytes) => writeAll(file, bytes, offsetBytes),
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0
  while (written < bytes.length) {
    written += (await file.write(bytes, written, bytes.length - written, position + written)).bytesWritten
  }
}

/** Syncs these folders and their parents up to the root, so that their entries survive a loss of power. */
export async function makeDurable(folders: ReadonlySet<string>, root: string): Promise<void> {
  const all = new Set<string>([dirname(root)])
  for (const folder of folders) for (let at = folder; at.startsWith(root); at = dirname(at)) all.add(at)
  for (const path of all) {
    const folder = await open(path)
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }
}
