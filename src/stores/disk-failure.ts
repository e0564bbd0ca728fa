/** What an error of the file system means for a store kept in a folder. */
import { StoreUnavailable, type UnavailableReason } from './store-unavailable.ts'

const REASON_OF: Readonly<Record<string, UnavailableReason>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EROFS: 'read-only',
  EACCES: 'access',
  EPERM: 'access',
  EMFILE: 'busy',
  ENFILE: 'busy',
  EIO: 'away',
  ESTALE: 'away',
  ENODEV: 'away',
}
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO'])

export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

/** Nothing is there under that name, or cannot be. */
export const isAbsent = (error: unknown): boolean => ABSENT.has(codeOf(error) ?? '')

/**
 * An error of the file system becomes StoreUnavailable, and loses its message: that has the path, and paths may name patients.
 * Errors that are not the file system's stay as they are.
 */
export function asUnavailable(error: unknown, store: string): unknown {
  const code = codeOf(error)
  if (code === undefined || !(error instanceof Error && 'syscall' in error)) return error
  return new StoreUnavailable({ store, reason: REASON_OF[code] ?? 'away', code })
}
