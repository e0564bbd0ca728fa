/** The lines of a report of failures or warnings, and the counts of its manifest. */
import { REPORT_FILES } from '../contract/extensions.ts'
import type { BlobStore } from '../stores/blobs/blob-store.ts'

/** The counts come before the list of image sets in the manifest, which may be long. */
const MANIFEST_HEAD_BYTES = 16 * 1024
const NEWLINE = 10

const COUNTS = {
  scanned: 'numberOfScannedFiles',
  imported: 'numberOfImportedFiles',
  customerErrors: 'numberOfFilesWithCustomerError',
  serverErrors: 'numberOfFilesWithServerError',
  imageSets: 'numberOfGeneratedImageSets',
  skipped: 'numberOfSkippedFiles',
} as const

/** Undefined until the job has written its report. */
export async function reportCounts({ bucket, prefix }: { readonly bucket: BlobStore; readonly prefix: string }) {
  const manifest = await bucket.open(`${prefix}${REPORT_FILES.manifest}`, { start: 0, length: MANIFEST_HEAD_BYTES })
  if (manifest === undefined) return undefined
  let head = ''
  for await (const chunk of manifest.bytes) head += Buffer.from(chunk).toString('latin1')
  const count = (name: string) => Number(new RegExp(`"${name}":(\\d+)`).exec(head)?.[1] ?? 0)
  return {
    scanned: count(COUNTS.scanned),
    imported: count(COUNTS.imported),
    failed: count(COUNTS.customerErrors) + count(COUNTS.serverErrors),
    skipped: count(COUNTS.skipped),
    imageSets: count(COUNTS.imageSets),
  }
}

export interface ReportedFile {
  /** Its key in the input bucket. */
  readonly key: string
  /** Of a failure. */
  readonly exceptionType?: string
  readonly messages: readonly string[]
}

interface Line {
  readonly inputFile: string
  readonly exception?: { readonly exceptionType: string; readonly message: string }
  readonly importResponse?: { readonly warnings: readonly { readonly message: string }[] }
}

function reportedFile(text: string): ReportedFile {
  const { inputFile: key, exception, importResponse } = JSON.parse(text) as Line
  if (exception === undefined) return { key, messages: importResponse!.warnings.map(({ message }) => message) }
  return { key, exceptionType: exception.exceptionType, messages: [exception.message] }
}

/** Each file with the offset of the line after it. An absent report has no lines. */
export async function* reportedFiles(
  bucket: BlobStore,
  key: string,
  { after = 0 }: { readonly after?: number } = {},
): AsyncGenerator<{ readonly file: ReportedFile; readonly next: number }> {
  const report = await bucket.open(key, { start: after })
  if (report === undefined) return
  let rest: Uint8Array = new Uint8Array()
  let next = after
  for await (const chunk of report.bytes) {
    let bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk])
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE)) {
      next += end + 1
      yield { file: reportedFile(bytes.toString('utf8', 0, end)), next }
      bytes = bytes.subarray(end + 1)
    }
    // A copy: the memory of a chunk may be used again.
    rest = Uint8Array.from(bytes)
  }
}

/** Without the position in the file, so that files with the same fault have the same reason. */
export const reasonOf = (message: string): string =>
  message.replace(/; reading stopped at byte .*$/s, '').replace(/ at byte \d+/g, '')

export const reasonsOf = ({ messages }: ReportedFile): readonly string[] => [...new Set(messages.map(reasonOf))]
