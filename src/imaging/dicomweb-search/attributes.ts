/**
 * The attributes that searches by DICOMweb compare and order by (developer guide, "Searching DICOM data in HealthImaging"), one row each:
 * those of the guide, and others that Hilum has at hand. A series is searched by those of its study too, an instance by all.
 */
import { entryOf, tagOf } from '../../dicom/dictionary.ts'

export type SearchLevel = 'study' | 'series' | 'instance'

export interface SearchedAttribute {
  readonly keyword: string
  /** `GGGGEEEE`. */
  readonly tag: string
  readonly vr: string
  readonly level: SearchLevel
}

const KEYWORDS: Readonly<Record<SearchLevel, readonly string[]>> = {
  study: [
    ...['StudyDate', 'StudyTime', 'AccessionNumber', 'ModalitiesInStudy', 'ReferringPhysicianName', 'StudyDescription'],
    ...[
      'PatientName',
      'PatientID',
      'PatientBirthDate',
      'PatientBirthTime',
      'PatientSex',
      'StudyInstanceUID',
      'StudyID',
    ],
  ],
  series: [
    ...['Modality', 'SeriesInstanceUID', 'SeriesNumber', 'SeriesDescription', 'BodyPartExamined', 'InstitutionName'],
    ...['PerformedProcedureStepStartDate', 'PerformedProcedureStepStartTime'],
  ],
  instance: ['SOPClassUID', 'SOPInstanceUID', 'InstanceNumber', 'WarningReason'],
}
const LEVELS: readonly SearchLevel[] = ['study', 'series', 'instance']

const ATTRIBUTES: readonly SearchedAttribute[] = LEVELS.flatMap((level) =>
  KEYWORDS[level].map((keyword) => {
    const tag = tagOf(keyword)!
    return { keyword, tag, vr: entryOf(tag)!.vr, level }
  }),
)
const BY_KEYWORD = new Map(ATTRIBUTES.map((attribute) => [attribute.keyword, attribute]))
const BY_TAG = new Map(ATTRIBUTES.map((attribute) => [attribute.tag, attribute]))

/** @param name a keyword or a tag. @returns undefined where searches of the level do not compare it */
export function searchedAttribute(name: string, level: SearchLevel): SearchedAttribute | undefined {
  const attribute = BY_KEYWORD.get(name) ?? BY_TAG.get(name.toUpperCase())
  return attribute !== undefined && LEVELS.indexOf(attribute.level) <= LEVELS.indexOf(level) ? attribute : undefined
}

/** Of an attribute that searches compare. */
export const vrOfKeyword = (keyword: string): string => BY_KEYWORD.get(keyword)!.vr

export const levelOfKeyword = (keyword: string): SearchLevel => BY_KEYWORD.get(keyword)!.level

export const searchedKeywords = (level: SearchLevel): readonly string[] =>
  LEVELS.slice(0, LEVELS.indexOf(level) + 1).flatMap((each) => KEYWORDS[each])
