/**
 * The image sets of the search benchmark: each is computed from its number, the same in every run. The first half comes from a PACS migration
 * within a month, newest studies first, so that study dates decrease while createdAt increases; the second half is 700 days of live traffic. A
 * study has four series, with one image set each; some values are very frequent. The name of the site changes with the year of the study.
 */
import type { SortField } from '../../src/contract/search-attributes.ts'
import { textOfUnlisted } from '../../src/imaging/search/described.ts'
import { studyTimestamp } from '../../src/imaging/search/study-timestamp.ts'
import type { StoredFile } from '../../src/stores/catalog/import-job-repository.ts'
import { oneOf, type Random, randomOf, wholeBelow } from '../random.ts'
import { anyDescription, anyName, siteOf } from './descriptions.ts'

/** Raised with every change of the generated data, so that a cached store of other data is not used. */
export const DATA_SET_VERSION = 4

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS
const YEAR_MS = 365.25 * DAY_MS

/** The end of the live traffic: the current time of the benchmark. */
export const NOW = Date.UTC(2026, 0, 1)
export const LIVE_FROM = NOW - 700 * DAY_MS
export const MIGRATION_FROM = LIVE_FROM - 30 * DAY_MS
const ARCHIVE_MS = 15 * YEAR_MS

export const SERIES_PER_STUDY = 4
export const MODALITIES = ['CT', 'MR', 'CR', 'US', 'MG', 'PT']
export const ANONYMOUS = 'ANON'
/** The StudyID that half of all studies have. */
export const USUAL_STUDY_ID = '1'

export interface BenchImageSet {
  /** From 1, as in a new catalog. */
  readonly rowId: number
  /** Of the data store, where it has several. */
  readonly partition?: number
  readonly isPrimary: boolean
  readonly createdAt: number
  readonly updatedAt: number
  /** Microseconds (study-timestamp.ts). */
  readonly studyTimestamp: number
  readonly grouping: StoredFile['grouping']
  /** The DICOMTags of its summary without the two counts: JSON text. */
  readonly tags: string
  /** As of a StoredFile. */
  readonly unlistedTexts: string | null
}

export interface DataSet {
  readonly size: number
  /** @param index from 0; from `size` on, image sets that are inserted after the store was built. */
  readonly imageSet: (index: number) => BenchImageSet
}

const STUDY = 1
const SERIES = 2
const PATIENT = 24

