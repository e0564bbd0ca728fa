/** Files that were dropped on another page, until the import page takes them. */
import type { ChosenFile } from './chosen-files.ts'

let pendingFiles: readonly ChosenFile[] = []

export function setPendingFiles(files: readonly ChosenFile[]): void {
  pendingFiles = files
}

export function takePendingFiles(): readonly ChosenFile[] {
  const files = pendingFiles
  pendingFiles = []
  return files
}
