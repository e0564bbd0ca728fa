/**
 * `hilum export`: writes image sets as DICOM files from the documents and frames that the API returns. Values that no operation returns are
 * omitted and reported.
 */
import { dirname, resolve } from 'node:path'
import { ResourceNotFoundException } from '@aws-sdk/client-medical-imaging'
import { type DocumentInstance, readDocument, UnreadableDocument } from '../../imaging/documents/read-document.ts'
import { startFrameThreads } from '../../pixel-data/threads/frame-threads.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { explained, openClient, serverFor } from '../client/client.ts'
import { activeDatastores, pickDatastore } from '../client/datastores.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { openProgress } from '../terminal/progress.ts'
import { stopOnCtrlC } from '../terminal/stop-signal.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { makeDurable } from './draft-file.ts'
import { exportInstance, type InstanceExport } from './export-instance.ts'
import { addTo, drawExport, type ExportReport, emptyReport, type NotExportedInstance } from './export-report.ts'
import { type ExportSource, openExportSource, ReplyTooLarge } from './export-source.ts'

/** Instances that are written concurrently. */
const CONCURRENT_INSTANCES = 4

interface ExportRequest {
  readonly datastore: string
  /** Empty: those of the study, or of the whole data store. */
  readonly imageSets: readonly string[]
  readonly study: string | undefined
  readonly versionId: string | undefined
  readonly folder: string
  readonly compressed: boolean
  readonly overwrite: boolean
}

export async function exportImageSets(invocation: Invocation): Promise<ExitCode> {
  const { config, terminal } = invocation
  const wanted = readRequest(invocation)
  const server = await serverFor(invocation)
  const client = openClient(server)
  const stop = stopOnCtrlC()
  const threads = startFrameThreads(config.limits)
  const report = emptyReport(wanted.folder)
  try {
    const datastoreId = pickDatastore(await activeDatastores(client), wanted.datastore)
    const source = openExportSource(client, { datastoreId, server, signal: stop.signal })
    await exportAll(wanted, { source, threads, terminal, report, signal: stop.signal })
    terminal.print(config.json ? JSON.stringify(report) : drawExport(report, terminal))
    return report.notExported.length === 0 ? 0 : 1
  } catch (error) {
    terminal.status()
    if (!stop.signal.aborted) throw explainedFurther(explained(error, server), wanted)
    terminal.note(
      `Interrupted after ${report.files.toLocaleString('en-US')} files, which are complete. Run it again to resume.`,
    )
    return 130
  } finally {
    await threads.stop()
    stop.ignore()
    client.destroy()
  }
}

function readRequest({ flags, cwd }: Invocation): ExportRequest {
  const { datastore, study, to } = flags
  if (typeof datastore !== 'string') {
    throw wrong('hilum export needs --datastore, the id or the name of a data store. hilum datastores lists them.')
  }
  if (typeof to !== 'string') throw wrong('hilum export needs --to, the folder to write into.')
  const imageSets = [...new Set((flags['image-set'] as readonly string[] | undefined) ?? [])]
  const named = typeof study === 'string' ? study : undefined
  if ([named !== undefined, imageSets.length > 0, flags.all === true].filter(Boolean).length !== 1) {
    throw wrong('hilum export needs either --image-set, once or several times, or --study, or --all.')
  }
  const odd = imageSets.find((id) => !/^[0-9a-z]{32}$/.test(id))
  if (odd !== undefined)
    throw wrong(`'${odd}' is not an image set id, which has 32 characters. hilum search --json prints them.`)
  const versionId = flags['version-id'] === undefined ? undefined : String(flags['version-id'])
  if (versionId !== undefined && imageSets.length !== 1) {
    throw wrong('--version-id needs one --image-set: versions are numbered per image set.')
  }
  if (versionId !== undefined && !/^[1-9]\d{0,8}$/.test(versionId)) {
    throw wrong(`--version-id must be a whole number from 1, not '${versionId}'.`)
  }
  return {
    ...{ datastore, imageSets, study: named, versionId, folder: resolve(cwd, to) },
    ...{ compressed: flags.compressed === true, overwrite: flags.overwrite === true },
  }
}

