/**
 * `hilum import`: stores files in the server's import bucket, runs an import job and prints its report. The files are removed from the bucket
 * when the job has ended.
 */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import {
  type MedicalImagingClient,
  StartDICOMImportJobCommand,
  type StartDICOMImportJobCommandInput,
} from '@aws-sdk/client-medical-imaging'
import { IMPORT_BUCKET, REPORT_BUCKET } from '../../operations/uploads.ts'
import type { Config } from '../../server/config.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { InvalidBlobKey } from '../../stores/blobs/blob-store.ts'
import { refusalOfFile } from '../../stores/blobs/disk/folder-entries.ts'
import { explained, openClient, type Server, serverFor } from '../client/client.ts'
import { activeDatastores, pickDatastore } from '../client/datastores.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { openProgress } from '../terminal/progress.ts'
import { type StopSignal, stopOnCtrlC } from '../terminal/stop-signal.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { followJob } from './follow-job.ts'
import { type ImportBucket, openImportBucket } from './import-bucket.ts'
import { drawReport, type ImportReport, readReport, withUnread } from './import-report.ts'
import { type InputFile, type InputFiles, listInputFiles, type UnreadFile } from './input-files.ts'
import { createReportFolder, saveReport } from './save-report.ts'

const FILES_AT_ONCE = 16

export async function importFiles(invocation: Invocation): Promise<ExitCode> {
  const { config, flags, terminal, cwd } = invocation
  if (typeof flags.datastore !== 'string') {
    throw new OperatorError('hilum import needs --datastore, the id or the name of a data store.', { exitCode: 2 })
  }
  const mappings = readMappings(flags['json-metadata'])
  const input = await listInputFiles(resolve(cwd, invocation.operand!))
  requireListed(mappings, input.files)
  const server = await serverFor(invocation)
  const folder = typeof flags.report === 'string' ? resolve(cwd, flags.report) : undefined
  const client = openClient(server)
  const stop = stopOnCtrlC()
  try {
    const datastoreId = pickDatastore(await activeDatastores(client), flags.datastore)
    if (folder !== undefined) await createReportFolder(folder)
    const ended = await runImport({ config, terminal, stop, client, server, datastoreId, input, mappings })
    if (ended === undefined) return 130
    const report = { ...ended.report, ...(folder !== undefined && { reportFolder: folder }) }
    try {
      if (folder !== undefined) await saveReport(report, { server, folder, unread: ended.unread })
    } finally {
      terminal.print(config.json ? JSON.stringify(report) : drawReport(report, terminal))
    }
    return report.imported === report.scanned && report.status === 'COMPLETED' ? 0 : 1
  } catch (error) {
    throw explained(error, server)
  } finally {
    stop.ignore()
    client.destroy()
  }
}

interface DICOMMetadataMapping {
  readonly studyInstanceUID: string
  readonly seriesInstanceUID?: string
  readonly metadataFilePath: string
}

const MAPPING = /^([\d.]+)(?:\/([\d.]+))?=(.+)$/s

function readMappings(given: unknown): readonly DICOMMetadataMapping[] {
  return ((given as readonly string[] | undefined) ?? []).map((words) => {
    const [, studyInstanceUID, seriesInstanceUID, metadataFilePath] = MAPPING.exec(words) ?? []
    if (studyInstanceUID === undefined || metadataFilePath === undefined) {
      throw new OperatorError(
        '--json-metadata must be <StudyInstanceUID>=<file> or <StudyInstanceUID>/<SeriesInstanceUID>=<file>.',
        { exitCode: 2 },
      )
    }
    return { studyInstanceUID, metadataFilePath, ...(seriesInstanceUID === undefined ? {} : { seriesInstanceUID }) }
  })
}

function requireListed(mappings: readonly DICOMMetadataMapping[], files: readonly InputFile[]): void {
  const keys = new Set(files.map(({ key }) => key))
  const missing = mappings.find(({ metadataFilePath }) => !keys.has(metadataFilePath))
  if (missing === undefined) return
  throw new OperatorError(`${missing.metadataFilePath} of --json-metadata is not in the imported folder.`, {
    exitCode: 2,
  })
}

