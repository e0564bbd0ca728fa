/**
 * The metadata document of an image set (AWS "Understanding image sets"), in pieces: what one instance tells of itself and of the levels
 * above it, as JSON text. A document is the levels of one instance and the entries of all; metadata-document.ts joins them.
 */
import type { DataSet } from '../../dicom/data-set.ts'
import type { DicomFile } from '../../dicom/parse.ts'
import { levelOf, type NormalizedLevel } from './metadata-levels.ts'
import { type Member, type MetadataWriting, membersOf, objectOf } from './metadata-values.ts'

/** One stored frame, as the document lists it. */
export interface ImageFrame {
  /** 32 hex digits. */
  readonly ID: string
  /** From the smallest resolution to the full one. */
  readonly PixelDataChecksumFromBaseToFullResolution: readonly {
    readonly Width: number
    readonly Height: number
    /** CRC32, unsigned. */
    readonly Checksum: number
  }[]
  /** Of the stored values, before any rescale; null where the frame is kept as it came. */
  readonly MinPixelValue: number | null
  readonly MaxPixelValue: number | null
  readonly FrameSizeInBytes: number
}

/** What the document says of an instance's pixels: whoever cuts and stores frames knows it. */
export interface StoredFrames {
  /** Null where no frame is stored. */
  readonly StoredTransferSyntaxUID: string | null
  /** `DECOMPRESSED` where checksums are over decoded pixels. */
  readonly ChecksumType?: 'DECOMPRESSED'
  readonly ImageFrames: readonly ImageFrame[]
  /** Of the decoded pixels of colour: said in place of what the file says of its own. */
  readonly colour?: { readonly PhotometricInterpretation: string; readonly PlanarConfiguration: 0 }
}

export const NO_FRAMES: StoredFrames = { StoredTransferSyntaxUID: null, ImageFrames: [] }

interface InstanceMetadata {
  /** Patient, study and series as this instance has them, up to where the entries of instances begin. */
  readonly levels: string
  /** A member of Instances: the SOPInstanceUID and the object. */
  readonly entry: string
}

interface InstanceToDescribe {
  readonly file: DicomFile
  /** What stands behind the pixel data, where the file was read only up to them. */
  readonly trailing?: DataSet | undefined
  readonly SeriesInstanceUID: string
  readonly SOPInstanceUID: string
  readonly frames: StoredFrames
  /** Names a private or unknown binary value of more than a megabyte, which stands apart from the document. */
  readonly nameLargeBinary: (littleEndianBytes: Uint8Array) => string
  readonly charactersMax: number
}

/** @throws DicomError where the instance has more metadata than it may. */
export function instanceMetadata(instance: InstanceToDescribe): InstanceMetadata {
  const { file, frames } = instance
  const writing: MetadataWriting = {
    nameLargeBinary: instance.nameLargeBinary,
    vrs: new Map(),
    charactersLeft: instance.charactersMax,
  }
  const levels: Record<NormalizedLevel, Member[]> = { Patient: [], Study: [], Series: [] }
  const own: Member[] = [...fileMeta(file, writing)]
  for (const member of dataSetOf(instance, writing)) {
    const level = levelOf(member.tag)
    if (level === undefined) own.push(asStored(member, frames))
    else levels[level].push(member)
  }
  const levelObject = (level: NormalizedLevel) => objectOf(levels[level].sort(byKey))
  const { StoredTransferSyntaxUID, ChecksumType, ImageFrames } = frames
  const described = { DICOMVRs: Object.fromEntries(writing.vrs), StoredTransferSyntaxUID, ChecksumType, ImageFrames }
  return {
    levels:
      `"Patient":{"DICOM":${levelObject('Patient')}},"Study":{"DICOM":${levelObject('Study')},` +
      `"Series":{${JSON.stringify(instance.SeriesInstanceUID)}:{"DICOM":${levelObject('Series')},"Instances":{`,
    entry: `${JSON.stringify(instance.SOPInstanceUID)}:{"DICOM":${objectOf(own)},${JSON.stringify(described).slice(1)}`,
  }
}

function* dataSetOf({ file, trailing }: InstanceToDescribe, writing: MetadataWriting): Generator<Member> {
  yield* membersOf(file.dataSet, 'data-set', writing)
  if (trailing === undefined) return
  // A tag that comes again counts the first time, as everywhere.
  for (const member of membersOf(trailing, 'data-set', writing)) if (!file.dataSet.has(member.tag)) yield member
}

/** A bare data set has none: then it says of itself only the transfer syntax that it proved to be in. */
function* fileMeta(file: DicomFile, writing: MetadataWriting): Generator<Member> {
  let isBare = true
  for (const member of membersOf(file.meta, 'file-meta', writing)) {
    isBare = false
    yield member
  }
  if (isBare) {
    yield { tag: '00020010', key: 'TransferSyntaxUID', value: JSON.stringify(file.transferSyntaxUID) }
  }
}

const asStored = (member: Member, { colour }: StoredFrames): Member => {
  const value = new Map<string, unknown>(Object.entries(colour ?? {})).get(member.key)
  return value === undefined ? member : { ...member, value: JSON.stringify(value) }
}

const byKey = (a: Member, b: Member): number => (a.key < b.key ? -1 : 1)
