/** Where the processes for jobs take store requests: Unix domain sockets that only this user can open, or named pipes on Windows. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The name of a socket has at most 104 bytes on macOS, and 108 on Linux. */
const PATH_BYTES_MAX = 100
const SOCKET = /^jobs-\d+\.sock$/

interface JobsAddresses {
  /** For the next process: the one before may still run. */
  next(): string
  /** The process has ended. */
  ended(address: string): void
  remove(): Promise<void>
}

/** In the data folder, which is private and locked; if its path is too long, in a new folder for temporary files. */
export async function jobsAddresses(dataFolder: string): Promise<JobsAddresses> {
  if (process.platform === 'win32') {
    return { next: () => `\\\\.\\pipe\\hilum-${randomUUID()}`, ended: () => {}, remove: async () => {} }
  }
  const isShort = Buffer.byteLength(join(dataFolder, 'jobs-100000.sock')) <= PATH_BYTES_MAX
  const folder = isShort ? dataFolder : await mkdtemp(join(tmpdir(), 'hilum-'))
  // Those of a server that was killed.
  for (const name of await readdir(folder)) if (SOCKET.test(name)) await rm(join(folder, name), { force: true })
  let started = 0
  return {
    next: () => join(folder, `jobs-${++started}.sock`),
    ended: (address) => void rm(address, { force: true }).catch(() => {}),
    async remove() {
      if (!isShort) await rm(folder, { recursive: true, force: true })
    },
  }
}
