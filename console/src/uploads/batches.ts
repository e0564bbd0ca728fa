/** Divides files into requests: small files together, a file that is larger than a request alone. */
import type { ChosenFile } from './chosen-files.ts'
import { FILES_PER_REQUEST, REQUEST_BYTES } from './limits.ts'

const encoder = new TextEncoder()

const listed = ({ name, file }: ChosenFile): string => JSON.stringify({ name, sizeBytes: file.size })

/** The line before the bytes of the files (docs/extensions.md). */
export const listOf = (files: readonly ChosenFile[]): string => `[${files.map(listed).join(',')}]\n`

/** A comma or a bracket, and the new line. */
const SEPARATOR_BYTES = 2

const bytesInRequest = (file: ChosenFile): number =>
  file.file.size + encoder.encode(listed(file)).length + SEPARATOR_BYTES

/** Takes the files of the next request from the end of `files`, which is changed. Empty if there are none. */
export function takeBatch(files: ChosenFile[]): ChosenFile[] {
  const batch: ChosenFile[] = []
  let bytes = SEPARATOR_BYTES
  for (;;) {
    const file = files.at(-1)
    if (file === undefined || batch.length === FILES_PER_REQUEST) return batch
    bytes += bytesInRequest(file)
    if (bytes > REQUEST_BYTES && batch.length > 0) return batch
    batch.push(file)
    files.pop()
  }
}
