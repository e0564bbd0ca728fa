/**
 * Runs checkpoints of the write-ahead logs of a SQLite catalog in a thread, so that no commit has to copy the log into the file before it
 * returns. The server starts one for its data folder. Without the thread, as in commands, the writing connections run checkpoints when the
 * log has become long.
 */
import { Worker } from 'node:worker_threads'

/**
 * At this many pages (of 4 KiB) that are not copied, the thread runs a checkpoint while others read and write. Each checkpoint waits for the
 * disk and delays commits meanwhile: few long ones are better than many short ones.
 */
export const THREAD_CHECKPOINT_PAGES = 8_192
/**
 * A commit that finds the log this long copies the remaining pages, so that the log restarts from its beginning instead of growing: while
 * others write, the thread never reaches the end of the log.
 */
export const WRITER_CHECKPOINT_PAGES = 65_536

export interface Checkpoints {
  stop(): Promise<void>
}

export interface CheckpointedFiles {
  readonly path: string
  /** Of encrypted files. */
  readonly key: Uint8Array | undefined
  /** Names of further files of the folder, which may be created later. */
  readonly others?: RegExp
}

/** @param onFailure receives the error that ended the thread; from then on the writers run checkpoints */
export function startCheckpoints(files: CheckpointedFiles, onFailure: (error: unknown) => void): Checkpoints {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const worker = new Worker(new URL(`./sqlite-checkpoint-thread.${extension}`, import.meta.url), { workerData: files })
  worker.on('error', onFailure)
  // The thread alone does not keep the process alive.
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
