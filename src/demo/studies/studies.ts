/** Plans the demo: which patient had which examination when, and every UID. Does not draw images. */

import {
  DeflatedExplicitVRLittleEndian,
  ExplicitVRBigEndian,
  ExplicitVRLittleEndian,
  HTJ2KLosslessRPCL,
  ImplicitVRLittleEndian,
  RLELossless,
} from '../../dicom/encode.ts'
import { type Random, randomFor, uidFor } from '../drawing/random.ts'
import { PATIENTS, type Patient } from './patients.ts'
import { PROTOCOLS, type SeriesProtocol, type StudyProtocol } from './protocols.ts'

export interface Study {
  patient: Patient
  protocol: StudyProtocol
  StudyInstanceUID: string
  FrameOfReferenceUID: string
  StudyDate: string
  /** Null is empty, undefined absent, as in real archives. */
  StudyTime: string | null | undefined
  /** HHMMSS of the images, independent of StudyTime. */
  performedAt: string
  StudyDescription: string | null | undefined
  AccessionNumber: string | null
  StudyID: string | null
  ReferringPhysicianName: string | null
  series: readonly Series[]
}

export interface Series extends SeriesProtocol {
  SeriesInstanceUID: string
  SeriesNumber: number
  transferSyntaxUID: string
  /** A second copy of a series with a wrong patient id: it contradicts the first and cannot join it. */
  wrongPatientID?: string
}

export interface DemoOptions {
  /** Any integer; another seed is another hospital. */
  seed: number
  /** YYYYMMDD: the date of the newest study. */
  today: string
}

interface DemoCounts {
  studies: number
  series: number
  /** Series, including the copy that contradicts one of them. */
  imageSets: number
  instances: number
}

const DAYS_BACK = 3 * 365
const STUDIES_OF_LAST_WEEK = 9
/** The patient with the long history. */
const LONG_HISTORY = 0

/** One in as many as the list is long. */
const SYNTAXES = [
  ...Array<string>(11).fill(ExplicitVRLittleEndian),
  ...Array<string>(4).fill(ImplicitVRLittleEndian),
  DeflatedExplicitVRLittleEndian,
  ExplicitVRBigEndian,
  RLELossless,
  HTJ2KLosslessRPCL,
  HTJ2KLosslessRPCL,
]

const PHYSICIANS = ['Marsh^Ingrid^^Dr', 'Delacroix^Armand^^Dr', 'Osei^Kwame^^Dr', 'Brandt^Lotte^^Dr']

/** Newest first. */
export function studies({ seed, today }: DemoOptions): readonly Study[] {
  const random = randomFor(seed, 'studies')
  const plan = shuffled(examinations(), random)
  // The long series is among the first that a visitor opens.
  const staging = plan.findIndex(({ protocol }) => protocol.name === 'staging CT')
  plan.splice(1, 0, ...plan.splice(staging, 1))
  const patientOf = patientChooser(random)
  const list = plan.map((examination, index) =>
    makeStudy(
      { index, seed, today, protocol: examination.protocol, patient: patientOf(examination) },
      random,
      plan.length,
    ),
  )
  return withContradiction(list)
}

/** For a progress bar, before drawing. */
export function demoCounts(options: DemoOptions): DemoCounts {
  const list = studies(options)
  const series = list.flatMap((study) => study.series)
  return {
    studies: list.length,
    series: new Set(series.map(({ SeriesInstanceUID }) => SeriesInstanceUID)).size,
    imageSets: series.length,
    instances: series.reduce((sum, { images }) => sum + images, 0),
  }
}

interface Examination {
  protocol: StudyProtocol
  isOfLongHistory: boolean
}

function examinations(): Examination[] {
  return PROTOCOLS.flatMap((protocol) =>
    Array.from({ length: protocol.studies }, (_, index) => ({
      protocol,
      isOfLongHistory: index < (protocol.longHistoryOnly ?? 0),
    })),
  )
}

