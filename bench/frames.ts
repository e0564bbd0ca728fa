/**
 * How fast frames become what is stored of them: `npm run bench -- frames [--frames N] [--rounds N] [--json]`.
 *
 * Beside it the same OpenJPH build alone: a process for each core, which encodes the same frames and does nothing else. Both are
 * measured in turn, round for round, by the wall clock and by the processor time of all their threads; on a machine that others use
 * too, the second tells more.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { DEFAULT_LIMITS } from '../src/default-limits.ts'
import { bytesInMemory } from '../src/dicom/byte-source.ts'
import { ExplicitVRLittleEndian, encodeP10, RLELossless } from '../src/dicom/encode.ts'
import { parseP10 } from '../src/dicom/parse.ts'
import { planFrames } from '../src/pixel-data/frame-plan.ts'
import { openJPEG2000Codec } from '../src/pixel-data/jpeg2000/jpeg2000.ts'
import { encodeRLEFrame } from '../src/pixel-data/rle/rle.ts'
import { storedFrames } from '../src/pixel-data/store-frames.ts'
import { type FrameThreads, startFrameThreads } from '../src/pixel-data/threads/frame-threads.ts'
import { drawCT, SIDE, WARM_UP_FRAMES } from './frames-alone.ts'
import { optionsOf } from './options.ts'

const CORES = availableParallelism()
const FRAME_BYTES = SIDE * SIDE * 2
/** Different frames; they are gone through again and again. */
const DRAWN = 16
const MB = 1_000_000

export interface Measured {
  readonly megabytes: number
  readonly seconds: number
  readonly processorSeconds: number
}

export interface FramesRow {
  readonly source: string
  readonly ours: Measured
  readonly alone: Measured
}

