/** The patient, study and image texts in the corners of the stage, and the frame rate of an image. */
import { formatDate, formatPersonName } from '../format/dicom.ts'
import { formatUpTo } from '../format/size.ts'
import type { StackImage } from './stack/stack.ts'
import { numberOf, numbersOf, textOf } from './stack/values.ts'

interface Corners {
  readonly patient: readonly string[]
  readonly study: readonly string[]
  readonly image: readonly string[]
}

export function cornersOf(
  image: StackImage,
  { index, count }: { readonly index: number; readonly count: number },
): Corners {
  const text = (keyword: string) => textOf(image.attribute(keyword))
  const birth = text('PatientBirthDate')
  const location = numberOf(image.attribute('SliceLocation'))
  const thickness = numberOf(image.attribute('SliceThickness'))
  const series = [text('Modality'), text('SeriesDescription')].filter(Boolean).join('  ')
  const number = text('SeriesNumber')
  return {
    patient: lines(
      formatPersonName(text('PatientName')),
      text('PatientID'),
      [birth && `Born ${formatDate(birth)}`, text('PatientSex')].filter(Boolean).join('  '),
    ),
    study: lines(formatDate(text('StudyDate')), text('StudyDescription'), series, number && `Series ${number}`),
    image: lines(
      `Image ${index + 1} of ${count}`,
      image.frameCount > 1 ? `Frame ${image.frameNumber} of ${image.frameCount}` : '',
      location === undefined ? '' : `Location ${round(location)} mm`,
      thickness === undefined ? '' : `Thickness ${round(thickness)} mm`,
      text('LossyImageCompression') === '01' ? 'Lossy compression' : '',
    ),
  }
}

const lines = (...all: readonly string[]): readonly string[] => all.filter((line) => line !== '')

const round = (number: number): string => formatUpTo(number, 2)

/** The frame rate of a multi-frame image in frames per second (PS3.3 C.7.6.5.1.1), with a default and a maximum. */
export function frameRateOf({ instance }: StackImage): number {
  const frameTimeMs = numberOf(instance.FrameTime)
  const rate =
    numberOf(instance.RecommendedDisplayFrameRate) ??
    numberOf(instance.CineRate) ??
    (frameTimeMs === undefined || frameTimeMs <= 0 ? undefined : 1_000 / frameTimeMs)
  return rate === undefined || rate <= 0 ? DEFAULT_FRAME_RATE : Math.min(FRAME_RATE_MAX, rate)
}

/** How long an image is shown before the next one of the stack. Frames of an instance may have times of their own (PS3.3 C.7.6.5.1.2). */
export function durationMsOf(image: StackImage, next: StackImage): number {
  const increments = numbersOf(image.instance.FrameTimeVector)
  const isSequel = next.instance === image.instance && next.frameNumber === image.frameNumber + 1
  const increment = isSequel ? increments[next.frameNumber - 1] : increments[1]
  if (increment === undefined || increment <= 0) return 1_000 / frameRateOf(image)
  return Math.max(1_000 / FRAME_RATE_MAX, increment)
}

const DEFAULT_FRAME_RATE = 10
const FRAME_RATE_MAX = 60
