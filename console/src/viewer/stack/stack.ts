/**
 * The images of an image set in the order in which a person scrolls them: every frame of every instance. What a frame is told by the
 * functional groups of a multi-frame instance (PS3.3 C.7.6.16) counts before what the instance says, and that before the series.
 */
import type { Attributes, ImageFrame, InstanceMetadata, MetadataDocument } from '../../metadata/document.ts'
import { itemsOf, numberOf, numbersOf } from './values.ts'

export interface StackImage {
  /** Of the image in its stack, wherever it stands. */
  readonly key: string
  /** Undefined where the image set has no frame of the instance. */
  readonly frame: ImageFrame | undefined
  readonly storedTransferSyntaxUID: string | undefined
  /** From 1, in its instance. */
  readonly frameNumber: number
  readonly frameCount: number
  /** The value that holds for this image. */
  attribute(keyword: string): unknown
  /** What stands in the instance and above, the same object for all its frames. */
  readonly instance: Attributes
}

/** Instances without pixels, as reports are, have no images; those whose pixels could not be had have one that says so. */
export function imagesOf(document: MetadataDocument): readonly StackImage[] {
  const above = { ...document.Patient.DICOM, ...document.Study.DICOM }
  return Object.values(document.Study.Series).flatMap((series) =>
    Object.entries(series.Instances)
      .map(([uid, instance]) => ({ uid, instance, at: placeOf(instance.DICOM) }))
      .sort((a, b) => compare(a.at, b.at) || (a.uid < b.uid ? -1 : 1))
      .flatMap(({ uid, instance }) => picturesOfInstance(uid, { instance, above: { ...above, ...series.DICOM } })),
  )
}

function picturesOfInstance(
  uid: string,
  { instance, above }: { instance: InstanceMetadata; above: Attributes },
): readonly StackImage[] {
  const own = { ...above, ...instance.DICOM }
  const { ImageFrames: frames = [], StoredTransferSyntaxUID } = instance
  const shared = itemsOf(own.SharedFunctionalGroupsSequence)[0]
  const perFrame = itemsOf(own.PerFrameFunctionalGroupsSequence)
  const one = (frame: ImageFrame | undefined, index: number): StackImage => ({
    key: frame?.ID ?? uid,
    frame,
    storedTransferSyntaxUID: StoredTransferSyntaxUID ?? undefined,
    frameNumber: index + 1,
    frameCount: Math.max(1, frames.length),
    instance: own,
    attribute: (keyword) => inGroups(perFrame[index], keyword) ?? inGroups(shared, keyword) ?? own[keyword],
  })
  if (frames.length > 0) return frames.map(one)
  return numberOf(own.Rows) === undefined ? [] : [one(undefined, 0)]
}

/** The macros of which a image needs values; each is a sequence of one item. */
const MACROS = [
  'PixelValueTransformationSequence',
  'FrameVOILUTSequence',
  'PixelMeasuresSequence',
  'PlaneOrientationSequence',
  'PlanePositionSequence',
  'RealWorldValueMappingSequence',
]

function inGroups(groups: Attributes | undefined, keyword: string): unknown {
  if (groups === undefined) return undefined
  for (const macro of MACROS) {
    const value = itemsOf(groups[macro])[0]?.[keyword]
    if (value !== undefined && value !== null) return value
  }
  return undefined
}

interface Place {
  readonly number: number
  readonly alongNormal: number
}

function placeOf(instance: Attributes): Place {
  const position = numbersOf(instance.ImagePositionPatient)
  const normal = normalOf(numbersOf(instance.ImageOrientationPatient))
  return {
    number: numberOf(instance.InstanceNumber) ?? Number.POSITIVE_INFINITY,
    alongNormal:
      normal && position.length === 3 ? normal.reduce((sum, part, axis) => sum + part * position[axis]!, 0) : 0,
  }
}

const compare = (a: Place, b: Place): number =>
  a.number === b.number ? a.alongNormal - b.alongNormal : a.number < b.number ? -1 : 1

/** Of the plane in which a row and a column of the image lie (PS3.3 C.7.6.2.1.1). */
export function normalOf(cosines: readonly number[]): readonly [number, number, number] | undefined {
  if (cosines.length !== 6) return undefined
  const [a, b, c, d, e, f] = cosines as [number, number, number, number, number, number]
  return [b * f - c * e, c * d - a * f, a * e - b * d]
}
