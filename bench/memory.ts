/**
 * How much memory imports take: `npm run bench -- memory [--inputs multi-frame,small,mixed] [--processes 1,2] [--later SECONDS] [--json]`.
 *
 * A new server imports each input. The memory is the sum over the server and all processes that it has started: of each its proportional set
 * size (proc_pid_smaps(5)), in which a page that several share counts once. It is read every tenth of a second, so a peak between is missed.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { ExplicitVRLittleEndian, encodeP10 } from '../src/dicom/encode.ts'
import { writeFilesOfAllSyntaxes } from '../src/fixtures/memory-inputs.ts'
import { drawCT, SIDE } from './frames-alone.ts'
import { startHilumServer } from './hilum-server.ts'
import { createActiveDatastore, importAll } from './importing.ts'
import { optionsOf } from './options.ts'
import { inTempFolder, processorMs, proportionalBytes, withDescendants } from './processes.ts'
import { writeSampleFiles } from './sample-files.ts'

const MULTI_FRAME_BYTES = 2_000_000_000
const SMALL_FILES = 10_000
const READ_EVERY_MS = 100
const MB = 1_000_000

const INPUTS = {
  'multi-frame': { what: '2 GB in one file, frames of 512 KB', write: writeMultiFrame },
  small: {
    what: `${SMALL_FILES.toLocaleString('en')} files of 9 KB`,
    write: (folder: string) => writeSampleFiles(folder, SMALL_FILES),
  },
  mixed: { what: '641 files of all transfer syntaxes', write: writeFilesOfAllSyntaxes },
} as const

type Input = keyof typeof INPUTS

interface MemoryRow {
  readonly what: string
  /** That serve requests; with 1, the server is one process. */
  readonly processes: number
  readonly startBytes: number
  readonly peakBytes: number
  readonly laterBytes: number
  readonly seconds: number
  readonly processorSeconds: number
}

async function measureMemory(
  input: Input,
  { laterSeconds, processes }: { readonly laterSeconds: number; readonly processes: number },
): Promise<MemoryRow> {
  return inTempFolder(async (folder) => {
    const into = join(folder, 'buckets/bench-input')
    await mkdir(into, { recursive: true })
    await mkdir(join(folder, 'buckets/bench-output'), { recursive: true })
    await INPUTS[input].write(into)
    const server = await startHilumServer(folder, { processes })
    const pid = server.child.pid!
    try {
      const datastoreId = await createActiveDatastore(server)
      const startBytes = bytesOfAll(pid)
      const startMs = processorMsOfAll(pid)
      let peakBytes = startBytes
      const reading = setInterval(() => {
        peakBytes = Math.max(peakBytes, bytesOfAll(pid))
      }, READ_EVERY_MS)
      const seconds = await importAll(server, { datastoreId }).finally(() => clearInterval(reading))
      const processorSeconds = (processorMsOfAll(pid) - startMs) / 1000
      await setTimeout(laterSeconds * 1000)
      const what = INPUTS[input].what
      return { what, processes, startBytes, peakBytes, laterBytes: bytesOfAll(pid), seconds, processorSeconds }
    } finally {
      await server.stop()
    }
  })
}

const bytesOfAll = (pid: number): number =>
  withDescendants(pid).reduce((sum, each) => sum + (proportionalBytes(each) ?? 0), 0)

/** Of those that run. */
const processorMsOfAll = (pid: number): number => withDescendants(pid).reduce((sum, each) => sum + processorMs(each), 0)

async function writeMultiFrame(folder: string): Promise<void> {
  const drawn = Array.from({ length: 16 }, (_, index) => drawCT(index))
  const count = Math.floor(MULTI_FRAME_BYTES / (SIDE * SIDE * 2))
  const attributes = {
    ...{ SOPClassUID: '1.2.840.10008.5.1.4.1.1.2.1', SOPInstanceUID: '2.25.6.1', Modality: 'CT' },
    ...{ PatientName: 'BENCH^M', PatientID: 'M', StudyInstanceUID: '2.25.6.2', SeriesInstanceUID: '2.25.6.3' },
    ...{ Rows: SIDE, Columns: SIDE, SamplesPerPixel: 1, PhotometricInterpretation: 'MONOCHROME2' },
    ...{ BitsAllocated: 16, BitsStored: 16, HighBit: 15, PixelRepresentation: 1, NumberOfFrames: `${count}` },
  }
  const frames = Array.from({ length: count }, (_, index) => drawn[index % drawn.length]!)
  const file = encodeP10({ transferSyntaxUID: ExplicitVRLittleEndian, attributes, pixelData: { frames } })
  await writeFile(join(folder, 'multi-frame.dcm'), file)
}

function table(rows: readonly MemoryRow[], laterSeconds: number): string {
  const megabytes = (bytes: number) => Math.round(bytes / MB)
  return [
    'MB, the sum of the proportional set sizes of all processes',
    '',
    `| import of | processes | at the start | peak | ${laterSeconds} s later | seconds | processor seconds |`,
    '|---|---|---|---|---|---|---|',
    ...rows.map(({ what, processes, startBytes, peakBytes, laterBytes, seconds, processorSeconds }) => {
      const memory = [startBytes, peakBytes, laterBytes].map(megabytes).join(' | ')
      return `| ${what} | ${processes} | ${memory} | ${seconds.toFixed(1)} | ${processorSeconds.toFixed(1)} |`
    }),
    '',
  ].join('\n')
}

const isInput = (name: string): name is Input => name in INPUTS

/** @returns the exit code */
export async function memoryBench(args: readonly string[]): Promise<number> {
  const options = optionsOf(args, { inputs: Object.keys(INPUTS).join(','), processes: '1,2', later: '60' })
  const inputs = options?.inputs.split(',') ?? []
  const numbers = options?.processes.split(',').map(Number) ?? []
  if (options === undefined || !inputs.every(isInput) || !numbers.every((number) => number >= 1)) {
    process.stderr.write(
      `npm run bench -- memory [--inputs ${Object.keys(INPUTS).join(',')}] [--processes 1,2] [--later SECONDS] [--json]\n`,
    )
    return 2
  }
  const laterSeconds = Number(options.later)
  const rows: MemoryRow[] = []
  for (const input of inputs) {
    for (const processes of numbers) rows.push(await measureMemory(input, { laterSeconds, processes }))
  }
  process.stdout.write(options.json ? `${JSON.stringify(rows)}\n` : table(rows, laterSeconds))
  return 0
}
