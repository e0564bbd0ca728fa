/**
 * The file of a SQLite database, plain or encrypted as a whole. Every connection to a catalog is opened here, so that the cipher is chosen in
 * one place: SQLite3 Multiple Ciphers encrypts each page of the file and of the write-ahead log, with a nonce and a tag of its own.
 */
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import Database from 'better-sqlite3-multiple-ciphers'

/** Measured against the others in docs/decisions/0018-encryption.md. */
const CIPHER = { cipher: 'aegis', algorithm: 'aegis-256x4' } as const
/** Before the hexadecimal key: the cipher uses it as it is, without a derivation that would cost time at each opening. */
const RAW = 'raw:'

interface SqliteFileOptions {
  readonly readonly?: boolean
  readonly fileMustExist?: boolean
  /** How long a statement blocks for a lock of another connection. */
  readonly timeout?: number
  /** 32 bytes; undefined: the file is plain. */
  readonly key?: Uint8Array | undefined
}

export function openSqliteFile(path: string, { key, ...options }: SqliteFileOptions): Database.Database {
  const database = new Database(path, options)
  if (key === undefined) return database
  for (const [name, value] of Object.entries(CIPHER)) database.pragma(`${name} = '${value}'`)
  const bytes = Buffer.from(`${RAW}${Buffer.from(key).toString('hex')}`)
  database.key(bytes)
  bytes.fill(0)
  return database
}

/** Of every plain SQLite file. An encrypted one begins with random bytes. */
const PLAIN_START = 'SQLite format 3\0'

/** Empty: there is no file, or it has no content yet. */
export async function kindOfSqliteFile(path: string): Promise<'empty' | 'plain' | 'encrypted'> {
  const start = Buffer.alloc(PLAIN_START.length)
  try {
    const file = await open(path)
    try {
      const { bytesRead } = await file.read(start, 0, start.length, 0)
      if (bytesRead === 0) return 'empty'
    } finally {
      await file.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'empty'
    throw error
  }
  return start.toString('latin1') === PLAIN_START ? 'plain' : 'encrypted'
}

/**
 * Puts an encrypted copy in the place of a plain database, which nothing else may use. After a crash the file is either the plain one or the
 * encrypted one, and the call can be repeated. The old bytes are overwritten, as far as the file system writes in place.
 */
export async function encryptSqliteFile(path: string, key: Uint8Array): Promise<void> {
  const [encrypting, encrypted] = draftsOf(path)
  await removeDrafts(path)
  // VACUUM INTO encrypts with the key of the main database, which is an empty file here.
  const database = openSqliteFile(encrypting, { timeout: 0, key })
  try {
    database.prepare(`ATTACH ? AS plain KEY ''`).run(path)
    database.pragma('plain.locking_mode = EXCLUSIVE')
    // Copies the write-ahead log into the file and removes it.
    database.pragma('plain.journal_mode = DELETE')
    database.exec('BEGIN EXCLUSIVE; COMMIT')
    database.pragma('temp_store = MEMORY')
    database.prepare('VACUUM plain INTO ?').run(encrypted)
    await syncWithFolder(encrypted)
    const old = await open(path, 'r+')
    try {
      await rename(encrypted, path)
      await syncWithFolder(path)
      await overwrite(old)
    } finally {
      await old.close()
    }
  } finally {
    database.close()
    await rm(encrypting, { force: true })
  }
}

/** The empty main file of the connection that makes the copy, and the copy. */
const draftsOf = (path: string) => [`${path}.encrypting`, `${path}.encrypted`] as const

/** What a crash left. */
export async function removeDrafts(path: string): Promise<void> {
  for (const draft of draftsOf(path)) await rm(draft, { force: true })
}

async function syncWithFolder(path: string): Promise<void> {
  for (const each of [path, dirname(path)]) {
    const opened = await open(each)
    try {
      await opened.sync()
    } finally {
      await opened.close()
    }
  }
}

const ZEROS = new Uint8Array(1024 ** 2)

/** Only if the file has no other name: that would be somebody's copy. */
async function overwrite(file: Awaited<ReturnType<typeof open>>): Promise<void> {
  const { size, nlink } = await file.stat()
  if (nlink > 0) return
  for (let at = 0; at < size; at += ZEROS.length) await file.write(ZEROS, 0, Math.min(ZEROS.length, size - at), at)
  await file.sync()
}
