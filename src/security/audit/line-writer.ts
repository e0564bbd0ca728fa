/**
 * Writes the lines of an audit log. All lines of one turn of the event loop are one write, and all lines of a sync interval are one fsync. A
 * write or sync that fails is repeated at the same place in the file, so that a line is never lost, cut or repeated.
 */
import { closeSync, fdatasync, fdatasyncSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileName, headName, headText, syncFolder, writeHead } from './audit-files.ts'
import { type ChainEnd, nextLine } from './chain.ts'

/** The calls that can fail. */
export interface FileCalls {
  writeSync(file: number, bytes: Uint8Array, offset: number, length: number, position: number): number
  fdatasync(file: number, done: (error: NodeJS.ErrnoException | null) => void): void
}

interface LineWriterOptions {
  readonly folder: string
  readonly chain: string
  readonly end: ChainEnd
  readonly nextFile: number
  readonly limits: {
    readonly auditSyncMs: number
    readonly auditRetryMs: number
    readonly auditFileBytes: number
  }
  readonly clock: () => number
  /** It begins and stops to fail. `cause` is undefined when it works again. */
  readonly onChange: (cause: NodeJS.ErrnoException | undefined) => void
  /** A file is complete, and the next one is open. */
  readonly onRotation: () => void
  readonly calls?: FileCalls
}

const DAY_MS = 24 * 3_600_000

interface QueuedLine {
  readonly bytes: Buffer
  readonly end: ChainEnd
}

interface Waiter {
  readonly sequence: number
  readonly resolve: () => void
  readonly reject: (cause: unknown) => void
}

export class LineWriter {
  readonly #options: LineWriterOptions
  readonly #calls: FileCalls
  readonly #head: number
  /** The last line that was appended, written or not. */
  #end: ChainEnd
  #file: number
  #fileNumber: number
  /** The UTC day of the file, in days since 1970. */
  #day: number
  /** The length of the whole lines in the file. */
  #writtenBytes = 0
  #syncedBytes = 0
  #queued: QueuedLine[] = []
  #unsynced: QueuedLine[] = []
  #writeWaiters: Waiter[] = []
  #syncWaiters: Waiter[] = []
  #isSyncing = false
  #isScheduled = false
  #isClosed = false
  /** Counts failures: the result of a sync that began before one is void, because its lines are written again. */
  #failures = 0
  #syncTimer: NodeJS.Timeout | undefined
  #retryTimer: NodeJS.Timeout | undefined
  #failure: NodeJS.ErrnoException | undefined

  constructor(options: LineWriterOptions) {
    this.#options = options
    this.#calls = options.calls ?? { writeSync, fdatasync }
    this.#end = options.end
    this.#fileNumber = options.nextFile - 1
    // The head first: a log without a head has lost it.
    writeHead(options.folder, options.chain, options.end)
    this.#head = openSync(join(options.folder, headName(options.chain)), 'r+')
    this.#file = this.#createFile()
    this.#day = this.#today()
    syncFolder(options.folder)
  }

