/** A segmentation (PS3.3 A.51 and C.8.20): its segments, and which of its frames lie on an image. */
import type { MetadataDocument } from '../metadata/document.ts'
import { isSegmentation } from '../objects/object-kinds.ts'
import { type Plane, planeOf } from '../viewer/geometry/planes.ts'
import { type RGB, rgbOfCIELab } from '../viewer/pixels/cielab.ts'
import { SEGMENTS_MAX } from '../viewer/stack/limits.ts'
import { imagesOf, type StackImage } from '../viewer/stack/stack.ts'
import { itemsOf, numberOf, numbersOf, textOf } from '../viewer/stack/values.ts'

export interface Segment {
  /** Unique among all segmentations. */
  readonly key: string
  readonly number: number
  readonly label: string
  readonly color: RGB
}

export interface SegmentationFrame {
  readonly image: StackImage
  /** Undefined for a label map, whose values are the numbers of segments. */
  readonly segmentNumber: number | undefined
  readonly plane: Plane | undefined
  readonly thickness: number
}

export interface Segmentation {
  readonly sopInstanceUID: string
  readonly label: string
  readonly kind: 'BINARY' | 'FRACTIONAL' | 'LABELMAP'
  /** The value of what is wholly in a segment. */
  readonly valueMax: number
  /** At most SEGMENTS_MAX. */
  readonly segments: readonly Segment[]
  readonly segmentCount: number
  readonly frames: readonly SegmentationFrame[]
  /** By the instance, or the instance and frame, that they were derived from. */
  readonly framesBySource: ReadonlyMap<string, readonly SegmentationFrame[]>
}

/** For segments without a color. */
const COLORS: readonly RGB[] = [
  [255, 99, 71],
  [64, 196, 99],
  [66, 135, 245],
  [250, 204, 21],
  [192, 90, 255],
  [34, 211, 238],
  [255, 145, 48],
  [244, 114, 182],
]

export function segmentationsOf(document: MetadataDocument): readonly Segmentation[] {
  const images = imagesOf(document).filter(({ instance }) => isSegmentation(instance))
  return [...Map.groupBy(images, ({ instance }) => instance).values()].map(segmentationOf)
}

/** @param images the frames of an instance */
function segmentationOf(images: readonly StackImage[]): Segmentation {
  const { instance } = images[0]!
  const sopInstanceUID = textOf(instance.SOPInstanceUID)
  const kind =
    (['FRACTIONAL', 'LABELMAP'] as const).find((each) => each === textOf(instance.SegmentationType)) ?? 'BINARY'
  const described = itemsOf(instance.SegmentSequence)
  const segments = described.slice(0, SEGMENTS_MAX).map((segment, index): Segment => {
    const number = numberOf(segment.SegmentNumber) ?? index + 1
    return {
      key: `${sopInstanceUID}/${number}`,
      number,
      label: textOf(segment.SegmentLabel) || textOf(segment.SegmentDescription) || `Segment ${number}`,
      color: rgbOfCIELab(segment.RecommendedDisplayCIELabValue) ?? COLORS[index % COLORS.length]!,
    }
  })
  const shared = itemsOf(instance.SharedFunctionalGroupsSequence)[0] ?? {}
  const perFrame = itemsOf(instance.PerFrameFunctionalGroupsSequence)
  const framesBySource = new Map<string, SegmentationFrame[]>()
  const frames = images.map((image): SegmentationFrame => {
    const groups = perFrame[image.frameNumber - 1] ?? {}
    const identified = itemsOf(groups.SegmentIdentificationSequence ?? shared.SegmentIdentificationSequence)[0]
    const frame = {
      image,
      segmentNumber: kind === 'LABELMAP' ? undefined : (numberOf(identified?.ReferencedSegmentNumber) ?? 1),
      plane: planeOf(image),
      thickness: numberOf(image.attribute('SpacingBetweenSlices')) ?? numberOf(image.attribute('SliceThickness')) ?? 0,
    }
    for (const source of sourcesOf(groups.DerivationImageSequence ?? shared.DerivationImageSequence)) {
      framesBySource.set(source, [...(framesBySource.get(source) ?? []), frame])
    }
    return frame
  })
  return {
    ...{ sopInstanceUID, kind, segments, segmentCount: described.length, frames, framesBySource },
    label: textOf(instance.SeriesDescription) || textOf(instance.ContentLabel) || 'Segmentation',
    valueMax: kind === 'FRACTIONAL' ? (numberOf(instance.MaximumFractionalValue) ?? 255) : 1,
  }
}

