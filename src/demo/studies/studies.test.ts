/** The plan of the demo: enough data of every kind, spread over three years, and realistic. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PATIENTS } from './patients.ts'
import { demoCounts, studies } from './studies.ts'

const OPTIONS = { seed: 1, today: '20260301' }
const list = studies(OPTIONS)

describe('the demo plan', () => {
  test('is large enough for searches', () => {
    const counts = demoCounts(OPTIONS)
    assert.ok(counts.studies >= 160, `${counts.studies} studies`)
    assert.ok(counts.series >= 420, `${counts.series} series`)
    assert.ok(counts.instances >= 1600, `${counts.instances} instances`)
    assert.equal(counts.imageSets, counts.series + 1)
    assert.equal(Math.max(...list.flatMap((study) => study.series.map(({ images }) => images))), 200)
  })

  test('has one study of today, some of last week, and others over three years', () => {
    const dates = list.map(({ StudyDate }) => StudyDate)
    assert.equal(dates.filter((date) => date === '20260301').length, 1)
    assert.ok(dates.filter((date) => date >= '20260222').length >= 8)
    assert.deepEqual(dates, dates.toSorted().reverse())
    assert.equal(dates.at(-1), '20230302')
    assert.ok(dates.filter((date) => date >= '20251201').length > list.length / 3)
  })

  test('has a study for every patient and many for one', () => {
    const perPatient = Map.groupBy(list, ({ patient }) => patient.PatientID)
    assert.equal(perPatient.size, PATIENTS.length)
    assert.ok(PATIENTS.length >= 60)
    assert.ok(perPatient.get('DEMO-0001')!.length >= 12)
  })

  test('has some empty and some absent attributes', () => {
    assert.ok(list.some(({ StudyTime }) => StudyTime === undefined))
    assert.ok(list.some(({ StudyTime }) => StudyTime === null))
    assert.ok(list.some(({ AccessionNumber }) => AccessionNumber === null))
    assert.ok(list.some(({ StudyDescription }) => StudyDescription === undefined))
    assert.ok(list.some(({ patient }) => patient.PatientBirthDate === null))
  })

  test('has one series twice, the second time with the id of no patient', () => {
    const copies = list.flatMap(({ series }) => series.filter(({ wrongPatientID }) => wrongPatientID !== undefined))
    assert.equal(copies.length, 1)
    assert.ok(!PATIENTS.some(({ PatientID }) => PatientID === copies[0]!.wrongPatientID))
    const original = list
      .flatMap(({ series }) => series)
      .find(({ SeriesInstanceUID, wrongPatientID }) => {
        return SeriesInstanceUID === copies[0]!.SeriesInstanceUID && wrongPatientID === undefined
      })
    assert.equal(original?.images, copies[0]!.images)
  })

  test('uses six transfer syntaxes, most series uncompressed', () => {
    const series = list.flatMap((study) => study.series)
    const perSyntax = Map.groupBy(series, ({ transferSyntaxUID }) => transferSyntaxUID)
    assert.equal(perSyntax.size, 6)
    const uncompressed = ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1'].flatMap((uid) => perSyntax.get(uid) ?? [])
    assert.ok(uncompressed.length > series.length / 2)
  })

  test('has no examination before the birth of its patient, and no mammogram of a child', () => {
    for (const { patient, StudyDate, protocol } of list) {
      if (patient.PatientBirthDate !== null) assert.ok(patient.PatientBirthDate < StudyDate)
      if (protocol.name === 'mammogram') assert.ok(patient.PatientBirthDate! < '1980')
    }
  })

  test('is the same for the same seed and day, and has other UIDs for another seed', () => {
    assert.deepEqual(studies(OPTIONS), list)
    const uids = (options: typeof OPTIONS) => studies(options).map(({ StudyInstanceUID }) => StudyInstanceUID)
    const others = new Set([...uids({ ...OPTIONS, seed: 2 }), ...uids({ ...OPTIONS, today: '20260302' })])
    assert.ok(list.every(({ StudyInstanceUID }) => !others.has(StudyInstanceUID)))
  })

  test('handles leap days', () => {
    const dates = new Set(studies({ seed: 1, today: '20240301' }).map(({ StudyDate }) => StudyDate))
    assert.ok(dates.has('20240229'))
    assert.ok([...dates].every((date) => /^20\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])$/.test(date)))
  })
})