/** Medians of uncompressed frames; of every other source one round of a quarter of them, where it is asked for. */
export async function measureFrames({
  frames,
  rounds,
  withOtherSources,
}: {
  frames: number
  rounds: number
  withOtherSources: boolean
}): Promise<readonly FramesRow[]> {
  const threads = startFrameThreads(DEFAULT_LIMITS)
  const native = fileOf(ExplicitVRLittleEndian, drawAll(), frames)
  await ofThreads(threads, fileOf(ExplicitVRLittleEndian, drawAll(), WARM_UP_FRAMES * CORES))
  const [ours, alone]: [Measured[], Measured[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    ours.push(await ofThreads(threads, native))
    alone.push(await ofProcesses(frames))
  }
  const rows = [{ source: 'uncompressed', ours: median(ours), alone: median(alone) }]
  for (const [source, file] of withOtherSources ? await sources(Math.ceil(frames / 4)) : []) {
    rows.push({ source, ours: await ofThreads(threads, file), alone: median(alone) })
  }
  await threads.stop()
  return rows
}

/** How much of the processor time of OpenJPH alone ours is. */
export const ratioOf = ({ ours, alone }: FramesRow): number =>
  alone.processorSeconds / alone.megabytes / (ours.processorSeconds / ours.megabytes)

const drawAll = (): Uint8Array[] => Array.from({ length: DRAWN }, (_, index) => drawCT(index))

/** A CT of so many frames. */
function fileOf(transferSyntaxUID: string, drawn: readonly Uint8Array[], frames: number) {
  const attributes = {
    ...{ SOPClassUID: '1.2.840.10008.5.1.4.1.1.2.1', SOPInstanceUID: '1.2.3', Rows: SIDE, Columns: SIDE },
    ...{ SamplesPerPixel: 1, PhotometricInterpretation: 'MONOCHROME2', BitsAllocated: 16, BitsStored: 16, HighBit: 15 },
    ...{ PixelRepresentation: 1, NumberOfFrames: `${frames}` },
  }
  const pixelData = { frames: Array.from({ length: frames }, (_, index) => drawn[index % drawn.length]!) }
  return parseP10(encodeP10({ transferSyntaxUID, attributes, pixelData }))
}

async function sources(frames: number) {
  const shape = { rows: SIDE, columns: SIDE, samplesPerPixel: 1 }
  const jpeg2000 = await openJPEG2000Codec()
  const picture = { ...shape, bitsPerSample: 16, isSigned: true, colourTransform: false }
  const rle = drawAll().map((cells) => encodeRLEFrame(cells, { ...shape, bitsAllocated: 16 }))
  const codestreams = drawAll().map((cells) => jpeg2000.encode({ ...picture, cells }))
  return [
    ['RLE', fileOf(RLELossless, rle, frames)],
    ['JPEG 2000', fileOf('1.2.840.10008.1.2.4.90', codestreams, frames)],
  ] as const
}

async function ofThreads(threads: FrameThreads, file: ReturnType<typeof fileOf>): Promise<Measured> {
  const plan = planFrames(file, { format: 'HTJ2K' })
  if (plan.kind !== 'frames') throw new Error('the frames that are measured cannot be cut')
  const [start, processorStart] = [performance.now(), process.cpuUsage()]
  for await (const { content } of storedFrames(plan, { source: bytesInMemory(file.bytes), threads })) {
    // As an import does when they are stored.
    if (content.kind === 'bytes') threads.giveBack(content.bytes)
  }
  const { user, system } = process.cpuUsage(processorStart)
  return {
    megabytes: (plan.cut.count * FRAME_BYTES) / MB,
    seconds: (performance.now() - start) / 1000,
    processorSeconds: (user + system) / 1e6,
  }
}

/** The processes say when they are warm, begin together, and say what they took. */
async function ofProcesses(frames: number): Promise<Measured> {
  const each = Math.ceil(frames / CORES)
  const program = new URL('./frames-alone.ts', import.meta.url).pathname
  const children = Array.from({ length: CORES }, () =>
    spawn(process.execPath, [program, `${each}`], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
  )
  await Promise.all(children.map((child) => once(child, 'message')))
  await setTimeout(100)
  const start = performance.now()
  const replies = children.map((child) => once(child, 'message') as Promise<[{ processorSeconds: number }]>)
  for (const child of children) child.send('begin')
  const taken = await Promise.all(replies)
  const seconds = (performance.now() - start) / 1000
  return {
    megabytes: (each * CORES * FRAME_BYTES) / MB,
    seconds,
    processorSeconds: taken.reduce((sum, [{ processorSeconds }]) => sum + processorSeconds, 0),
  }
}

/** By processor time. */
function median(measured: readonly Measured[]): Measured {
  const cost = ({ processorSeconds, megabytes }: Measured) => processorSeconds / megabytes
  return measured.toSorted((a, b) => cost(a) - cost(b))[Math.floor(measured.length / 2)]!
}

function table(rows: readonly FramesRow[]): string {
  const speed = ({ megabytes, seconds }: Measured) => `${(megabytes / seconds).toFixed(0)} MB/s`
  const cost = ({ megabytes, processorSeconds }: Measured) => `${((1000 * processorSeconds) / megabytes).toFixed(1)} ms`
  const head = [
    `${SIDE} x ${SIDE} x 16 bits, ${CORES} cores; MB of pixels`,
    '',
    '| frames to lossless HTJ2K, from | Hilum | processor time a MB | OpenJPH alone, a process a core | processor time a MB | ratio of processor time |',
    '|---|---|---|---|---|---|',
  ]
  const lines = rows.map(({ source, ours, alone }) => {
    const ratio = ratioOf({ source, ours, alone })
    return `| ${source} | ${speed(ours)} | ${cost(ours)} | ${speed(alone)} | ${cost(alone)} | ${ratio.toFixed(2)} |`
  })
  return `${[...head, ...lines].join('\n')}\n`
}

/** @returns the exit code */
export async function framesBench(args: readonly string[]): Promise<number> {
  const options = optionsOf(args, { frames: '400', rounds: '3' })
  if (options === undefined) {
    process.stderr.write('npm run bench -- frames [--frames N] [--rounds N] [--json]\n')
    return 2
  }
  const [frames, rounds] = [Number(options.frames), Number(options.rounds)]
  const rows = await measureFrames({ frames, rounds, withOtherSources: true })
  process.stdout.write(options.json ? `${JSON.stringify(rows)}\n` : table(rows))
  return 0
}
