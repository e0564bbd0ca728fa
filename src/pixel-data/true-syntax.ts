/**
 * Plans the frames of a file by what they are. Where a transfer syntax promises one codec and the frames are of another, they are read
 * as if the file had said the truth, and a warning says so (decision 10).
 */
import type { ByteSource } from '../dicom/byte-source.ts'
import type { DicomFile } from '../dicom/parse.ts'
import type { PixelItems } from '../dicom/pixel-items.ts'
import { type StorageFormat, type TransferSyntax, transferSyntaxOf } from '../dicom/transfer-syntaxes.ts'
import type { FramePlace } from './element/frames.ts'
import { STREAM_BEGINNING_BYTES, type StreamKind, streamKindOf } from './element/stream-kind.ts'
import { type FramePlan, type FramesWarning, planFrames } from './frame-plan.ts'

interface PlannedFrames {
  readonly plan: FramePlan
  /** Beside that of the plan. */
  readonly warnings: readonly FramesWarning[]
}

interface Planning {
  readonly format: StorageFormat
  readonly items?: PixelItems | undefined
  /** In which the file says where its pixel data lies. */
  readonly source: ByteSource
}

/** @throws what the source throws */
export async function planTrueFrames(file: DicomFile, { source, ...planning }: Planning): Promise<PlannedFrames> {
  const plan = planFrames(file, planning)
  const { transferSyntax } = file
  if (plan.kind !== 'frames' || plan.disposition === 'video' || !transferSyntax?.encapsulated)
    return { plan, warnings: [] }
  const beginning = await beginningOf(plan.cut.place(0), source)
  const kind = streamKindOf(beginning)
  if (kind !== undefined && isHeldBy(kind, transferSyntax)) return { plan, warnings: [] }
  const uid = kind?.transferSyntaxUID
  if (uid !== undefined) {
    const relabelled = { ...file, transferSyntaxUID: uid, transferSyntax: transferSyntaxOf(uid) }
    const message = `The frames are ${kind!.name}, which is not what the transfer syntax says; they were read as what they are`
    return { plan: planFrames(relabelled, planning), warnings: [{ type: 'Other', message }] }
  }
  // Frames that are decoded fail there. Of JPEG whose frame header lies further on, nothing is known that is wrong.
  if (plan.disposition !== 'kept' || (kind === undefined && isJPEG(beginning, transferSyntax)))
    return { plan, warnings: [] }
  const what =
    kind === undefined
      ? 'do not begin as the transfer syntax says'
      : `are ${kind.name}, which is not what the transfer syntax says`
  const message = `The frames ${what}; they were kept as they came`
  return { plan, warnings: [{ type: 'Other', message }] }
}

const isHeldBy = ({ codecs }: StreamKind, { codec }: TransferSyntax): boolean =>
  codec !== undefined && codecs.includes(codec)

const isJPEG = (beginning: Uint8Array, { codec }: TransferSyntax): boolean =>
  codec === 'jpeg-baseline' && beginning[0] === 0xff && beginning[1] === 0xd8

async function beginningOf({ ranges }: FramePlace, source: ByteSource): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let left = STREAM_BEGINNING_BYTES
  for (const { offsetBytes, lengthBytes } of ranges) {
    if (left === 0) break
    const wanted = Math.min(left, lengthBytes)
    pieces.push(await source.read({ offsetBytes, lengthBytes: wanted }))
    left -= wanted
  }
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
}
