/** For tests of frames: pictures drawn here, files of them, the programs of other people, and all frames of a file as they are stored. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DEFAULT_LIMITS } from '../default-limits.ts'
import { bytesInMemory } from '../dicom/byte-source.ts'
import { type Attributes, ExplicitVRLittleEndian, encodeP10, type FramesToEncode } from '../dicom/encode.ts'
import { parseP10 } from '../dicom/parse.ts'
import type { StorageFormat } from '../dicom/transfer-syntaxes.ts'
import type { ImagePixel } from './element/image-pixel.ts'
import { type FramePlan, type FramesToStore, type FramesWarning, planFrames } from './frame-plan.ts'
import { storedFrames } from './store-frames.ts'
import { FramesUnavailable, type StoredFrame } from './stored-frame.ts'
import { type FrameThreadLimits, type FrameThreads, startFrameThreads } from './threads/frame-threads.ts'

/** The name of a test's skip where a program is not there; CI installs all of them. */
export const lacks = (...programs: [program: string, debianPackage: string][]): string | false => {
  const missing = programs.filter(([program]) => spawnSync(program, ['--version']).error !== undefined)
  return missing.length === 0
    ? false
    : missing.map(([program, name]) => `${program} (${name}) is not installed`).join(', ')
}

export const pixelOf = (given: Partial<ImagePixel> = {}): ImagePixel => {
  const bitsAllocated = given.bitsAllocated ?? 16
  const bitsStored = given.bitsStored ?? bitsAllocated
  return {
    ...{ rows: 61, columns: 90, samplesPerPixel: 1, bitsAllocated, bitsStored, highBit: bitsStored - 1 },
    ...{ isSigned: false, isPlanar: false, numberOfFrames: 1 },
    photometricInterpretation: given.samplesPerPixel === 3 ? 'RGB' : 'MONOCHROME2',
    ...given,
  }
}

/** Slopes, edges and noise in cells of BitsAllocated, little endian, by pixel, over the whole range of BitsStored. */
export function draw(pixel: ImagePixel, seed = 1): Uint8Array {
  const { rows, columns, samplesPerPixel, bitsStored, isSigned } = pixel
  const size = Math.ceil(pixel.bitsAllocated / 8)
  const cells = Buffer.alloc(rows * columns * samplesPerPixel * size)
  const span = 2 ** bitsStored
  let random = seed
  for (let index = 0; index < rows * columns * samplesPerPixel; index++) {
    const column = Math.floor(index / samplesPerPixel) % columns
    const row = Math.floor(index / samplesPerPixel / columns)
    random = (random * 1_103_515_245 + 12_345) % 2 ** 31
    const noise = random % Math.max(2, span / 64)
    const slope = ((row * 3 + column * 2 + (index % samplesPerPixel) * 20) / (rows * 3 + columns * 2)) * span
    const value = Math.floor(row > column ? slope + noise : span - 1 - noise) % span
    const signed = isSigned ? value - span / 2 : value
    if (size === 4) isSigned ? cells.writeInt32LE(signed, index * 4) : cells.writeUInt32LE(value, index * 4)
    else if (size === 2) isSigned ? cells.writeInt16LE(signed, index * 2) : cells.writeUInt16LE(value, index * 2)
    else cells[index] = signed & 0xff
  }
  return cells
}

export const attributesOf = (pixel: ImagePixel): Attributes => ({
  SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
  SOPInstanceUID: '1.2.3.4',
  StudyInstanceUID: '1.2.3',
  SeriesInstanceUID: '1.2.3.1',
  PatientID: 'P1',
  Modality: 'OT',
  SamplesPerPixel: pixel.samplesPerPixel,
  PhotometricInterpretation: pixel.photometricInterpretation,
  PlanarConfiguration: pixel.samplesPerPixel > 1 ? Number(pixel.isPlanar) : undefined,
  NumberOfFrames: pixel.numberOfFrames > 1 ? String(pixel.numberOfFrames) : undefined,
  Rows: pixel.rows,
  Columns: pixel.columns,
  BitsAllocated: pixel.bitsAllocated,
  BitsStored: pixel.bitsStored,
  HighBit: pixel.highBit,
  PixelRepresentation: Number(pixel.isSigned),
})

