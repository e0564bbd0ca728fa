/** What stands in the corners of a picture: whose it is, of which study, which of how many. */
import { dateText, personText } from '../dicom-text.ts'
import type { Picture } from './stack/stack.ts'
import { numberOf, textOf } from './stack/values.ts'

interface Corners {
  readonly patient: readonly string[]
  readonly study: readonly string[]
  readonly picture: readonly string[]
}

export function cornersOf(
  picture: Picture,
  { index, count }: { readonly index: number; readonly count: number },
): Corners {
  const text = (keyword: string) => textOf(picture.attribute(keyword))
  const birth = text('PatientBirthDate')
  const location = numberOf(picture.attribute('SliceLocation'))
  const thickness = numberOf(picture.attribute('SliceThickness'))
  const series = [text('Modality'), text('SeriesDescription')].filter(Boolean).join('  ')
  const number = text('SeriesNumber')
  return {
    patient: lines(
      personText(text('PatientName')),
      text('PatientID'),
      [birth && `born ${dateText(birth)}`, text('PatientSex')].filter(Boolean).join('  '),
    ),
    study: lines(dateText(text('StudyDate')), text('StudyDescription'), series, number && `Series ${number}`),
    picture: lines(
      `Image ${index + 1} of ${count}`,
      picture.frameCount > 1 ? `Frame ${picture.frameNumber} of ${picture.frameCount}` : '',
      location === undefined ? '' : `Location ${round(location)} mm`,
      thickness === undefined ? '' : `Thickness ${round(thickness)} mm`,
      text('LossyImageCompression') === '01' ? 'Lossy compression' : '',
    ),
  }
}

const lines = (...all: readonly string[]): readonly string[] => all.filter((line) => line !== '')

const round = (number: number): number => Math.round(number * 100) / 100

/** The pace of a multi-frame picture in frames a second (PS3.3 C.7.6.5.1.1): of the instance, or one at which a person can look. */
export function paceOf({ instance }: Picture): number {
  const frameTimeMs = numberOf(instance.FrameTime)
  const pace =
    numberOf(instance.RecommendedDisplayFrameRate) ??
    numberOf(instance.CineRate) ??
    (frameTimeMs === undefined || frameTimeMs <= 0 ? undefined : 1_000 / frameTimeMs)
  return pace === undefined || pace <= 0 ? PACE : Math.min(PACE_MAX, pace)
}

const PACE = 10
const PACE_MAX = 60
