/**
 * The attributes that searches return: without `includefield` those of PS3.18 tables 10.6.3-3 to 10.6.3-5, and with `includefield=all` those
 * that the developer guide lists ("Searching DICOM data in HealthImaging").
 */
import { tagOf } from '../../dicom/dictionary.ts'
import { levelOf } from '../documents/metadata-levels.ts'
import type { SearchLevel } from './attributes.ts'

/** `0010: 0010 0032-0035`: the elements of a group. */
function tagsIn(groups: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(groups).flatMap(([group, elements]) =>
    elements.split(/\s+/).flatMap((element) => {
      const [first, last = first] = element.split('-').map((hex) => Number.parseInt(hex, 16))
      return Array.from(
        { length: last! - first! + 1 },
        (_, at) => group + (first! + at).toString(16).toUpperCase().padStart(4, '0'),
      )
    }),
  )
}

const OF_STUDIES = tagsIn({
  '0008': '0005 0020 0030 0050 0051 0056 0061 0062 0090 009C 0201 1030 1032 1048 1060 1080 1190',
  '0010': `0010 0020-0022 0024 0026-0028 0030 0032-0035 0040 0050 0101 0102 0200 0201 0213-0215 0217 0219 0223 0229 1001 1005 1010
    1020-1024 1030 1040 1060 1080 1081 2000 2110 2150 2152 2154 2160 2180 21A0 21C0 21D0 21F0 2201-2203 2210 2292 2293 2295-2299 9431`,
  '0020': '000D 0010 1206 1208',
  '0032': '1032-1034 1060 1064 1070',
  '0038': '0010 0016 0020 0021 0050 0060 0062 0300 0400 0500',
  '0040': '0244 0245 0250 0251 0253 1012',
})

const OF_SERIES = tagsIn({
  '0008': '0021 0031 0060 0064 0068 0070 0080 0082 1010 103E 103F 1040 1041 1050 1070 1090',
  '0018': '0010 0015 0050 0088 1000 1016 1018-1020 1030 1050 1200 1201 5100',
  '0020': '000D 000E 0011 0052 0060 1209',
  '0054': '0081 0101 1000',
})

const ALL: Readonly<Record<'study' | 'series', ReadonlySet<string>>> = {
  study: new Set(OF_STUDIES),
  series: new Set([...OF_STUDIES, ...OF_SERIES]),
}

/** Undefined: all that are stored. */
export const allOf = (level: SearchLevel): ReadonlySet<string> | undefined =>
  level === 'instance' ? undefined : ALL[level]

const isPrivate = (tag: string): boolean => Number.parseInt(tag[3]!, 16) % 2 === 1

/** Whether an attribute says something about a whole study or series. A private one is that of an instance. */
export function isOfLevel(tag: string, level: SearchLevel): boolean {
  if (level === 'instance' || isPrivate(tag) || ALL[level].has(tag)) return true
  const normalized = levelOf(tag)
  return normalized !== undefined && (level === 'series' || normalized !== 'Series')
}

const STUDY_DEFAULTS = [
  ...['StudyDate', 'StudyTime', 'AccessionNumber', 'ReferringPhysicianName', 'PatientName', 'PatientID'],
  ...['PatientBirthDate', 'PatientSex', 'StudyInstanceUID', 'StudyID'],
]

/**
 * Attributes that are returned, empty where there is no value. Those that servers compute (counts, RetrieveURL) and those that are returned
 * only where they have a value are not among them.
 */
export const DEFAULTS: Readonly<Record<SearchLevel, readonly string[]>> = {
  study: STUDY_DEFAULTS,
  series: ['Modality', 'SeriesInstanceUID', 'SeriesNumber'],
  instance: ['SOPClassUID', 'SOPInstanceUID', 'InstanceNumber'],
}

/** Those that are returned where they have a value. */
export const DEFAULTS_WITH_VALUE: Readonly<Record<SearchLevel, readonly string[]>> = {
  study: ['StudyDescription', 'TimezoneOffsetFromUTC'],
  series: [
    ...['SeriesDescription', 'TimezoneOffsetFromUTC', 'PerformedProcedureStepStartDate'],
    'PerformedProcedureStepStartTime',
  ],
  instance: ['TimezoneOffsetFromUTC', 'Rows', 'Columns', 'BitsAllocated', 'NumberOfFrames'],
}

/** By tag, for the choice of further attributes. */
export const tagOfKeyword = (keyword: string): string => tagOf(keyword)!
