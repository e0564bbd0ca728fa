/**
 * How the attributes of an image say that a frame is shown. Those of functional groups (PS3.3 C.7.6.16) take precedence: of the frame, then of
 * all frames, then of the data set.
 */
import type { DataSet } from '../../dicom/data-set.ts'
import { DicomError } from '../../dicom/dicom-error.ts'
import { tagOf } from '../../dicom/dictionary.ts'
import { type Attributes, ExplicitVRLittleEndian, encodeP10 } from '../../dicom/encode.ts'
import { parseP10 } from '../../dicom/parse.ts'
import { paletteOf, tableOfItem } from './lookup-tables.ts'
import { type Display, type GreyDisplay, WINDOW_FUNCTIONS, type Window } from './rendering.ts'

const FRAME_GROUPS = 'PerFrameFunctionalGroupsSequence'
const SHARED_GROUPS = 'SharedFunctionalGroupsSequence'
const VALUES_MACRO = 'PixelValueTransformationSequence'
const VOI_MACRO = 'FrameVOILUTSequence'
const MEASURES_MACRO = 'PixelMeasuresSequence'

/** All that is read, except the functional groups. */
const ROOT_KEYWORDS = [
  ...['SamplesPerPixel', 'PhotometricInterpretation', 'PixelRepresentation', 'BitsAllocated', 'BitsStored', 'HighBit'],
  ...['RescaleSlope', 'RescaleIntercept', 'ModalityLUTSequence', 'VOILUTSequence'],
  ...['WindowCenter', 'WindowWidth', 'VOILUTFunction', 'PixelPaddingValue', 'PixelPaddingRangeLimit'],
  ...['PixelAspectRatio', 'PixelSpacing', 'ImagerPixelSpacing', 'NominalScannedPixelSpacing'],
  ...['Red', 'Green', 'Blue'].flatMap((colour) => [
    ...[`${colour}PaletteColorLookupTableDescriptor`, `${colour}PaletteColorLookupTableData`],
    `Segmented${colour}PaletteColorLookupTableData`,
  ]),
]

/** The part of the attributes of an image that says how a frame is shown. Of the groups of all frames that of one is kept, as the only item. */
export function displayPartOf<Value>(
  attributes: Readonly<Record<string, Value>>,
  frameNumber: number,
): Record<string, Value> {
  const part: Record<string, Value> = {}
  for (const keyword of ROOT_KEYWORDS) if (attributes[keyword] !== undefined) part[keyword] = attributes[keyword]
  for (const [sequence, index] of [
    [SHARED_GROUPS, 0],
    [FRAME_GROUPS, frameNumber - 1],
  ] as const) {
    const items = attributes[sequence]
    const item = Array.isArray(items) ? items[index] : undefined
    if (item === undefined || item === null) continue
    const macros = [VALUES_MACRO, VOI_MACRO, MEASURES_MACRO].filter((macro) => item[macro] !== undefined)
    part[sequence] = [Object.fromEntries(macros.map((macro) => [macro, item[macro]]))] as Value
  }
  return part
}

interface FrameDisplay {
  readonly display: Display
  /** The height of a pixel, with its width as 1. */
  readonly aspect: number
}

/**
 * @param attributes those of `displayPartOf`
 * @throws DicomError where a palette is absent or broken
 */
export function readDisplay(attributes: Attributes): FrameDisplay {
  const { dataSet } = parseP10(encodeP10({ transferSyntaxUID: ExplicitVRLittleEndian, attributes }))
  return { display: displayOf(dataSet), aspect: aspectOf(dataSet) }
}

function displayOf(dataSet: DataSet): Display {
  const photometricInterpretation = dataSet.string(tagOf('PhotometricInterpretation')!) ?? ''
  if (photometricInterpretation === 'PALETTE COLOR') return paletteDisplay(dataSet)
  if (dataSet.number(tagOf('SamplesPerPixel')!) === 1) return greyDisplay(dataSet, photometricInterpretation)
  return { kind: 'colour' }
}

