/**
 * Writes the metadata of one instance as JSON text in two parts: the attributes of its patient, study and series, and the instance itself.
 * A metadata document (AWS "Understanding image sets") is the first part of one instance and the second parts of all.
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

/** The frames of an instance, as the document describes them. */
export interface StoredFrames {
  /** Null where no frame is stored. */
  readonly StoredTransferSyntaxUID: string | null
  /** `DECOMPRESSED` where checksums are over decoded pixels. */
  readonly ChecksumType?: 'DECOMPRESSED'
  readonly ImageFrames: readonly ImageFrame[]
  /** Of decoded colour pixels; replaces the values of the file. */
  readonly colour?: { readonly PhotometricInterpretation: string; readonly PlanarConfiguration: 0 }
}

export const NO_FRAMES: StoredFrames = { StoredTransferSyntaxUID: null, ImageFrames: [] }

interface MetadataTexts {
  /** Attributes of patient, study and series: the document up to the first member of Instances. */
  readonly imageSetAttributes: string
  /** One member of Instances: the SOPInstanceUID and the object. */
  readonly instanceMetadata: string
}

interface InstanceToDescribe {
  readonly file: DicomFile
  /** The elements after the pixel data, where the file was read only up to them. */
  readonly trailing?: DataSet | undefined
  readonly SeriesInstanceUID: string
  readonly SOPInstanceUID: string
  readonly frames: StoredFrames
  /** Names a private or unknown binary value of more than a megabyte, which the document does not contain. */
  readonly nameLargeBinary: (littleEndianBytes: Uint8Array) => string
  readonly charactersMax: number
}

/** @throws DicomError where the metadata exceed `charactersMax` */
export function writeMetadata(instance: InstanceToDescribe): MetadataTexts {
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
    imageSetAttributes:
      `"Patient":{"DICOM":${levelObject('Patient')}},"Study":{"DICOM":${levelObject('Study')},` +
      `"Series":{${JSON.stringify(instance.SeriesInstanceUID)}:{"DICOM":${levelObject('Series')},"Instances":{`,
    instanceMetadata: `${JSON.stringify(instance.SOPInstanceUID)}:{"DICOM":${objectOf(own)},${JSON.stringify(described).slice(1)}`,
  }
}

function* dataSetOf({ file, trailing }: InstanceToDescribe, writing: MetadataWriting): Generator<Member> {
  yield* membersOf(file.dataSet, 'data-set', writing)
  if (trailing === undefined) return
  // The first of two elements with the same tag counts, as everywhere.
  for (const member of membersOf(trailing, 'data-set', writing)) if (!file.dataSet.has(member.tag)) yield member
}

/** A bare data set has none; the document then has the transfer syntax that was detected. */
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
