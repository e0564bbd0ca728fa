/** Files that a person dropped onto the page or chose, folders with all that is in them, by their path below what was chosen. */

export interface ChosenFile {
  /** With slashes. */
  readonly name: string
  readonly file: File
}

/** What operating systems leave in folders, and nobody means to import. */
const LITTER = /^(\..*|Thumbs\.db|desktop\.ini)$/i

export const isLitter = (name: string): boolean => name.split('/').some((part) => LITTER.test(part))

export const filesOfInput = (list: FileList): ChosenFile[] =>
  Array.from(list, (file) => ({ name: file.webkitRelativePath || file.name, file }))

/** Called while the drop is told of; what it holds is gone afterwards. */
export async function filesOfDrop({ items, files }: DataTransfer): Promise<ChosenFile[]> {
  const entries = Array.from(items, (item) => item.webkitGetAsEntry()).filter((entry) => entry !== null)
  if (entries.length === 0) return filesOfInput(files)
  const chosen: ChosenFile[] = []
  for (const entry of entries) await gather(entry, entry.name, chosen)
  return chosen
}

async function gather(entry: FileSystemEntry, name: string, into: ChosenFile[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))
    into.push({ name, file })
    return
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  // It tells of a hundred at a time, and of none at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) return
    for (const one of some) await gather(one, `${name}/${one.name}`, into)
  }
}
