/**
 * Patient, study and series of one version of an image set: read from the text that imaging/metadata.ts writes, member by member, and
 * written back so that what nobody changed keeps its bytes.
 */

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

/** Of each level its DICOM attributes in their order: keyword and the value's JSON text. */
export type Levels = Readonly<Record<NormalizedLevel, ReadonlyMap<string, string>>> & {
  /** The key under which the series stands. */
  readonly seriesInstanceUID: string
}

/** @throws Error where the text is not as metadata.ts writes it */
export function readLevels(text: string): Levels {
  const { Patient, Study } = objectMembers(`{${text}${DOCUMENT_END}`)
  const { DICOM: study, Series } = objectMembers(Study)
  const [series, ...others] = membersOfText(Series ?? '')
  if (series === undefined || others.length > 0) throw new Error('stored levels have not one series')
  return {
    Patient: membersOfText(objectMembers(Patient).DICOM ?? ''),
    Study: membersOfText(study ?? ''),
    Series: membersOfText(objectMembers(series[1]).DICOM ?? ''),
    seriesInstanceUID: series[0],
  }
}

export const levelsText = ({ Patient, Study, Series, seriesInstanceUID }: Levels): string =>
  `"Patient":{"DICOM":${textOfMembers(Patient)}},"Study":{"DICOM":${textOfMembers(Study)},` +
  `"Series":{${JSON.stringify(seriesInstanceUID)}:{"DICOM":${textOfMembers(Series)},"Instances":{`

/** What the row of an image set with these levels needs: what readInstance tells of the file they came from. */
export function imageSetOfLevels(levels: Levels): ImageSetColumns {
  const values: { [K in SummaryKeyword]?: string | null } = {}
  for (const [keyword, { tag }] of summaryAttributes) {
    const level = levelOf(tag)
    const value = level === undefined ? undefined : levels[level].get(keyword)
    if (value !== undefined) values[keyword] = summaryText(JSON.parse(value))
  }
  const { StudyInstanceUID, SeriesInstanceUID } = values
  if (!StudyInstanceUID || !SeriesInstanceUID) throw new Error('stored levels have no study or no series')
  return imageSetColumns({ ...values, StudyInstanceUID, SeriesInstanceUID })
}

const objectMembers = (text: string | undefined): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(membersOfText(text ?? ''))