  get end(): ChainEnd {
    return this.#end
  }
  get currentFile(): string {
    return fileName(this.#options.chain, this.#fileNumber)
  }
  /** Why lines cannot be written now. */
  get failure(): NodeJS.ErrnoException | undefined {
    return this.#failure
  }

  /** Resolves when the line is written, or synced. Rejects if that failed; the line is then written later, unless the process ends before. */
  append(event: object, { isSynced }: { readonly isSynced: boolean }): Promise<void> {
    const { bytes, end } = nextLine(event, this.#end)
    this.#end = end
    this.#queued.push({ bytes, end })
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (!this.#isScheduled) {
      this.#isScheduled = true
      setImmediate(() => this.#flush())
    }
    return new Promise((resolve, reject) => {
      const waiters = isSynced ? this.#syncWaiters : this.#writeWaiters
      waiters.push({ sequence: end.sequence, resolve, reject })
    })
  }

  /** Writes and syncs everything, and closes the files. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#syncTimer)
    clearTimeout(this.#retryTimer)
    while (this.#isSyncing) await new Promise((resolve) => setImmediate(resolve))
    try {
      this.#write()
      fdatasyncSync(this.#file)
      this.#resolveWritten()
      this.#synced(this.#end, this.#writtenBytes)
      fsyncSync(this.#head)
    } finally {
      closeSync(this.#file)
      closeSync(this.#head)
    }
  }

  #flush(): void {
    this.#isScheduled = false
    if (this.#failure !== undefined || this.#isClosed) return
    const isWritten = this.#try(() => {
      if (this.#isRotationDue()) this.#rotate()
      this.#write()
    })
    if (!isWritten) return
    this.#resolveWritten()
    if (this.#syncWaiters.length > 0) this.#sync()
    else this.#syncTimer ??= setTimeout(() => this.#sync(), this.#options.limits.auditSyncMs)
  }

  #write(): void {
    if (this.#queued.length === 0) return
    const bytes =
      this.#queued.length === 1 ? this.#queued[0]!.bytes : Buffer.concat(this.#queued.map((line) => line.bytes))
    for (let done = 0; done < bytes.length; ) {
      done += this.#calls.writeSync(this.#file, bytes, done, bytes.length - done, this.#writtenBytes + done)
    }
    this.#writtenBytes += bytes.length
    this.#unsynced.push(...this.#queued)
    this.#queued = []
  }

  #resolveWritten(): void {
    const written = this.#writeWaiters
    this.#writeWaiters = []
    for (const { resolve } of written) resolve()
  }

  #sync(): void {
    clearTimeout(this.#syncTimer)
    this.#syncTimer = undefined
    if (this.#isSyncing || this.#unsynced.length === 0) return
    this.#isSyncing = true
    const { end } = this.#unsynced.at(-1)!
    const length = this.#writtenBytes
    const failures = this.#failures
    this.#calls.fdatasync(this.#file, (error) => {
      this.#isSyncing = false
      if (failures !== this.#failures) return
      if (error !== null) this.#fail(error)
      // Here too: with many changes, the next sync begins when this one ends.
      else if (this.#isRotationDue()) this.#try(() => this.#rotate())
      else this.#synced(end, length)
    })
  }

  #synced(end: ChainEnd, length: number): void {
    this.#syncedBytes = length
    this.#unsynced = this.#unsynced.filter((line) => line.end.sequence > end.sequence)
    // After the lines themselves, so that the head never names a line that a crash can lose.
    if (!this.#try(() => writeSync(this.#head, headText(end), 0))) return
    const waiting = Object.groupBy(this.#syncWaiters, ({ sequence }) => (sequence > end.sequence ? 'later' : 'now'))
    this.#syncWaiters = waiting.later ?? []
    for (const { resolve } of waiting.now ?? []) resolve()
    if (this.#isClosed) return
    if (this.#failure !== undefined) this.#recover()
    else if (this.#syncWaiters.length > 0) this.#sync()
    else if (this.#unsynced.length > 0)
      this.#syncTimer ??= setTimeout(() => this.#sync(), this.#options.limits.auditSyncMs)
  }

  /** Whether it succeeded. */
  #try(work: () => void): boolean {
    try {
      work()
      return true
    } catch (cause) {
      this.#fail(cause as NodeJS.ErrnoException)
      return false
    }
  }

  #fail(cause: NodeJS.ErrnoException): void {
    const isFirst = this.#failure === undefined
    this.#failure = cause
    this.#failures += 1
    // Linux drops the pages of a failed fsync, so they are written again.
    this.#queued = [...this.#unsynced, ...this.#queued]
    this.#unsynced = []
    this.#writtenBytes = this.#syncedBytes
    const waiters = [...this.#writeWaiters, ...this.#syncWaiters]
    this.#writeWaiters = []
    this.#syncWaiters = []
    for (const { reject } of waiters) reject(cause)
    clearTimeout(this.#retryTimer)
    if (!this.#isClosed) this.#retryLater()
    if (isFirst) this.#options.onChange(cause)
  }

  #retry(): void {
    if (this.#isSyncing) {
      this.#retryLater()
      return
    }
    if (!this.#try(() => this.#write())) return
    if (this.#unsynced.length > 0) this.#sync()
    else this.#recover()
  }

  #retryLater(): void {
    this.#retryTimer = setTimeout(() => this.#retry(), this.#options.limits.auditRetryMs).unref()
  }

  #recover(): void {
    if (this.#queued.length > 0) {
      this.#retry()
      return
    }
    this.#failure = undefined
    this.#options.onChange(undefined)
  }

  #isRotationDue(): boolean {
    if (this.#isSyncing || this.#isClosed || this.#writtenBytes === 0) return false
    return this.#writtenBytes >= this.#options.limits.auditFileBytes || this.#day !== this.#today()
  }

  #rotate(): void {
    fdatasyncSync(this.#file)
    const next = this.#createFile()
    closeSync(this.#file)
    this.#file = next
    this.#day = this.#today()
    const last = this.#unsynced.at(-1)
    this.#writtenBytes = 0
    this.#syncedBytes = 0
    syncFolder(this.#options.folder)
    if (last !== undefined) this.#synced(last.end, 0)
    this.#options.onRotation()
  }

  #createFile(): number {
    const { folder, chain } = this.#options
    const file = openSync(join(folder, fileName(chain, this.#fileNumber + 1)), 'wx', 0o600)
    this.#fileNumber += 1
    return file
  }

  #today(): number {
    return Math.floor(this.#options.clock() / DAY_MS)
  }
}
