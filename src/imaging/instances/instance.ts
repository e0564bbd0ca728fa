/**
 * What the catalog stores of one DICOM instance: grouping elements, search values and search summary. A value that only violates the limits
 * of its VR (PS3.5 table 6.2-1) is imported with a warning.
 */

import type { DataSet } from '../../dicom/data-set.ts'
import { DicomError } from '../../dicom/dicom-error.ts'
import { type DicomFile, requireAttribute } from '../../dicom/parse.ts'
import { instanceNumberOf } from '../documents/instance-number.ts'
import { elementText } from '../documents/metadata-values.ts'
import type { ImportWarning } from '../import-warnings.ts'
import { importWarning } from '../import-warnings.ts'
import { type UnlistedTexts, unlistedAttributes } from '../search/described.ts'
import {
  type ImageSetColumns,
  imageSetColumns,
  type SummaryKeyword,
  type SummaryValues,
  summaryAttributes,
  summaryText,
} from '../search/summary-attributes.ts'
import { valueWarnings } from './value-warnings.ts'

export interface Instance extends ImageSetColumns {
  readonly sopInstanceUID: string
  readonly sopClassUID: string
  readonly transferSyntaxUID: string
  /** Null where it has none, or one that is not an integer. */
  readonly instanceNumber: number | null
  readonly warnings: readonly ImportWarning[]
}

/** @throws DicomError where the instance cannot be imported; its reason is the message in the failure report */
export function readInstance(file: DicomFile): Instance {
  const sopClassUID = requireAttribute(file.dataSet, 'SOPClassUID')
  for (const keyword of REQUIRED_UIDS) requireAttribute(file.dataSet, keyword)
  const values = readValues(file.dataSet)
  const columns = imageSetColumns(values, readUnlisted(file.dataSet))
  return {
    ...columns,
    sopInstanceUID: values.SOPInstanceUID,
    sopClassUID,
    transferSyntaxUID: file.transferSyntaxUID,
    instanceNumber: instanceNumberOf(elementText(file.dataSet, '00200013')),
    warnings: warningsOf(file, values, columns.search.DICOMStudyDateAndTime),
  }
}

const REQUIRED_UIDS = ['SOPInstanceUID', 'StudyInstanceUID', 'SeriesInstanceUID'] as const
/** The required ones are present: requireAttribute checked them. */
type FileValues = SummaryValues & Readonly<Record<(typeof REQUIRED_UIDS)[number], string>>

function readValues(dataSet: DataSet): FileValues {
  const values: { [K in SummaryKeyword]?: string | null } = {}
  for (const [keyword, { tag, max }] of summaryAttributes) {
    const element = elementText(dataSet, tag)
    if (element === undefined) continue
    const value = summaryText(JSON.parse(element))
    if (value !== null && value.length > max) {
      throw new DicomError({
        reason: `DICOM attribute ${keyword} has ${value.length} characters, more than the ${max} that can be imported`,
        tag,
      })
    }
    values[keyword] = value
  }
  return values as FileValues
}

/** These are only searched for: a value of any length is imported. */
const readUnlisted = (dataSet: DataSet): UnlistedTexts =>
  Object.fromEntries(
    unlistedAttributes.flatMap(([name, tag]) => {
      const element = elementText(dataSet, tag)
      return element === undefined ? [] : [[name, summaryText(JSON.parse(element))]]
    }),
  )

function warningsOf(file: DicomFile, values: SummaryValues, instant: number | null): ImportWarning[] {
  const warnings: ImportWarning[] = []
  for (const [keyword, limit] of summaryAttributes) {
    const value = values[keyword]
    if (typeof value !== 'string') continue
    if (value.length > limit.vrMax) {
      const message = `DICOM attribute ${keyword} has ${value.length} characters, more than the ${limit.vrMax} of its VR`
      warnings.push(importWarning('InvalidDICOMValueLength', message))
    }
    if (keyword.endsWith('UID') && !/^\d+(\.\d+)+$/.test(value)) {
      warnings.push(
        importWarning('InvalidUIDFormat', `DICOM attribute ${keyword} is not a UID: numbers joined by single periods`),
      )
    }
  }
  if (instant === null && typeof values.StudyDate === 'string') {
    const message = 'DICOM attribute StudyDate is not a date; the image set cannot be found by it'
    warnings.push(importWarning('InvalidDICOMValueLength', message))
  }
  if (file.transferSyntax === undefined) {
    warnings.push(
      importWarning('UnsupportedTransferSyntax', 'The transfer syntax is not known; the file is kept as it is'),
    )
  }
  if (file.dataSet.unknownCharacterSets().length > 0) {
    const message = 'SpecificCharacterSet has an unknown character set; text was read as windows-1252'
    warnings.push(importWarning('Other', message))
  }
  warnings.push(...valueWarnings(file.dataSet))
  return warnings
}
