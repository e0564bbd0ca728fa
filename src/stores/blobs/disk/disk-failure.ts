/** What an error of the file system means for a store kept in a folder. */
import { constants } from 'node:os'
import { StoreUnavailable, type UnavailableReason } from '../../store-unavailable.ts'

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

export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return undefined
  const { code } = error
  // So Node calls the errors that libuv has no name for, such as ESTALE of a file server and EDQUOT.
  return code.startsWith('Unknown system error') && 'errno' in error ? nameOf(-Number(error.errno)) : code
}

/** Linux, and in no table of Node: a file system that needs to be repaired. */
const EUCLEAN = 117

const nameOf = (errno: number): string =>
  Object.entries({ ...constants.errno, EUCLEAN }).find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`

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