interface Work {
  readonly source: ExportSource
  readonly threads: InstanceExport['threads']
  readonly terminal: Terminal
  readonly report: ExportReport
  readonly signal: AbortSignal
}

/** Exports one image set after another, so that only one document is in memory. */
export async function exportAll(
  wanted: Omit<ExportRequest, 'datastore'>,
  { source, threads, terminal, report, signal }: Work,
): Promise<void> {
  const { study, folder, compressed, overwrite, versionId } = wanted
  const isNamed = wanted.imageSets.length > 0
  const imageSets = isNamed ? wanted.imageSets : await source.imageSetsOf(study)
  if (imageSets.length === 0) {
    throw new OperatorError(`The data store has no image set${study === undefined ? '' : ' of this study'}.`)
  }
  const progress = openProgress('Exporting', { terminal, now: Date.now })
  const to = { source, threads, folder, compressed, overwrite, versionId, taken: new Set<string>() }
  let currentStudy: string | undefined
  const folders = new Set<string>()
  let known = 0
  let done = 0
  try {
    for (const [index, imageSetId] of imageSets.entries()) {
      const document = await source.document(imageSetId, versionId).catch((error) => {
        // An image set of the search may have been deleted since.
        if (!isNamed && error instanceof ResourceNotFoundException) return undefined
        throw error
      })
      if (document === undefined) continue
      const instances = readDocument(document)
      const [first] = instances
      // Found image sets are sorted by study, and each study has its own folder.
      if (!isNamed && first?.StudyInstanceUID !== currentStudy) to.taken.clear()
      currentStudy = first?.StudyInstanceUID
      known += instances.length
      report.imageSets += 1
      const notExported: NotExportedInstance[] = []
      await runConcurrently(instances, async (instance, number) => {
        signal.throwIfAborted()
        const exported = await exportInstance(instance, { ...to, imageSetId })
        if (exported.kind === 'written') {
          addTo(report, exported)
          folders.add(dirname(exported.path))
        } else if (exported.kind === 'skipped') {
          report.skipped += 1
        } else {
          const { SOPInstanceUID: sopInstanceUID, DICOM } = instance
          const instanceNumber = typeof DICOM.InstanceNumber === 'string' ? DICOM.InstanceNumber.trim() : null
          const { reason } = exported
          notExported.push({ imageSetId, instance: number, sopInstanceUID, instanceNumber, reason })
        }
        done += 1
        progress.update(done, index === imageSets.length - 1 ? known : undefined)
      })
      report.notExported = report.notExported.concat(notExported.sort((a, b) => a.instance - b.instance))
    }
  } finally {
    progress.end()
    await makeDurable(folders, folder)
  }
}

/** @throws the first error, after all running work has ended */
async function runConcurrently(
  instances: readonly DocumentInstance[],
  work: (instance: DocumentInstance, number: number) => Promise<void>,
): Promise<void> {
  const queue = instances.entries()
  const worker = async () => {
    // All workers share one iterator; an error in one closes it for the others.
    for (const [index, instance] of queue) await work(instance, index + 1)
  }
  const outcomes = await Promise.allSettled(Array.from({ length: CONCURRENT_INSTANCES }, worker))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

/** Turns an error of the server's reply or of the disk into an OperatorError. */
function explainedFurther(error: unknown, { folder }: ExportRequest): unknown {
  if (error instanceof UnreadableDocument || error instanceof ReplyTooLarge) {
    return new OperatorError(`The reply of the server cannot be read: ${error.message}.`, { cause: error })
  }
  const { code, syscall } = error as NodeJS.ErrnoException
  const isDiskError = syscall !== undefined && code !== undefined && /^E[A-Z]+$/.test(code) && syscall !== 'connect'
  return isDiskError
    ? new OperatorError(`${folder} cannot be written (${code}). Choose another folder with --to.`, { cause: error })
    : error
}

const wrong = (message: string) => new OperatorError(message, { exitCode: 2 })
