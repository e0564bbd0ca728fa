/** Files of a series are made and opened while the ones before are sent, so that several threads decode their frames. */
import type { RetrievedFile } from '../../contract/dicomweb.ts'
import { started } from './bodies.ts'

/** Beside the one that is sent. */
const AHEAD = 3
/** A larger file is made ahead, and its frames are opened when its turn comes: they would take memory that the one before needs. */
const OPENED_BYTES_MAX = 2 * 1024 ** 2

interface Opened<File> {
  readonly file: File
  readonly bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

export async function* openedAhead<File extends Pick<RetrievedFile, 'sizeBytes'>>(
  files: AsyncGenerator<File>,
  open: (file: File) => AsyncGenerator<Uint8Array>,
): AsyncGenerator<Opened<File>> {
  const waiting: Promise<Opened<File> | undefined>[] = []
  async function next(): Promise<Opened<File> | undefined> {
    const { done, value: file } = await files.next()
    if (done === true) return undefined
    const { sizeBytes = Number.POSITIVE_INFINITY } = file
    if (sizeBytes > OPENED_BYTES_MAX) return { file, bytes: open(file) }
    const bytes = await started(open(file))
    return { file, bytes: bytes instanceof Uint8Array ? [bytes] : bytes }
  }
  try {
    for (;;) {
      while (waiting.length <= AHEAD) {
        const opening = next()
        // A failure is thrown when it is awaited below.
        opening.catch(() => {})
        waiting.push(opening)
      }
      const opened = await waiting.shift()!
      if (opened === undefined) return
      yield opened
    }
  } finally {
    await files.return(undefined)
    for (const opening of waiting) await opening.then(close, () => {})
  }
}

async function close(opened: Opened<unknown> | undefined): Promise<void> {
  if (opened !== undefined && Symbol.asyncIterator in opened.bytes) {
    await opened.bytes[Symbol.asyncIterator]().return?.()
  }
}