function paletteDisplay(dataSet: DataSet): Display {
  const [red, green, blue] = (['Red', 'Green', 'Blue'] as const).map((colour) => paletteOf(dataSet, colour))
  if (red === undefined || green === undefined || blue === undefined) {
    throw new DicomError({ reason: 'its palette is absent or not whole' })
  }
  return { kind: 'palette', red, green, blue }
}

function greyDisplay(dataSet: DataSet, photometricInterpretation: string): GreyDisplay {
  return {
    kind: 'grey',
    modality: modalityOf(dataSet),
    voi: voiOf(dataSet),
    isInverted: photometricInterpretation === 'MONOCHROME1',
    padding: paddingOf(dataSet),
  }
}

/** The item of a macro that a frame has, if one has it. */
function macroOf(dataSet: DataSet, macro: string): DataSet | undefined {
  for (const groups of [FRAME_GROUPS, SHARED_GROUPS]) {
    const item = dataSet.items(tagOf(groups)!)[0]?.items(tagOf(macro)!)[0]
    if (item !== undefined) return item
  }
  return undefined
}

function modalityOf(dataSet: DataSet): GreyDisplay['modality'] {
  const macro = macroOf(dataSet, VALUES_MACRO)
  const table = macro === undefined ? tableOfItem(dataSet.items(tagOf('ModalityLUTSequence')!)[0]) : undefined
  if (table !== undefined) return table
  const from = macro ?? dataSet
  const slope = from.number(tagOf('RescaleSlope')!) ?? 1
  const intercept = from.number(tagOf('RescaleIntercept')!) ?? 0
  // A slope of 0 is known from files that mean no rescale.
  return slope === 0 ? { slope: 1, intercept: 0 } : { slope, intercept }
}

/** A table is made for the image, and so is preferred to a window. */
function voiOf(dataSet: DataSet): GreyDisplay['voi'] {
  const macro = macroOf(dataSet, VOI_MACRO)
  if (macro !== undefined) return windowOf(macro) ?? undefined
  return tableOfItem(dataSet.items(tagOf('VOILUTSequence')!)[0]) ?? windowOf(dataSet)
}

/** The first of several. */
function windowOf(dataSet: DataSet): Window | undefined {
  const center = dataSet.number(tagOf('WindowCenter')!)
  const width = dataSet.number(tagOf('WindowWidth')!)
  const said = dataSet.string(tagOf('VOILUTFunction')!)
  const shape = WINDOW_FUNCTIONS.find((name) => name === said) ?? 'LINEAR'
  if (center === undefined || width === undefined || !isWindow({ center, width, function: shape })) return undefined
  return { center, width, function: shape }
}

/** PS3.3 C.11.2.1.2: the least width of LINEAR is 1. */
const isWindow = ({ center, width, function: shape }: Window): boolean =>
  Number.isFinite(center) && Number.isFinite(width) && (shape === 'LINEAR' ? width >= 1 : width > 0)

function paddingOf(dataSet: DataSet): GreyDisplay['padding'] {
  const value = dataSet.number(tagOf('PixelPaddingValue')!)
  if (value === undefined) return undefined
  const limit = dataSet.number(tagOf('PixelPaddingRangeLimit')!) ?? value
  return { from: Math.min(value, limit), to: Math.max(value, limit) }
}

/** PixelAspectRatio and all spacings begin with the vertical number. */
function aspectOf(dataSet: DataSet): number {
  const measured = macroOf(dataSet, MEASURES_MACRO)?.numbers(tagOf('PixelSpacing')!)
  const keywords = ['PixelAspectRatio', 'PixelSpacing', 'ImagerPixelSpacing', 'NominalScannedPixelSpacing']
  for (const numbers of [...keywords.map((keyword) => dataSet.numbers(tagOf(keyword)!)), measured]) {
    const [vertical, horizontal] = numbers ?? []
    if (vertical === undefined || horizontal === undefined || !(vertical > 0) || !(horizontal > 0)) continue
    const aspect = vertical / horizontal
    if (!Number.isFinite(aspect) || aspect === 0) continue
    // Spacings are rounded: pixels that are square to a thousandth are square.
    return Math.abs(aspect - 1) < 0.001 ? 1 : aspect
  }
  return 1
}
