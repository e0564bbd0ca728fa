/** Files as a data store has them (a metadata document and frames), and exports of these. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { CreateDatastoreCommand, MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { parseP10 } from '../../dicom/parse.ts'
import type { StorageFormat } from '../../dicom/transfer-syntaxes.ts'
import { importFiles } from '../../fixtures/import-files.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { type ImageFrame, writeMetadata } from '../../imaging/documents/metadata.ts'
import { DOCUMENT_END, INSTANCE_SEPARATOR } from '../../imaging/documents/metadata-document.ts'
import { bytesOf, storeAll, storedSyntaxOf } from '../../pixel-data/frames.fixture.ts'
import type { FrameThreads } from '../../pixel-data/threads/frame-threads.ts'
import { startHilum } from '../../testing.ts'
import { openTerminal, type Terminal } from '../terminal/terminal.ts'
import { exportAll } from './export.ts'
import { type ExportReport, emptyReport } from './export-report.ts'
import { type ExportSource, openExportSource } from './export-source.ts'

interface StoredImageSet {
  document: string
  readonly frames: Map<string, Uint8Array>
}

/** Frames and document are created by the code of the import. */
export async function imageSetOf(
  files: readonly Uint8Array[],
  threads: FrameThreads,
  format: StorageFormat = 'HTJ2K',
): Promise<StoredImageSet> {
  const frames = new Map<string, Uint8Array>()
  let imageSetAttributes = ''
  const instances: string[] = []
  for (const [number, bytes] of files.entries()) {
    const file = parseP10(bytes)
    const stored = await storeAll(bytes, threads, format)
    const ImageFrames = stored.frames.map((frame, index): ImageFrame => {
      const ID = `${String(number).padStart(24, '0')}${(index + 1).toString(16).padStart(8, '0')}`
      frames.set(ID, bytesOf(frame, file.bytes))
      return {
        ID,
        PixelDataChecksumFromBaseToFullResolution: [
          { Width: frame.columns, Height: frame.rows, Checksum: frame.checksum },
        ],
        MinPixelValue: frame.minPixelValue,
        MaxPixelValue: frame.maxPixelValue,
        FrameSizeInBytes: frame.sizeBytes,
      }
    })
    const described = writeMetadata({
      file,
      SeriesInstanceUID: file.dataSet.string('0020000E')!,
      SOPInstanceUID: file.dataSet.string('00080018')!,
      frames: { StoredTransferSyntaxUID: ImageFrames.length > 0 ? storedSyntaxOf(stored.plan) : null, ImageFrames },
      nameLargeBinary: () => 'apart',
      charactersMax: 10_000_000,
    })
    imageSetAttributes = described.imageSetAttributes
    instances.push(described.instanceMetadata)
  }
  return { document: `{${imageSetAttributes}${instances.join(INSTANCE_SEPARATOR)}${DOCUMENT_END}`, frames }
}

/** A source without a server, whose replies a test can change. */
export function sourceOf(imageSets: Readonly<Record<string, StoredImageSet>>): ExportSource {
  return {
    imageSetsOf: async () => Object.keys(imageSets),
    document: async (imageSetId) => imageSets[imageSetId]!.document,
    async *frame(imageSetId, imageFrameId) {
      const bytes = imageSets[imageSetId]!.frames.get(imageFrameId)!
      // In chunks, as from a socket.
      for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000)
    },
    importedFile: async () => undefined,
  }
}

/** A server that imports a file and returns a source for its export. */
interface ExportServer {
  /** Imports the file into a new data store of this format. */
  bringIn(file: Uint8Array, format: StorageFormat): Promise<ExportSource>
  stop(): Promise<void>
}

export async function openExportServer(): Promise<ExportServer> {
  const hilum = await startHilum()
  const client = new MedicalImagingClient({ ...hilum.client, maxAttempts: 1 })
  return {
    async bringIn(file, losslessStorageFormat) {
      const datastoreName = `store-${randomUUID()}`
      const { datastoreId } = await client.send(new CreateDatastoreCommand({ datastoreName, losslessStorageFormat }))
      await importFiles(datastoreId!, [file], { client, hilum })
      return openExportSource(client, {
        datastoreId: datastoreId!,
        server: hilum.client,
        signal: new AbortController().signal,
      })
    },
    async stop() {
      client.destroy()
      await hilum.stop()
    },
  }
}

interface ExportOptions {
  readonly folder: string
  readonly threads: FrameThreads
  readonly compressed?: boolean
  readonly overwrite?: boolean
  readonly study?: string
}

const { stdin, stdout, stderr } = process
/** Without progress lines. */
const terminal: Terminal = { ...openTerminal({ stdin, stdout, stderr, env: { TERM: 'dumb' } }), note: () => {} }

export async function exportedFrom(source: ExportSource, options: ExportOptions): Promise<ExportReport> {
  const { folder, threads, compressed = false, overwrite = false } = options
  const report = emptyReport(folder)
  const wanted = { imageSets: [], study: options.study ?? '1.2.3', versionId: undefined, folder, compressed, overwrite }
  await exportAll(wanted, { source, threads, terminal, report, signal: new AbortController().signal })
  return report
}

export const temporaryFolder = (_t: Pick<TestContext, 'after'>): string => {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-export-'))
  removeAtExit(folder)
  return folder
}

/** Where an export puts the instance of a file. */
export function pathIn(folder: string, file: Uint8Array): string {
  const { dataSet } = parseP10(file)
  const [study, series, instance] = ['0020000D', '0020000E', '00080018'].map((tag) => dataSet.string(tag)!)
  return join(folder, study!, series!, `${instance}.dcm`)
}

export const readExported = (folder: string, file: Uint8Array): Uint8Array => readFileSync(pathIn(folder, file))
