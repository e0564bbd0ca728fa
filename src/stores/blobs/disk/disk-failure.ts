/** Errors of the file system as errors of a store. */
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
  // Node's code for errors that libuv does not name, such as ESTALE of a file server, and EDQUOT.
  return code.startsWith('Unknown system error') && 'errno' in error ? nameOf(-Number(error.errno)) : code
}

/** On Linux: the file system needs to be repaired. Node does not name it. */
const EUCLEAN = 117

const nameOf = (errno: number): string =>
  Object.entries({ ...constants.errno, EUCLEAN }).find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`

/** There is no file with that name, or there cannot be one. */
export const isAbsent = (error: unknown): boolean => ABSENT.has(codeOf(error) ?? '')

/**
 * An error of the file system becomes StoreUnavailable, without the message: it contains the path, which may name patients. Other errors are
 * returned unchanged.
 */
export function asUnavailable(error: unknown, store: string): unknown {
  const code = codeOf(error)
  if (code === undefined || !(error instanceof Error && 'syscall' in error)) return error
  return new StoreUnavailable({ store, reason: REASON_OF[code] ?? 'away', code })
}
