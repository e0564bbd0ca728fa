/** The search for studies in the fragment of the URL and as parameters of the request. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ALL_STUDIES,
  errorsOf,
  fragmentOf,
  openStudyOf,
  parametersOf,
  refusalOf,
  studySearchOf,
  withOpenStudy,
} from './study-search.ts'

/** In the time zone of this computer. */
const NOW = new Date(2026, 2, 1, 0, 30)

test('a search is the same after a way through the fragment of the URL', () => {
  const fragment =
    'PatientName=m%C3%BCl+an&PatientID=P+1&AccessionNumber=A*&ModalitiesInStudy=CT%2CMR&StudyDate=today&orderby=PatientID'
  const { search, invalidParameters } = studySearchOf(fragment)
  assert.deepEqual(invalidParameters, [])
  assert.deepEqual(search, {
    ...{ PatientName: 'mül an', PatientID: 'P 1', AccessionNumber: 'A*', modalities: ['CT', 'MR'] },
    ...{ dates: { kind: 'recent', days: 'today' }, order: 'PatientID', isDescending: false },
  })
  assert.equal(fragmentOf(search), fragment)
  assert.equal(fragmentOf(ALL_STUDIES), '')
})

test('parameters of a link that are unknown or invalid are named and ignored', () => {
  const { search, invalidParameters } = studySearchOf(
    'StudyDate=2026-02-30..2026-03-01&ModalitiesInStudy=c%3Ct&orderby=Colour&colour=red&study=x',
  )
  assert.deepEqual(invalidParameters, ['StudyDate', 'ModalitiesInStudy', 'orderby', 'colour', 'study'])
  assert.deepEqual(search, ALL_STUDIES)
})

test('days are counted from the day of this computer, over the end of a month', () => {
  const dateOf = (text: string) => parametersOf(studySearchOf(`StudyDate=${text}`).search, NOW).StudyDate
  assert.equal(dateOf('today'), '20260301-20260301')
  assert.equal(dateOf('yesterday'), '20260228-20260228')
  assert.equal(dateOf('last-7-days'), '20260223-20260301')
  assert.equal(dateOf('2025-12-31..2026-01-02'), '20251231-20260102')
})

test('names are searched by the beginnings of their words, and studies of a day are in the order of their times', () => {
  assert.deepEqual(parametersOf(studySearchOf('PatientName=mar&ModalitiesInStudy=CT,SR').search, NOW), {
    ...{ PatientName: 'mar', fuzzymatching: 'true', ModalitiesInStudy: 'CT\\SR', orderby: '-StudyDate,-StudyTime' },
  })
  assert.deepEqual(parametersOf(studySearchOf('orderby=PatientName').search, NOW), {
    orderby: 'PatientName,-StudyDate,-StudyTime',
  })
})

test('the open study is part of the fragment, and no filter', () => {
  const fragment = withOpenStudy('PatientName=mar', '1.2.3')
  assert.equal(fragment, 'PatientName=mar&study=1.2.3')
  assert.equal(openStudyOf(fragment), '1.2.3')
  assert.equal(withOpenStudy(fragment, undefined), 'PatientName=mar')
  assert.equal(fragmentOf(studySearchOf(fragment).search), 'PatientName=mar')
  assert.equal(openStudyOf('study=<b>'), undefined)
})

test('an error is beside the filter that it names', () => {
  const refused = (message: string) => refusalOf(Object.assign(new Error(message), { name: 'ValidationException' }))
  assert.deepEqual(refused('A value of PatientID has more than 1024 characters'), {
    PatientID: 'A value of PatientID has more than 1024 characters.',
  })
  assert.equal(refused('limit is a whole number'), undefined)
  assert.equal(refusalOf(new Error('PatientID')), undefined)
  assert.deepEqual(Object.keys(errorsOf({ ...ALL_STUDIES, AccessionNumber: 'x'.repeat(1025) })), ['AccessionNumber'])
})
