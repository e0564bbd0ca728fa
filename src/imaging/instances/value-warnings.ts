/**
 * Warns of undefined values in attributes that describe pixels and text (PS3.3 C.7.6.3.1, C.12.1.1.2). The file is imported; the warning
 * names the attribute and the rule, never the value.
 */
import type { DataSet } from '../../dicom/data-set.ts'
import { entryOf, tagOf } from '../../dicom/dictionary.ts'
import { type ImportWarning, importWarning } from '../import-warnings.ts'

/** The defined terms, including retired ones. */
const PHOTOMETRIC_INTERPRETATIONS = new Set([
  ...['MONOCHROME1', 'MONOCHROME2', 'PALETTE COLOR', 'RGB', 'HSV', 'ARGB', 'CMYK', 'YBR_FULL', 'YBR_FULL_422'],
  ...['YBR_PARTIAL_422', 'YBR_PARTIAL_420', 'YBR_ICT', 'YBR_RCT', 'XYB'],
])

/** How many attributes one warning names. */
const NAMED_MAX = 5

export function valueWarnings(dataSet: DataSet): ImportWarning[] {
  const warnings: ImportWarning[] = []
  const colour = dataSet.string(tagOf('PhotometricInterpretation')!)
  if (typeof colour === 'string' && !PHOTOMETRIC_INTERPRETATIONS.has(colour)) {
    const message = 'DICOM attribute PhotometricInterpretation is not one of its defined terms'
    warnings.push(importWarning('SOPClassDataMismatch', message))
  }
  const planes = dataSet.number(tagOf('PlanarConfiguration')!)
  if (planes !== undefined && planes !== 0 && planes !== 1) {
    const message = 'DICOM attribute PlanarConfiguration is neither 0 nor 1; samples were read by pixel'
    warnings.push(importWarning('SOPClassDataMismatch', message))
  }
  const frames = tagOf('NumberOfFrames')!
  if (typeof dataSet.string(frames) === 'string' && dataSet.number(frames) === undefined) {
    const message = 'DICOM attribute NumberOfFrames is not a number; the pixel data was read as one frame'
    warnings.push(importWarning('FrameNumberMismatch', message))
  }
  const tags = dataSet.undecodableText()
  if (tags.length > 0) {
    const names = tags.slice(0, NAMED_MAX).map((tag) => entryOf(tag)?.keyword ?? tag)
    const more = tags.length > NAMED_MAX ? ` and ${tags.length - NAMED_MAX} more` : ''
    const message = `Text has bytes that are invalid in its SpecificCharacterSet; they were replaced in ${names.join(', ')}${more}`
    warnings.push(importWarning('CoercionOfDataElements', message))
  }
  return warnings
}
