/**
 * Reads a file of a bucket that was listed. A folder of its path may have been replaced by a link meanwhile, so where the file really is, is
 * checked when it is read.
 *
 * A small file takes two calls of the thread pool, to open and to read it, in place of five: most of the time to read it is that of
 * switching threads. The other three calls do not wait for a disk.
 */
import { closeSync, fstatSync, open, readlinkSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { ByteRange, OpenBlob } from '../blob-store.ts'
import { codeOf, isAbsent } from './disk-failure.ts'
import { fill } from './disk-open-files.ts'
import { FLAGS, once, openFileRange } from './disk-reading.ts'
import { isWithin } from './folder-entries.ts'

const openFile = promisify(open)

/** @returns undefined if the file is no longer there. @throws the errors of the file system */
export async function openScanned(root: string, path: Buffer, range?: ByteRange): Promise<OpenBlob | undefined> {
  const folder = Buffer.from(root)
  try {
    const read = range?.into === undefined ? 'unknown' : await readInto(folder, path, { ...range, into: range.into })
    if (read !== 'unknown') return read
    const real = await realpath(path, { encoding: 'buffer' })
    return isWithin(folder, real) ? await openFileRange(real, range) : undefined
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** @returns 'unknown' for a link, a range that does not fit into the memory, and where the system does not say which file is open */
async function readInto(
  folder: Buffer,
  path: Buffer,
  { start, length, into }: ByteRange & { readonly into: Uint8Array },
): Promise<OpenBlob | undefined | 'unknown'> {
  if (process.platform !== 'linux') return 'unknown'
  const fd = await openPlain(path)
  if (fd === undefined) return 'unknown'
  try {
    const real = pathOf(fd)
    if (real === undefined) return 'unknown'
    if (!isWithin(folder, real)) return undefined
    const stats = fstatSync(fd)
    if (!stats.isFile()) return undefined
    const sizeBytes = Math.max(0, Math.min(stats.size - start, length ?? Number.POSITIVE_INFINITY))
    if (sizeBytes > into.length) return 'unknown'
    const filled = await fill(fd, start, into.subarray(0, sizeBytes))
    return { sizeBytes: stats.size, bytes: once(into.subarray(0, filled)) }
  } finally {
    closeSync(fd)
  }
}

/** Undefined for a link. */
async function openPlain(path: Buffer): Promise<number | undefined> {
  try {
    return await openFile(path, FLAGS)
  } catch (error) {
    if (codeOf(error) === 'ELOOP') return undefined
    throw error
  }
}

/** The path without links (proc_pid_fd(5)); undefined where /proc is not mounted. */
function pathOf(fd: number): Buffer | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' })
  } catch {
    return undefined
  }
}
