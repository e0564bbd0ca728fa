/** What stands in the corners of a image: whose it is, of which study, which of how many. */
import { formatDate, formatPersonName } from '../format/dicom.ts'
import type { StackImage } from './stack/stack.ts'
import { numberOf, textOf } from './stack/values.ts'

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
      [birth && `born ${formatDate(birth)}`, text('PatientSex')].filter(Boolean).join('  '),
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

const round = (number: number): number => Math.round(number * 100) / 100

/** The pace of a multi-frame image in frames a second (PS3.3 C.7.6.5.1.1): of the instance, or one at which a person can look. */
export function paceOf({ instance }: StackImage): number {
  const frameTimeMs = numberOf(instance.FrameTime)
  const pace =
    numberOf(instance.RecommendedDisplayFrameRate) ??
    numberOf(instance.CineRate) ??
    (frameTimeMs === undefined || frameTimeMs <= 0 ? undefined : 1_000 / frameTimeMs)
  return pace === undefined || pace <= 0 ? PACE : Math.min(PACE_MAX, pace)
}

const PACE = 10
const PACE_MAX = 60
