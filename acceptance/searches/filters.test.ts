/** Every attribute that a search can filter by, its allowed operators, and the bounds of its ranges. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import {
  type SearchByAttributeValue,
  type SearchCriteria,
  SearchImageSetsCommand,
} from '@aws-sdk/client-medical-imaging'
import { movableClock } from '../support/clock.ts'
import { activeDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { sendSigned } from '../support/raw-request.ts'
import { between, equal, patientsOf, search, studyMoment } from '../support/search.ts'
import { choice, documented } from '../support/sources.ts'

const clock = movableClock('2026-03-01T00:00:00Z')
const server = await openHilum(clock.options)
const { hilum, sdk } = server
const datastoreId = await activeDatastore(sdk)

/** Times of import, with milliseconds; the patient of each image set is named after its position. */
const MOMENTS = [
  '2026-03-01T10:00:00.000Z',
  '2026-03-01T10:00:00.001Z',
  '2026-03-01T10:00:00.999Z',
  '2026-03-01T10:00:01.000Z',
]
const STUDY_TIMES = ['235959.999999', '10', '1015', undefined]

before(async () => {
  for (const [index, moment] of MOMENTS.entries()) {
    clock.set(moment)
    const file = instance({
      PatientID: `P${index}`,
      AccessionNumber: `A${index}`,
      StudyID: `S${index}`,
      StudyInstanceUID: `2.25.${index}`,
      SeriesInstanceUID: `2.25.${index}.7`,
      StudyDate: '20240615',
      StudyTime: STUDY_TIMES[index],
    })
    await importFiles(server, { datastoreId, files: { 'a.dcm': file } })
  }
})

const find = async (searchCriteria: SearchCriteria) =>
  patientsOf(await search(sdk, { datastoreId, searchCriteria })).toSorted()
const refused = (searchCriteria: SearchCriteria, message?: RegExp) =>
  rejectsAs(sdk.send(new SearchImageSetsCommand({ datastoreId, searchCriteria })), 'ValidationException', message)

describe('EQUAL', choice, () => {
  const values: readonly SearchByAttributeValue[] = [
    { DICOMPatientId: 'P2' },
    { DICOMAccessionNumber: 'A2' },
    { DICOMStudyId: 'S2' },
    { DICOMStudyInstanceUID: '2.25.2' },
    { DICOMSeriesInstanceUID: '2.25.2.7' },
  ]
  for (const value of values) {
    const [attribute] = Object.keys(value)
    test(`${attribute} finds only its image set`, documented, async () => {
      assert.deepEqual(await find(equal(value)), ['P2'])
    })
    test(`${attribute} does not match prefixes, empty text or other values`, documented, async () => {
      const whole = Object.values(value)[0] as string
      for (const text of [whole.slice(0, -1), `${whole}0`]) {
        assert.deepEqual(await find(equal({ [attribute!]: text } as unknown as SearchByAttributeValue)), [])
      }
    })
    test(`${attribute} accepts one value, and not BETWEEN`, async () => {
      await refused({ filters: [{ operator: 'EQUAL', values: [value, value] }] }, /EQUAL takes exactly one value/)
      await refused(between(value, value), /EQUAL/)
    })
  }

  test('an empty patient, accession number or study id matches nothing', async () => {
    for (const attribute of ['DICOMPatientId', 'DICOMAccessionNumber', 'DICOMStudyId']) {
      assert.deepEqual(await find(equal({ [attribute]: '' } as unknown as SearchByAttributeValue)), [])
    }
  })

  test('isPrimary accepts true and false, and not BETWEEN', async () => {
    assert.equal((await find(equal({ isPrimary: true }))).length, 4)
    assert.deepEqual(await find(equal({ isPrimary: false })), [])
    await refused(between({ isPrimary: false }, { isPrimary: true }), /EQUAL/)
  })

  test('times can only be searched by range', async () => {
    for (const value of [
      { createdAt: new Date(MOMENTS[0]!) },
      { updatedAt: new Date(MOMENTS[0]!) },
      studyMoment('20240615'),
    ]) {
      await refused(equal(value), /BETWEEN/)
    }
  })
})