/** Adds importConfiguration to the request body, since the SDK for JavaScript does not support it yet. */
function startCommand(
  mappings: readonly DICOMMetadataMapping[],
  input: StartDICOMImportJobCommandInput,
): StartDICOMImportJobCommand {
  const command = new StartDICOMImportJobCommand(input)
  if (mappings.length === 0) return command
  const importConfiguration = { dicomJsonMetadataImportConfiguration: { dicomMetadataMappings: mappings } }
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body: string }
      request.body = JSON.stringify({ ...JSON.parse(request.body), importConfiguration })
      return next(args)
    },
    { step: 'build', priority: 'high', name: 'importConfiguration' },
  )
  return command
}

interface Work {
  readonly config: Config
  readonly terminal: Terminal
  readonly stop: StopSignal
  readonly client: MedicalImagingClient
  readonly server: Server
  readonly datastoreId: string
  readonly input: InputFiles
  readonly mappings: readonly DICOMMetadataMapping[]
}

interface EndedImport {
  readonly report: ImportReport
  readonly unread: readonly UnreadFile[]
}

/** Undefined if it was interrupted. */
async function runImport(work: Work): Promise<EndedImport | undefined> {
  const { config, terminal, stop, client, server, datastoreId, mappings } = work
  const input = await openImportBucket(config, IMPORT_BUCKET)
  // The server creates no bucket for the report of a job.
  await openImportBucket(config, REPORT_BUCKET)
  const folder = `${randomUUID()}/`
  let jobId: string | undefined
  try {
    const unread = await storeFiles(work.input, { input, folder, terminal, signal: stop.signal })
    const started = await client.send(
      startCommand(mappings, {
        datastoreId,
        clientToken: randomUUID(),
        dataAccessRoleArn: `arn:aws:iam::${config.accountId}:role/hilum-import`,
        inputS3Uri: `s3://${IMPORT_BUCKET}/${folder}`,
        outputS3Uri: `s3://${REPORT_BUCKET}/`,
      }),
    )
    jobId = started.jobId!
    const job = await followJob(client, { datastoreId, jobId }, { terminal, signal: stop.signal })
    const report = withUnread(await readReport(job, server), unread)
    await input.removeAll(folder)
    return { report, unread }
  } catch (error) {
    // A running job still needs its files.
    if (jobId === undefined) await input.removeAll(folder)
    if (!stop.signal.aborted) throw error
    terminal.note(
      jobId === undefined
        ? 'Interrupted; nothing was imported.'
        : `Interrupted, but the server continues import job ${jobId}. Its files stay in ${input.place}/${folder} until you remove them.`,
    )
    return undefined
  }
}

/** Returns the files that could not be read, now or when they were listed. */
async function storeFiles(
  { files, unread }: InputFiles,
  to: { input: ImportBucket; folder: string; terminal: Terminal; signal: AbortSignal },
): Promise<readonly UnreadFile[]> {
  const failed = [...unread]
  const progress = openProgress('Storing files', { terminal: to.terminal, now: Date.now })
  try {
    for (let at = 0; at < files.length; at += FILES_AT_ONCE) {
      to.signal.throwIfAborted()
      const batch = files.slice(at, at + FILES_AT_ONCE)
      const outcomes = await Promise.all(batch.map((file) => storeFile(to, file)))
      failed.push(...outcomes.filter((outcome) => outcome !== undefined))
      progress.update(at + batch.length, files.length)
    }
  } finally {
    progress.end()
  }
  return failed
}

async function storeFile(
  { input, folder }: { input: ImportBucket; folder: string },
  { key, path }: InputFile,
): Promise<UnreadFile | undefined> {
  try {
    await input.addFile(`${folder}${key}`, path)
    return undefined
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (cause instanceof InvalidBlobKey || code === 'ENAMETOOLONG') {
      return { file: key, reason: 'The name is too long for the import bucket' }
    }
    const reason = await whyUnread(path)
    if (reason !== undefined) return { file: key, reason }
    if (code === undefined) throw cause
    const place = `${input.place} (${code})`
    throw new OperatorError(`${key} cannot be stored in ${place}. Nothing was imported.`, { cause })
  }
}

/** The reason if the file cannot be read; undefined if the bucket failed. */
async function whyUnread(path: Buffer): Promise<string | undefined> {
  try {
    await (await open(path, constants.O_RDONLY | constants.O_NONBLOCK)).close()
    return undefined
  } catch (error) {
    return refusalOfFile(error).reason
  }
}
