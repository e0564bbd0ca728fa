/** Files that were chosen or dropped, including the contents of folders, with their paths relative to what was chosen. */

export interface ChosenFile {
  /** The relative path, with slashes. */
  readonly name: string
  readonly file: File
}

/** Hidden files and files that operating systems add to folders. */
const SYSTEM_FILE = /^(\..*|Thumbs\.db|desktop\.ini)$/i

export const isSystemFile = (name: string): boolean => name.split('/').some((part) => SYSTEM_FILE.test(part))

export const totalBytesOf = (files: readonly ChosenFile[]): number =>
  files.reduce((sum, { file }) => sum + file.size, 0)

export const filesOfInput = (list: FileList): ChosenFile[] =>
  Array.from(list, (file) => ({ name: file.webkitRelativePath || file.name, file }))

/** Must be called in the event handler of the drop: browsers clear the DataTransfer afterwards. */
export async function filesOfDrop({ items, files }: DataTransfer): Promise<ChosenFile[]> {
  const entries = Array.from(items, (item) => item.webkitGetAsEntry()).filter((entry) => entry !== null)
  if (entries.length === 0) return filesOfInput(files)
  const chosen: ChosenFile[] = []
  for (const entry of entries) await collectFiles(entry, entry.name, chosen)
  return chosen
}

async function collectFiles(entry: FileSystemEntry, name: string, chosen: ChosenFile[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))
    chosen.push({ name, file })
    return
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  // readEntries returns batches of up to 100, and an empty one at the end.
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (batch.length === 0) return
    for (const child of batch) await collectFiles(child, `${name}/${child.name}`, chosen)
  }
}