export const fileOf = (
  pixel: ImagePixel,
  pixelData: FramesToEncode,
  transferSyntaxUID: string = ExplicitVRLittleEndian,
): Uint8Array => encodeP10({ transferSyntaxUID, attributes: attributesOf(pixel), pixelData })

export interface Folder {
  /** Runs a program with `$in` and `$out` in its arguments replaced by paths, and gives what it wrote. */
  run(command: string, given: Uint8Array, endings?: { in?: string; out?: string }): Uint8Array
  remove(): void
}

export function openFolder(): Folder {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-frames-'))
  return {
    run(command, given, endings = {}) {
      const [input, output] = [join(folder, `in${endings.in ?? '.dcm'}`), join(folder, `out${endings.out ?? '.dcm'}`)]
      writeFileSync(input, given)
      rmSync(output, { force: true })
      const [program = '', ...words] = command.split(' ')
      const paths = words.map((word) => (word === '$in' ? input : word === '$out' ? output : word))
      execFileSync(program, paths, { stdio: ['ignore', 'ignore', 'pipe'] })
      return readFileSync(output)
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** The value of PixelData in an uncompressed file, cut into its frames. */
export function nativeFrames(bytes: Uint8Array, numberOfFrames = 1): Uint8Array[] {
  const { pixelData } = parseP10(bytes)
  const size = Math.floor(pixelData!.lengthBytes! / numberOfFrames)
  return Array.from({ length: numberOfFrames }, (_, index) => {
    const start = pixelData!.offsetBytes + index * size
    return bytes.subarray(start, start + size)
  })
}

export interface Stored {
  readonly plan: FramePlan
  readonly frames: readonly StoredFrame[]
  readonly warning: FramesWarning | undefined
}

export const startThreads = (limits: Partial<FrameThreadLimits> = {}, threadFile?: URL): FrameThreads =>
  startFrameThreads({ ...DEFAULT_LIMITS, frameThreads: 2, ...limits }, threadFile)

export async function storeAll(
  bytes: Uint8Array,
  threads: FrameThreads,
  format: StorageFormat = 'HTJ2K',
): Promise<Stored> {
  const file = parseP10(bytes)
  const plan = planFrames(file, { format })
  if (plan.kind !== 'frames') return { plan, frames: [], warning: plan.kind === 'none' ? undefined : plan.warning }
  const frames: StoredFrame[] = []
  try {
    for await (const frame of storedFrames(plan, { source: bytesInMemory(file.bytes), threads })) frames.push(frame)
    return { plan, frames, warning: plan.warning }
  } catch (error) {
    if (!(error instanceof FramesUnavailable)) throw error
    return { plan, frames, warning: error.warning }
  }
}

export const bytesOf = (frame: StoredFrame, file: Uint8Array): Uint8Array =>
  frame.content.kind === 'bytes'
    ? frame.content.bytes
    : Buffer.concat(
        frame.content.ranges.map(({ offsetBytes, lengthBytes }) =>
          file.subarray(offsetBytes, offsetBytes + lengthBytes),
        ),
      )

export const storedSyntaxOf = (plan: FramePlan): string => (plan as FramesToStore).storedTransferSyntaxUID

/** The pixels of a PGM or PPM file (Netpbm), as little-endian cells. */
export function netpbmPixels(file: Uint8Array): Uint8Array {
  const header = /^P[56]\s+(?:#.*\n)?(\d+)\s+(\d+)\s+(\d+)\s/.exec(
    Buffer.from(file.subarray(0, 100)).toString('latin1'),
  )!
  const pixels = Buffer.from(file.subarray(header[0].length))
  return Number(header[3]) > 255 ? pixels.swap16() : pixels
}
