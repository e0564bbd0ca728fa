/**
 * The attributes of patient, study and series of one version of an image set. They are read member by member from the JSON text that
 * metadata.ts writes, and written back so that unchanged members keep their bytes.
 */

import { unlistedAttributes } from '../search/described.ts'
import {
  type ImageSetColumns,
  imageSetColumns,
  type SummaryKeyword,
  summaryAttributes,
  summaryText,
} from '../search/summary-attributes.ts'
import { membersOfText, textOfMembers } from './json-members.ts'
import { DOCUMENT_END } from './metadata-document.ts'
import { levelOf, type NormalizedLevel } from './metadata-levels.ts'

/** For each level, its DICOM attributes in document order: keyword and JSON text of the value. */
export type ImageSetAttributes = Readonly<Record<NormalizedLevel, ReadonlyMap<string, string>>> & {
  /** The key of the series in the document. */
  readonly seriesInstanceUID: string
}

/** @throws Error where the text is not as metadata.ts writes it */
export function readImageSetAttributes(text: string): ImageSetAttributes {
  const { Patient, Study } = objectMembers(`{${text}${DOCUMENT_END}`)
  const { DICOM: study, Series } = objectMembers(Study)
  const [series, ...others] = membersOfText(Series ?? '')
  if (series === undefined || others.length > 0)
    throw new Error('stored image set attributes have not exactly one series')
  return {
    Patient: membersOfText(objectMembers(Patient).DICOM ?? ''),
    Study: membersOfText(study ?? ''),
    Series: membersOfText(objectMembers(series[1]).DICOM ?? ''),
    seriesInstanceUID: series[0],
  }
}

export const imageSetAttributesText = ({ Patient, Study, Series, seriesInstanceUID }: ImageSetAttributes): string =>
  `"Patient":{"DICOM":${textOfMembers(Patient)}},"Study":{"DICOM":${textOfMembers(Study)},` +
  `"Series":{${JSON.stringify(seriesInstanceUID)}:{"DICOM":${textOfMembers(Series)},"Instances":{`

/** The columns of an image set's row, equal to those that readInstance derives from the file. */
export function imageSetColumnsOf(attributes: ImageSetAttributes): ImageSetColumns {
  const values: { [K in SummaryKeyword]?: string | null } = {}
  for (const [keyword, { tag }] of summaryAttributes) {
    const value = textOf(attributes, keyword, tag)
    if (value !== undefined) values[keyword] = value
  }
  const { StudyInstanceUID, SeriesInstanceUID } = values
  if (!StudyInstanceUID || !SeriesInstanceUID) throw new Error('stored image set attributes have no study or no series')
  const unlisted = unlistedAttributes.map(([keyword, tag]) => [keyword, textOf(attributes, keyword, tag) ?? null])
  return imageSetColumns({ ...values, StudyInstanceUID, SeriesInstanceUID }, Object.fromEntries(unlisted))
}

function textOf(attributes: ImageSetAttributes, keyword: string, tag: string): string | null | undefined {
  const level = levelOf(tag)
  const value = level === undefined ? undefined : attributes[level].get(keyword)
  return value === undefined ? undefined : summaryText(JSON.parse(value))
}

const objectMembers = (text: string | undefined): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(membersOfText(text ?? ''))
