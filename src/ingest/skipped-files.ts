/**
 * Files that lie among DICOM files and are no instances: the directory of a disc (PS3.10 8.6), and what operating systems leave in folders.
 * They are skipped and counted apart, because nothing is wrong with them. A name alone is not enough: an instance of such a name is imported.
 */
import { DicomError } from '../dicom/dicom-error.ts'
import { tagOf } from '../dicom/dictionary.ts'
import type { DicomFile } from '../dicom/parse.ts'
import { ForeignFile } from './parse-input.ts'

const MEDIA_STORAGE_DIRECTORY_STORAGE = '1.2.840.10008.1.3.10'

const DIRECTORY = 'A DICOMDIR, which lists other files and has no instance'

class DirectoryFile extends Error {}

/** @throws what whySkipped knows, where the file is a DICOMDIR, whatever its name */
export function refuseDirectory({ meta }: DicomFile): void {
  const sopClass = meta.string(tagOf('MediaStorageSOPClassUID')!)
  if (sopClass === MEDIA_STORAGE_DIRECTORY_STORAGE) throw new DirectoryFile(DIRECTORY)
}

/** @param cause why the file is no instance. */
export function whySkipped(key: string, cause: unknown): string | undefined {
  if (cause instanceof DirectoryFile) return DIRECTORY
  const name = key.slice(key.lastIndexOf('/') + 1).toLowerCase()
  if (name === 'dicomdir') return cause instanceof DicomError ? DIRECTORY : undefined
  return cause instanceof ForeignFile ? ofOperatingSystem(name) : undefined
}

function ofOperatingSystem(name: string): string | undefined {
  if (name === '.ds_store' || name.startsWith('._')) return 'A file that macOS keeps in folders'
  return name === 'thumbs.db' || name === 'desktop.ini' ? 'A file that Windows keeps in folders' : undefined
}
