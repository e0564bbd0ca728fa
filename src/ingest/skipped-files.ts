/**
 * Which files are skipped and counted apart, because they are found among DICOM files and are no instances: the directory of a medium
 * (PS3.10 8.6), and files that operating systems keep in folders. The name alone does not decide: an instance with such a name is imported.
 */
import { DicomError } from '../dicom/dicom-error.ts'
import { tagOf } from '../dicom/dictionary.ts'
import type { DicomFile } from '../dicom/parse.ts'
import { ForeignFile } from './parse-input.ts'

const MEDIA_STORAGE_DIRECTORY_STORAGE = '1.2.840.10008.1.3.10'

const DIRECTORY = 'A DICOMDIR, which lists other files and has no instance'

class DirectoryFile extends Error {}

/** @throws an error that whySkipped recognizes, if the file is a DICOMDIR, whatever its name */
export function refuseDirectory({ meta }: DicomFile): void {
  const sopClass = meta.string(tagOf('MediaStorageSOPClassUID')!)
  if (sopClass === MEDIA_STORAGE_DIRECTORY_STORAGE) throw new DirectoryFile(DIRECTORY)
}

/**
 * @param cause the error of the file
 * @returns undefined if the file is not skipped but failed
 */
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
