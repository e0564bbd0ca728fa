/** The size of a pixel for measuring (PS3.3 10.7.1), and where it applies. */
import { aspectOf } from '../geometry/geometry.ts'
import type { Point } from '../geometry/orientation.ts'
import type { StackImage } from '../stack/stack.ts'
import { itemsOf, numberOf, numbersOf, textOf } from '../stack/values.ts'

export interface Calibration {
  readonly perColumn: number
  readonly perRow: number
  readonly unit: 'mm' | 'px'
  /** Follows a length. Empty for lengths in the patient. */
  readonly place: string
}

/** @param points of what is measured: an ultrasound image has regions, which differ */
export function calibrationOf(image: StackImage, points: readonly Point[]): Calibration {
  const imager = spacingOf(image, 'ImagerPixelSpacing')
  const spacing = spacingOf(image, 'PixelSpacing')
  // Equal values without a calibration are those of the detector (PS3.3 10.7.1.3).
  const isUncalibrated =
    imager !== undefined &&
    spacing?.perColumn === imager.perColumn &&
    spacing.perRow === imager.perRow &&
    textOf(image.attribute('PixelSpacingCalibrationType')) === ''
  if (spacing !== undefined && !isUncalibrated) return { ...spacing, unit: 'mm', place: '' }
  if (imager !== undefined) return { ...imager, unit: 'mm', place: 'at the detector' }
  const scanned = spacingOf(image, 'NominalScannedPixelSpacing')
  if (scanned !== undefined) return { ...scanned, unit: 'mm', place: 'on the film' }
  return regionOf(image, points) ?? { perColumn: 1, perRow: aspectOf(image), unit: 'px', place: '' }
}

const TWO_DIMENSIONAL = 1
const CENTIMETERS = 3

/** The region of an ultrasound image that has all points, if its two directions are lengths (PS3.3 C.8.5.5). */
function regionOf(image: StackImage, points: readonly Point[]): Calibration | undefined {
  for (const region of itemsOf(image.instance.SequenceOfUltrasoundRegions)) {
    const number = (keyword: string) => numberOf(region[keyword]) ?? 0
    const isLength =
      number('RegionSpatialFormat') === TWO_DIMENSIONAL &&
      number('PhysicalUnitsXDirection') === CENTIMETERS &&
      number('PhysicalUnitsYDirection') === CENTIMETERS
    const isInside = ({ x, y }: Point) =>
      x >= number('RegionLocationMinX0') &&
      x <= number('RegionLocationMaxX1') + 1 &&
      y >= number('RegionLocationMinY0') &&
      y <= number('RegionLocationMaxY1') + 1
    // In cm. A negative value is a direction.
    const perColumn = Math.abs(number('PhysicalDeltaX')) * 10
    const perRow = Math.abs(number('PhysicalDeltaY')) * 10
    if (isLength && perColumn > 0 && perRow > 0 && points.every(isInside)) {
      return { perColumn, perRow, unit: 'mm', place: '' }
    }
  }
  return undefined
}

function spacingOf(image: StackImage, keyword: string): Pick<Calibration, 'perColumn' | 'perRow'> | undefined {
  const [perRow = 0, perColumn = 0] = numbersOf(image.attribute(keyword))
  return perRow > 0 && perColumn > 0 ? { perColumn, perRow } : undefined
}