function sourcesOf(derivations: unknown): readonly string[] {
  return itemsOf(derivations)
    .flatMap(({ SourceImageSequence }) => itemsOf(SourceImageSequence))
    .flatMap(({ ReferencedSOPInstanceUID, ReferencedFrameNumber }) => {
      const uid = textOf(ReferencedSOPInstanceUID)
      const numbers = numbersOf(ReferencedFrameNumber)
      return numbers.length === 0 ? [uid] : numbers.map((number) => `${uid}/${number}`)
    })
}

/** From edges of pixels of a frame to those of an image: `x' = a x + c y + e` and `y' = b x + d y + f`. */
interface Affine {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
  readonly e: number
  readonly f: number
}

export interface PlacedFrame {
  readonly frame: SegmentationFrame
  readonly toImage: Affine
}

/** Planes are the same up to this cosine, which is one degree. */
const PARALLEL_MIN = 0.9998
/** In mm, of frames without a thickness. */
const DISTANCE_MAX = 0.5

/**
 * The frames that lie on an image: by their position, if both have one in the same frame of reference, and otherwise by the image that
 * they were derived from. Of each segment the nearest.
 */
export function framesOn(segmentation: Segmentation, image: StackImage): readonly PlacedFrame[] {
  const plane = planeOf(image)
  const byPosition = plane && nearestFrames(segmentation, plane)
  if (byPosition !== undefined) return byPosition
  const uid = textOf(image.instance.SOPInstanceUID)
  const { framesBySource } = segmentation
  const frames = framesBySource.get(`${uid}/${image.frameNumber}`) ?? framesBySource.get(uid) ?? []
  return frames.map((frame) => ({ frame, toImage: scaled(frame.image, image) }))
}

export interface SegmentOf {
  readonly segmentation: Segmentation
  readonly number: number
}

/** Whether a frame of the segment lies on an image. A label map may have it there or not. */
export const hasSegment = (image: StackImage, { segmentation, number }: SegmentOf): boolean =>
  framesOn(segmentation, image).some(({ frame: { segmentNumber } }) => (segmentNumber ?? number) === number)

/** Undefined if no frame has a position in the same frame of reference. */
function nearestFrames({ frames }: Segmentation, plane: Plane): readonly PlacedFrame[] | undefined {
  const nearest = new Map<number | undefined, { readonly placed: PlacedFrame; readonly distance: number }>()
  let hasPosition = false
  for (const frame of frames) {
    const { plane: own, thickness, segmentNumber } = frame
    if (own === undefined || own.frameOfReferenceUID !== plane.frameOfReferenceUID) continue
    hasPosition = true
    if (Math.abs(dot(own.normal, plane.normal)) < PARALLEL_MIN) continue
    const distance = Math.abs(dot(minus(own.origin, plane.origin), plane.normal))
    const known = nearest.get(segmentNumber)
    if (distance > Math.max(thickness / 2, DISTANCE_MAX) + 0.001 || (known && known.distance <= distance)) continue
    nearest.set(segmentNumber, { distance, placed: { frame, toImage: affineOf(own, plane) } })
  }
  return hasPosition ? [...nearest.values()].map(({ placed }) => placed) : undefined
}

/** Frame and image show the same area, perhaps with other numbers of pixels. */
function scaled(frame: StackImage, image: StackImage): Affine {
  const side = (of: StackImage, keyword: 'Columns' | 'Rows') => numberOf(of.instance[keyword]) ?? 1
  return {
    ...{ a: side(image, 'Columns') / side(frame, 'Columns'), b: 0, c: 0 },
    ...{ d: side(image, 'Rows') / side(frame, 'Rows'), e: 0, f: 0 },
  }
}

type Vector = Plane['origin']
const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]]

function affineOf(from: Plane, to: Plane): Affine {
  const column = (vector: Vector) => dot(vector, to.perColumn) / dot(to.perColumn, to.perColumn)
  const row = (vector: Vector) => dot(vector, to.perRow) / dot(to.perRow, to.perRow)
  const [a, b, c, d] = [column(from.perColumn), row(from.perColumn), column(from.perRow), row(from.perRow)]
  const origin = minus(from.origin, to.origin)
  // Positions are those of the centers of pixels, half a pixel from their edges.
  return { a, b, c, d, e: column(origin) + 0.5 - (a + c) / 2, f: row(origin) + 0.5 - (b + d) / 2 }
}
