/**
 * Keeps the write-ahead log of a SQLite catalog short from a thread of its own, so that no commit has to copy the log into the file
 * before it can answer. One for each data folder, beside the server; without it, as for a command that writes a little, the writing
 * connections do it themselves when the log has grown far.
 */
import { Worker } from 'node:worker_threads'

/**
 * From so many pages (of 4 KiB) that are not copied yet, the thread copies what it can while others read and write. Each time it waits
 * for the disk, and so does whoever commits meanwhile: seldom is better than little.
 */
export const THREAD_CHECKPOINT_PAGES = 8_192
/**
 * A commit that finds the log so long copies what the thread has left over, so that the log begins anew instead of growing on: the
 * thread alone never finds a moment at which nothing is left.
 */
export const WRITER_CHECKPOINT_PAGES = 65_536

export interface Checkpoints {
  stop(): Promise<void>
}

/** @param onDeath is told why the thread ended; the writers do its work from there. */
export function startCheckpoints(path: string, onDeath: (error: unknown) => void): Checkpoints {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const worker = new Worker(new URL(`./sqlite-checkpoint-thread.${extension}`, import.meta.url), { workerData: path })
  worker.on('error', onDeath)
  // It must not keep a process alive that has nothing else to do.
  worker.unref()
  return {
    async stop() {
      if (worker.threadId < 0) return
      worker.ref()
      const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
      worker.postMessage('stop')
      await exited
    },
  }
}
