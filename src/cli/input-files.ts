/** The files that `hilum import` was pointed at, and the object keys they get. */
import { readdir, stat } from 'node:fs/promises'
import { basename, join, sep } from 'node:path'
import { OperatorError } from '../operator-error.ts'

export interface InputFile {
  readonly path: string
  /** Below the folder that was named, with slashes. */
  readonly key: string
}

/** All files at any depth, whatever their names: DICOM files often have no extension. Links to folders are not followed. */
export async function listInputFiles(path: string): Promise<InputFile[]> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    (cause: NodeJS.ErrnoException) => {
      throw new OperatorError(
        `${path} ${cause.code === 'ENOENT' ? 'is not there' : `cannot be read (${cause.code})`}.`,
        { cause },
      )
    },
  )
  if (!isFolder) return [{ path, key: basename(path) }]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  const files = []
  for (const entry of entries) {
    const file = join(entry.parentPath, entry.name)
    const isFile = entry.isFile() || (entry.isSymbolicLink() && (await stat(file).catch(() => undefined))?.isFile())
    if (isFile) files.push({ path: file, key: file.slice(path.length).split(sep).filter(Boolean).join('/') })
  }
  if (files.length === 0) throw new OperatorError(`${path} holds no file.`)
  return files
}
