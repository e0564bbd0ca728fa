/** Files that were dropped on a page, until the import page takes them. */
import type { ChosenFile } from '../uploads/chosen-files.ts'

let pendingFiles: readonly ChosenFile[] = []
let listener: (() => void) | undefined

export function setPendingFiles(files: readonly ChosenFile[]): void {
  pendingFiles = files
  listener?.()
}

export function takePendingFiles(): readonly ChosenFile[] {
  const files = pendingFiles
  pendingFiles = []
  return files
}

/** For the import page, of which there is one. */
export function onPendingFiles(next: () => void): () => void {
  listener = next
  return () => {
    listener = undefined
  }
}
