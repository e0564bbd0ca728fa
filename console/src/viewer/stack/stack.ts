/**
 * The images of an image set in the order of scrolling: every frame of every instance. For attributes, the functional groups of a
 * multi-frame instance (PS3.3 C.7.6.16) take precedence over the instance, and the instance over its series.
 */
import type { Attributes, ImageFrame, InstanceMetadata, MetadataDocument } from '../../metadata/document.ts'
import { itemsOf, numberOf, numbersOf } from './values.ts'

export interface StackImage {
  /** Unique in the stack. */
  readonly key: string
  /** Undefined if no frame of the instance was stored. */
  readonly frame: ImageFrame | undefined
  readonly storedTransferSyntaxUID: string | undefined
  /** In its instance, from 1. */
  readonly frameNumber: number
  readonly frameCount: number
  /** The value of an attribute for this image. */
  attribute(keyword: string): unknown
  /** The attributes of the instance and its series, study and patient. The same object for all frames of the instance. */
  readonly instance: Attributes
}

/** Instances without pixel data have no images. Instances whose frames could not be stored have one image without a frame. */
export function imagesOf(document: MetadataDocument): readonly StackImage[] {
  const studyAttributes = { ...document.Patient.DICOM, ...document.Study.DICOM }
  return Object.values(document.Study.Series).flatMap((series) =>
    Object.entries(series.Instances)
      .map(([uid, instance]) => ({ uid, instance, position: positionOf(instance.DICOM) }))
      .sort((a, b) => compare(a.position, b.position) || (a.uid < b.uid ? -1 : 1))
      .flatMap(({ uid, instance }) =>
        picturesOfInstance(uid, { instance, inherited: { ...studyAttributes, ...series.DICOM } }),
      ),
  )
}

function picturesOfInstance(
  uid: string,
  { instance, inherited }: { instance: InstanceMetadata; inherited: Attributes },
): readonly StackImage[] {
  const attributes = { ...inherited, ...instance.DICOM }
  const { ImageFrames: frames = [], StoredTransferSyntaxUID } = instance
  const shared = itemsOf(attributes.SharedFunctionalGroupsSequence)[0]
  const perFrame = itemsOf(attributes.PerFrameFunctionalGroupsSequence)
  const imageOfFrame = (frame: ImageFrame | undefined, index: number): StackImage => ({
    key: frame?.ID ?? uid,
    frame,
    storedTransferSyntaxUID: StoredTransferSyntaxUID ?? undefined,
    frameNumber: index + 1,
    frameCount: Math.max(1, frames.length),
    instance: attributes,
    attribute: (keyword) =>
      valueInGroups(perFrame[index], keyword) ?? valueInGroups(shared, keyword) ?? attributes[keyword],
  })
  if (frames.length > 0) return frames.map(imageOfFrame)
  return numberOf(attributes.Rows) === undefined ? [] : [imageOfFrame(undefined, 0)]
}

/** The functional group macros that affect the display. Each is a sequence of one item. */
const MACROS = [
  'PixelValueTransformationSequence',
  'FrameVOILUTSequence',
  'PixelMeasuresSequence',
  'PlaneOrientationSequence',
  'PlanePositionSequence',
  'RealWorldValueMappingSequence',
]

function valueInGroups(groups: Attributes | undefined, keyword: string): unknown {
  if (groups === undefined) return undefined
  for (const macro of MACROS) {
    const value = itemsOf(groups[macro])[0]?.[keyword]
    if (value !== undefined && value !== null) return value
  }
  return undefined
}

interface Position {
  readonly number: number
  readonly alongNormal: number
}

function positionOf(instance: Attributes): Position {
  const position = numbersOf(instance.ImagePositionPatient)
  const normal = normalOf(numbersOf(instance.ImageOrientationPatient))
  return {
    number: numberOf(instance.InstanceNumber) ?? Number.POSITIVE_INFINITY,
    alongNormal:
      normal && position.length === 3
        ? normal.reduce((sum, component, axis) => sum + component * position[axis]!, 0)
        : 0,
  }
}

const compare = (a: Position, b: Position): number =>
  a.number === b.number ? a.alongNormal - b.alongNormal : a.number < b.number ? -1 : 1

/** The normal of the image plane (PS3.3 C.7.6.2.1.1). */
export function normalOf(cosines: readonly number[]): readonly [number, number, number] | undefined {
  if (cosines.length !== 6) return undefined
  const [a, b, c, d, e, f] = cosines as [number, number, number, number, number, number]
  return [b * f - c * e, c * d - a * f, a * e - b * d]
}
