/** A presentation state (PS3.3 A.33): how images are shown, and what is drawn on them. */
import type { Attributes, MetadataDocument } from '../metadata/document.ts'
import type { ImageReference } from '../objects/key-objects.ts'
import { instancesIn, isPresentationState, storageClassOf } from '../objects/object-kinds.ts'
import { type Area, flippedSideways, type Orientation, turned, UPRIGHT } from '../viewer/geometry/orientation.ts'
import type { Voi } from '../viewer/pixels/render.ts'
import { REFERENCED_IMAGES_MAX } from '../viewer/stack/limits.ts'
import type { StackImage } from '../viewer/stack/stack.ts'
import { itemsOf, numberOf, numbersOf, textOf } from '../viewer/stack/values.ts'
import { type Graphics, graphicsOf } from './graphics.ts'

export interface PresentationState {
  readonly sopInstanceUID: string
  readonly label: string
  /** Parts that are not applied, for people. */
  readonly notApplied: readonly string[]
  /** At most REFERENCED_IMAGES_MAX. */
  readonly images: readonly ImageReference[]
  readonly attributes: Attributes
}

export interface Presentation {
  /** Equal for presentations that are equal. */
  readonly id: string
  readonly voi: Voi
  readonly isInverted: boolean
  readonly orientation: Orientation
  readonly area: Area | undefined
  readonly graphics: Graphics
}

export const presentationStatesOf = (document: MetadataDocument): readonly PresentationState[] =>
  instancesIn(document)
    .filter(isPresentationState)
    .map((attributes) => ({
      sopInstanceUID: textOf(attributes.SOPInstanceUID),
      label: textOf(attributes.ContentDescription) || textOf(attributes.ContentLabel) || 'Presentation state',
      notApplied: notAppliedOf(attributes),
      images: referencesOf(attributes),
      attributes,
    }))

function referencesOf(attributes: Attributes): readonly ImageReference[] {
  const study = textOf(attributes.StudyInstanceUID)
  return itemsOf(attributes.ReferencedSeriesSequence)
    .flatMap((series) =>
      itemsOf(series.ReferencedImageSequence).flatMap((image) => {
        const numbers = numbersOf(image.ReferencedFrameNumber)
        return (numbers.length === 0 ? [1] : numbers).map((frameNumber) => ({
          ...{ study, series: textOf(series.SeriesInstanceUID) },
          ...{ sopInstanceUID: textOf(image.ReferencedSOPInstanceUID), frameNumber },
        }))
      }),
    )
    .slice(0, REFERENCED_IMAGES_MAX)
}

/** Grayscale and color softcopy. */
const APPLIED_CLASSES = ['11.1', '11.2']

function notAppliedOf(attributes: Attributes): readonly string[] {
  const has = (keyword: string) => attributes[keyword] !== undefined && attributes[keyword] !== null
  const softcopy = itemsOf(attributes.SoftcopyVOILUTSequence)
  const areas = itemsOf(attributes.DisplayedAreaSelectionSequence)
  const annotations = itemsOf(attributes.GraphicAnnotationSequence)
  const objects = annotations.flatMap(({ GraphicObjectSequence }) => itemsOf(GraphicObjectSequence))
  return [
    !APPLIED_CLASSES.includes(storageClassOf(attributes)) && 'its colors or blending',
    has('ShutterShape') && 'shutter',
    has('OverlayRows') && 'overlay planes',
    has('ModalityLUTSequence') && 'modality table',
    softcopy.some((each) => each.VOILUTSequence !== undefined) && 'VOI table',
    softcopy.some((each) => /^(SIGMOID|LINEAR_EXACT)$/.test(textOf(each.VOILUTFunction))) && 'shape of the window',
    has('PresentationLUTSequence') && 'presentation table',
    has('MaskSubtractionSequence') && 'subtraction of a mask',
    areas.some((each) => textOf(each.PresentationSizeMode) === 'TRUE SIZE') && 'true size',
    annotations.some((each) => has('CompoundGraphicSequence') || each.CompoundGraphicSequence !== undefined) &&
      'compound graphics',
    objects.some((each) => textOf(each.GraphicAnnotationUnits) === 'MATRIX') && 'graphics of a whole slide',
  ].filter((each) => each !== false)
}

/** How an image is shown. Undefined if the state is not about the image. */
export function presentationOf(state: PresentationState, image: StackImage): Presentation | undefined {
  const { attributes } = state
  if (!state.images.some((reference) => isOf(reference, image, state))) return undefined
  const ofImage = (keyword: string): readonly Attributes[] =>
    itemsOf(attributes[keyword]).filter(({ ReferencedImageSequence }) => isAbout(ReferencedImageSequence, image))
  const [softcopy] = ofImage('SoftcopyVOILUTSequence')
  const [center] = numbersOf(softcopy?.WindowCenter)
  const [width] = numbersOf(softcopy?.WindowWidth)
  const voi: Voi =
    center !== undefined && width !== undefined && width > 0
      ? { kind: 'window', window: { center, width } }
      : { kind: 'stored' }
  // The rotation comes before the flip (PS3.3 C.10.6).
  const rotated = turned(UPRIGHT, Math.round((numberOf(attributes.ImageRotation) ?? 0) / 90))
  const settings = {
    voi,
    isInverted: textOf(attributes.PresentationLUTShape) === 'INVERSE',
    orientation: textOf(attributes.ImageHorizontalFlip) === 'Y' ? flippedSideways(rotated) : rotated,
    area: areaOf(ofImage('DisplayedAreaSelectionSequence')[0]),
  }
  return {
    ...settings,
    id: `${state.sopInstanceUID} ${JSON.stringify(settings)}`,
    graphics: graphicsOf(ofImage('GraphicAnnotationSequence'), itemsOf(attributes.GraphicLayerSequence)),
  }
}

/** A reference without frame numbers is to all frames. */
function isOf({ sopInstanceUID, frameNumber }: ImageReference, image: StackImage, { images }: PresentationState) {
  if (sopInstanceUID !== textOf(image.instance.SOPInstanceUID)) return false
  return (
    frameNumber === image.frameNumber || images.filter((each) => each.sopInstanceUID === sopInstanceUID).length === 1
  )
}

function isAbout(references: unknown, image: StackImage): boolean {
  const all = itemsOf(references)
  if (all.length === 0) return true
  return all.some(({ ReferencedSOPInstanceUID, ReferencedFrameNumber }) => {
    const numbers = numbersOf(ReferencedFrameNumber)
    const isFrame = numbers.length === 0 || numbers.includes(image.frameNumber)
    return isFrame && textOf(ReferencedSOPInstanceUID) === textOf(image.instance.SOPInstanceUID)
  })
}

/** The corners are pixels, counted from 1, and top left after the image is turned (PS3.3 C.10.4). */
function areaOf(selection: Attributes | undefined): Area | undefined {
  const [x1, y1] = numbersOf(selection?.DisplayedAreaTopLeftHandCorner)
  const [x2, y2] = numbersOf(selection?.DisplayedAreaBottomRightHandCorner)
  if (x1 === undefined || y1 === undefined || x2 === undefined || y2 === undefined) return undefined
  const isMagnified = textOf(selection?.PresentationSizeMode) === 'MAGNIFY'
  return {
    ...{ left: Math.min(x1, x2) - 1, top: Math.min(y1, y2) - 1 },
    ...{ right: Math.max(x1, x2), bottom: Math.max(y1, y2) },
    magnification: isMagnified ? numberOf(selection?.PresentationPixelMagnificationRatio) : undefined,
  }
}