/** Every patient has at least one study, most have two or more. */
function patientChooser(random: Random): (examination: Examination) => Patient {
  const waiting = PATIENTS.slice(LONG_HISTORY + 1)
  return ({ protocol, isOfLongHistory }) => {
    if (isOfLongHistory) return PATIENTS[LONG_HISTORY]!
    const fits = (patient: Patient) => protocol.screening !== true || isScreened(patient)
    const next = waiting.findIndex(fits)
    if (next >= 0) return waiting.splice(next, 1)[0]!
    return random.pick(PATIENTS.slice(LONG_HISTORY + 1).filter(fits))
  }
}

/** Mammography is offered to women born before 1980. */
function isScreened({ PatientSex, PatientBirthDate }: Patient): boolean {
  return PatientSex === 'F' && PatientBirthDate !== null && PatientBirthDate < '1980'
}

interface StudyPlace extends DemoOptions {
  index: number
  protocol: StudyProtocol
  patient: Patient
}

function makeStudy({ index, seed, today, protocol, patient }: StudyPlace, random: Random, studyCount: number): Study {
  const StudyDate = daysBefore(today, daysAgo(index, studyCount))
  const performedAt = timeOfDay(random)
  const names = [today, 'study', index] as const
  return {
    patient,
    protocol,
    StudyInstanceUID: uidFor(seed, ...names),
    FrameOfReferenceUID: uidFor(seed, ...names, 'frame of reference'),
    StudyDate,
    StudyTime: index % 23 === 7 ? undefined : index % 29 === 11 ? null : performedAt,
    performedAt,
    StudyDescription: index % 19 === 5 ? undefined : index % 31 === 12 ? null : random.pick(protocol.descriptions),
    AccessionNumber: index % 13 === 6 ? null : `H${StudyDate.slice(2)}${String(index + 1).padStart(4, '0')}`,
    StudyID: index % 17 === 9 ? null : String(1000 + index),
    ReferringPhysicianName: index % 7 === 3 ? null : random.pick(PHYSICIANS),
    series: protocol.series.map((series, number) => ({
      ...series,
      SeriesInstanceUID: uidFor(seed, ...names, 'series', number),
      SeriesNumber: number + 1,
      transferSyntaxUID: random.pick(SYNTAXES),
    })),
  }
}

/** In one study, older than a few weeks, the last series occurs again with a mistyped patient id. */
function withContradiction(list: readonly Study[]): readonly Study[] {
  const chosen = list.findIndex(
    ({ protocol, patient }, index) => index > 20 && protocol.name === 'head CT' && patient !== PATIENTS[LONG_HISTORY],
  )
  return list.map((study, index) => {
    if (index !== chosen) return study
    const wrongPatientID = study.patient.PatientID.replace('-0', '-1')
    return { ...study, series: [...study.series, { ...study.series.at(-1)!, wrongPatientID }] }
  })
}

/** One today, nine in the last week, then fewer and fewer over three years. */
function daysAgo(index: number, studyCount: number): number {
  if (index < STUDIES_OF_LAST_WEEK) return Math.ceil((6 * index) / (STUDIES_OF_LAST_WEEK - 1))
  const place = (index - STUDIES_OF_LAST_WEEK) / (studyCount - STUDIES_OF_LAST_WEEK - 1)
  return Math.round(7 + (DAYS_BACK - 7) * place ** 2.3)
}

function daysBefore(day: string, days: number): string {
  const [year, month, date] = [Number(day.slice(0, 4)), Number(day.slice(4, 6)), Number(day.slice(6, 8))]
  return new Date(Date.UTC(year, month - 1, date - days)).toISOString().slice(0, 10).replaceAll('-', '')
}

function timeOfDay(random: Random): string {
  const pad = (value: number) => String(value).padStart(2, '0')
  return `${pad(random.integer(7, 18))}${pad(random.integer(0, 59))}${pad(random.integer(0, 59))}`
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const order = [...list]
  for (let last = order.length - 1; last > 0; last--) {
    const other = random.integer(0, last)
    ;[order[last], order[other]] = [order[other]!, order[last]!]
  }
  return order
}