describe('BETWEEN', choice, () => {
  for (const field of ['createdAt', 'updatedAt'] as const) {
    const range = (lower: string, upper: string) =>
      between(
        { [field]: new Date(lower) } as unknown as SearchByAttributeValue,
        { [field]: new Date(upper) } as unknown as SearchByAttributeValue,
      )

    test(`${field} includes both bounds, to the millisecond`, async () => {
      assert.deepEqual(await find(range(MOMENTS[0]!, MOMENTS[3]!)), ['P0', 'P1', 'P2', 'P3'])
      assert.deepEqual(await find(range(MOMENTS[1]!, MOMENTS[2]!)), ['P1', 'P2'])
      assert.deepEqual(await find(range(MOMENTS[1]!, MOMENTS[1]!)), ['P1'])
      assert.deepEqual(await find(range('2026-03-01T10:00:00.002Z', '2026-03-01T10:00:00.998Z')), [])
    })

    test(`${field} accepts exactly two values`, async () => {
      const value = { [field]: new Date(MOMENTS[0]!) } as unknown as SearchByAttributeValue
      await refused({ filters: [{ operator: 'BETWEEN', values: [value] }] }, /two values/)
    })

    test(`${field} accepts integers, decimals, exponents, strings and ISO 8601 with an offset`, async () => {
      for (const [lower, upper] of [
        ['1772359200', '1772359200'],
        ['1772359200.000', '1772359200.0004'],
        ['1.7723592E9', '1.7723592E9'],
        ['"1772359200"', '"1772359200.0"'],
        ['"2026-03-01T10:00:00Z"', '"2026-03-01T10:00:00.000Z"'],
        ['"2026-03-01T12:00:00+02:00"', '"2026-03-01T03:00:00-07:00"'],
      ]) {
        const body = `{"filters":[{"operator":"BETWEEN","values":[{"${field}":${lower}},{"${field}":${upper}}]}]}`
        const reply = await sendSigned(hilum, {
          method: 'POST',
          path: `/datastore/${datastoreId}/searchImageSets`,
          body,
        })
        assert.equal(reply.status, 200, body)
        assert.deepEqual(patientsOf(reply.json().imageSetsMetadataSummaries), ['P0'], body)
      }
    })
  }

  test('two values of different attributes are refused', async () => {
    await refused(between({ createdAt: new Date(0) }, { updatedAt: new Date() }), /same attribute/)
    await refused(between({ createdAt: new Date(0) }, studyMoment('20240101')), /same attribute/)
  })

  test('a study time of low precision means its start, and a missing one midnight', documented, async () => {
    const at = (moment: string) => find(between(studyMoment(moment), studyMoment(moment)))
    assert.deepEqual(await at('20240615 100000'), ['P1'])
    assert.deepEqual(await at('20240615 101500'), ['P2'])
    assert.deepEqual(await at('20240615 000000'), ['P3'])
    assert.deepEqual(await at('20240615'), ['P3'])
    assert.deepEqual(await at('20240615 235959.999999'), ['P0'])
  })

  test('bounds on the study time may have any precision', documented, async () => {
    const range = (lower: string, upper: string) => find(between(studyMoment(lower), studyMoment(upper)))
    assert.deepEqual(await range('20240615 10', '20240615 1015'), ['P1', 'P2'])
    assert.deepEqual(await range('20240615 100000.0', '20240615 101500.000000'), ['P1', 'P2'])
    assert.deepEqual(await range('20240615 235959.999998', '20240616'), ['P0'])
    assert.deepEqual(await range('20240615', '20240615 235959.999998'), ['P1', 'P2', 'P3'])
    assert.deepEqual(await range('00010101', '99991231'), ['P0', 'P1', 'P2', 'P3'])
  })

  test('bounds that are not a date or time are refused, and not quoted', async () => {
    for (const moment of [
      '240615',
      '2024061',
      '20240631',
      '20241301',
      '20230229',
      '2024.06.15',
      '2024-06-15',
      '',
      'today',
      '20240615 24',
      '20240615 1060',
      '20240615 1',
      '20240615 101',
      '20240615 10:15',
      '20240615 101500.',
      '20240615 101500.1234567',
    ]) {
      await refused(between(studyMoment(moment), studyMoment('20991231')), /YYYYMMDD/)
    }
    await refused(
      between({ DICOMStudyDateAndTime: { DICOMStudyDate: '2'.repeat(37) } }, studyMoment('20991231')),
      /DICOMStudyDate/,
    )
  })
})

describe('two filters', choice, () => {
  test('any two attributes can be combined, and both must match', async () => {
    const both = (a: SearchCriteria, b: SearchCriteria): SearchCriteria => ({ filters: [...a.filters!, ...b.filters!] })
    const patient = equal({ DICOMPatientId: 'P2' })
    const created = between({ createdAt: new Date(MOMENTS[1]!) }, { createdAt: new Date(MOMENTS[3]!) })
    const study = between(studyMoment('20240615 1015'), studyMoment('20240616'))
    assert.deepEqual(await find(both(patient, created)), ['P2'])
    assert.deepEqual(await find(both(created, study)), ['P2'])
    assert.deepEqual(await find(both(equal({ DICOMPatientId: 'P0' }), created)), [])
    assert.deepEqual(await find(both(patient, equal({ DICOMPatientId: 'P1' }))), [])
    assert.deepEqual(await find(both(patient, patient)), ['P2'])
  })
})

test('no error quotes the searched value', choice, async () => {
  const secret = 'Secret'
  for (const filters of [
    [{ operator: 'EQUAL', values: [{ DICOMPatientId: secret.repeat(100) }] }],
    [{ operator: 'EQUAL', values: [{ DICOMStudyInstanceUID: secret }] }],
    [{ operator: 'BETWEEN', values: [{ DICOMPatientId: secret }, { DICOMPatientId: secret }] }],
    [{ operator: 'BETWEEN', values: [{ DICOMStudyDateAndTime: { DICOMStudyDate: secret } }, studyMoment('20240101')] }],
    [{ operator: 'EQUAL', values: [{ DICOMPatientId: { [secret]: 1 } }] }],
  ]) {
    const body = JSON.stringify({ filters })
    const reply = await sendSigned(hilum, { method: 'POST', path: `/datastore/${datastoreId}/searchImageSets`, body })
    assert.equal(reply.status, 400)
    assert.doesNotMatch(reply.body, /Secret/, body)
  }
})
