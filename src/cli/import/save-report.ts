/** `hilum import --report`: copies the files of a job's report from the server into a folder. */
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { REPORT_FILES } from '../../contract/extensions.ts'
import { OperatorError } from '../../server/operator-error.ts'
import type { Server } from '../client/client.ts'
import { signedFetch } from '../client/signed-fetch.ts'
import { type ImportReport, refusalOf } from './import-report.ts'
import type { UnreadFile } from './input-files.ts'

/** Files that could not be read here, in the format of SKIPPED/skipped.ndjson: the job does not know them. */
const UNREAD_FILE = 'UNREAD/unread.ndjson'

/** Creates the folder, before hours of work whose report could not be kept. @throws OperatorError if it holds something */
export async function createReportFolder(folder: string): Promise<void> {
  const [entry] = await explained(folder, 'Nothing was imported.', async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    return readdir(folder)
  })
  if (entry === undefined) return
  throw new OperatorError(`${folder} is not empty: it holds '${entry}'. Name an empty or new folder with --report.`, {
    exitCode: 2,
  })
}

/** Files without lines are not written, as in the report itself. */
export async function saveReport(
  { jobId, datastoreId }: Pick<ImportReport, 'jobId' | 'datastoreId'>,
  {
    server,
    folder,
    unread,
  }: { readonly server: Server; readonly folder: string; readonly unread: readonly UnreadFile[] },
): Promise<void> {
  await explained(folder, 'The import itself has ended.', async () => {
    for (const [file, name] of Object.entries(REPORT_FILES)) {
      const path = `/hilum/reports/${datastoreId}/${jobId}/${file}`
      const response = await signedFetch(server, { method: 'GET', path })
      if (response.status === 404) {
        await response.body?.cancel()
        continue
      }
      if (!response.ok) throw await refusalOf(response)
      const bytes = Readable.fromWeb(response.body as ReadableStream)
      const target = await pathFor(folder, name)
      await pipeline(bytes, createWriteStream(target, { flags: 'wx', mode: 0o600, flush: true }))
    }
    if (unread.length === 0) return
    const lines = unread.map(({ file, reason }) => `${JSON.stringify({ inputFile: file, reason })}\n`)
    await writeFile(await pathFor(folder, UNREAD_FILE), lines, { flag: 'wx', mode: 0o600, flush: true })
  })
}

async function pathFor(folder: string, name: string): Promise<string> {
  const path = join(folder, name)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  return path
}

/** A failure of the file system or of the connection becomes a sentence. */
async function explained<T>(folder: string, state: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code, syscall, cause } = error as NodeJS.ErrnoException & { readonly cause?: NodeJS.ErrnoException }
    if (syscall !== undefined) {
      throw new OperatorError(`The report cannot be written to ${folder} (${code}). ${state}`, { cause: error })
    }
    // What fetch throws.
    if (!(error instanceof TypeError)) throw error
    throw new OperatorError(`The server did not send the whole report (${cause?.code ?? error.message}). ${state}`, {
      cause: error,
    })
  }
}
