/** For tests of exports: files as a data store has them, which is a metadata document and frames, and what an export makes of those. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { parseP10 } from '../dicom/parse.ts'
import type { StorageFormat } from '../dicom/stored-syntax.ts'
import type { FrameThreads } from '../frames/frame-threads.ts'
import { bytesOf, storeAll, storedSyntaxOf } from '../frames/frames.fixture.ts'
import { type ImageFrame, instanceMetadata } from '../imaging/metadata.ts'
import { DOCUMENT_BETWEEN_ENTRIES, DOCUMENT_END } from '../imaging/metadata-document.ts'
import { exportAll } from './export.ts'
import { type ExportReport, emptyReport } from './export-report.ts'
import type { ExportSource } from './export-source.ts'
import { openTerminal, type Terminal } from './terminal.ts'

export interface StoredImageSet {
  document: string
  readonly frames: Map<string, Uint8Array>
}

/** As an import stores them: the frames by the import's own code, the document by the import's own code. */
export async function imageSetOf(
  files: readonly Uint8Array[],
  threads: FrameThreads,
  format: StorageFormat = 'HTJ2K',
): Promise<StoredImageSet> {
  const frames = new Map<string, Uint8Array>()
  let levels = ''
  const entries: string[] = []
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
    const described = instanceMetadata({
      file,
      SeriesInstanceUID: file.dataSet.string('0020000E')!,
      SOPInstanceUID: file.dataSet.string('00080018')!,
      frames: { StoredTransferSyntaxUID: ImageFrames.length > 0 ? storedSyntaxOf(stored.plan) : null, ImageFrames },
      nameLargeBinary: () => 'apart',
      charactersMax: 10_000_000,
    })
    levels = described.levels
    entries.push(described.entry)
  }
  return { document: `{${levels}${entries.join(DOCUMENT_BETWEEN_ENTRIES)}${DOCUMENT_END}`, frames }
}

/** Without HTTP between: what stands in for the operations is their answers. */
export function sourceOf(imageSets: Readonly<Record<string, StoredImageSet>>): ExportSource {
  return {
    imageSetsOf: async () => Object.keys(imageSets),
    document: async (imageSetId) => imageSets[imageSetId]!.document,
    async *frame(imageSetId, imageFrameId) {
      const bytes = imageSets[imageSetId]!.frames.get(imageFrameId)!
      // As a socket gives them: in pieces.
      for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000)
    },
  }
}

export interface ExportOptions {
  readonly folder: string
  readonly threads: FrameThreads
  readonly compressed?: boolean
  readonly overwrite?: boolean
}

const { stdin, stdout, stderr } = process
/** Without a voice: a progress line now and then would be all it says. */
const terminal: Terminal = { ...openTerminal({ stdin, stdout, stderr, env: { TERM: 'dumb' } }), note: () => {} }

export async function exportedFrom(source: ExportSource, options: ExportOptions): Promise<ExportReport> {
  const { folder, threads, compressed = false, overwrite = false } = options
  const report = emptyReport(folder)
  const wanted = { imageSets: [], study: '2.25.1', versionId: undefined, folder, compressed, overwrite }
  await exportAll(wanted, { source, threads, terminal, report, signal: new AbortController().signal })
  return report
}

export const temporaryFolder = (t: Pick<TestContext, 'after'>): string => {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-export-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

/** Where an export puts the instance of a file. */
export function pathIn(folder: string, file: Uint8Array): string {
  const { dataSet } = parseP10(file)
  const [study, series, instance] = ['0020000D', '0020000E', '00080018'].map((tag) => dataSet.string(tag)!)
  return join(folder, study!, series!, `${instance}.dcm`)
}

export const readExported = (folder: string, file: Uint8Array): Uint8Array => readFileSync(pathIn(folder, file))
