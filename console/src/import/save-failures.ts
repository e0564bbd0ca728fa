/** Saves the failed files of an import job as CSV. The report is read as it arrives. */
import type { Api } from '../api.ts'
import { csvHead, csvRows } from '../tables/csv.ts'
import type { ReportOf } from './report-api.ts'

/** More would not open in a spreadsheet. */
const FAILURES_MAX = 1_000_000
const ROWS_AT_ONCE = 1_000

interface Failure {
  readonly inputFile: string
  readonly exception: { readonly exceptionType: string; readonly message: string }
}

const COLUMNS = [
  { id: 'file', header: 'File', textOf: ({ inputFile }: Failure) => inputFile },
  { id: 'reason', header: 'Reason', textOf: ({ exception }: Failure) => exception.message },
  { id: 'error', header: 'Error', textOf: ({ exception }: Failure) => exception.exceptionType },
]

/** @param inputS3Uri of the job: the names in the report begin with its folder */
export async function saveFailures(
  api: Api,
  { datastoreId, jobId, inputS3Uri }: ReportOf & { readonly inputS3Uri: string },
): Promise<void> {
  const folder = folderOf(inputS3Uri)
  const response = await api.request({ method: 'GET', path: ['reports', datastoreId, jobId, 'failure'] })
  const parts: string[] = [csvHead(COLUMNS)]
  let rows: Failure[] = []
  let count = 0
  for await (const line of linesOf(response.body!)) {
    const failure = JSON.parse(line) as Failure
    const { inputFile } = failure
    rows.push(inputFile.startsWith(folder) ? { ...failure, inputFile: inputFile.slice(folder.length) } : failure)
    count += 1
    if (rows.length === ROWS_AT_ONCE || count === FAILURES_MAX) {
      parts.push(csvRows(COLUMNS, rows))
      rows = []
    }
    if (count === FAILURES_MAX) break
  }
  parts.push(csvRows(COLUMNS, rows))
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob(parts, { type: 'text/csv;charset=utf-8' }))
  link.download = `import-failures-${jobId}.csv`
  link.click()
  URL.revokeObjectURL(link.href)
}

/** `s3://bucket/folder/` */
function folderOf(inputS3Uri: string): string {
  const folder = inputS3Uri.replace(/^s3:\/\/[^/]+\/?/, '')
  return folder === '' || folder.endsWith('/') ? folder : `${folder}/`
}

async function* linesOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      const lines = (rest + read.value).split('\n')
      rest = lines.pop()!
      yield* lines
    }
    if (rest !== '') yield rest
  } finally {
    await reader.cancel()
  }
}
