/** Files with secrets that the configuration names: other users of the machine should not be able to read them. */
import { stat } from 'node:fs/promises'
import { shellQuoted } from './shells.ts'

interface OpenFile {
  readonly path: string
  readonly fix: string
}

/** Those that the group or others may read or change. */
export async function findOpenFiles(paths: readonly string[]): Promise<readonly OpenFile[]> {
  // On Windows, mode bits do not control access.
  if (process.platform === 'win32') return []
  const found = await Promise.all(
    paths.map(
      async (path) => ((await stat(path)).mode & 0o077) !== 0 && { path, fix: `chmod 600 ${shellQuoted(path)}` },
    ),
  )
  return found.filter((each) => each !== false)
}
