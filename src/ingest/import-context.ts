/** What the steps that import one file share. One context serves all files of a job. */
import type { ImportApp } from '../app.ts'
import type { BufferPool } from '../pixel-data/threads/buffer-pool.ts'
import type { FramesContext } from './encode-file-frames.ts'
import type { InputBucket } from './input-bucket.ts'
import type { JsonMetadataFiles } from './json-metadata-files.ts'
import type { OneAtATime } from './one-at-a-time.ts'

export interface ImportContext extends FramesContext {
  readonly app: ImportApp
  readonly input: InputBucket
  /** The JSON metadata of the job, which overrides attributes of its files. */
  readonly metadata: Pick<JsonMetadataFiles, 'override'>
  /** Memory for files that are read whole. */
  readonly buffers: BufferPool
  /**
   * Runs one task at a time, in the order of the calls: an inflated data set, or one with many elements, can take far more memory than its
   * file.
   */
  readonly runAlone: OneAtATime
}