export function dataSetOf(size: number): DataSet {
  const migrated = Math.floor(size / 2)
  const patients = Math.max(1, Math.floor(size / SERIES_PER_STUDY / 4))
  const arrivalOf = (place: number) =>
    place < migrated
      ? MIGRATION_FROM + (place / migrated) * (LIVE_FROM - MIGRATION_FROM)
      : LIVE_FROM + ((place - migrated) / (size - migrated)) * (NOW - LIVE_FROM)

  const studyOf = (study: number) => {
    const random = randomOf(STUDY, study)
    const first = study * SERIES_PER_STUDY
    const day = random() * DAY_MS
    const atMs =
      first < migrated
        ? MIGRATION_FROM - (first / migrated) * ARCHIVE_MS - day
        : arrivalOf(first) - (random() < 0.9 ? day / 4 : random() * ARCHIVE_MS)
    const number = wholeBelow(random, 1_000_000_000)
    return {
      atMs,
      uid: uidOf(random),
      patientId: random() < 0.05 ? ANONYMOUS : patientOf(random, patients),
      studyId: random() < 0.5 ? USUAL_STUDY_ID : `S${number}`,
      // The number of the study makes it unique.
      accessionNumber: random() < 0.2 ? null : `A${study}-${number % 1000}`,
      modality: oneOf(random, MODALITIES),
      description: anyDescription(random),
    }
  }

  // The last one is cached: an iteration over all image sets needs each study four times.
  let kept = { number: 0, study: studyOf(0) }
  const imageSet = (index: number): BenchImageSet => {
    const number = Math.floor(index / SERIES_PER_STUDY)
    if (kept.number !== number) kept = { number, study: studyOf(number) }
    const { study } = kept
    const random = randomOf(SERIES, index)
    const createdAt = Math.floor(arrivalOf(index + random()))
    const updatedAt =
      random() < 0.7
        ? createdAt + 1_000 + wholeBelow(random, 59_000)
        : createdAt + wholeBelow(random, Math.max(1, NOW - createdAt))
    const isMisdated = random() < 0.0001
    const studyMs = isMisdated ? NOW - random() * (NOW - MIGRATION_FROM + ARCHIVE_MS) : study.atMs
    const [date, time] = dicomDateAndTime(studyMs)
    const grouping = {
      StudyInstanceUID: study.uid,
      StudyDate: date,
      AccessionNumber: study.accessionNumber,
      PatientID: study.patientId,
      StudyID: study.studyId,
      SeriesInstanceUID: uidOf(random),
      SeriesNumber: String(1 + (index % SERIES_PER_STUDY)),
    }
    return {
      rowId: index + 1,
      // Image sets that differ from their study are never primary; of the others a few are not.
      isPrimary: random() >= 0.02 && !isMisdated,
      createdAt,
      updatedAt,
      studyTimestamp: studyTimestamp(date, time, { strict: true })!,
      grouping,
      tags: tagsOf({ grouping, time, modality: study.modality, description: study.description }),
      unlistedTexts: textOfUnlisted({
        SeriesDescription: anyDescription(random),
        InstitutionName: `Hospital ${siteOf(Number(date.slice(0, 4)))}`,
      }),
    }
  }
  return { size, imageSet }
}

/** A few patients have thousands of image sets, most have a handful: the share decreases with the square root of the rank. */
const patientOf = (random: Random, patients: number): string => `P${Math.floor(patients * random() ** 2)}`

/** 56 characters, as the UIDs of many devices have, different in the last 27. */
const uidOf = (random: Random): string =>
  `1.2.826.0.1.3680043.10.543.01${[1, 2, 3].map(() => 100_000_000 + wholeBelow(random, 900_000_000)).join('')}`

function dicomDateAndTime(ms: number): readonly [date: string, time: string] {
  const [date, time] = new Date(ms).toISOString().split('T') as [string, string]
  return [date.replaceAll('-', ''), time.slice(0, 8).replaceAll(':', '')]
}

const nameOf = (patientId: string): string =>
  patientId === ANONYMOUS ? ANONYMOUS : anyName(randomOf(PATIENT, Number(patientId.slice(1))))

function tagsOf(from: {
  grouping: StoredFile['grouping']
  time: string
  modality: string
  description: string
}): string {
  const { grouping, time, modality, description } = from
  return JSON.stringify({
    DICOMPatientId: grouping.PatientID,
    DICOMPatientName: nameOf(grouping.PatientID!),
    DICOMPatientBirthDate: '19600101',
    DICOMPatientSex: 'O',
    DICOMStudyInstanceUID: grouping.StudyInstanceUID,
    DICOMStudyId: grouping.StudyID,
    DICOMStudyDescription: description,
    ...(grouping.AccessionNumber === null ? {} : { DICOMAccessionNumber: grouping.AccessionNumber }),
    DICOMSeriesInstanceUID: grouping.SeriesInstanceUID,
    DICOMSeriesModality: modality,
    DICOMSeriesBodyPart: 'CHEST',
    DICOMSeriesNumber: Number(grouping.SeriesNumber),
    DICOMStudyDate: grouping.StudyDate,
    DICOMStudyTime: time,
  })
}

/** The value of an attribute that searches sort by. */
export const keyOf = (imageSet: BenchImageSet, field: SortField): number =>
  field === 'DICOMStudyDateAndTime' ? imageSet.studyTimestamp : imageSet[field]
