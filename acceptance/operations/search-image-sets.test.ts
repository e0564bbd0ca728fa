/**
 * SearchImageSets, case by case: the 26 rules that the service documents or that Hilum chose where it does not
 * (docs/decisions/0004-search-semantics.md). Each test has the number of its rule.
 */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import {
  DeleteDatastoreCommand,
  type SearchCriteria,
  SearchImageSetsCommand,
  type SearchImageSetsCommandInput,
} from '@aws-sdk/client-medical-imaging'
import { movableClock } from '../support/clock.ts'
import { activeDatastore, untilDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { type Attributes, instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { sendSigned } from '../support/raw-request.ts'
import { between, equal, patientsOf, search, sortedBy, studyMoment } from '../support/search.ts'
import { choice, documented } from '../support/sources.ts'

const clock = movableClock('2026-03-01T00:00:00Z')
const server = await openHilum(clock.options)
const { hilum, sdk } = server
const datastoreId = await activeDatastore(sdk)

/** In import order, one per minute from 00:01; the fifth disagrees with the first and is therefore non-primary. */
const IMAGE_SETS: readonly Attributes[] = [
  { PatientID: 'SUBJECT08701', StudyInstanceUID: '2.25.1', StudyDate: '19991122', StudyTime: '140728' },
  { PatientID: 'SUBJECT08702', StudyInstanceUID: '2.25.2', StudyDate: '20240101', StudyTime: '101500' },
  { PatientID: 'SUBJECT0870*', StudyInstanceUID: '2.25.3', StudyDate: '20240101', StudyTime: '000000' },
  { PatientID: 'SUBJECT08701', StudyInstanceUID: '2.25.4', StudyDate: '20230101', StudyTime: '000000' },
  { PatientID: 'OTHER', StudyInstanceUID: '2.25.1', StudyDate: '19991122', SOPInstanceUID: '2.25.1.5' },
]
const minute = (n: number) => new Date(Date.UTC(2026, 2, 1, 0, n))

before(async () => {
  for (const [index, attributes] of IMAGE_SETS.entries()) {
    clock.set(minute(index + 1).toISOString())
    await importFiles(server, { datastoreId, files: { 'a.dcm': instance(attributes) } })
  }
})

const find = async (searchCriteria?: SearchCriteria) =>
  patientsOf(await search(sdk, { datastoreId, ...(searchCriteria && { searchCriteria }) }))
const send = (input: Partial<SearchImageSetsCommandInput>) =>
  sdk.send(new SearchImageSetsCommand({ datastoreId, ...input }))
const refused = (searchCriteria: unknown, message?: RegExp) =>
  rejectsAs(send({ searchCriteria: searchCriteria as SearchCriteria }), 'ValidationException', message)
/** As from a client without validation. */
const post = (body: string, query = '') =>
  sendSigned(hilum, { method: 'POST', path: `/datastore/${datastoreId}/searchImageSets`, query, body })

const NEWEST_FIRST = ['OTHER', 'SUBJECT08701', 'SUBJECT0870*', 'SUBJECT08702', 'SUBJECT08701']

describe('matches', documented, () => {
  test('1. no body finds every image set, last updated first', choice, async () => {
    const reply = await post('')
    assert.equal(reply.status, 200)
    const { imageSetsMetadataSummaries, sort } = reply.json()
    assert.deepEqual(patientsOf(imageSetsMetadataSummaries), NEWEST_FIRST)
    assert.deepEqual(sort, { sortOrder: 'DESC', sortField: 'updatedAt' })
  })

  test('2. empty criteria do the same, and the response has the sort order', async () => {
    const { imageSetsMetadataSummaries, sort } = await send({ searchCriteria: {} })
    assert.deepEqual(patientsOf(imageSetsMetadataSummaries!), NEWEST_FIRST)
    assert.deepEqual(sort, { sortOrder: 'DESC', sortField: 'updatedAt' })
  })

  test('3. EQUAL on a patient finds only exact matches', async () => {
    assert.deepEqual(await find(equal({ DICOMPatientId: 'SUBJECT08701' })), ['SUBJECT08701', 'SUBJECT08701'])
  })

  test('4. an asterisk is not a wildcard', choice, async () => {
    assert.deepEqual(await find(equal({ DICOMPatientId: 'SUBJECT0870*' })), ['SUBJECT0870*'])
  })

  test('5. BETWEEN two study dates finds the studies of the range', async () => {
    const range = between(studyMoment('19900101 000000'), studyMoment('20230101 000000'))
    assert.deepEqual(await find(range), ['OTHER', 'SUBJECT08701', 'SUBJECT08701'])
  })

  test('6. an upper bound without a time is the start of its day', async () => {
    assert.deepEqual(await find(between(studyMoment('20240101'), studyMoment('20240101'))), ['SUBJECT0870*'])
  })

  test('7. BETWEEN two creation times includes both', choice, async () => {
    const range = between({ createdAt: minute(2) }, { createdAt: minute(4) })
    assert.deepEqual(await find(range), ['SUBJECT08701', 'SUBJECT0870*', 'SUBJECT08702'])
  })

  const series = { operator: 'EQUAL', values: [{ DICOMSeriesInstanceUID: '2.25.1.1' }] } as const
  const updated = { operator: 'BETWEEN', values: [{ updatedAt: minute(0) }, { updatedAt: minute(9) }] } as const
  const ascending = { sortField: 'updatedAt', sortOrder: 'ASC' } as const
  const filters = (...both: (typeof series | typeof updated)[]) =>
    ({ filters: both, sort: ascending }) as unknown as SearchCriteria

  test('8. an update time range and a series together, oldest first', async () => {
    assert.deepEqual(await find(filters(updated, series)), ['SUBJECT08701', 'OTHER'])
  })

  test('9. the same two filters in reverse order', async () => {
    assert.deepEqual(await find(filters(series, updated)), ['SUBJECT08701', 'OTHER'])
  })

  test('10. EQUAL isPrimary false finds the non-primary ones only', async () => {
    assert.deepEqual(await find(equal({ isPrimary: false })), ['OTHER'])
  })

  test('11. a patient and isPrimary together', choice, async () => {
    const both = (DICOMPatientId: string, isPrimary: boolean): SearchCriteria => ({
      filters: [
        { operator: 'EQUAL', values: [{ DICOMPatientId }] },
        { operator: 'EQUAL', values: [{ isPrimary }] },
      ],
    })
    assert.deepEqual(await find(both('SUBJECT08701', true)), ['SUBJECT08701', 'SUBJECT08701'])
    assert.deepEqual(await find(both('OTHER', true)), [])
  })

  test('12. a sort order alone finds all, in that order', async () => {
    assert.deepEqual(await find(sortedBy('createdAt', 'ASC')), NEWEST_FIRST.toReversed())
  })
})

describe('refused', choice, () => {
  const patient = { DICOMPatientId: 'P' }
  const filter = { operator: 'EQUAL', values: [patient] }

  test('13. three filters, three values, and no filter or value', documented, async () => {
    await refused({ filters: [filter, filter, filter] }, /'searchCriteria\.filters'/)
    await refused({ filters: [{ operator: 'EQUAL', values: [patient, patient, patient] }] }, /values/)
    await refused({ filters: [] }, /'searchCriteria\.filters'/)
    await refused({ filters: [{ operator: 'EQUAL', values: [] }] }, /values/)
  })

  test('14. a page size of 0, of 51, and one that is not a number', async () => {
    for (const maxResults of ['0', '51', 'x', '1.5', '', '-1', '1e1']) {
      const reply = await post('{}', `maxResults=${maxResults}`)
      assert.deepEqual([reply.status, reply.headers['x-amzn-errortype']], [400, 'ValidationException'], maxResults)
    }
  })

  test('15. a value with two members, with none, with an unknown one', documented, async () => {
    for (const value of [{ ...patient, isPrimary: true }, {}, { DICOMModality: 'CT' }, { ...patient, more: 1 }]) {
      const reply = await post(JSON.stringify({ filters: [{ operator: 'EQUAL', values: [value] }] }))
      assert.deepEqual(
        [reply.status, reply.headers['x-amzn-errortype']],
        [400, 'ValidationException'],
        JSON.stringify(value),
      )
    }
  })

  test('16. unknown operators, fields and orders', documented, async () => {
    await refused({ filters: [{ operator: 'LIKE', values: [patient] }] }, /\[EQUAL, BETWEEN\]/)
    await refused({ sort: { sortField: 'DICOMPatientId', sortOrder: 'ASC' } }, /sortField/)
    await refused({ sort: { sortField: 'updatedAt', sortOrder: 'asc' } }, /\[ASC, DESC\]/)
    await refused({ sort: { sortField: 'updatedAt' } }, /sortOrder/)
  })

  test('17. a UID with letters', async () => {
    await refused(equal({ DICOMStudyInstanceUID: '1.2.a' }), /\[0-9\.\]\+/)
    await refused(equal({ DICOMSeriesInstanceUID: '1.2.a' }), /\[0-9\.\]\+/)
  })

  test('18. a UID with odd periods is not an error, and finds nothing', async () => {
    for (const DICOMStudyInstanceUID of ['.1.2', '1..2', '1.2.']) {
      assert.deepEqual(await find(equal({ DICOMStudyInstanceUID })), [])
    }
  })

  test('19. values longer than 512 characters', documented, async () => {
    assert.deepEqual(await find(equal({ DICOMPatientId: 'x'.repeat(512) })), [])
    await refused(equal({ DICOMPatientId: 'x'.repeat(513) }), /less than or equal to 512/)
  })

  test('20. a lower bound above the upper one', async () => {
    await refused(between({ createdAt: minute(2) }, { createdAt: minute(1) }))
    await refused(between(studyMoment('20240102'), studyMoment('20240101')))
    await refused(between(studyMoment('20240101 000000.000001'), studyMoment('20240101')))
  })

  test('21. a token of other criteria, and an invented one', async () => {
    const { nextToken } = await send({ maxResults: 1 })
    await rejectsAs(send({ nextToken, searchCriteria: equal(patient) }), 'ValidationException', /'nextToken'/)
    await rejectsAs(send({ nextToken: 'invented' }), 'ValidationException', /'nextToken'/)
    await rejectsAs(send({ nextToken: 'x'.repeat(8193) }), 'ValidationException', /'nextToken'/)
  })

  test('22. a data store that does not exist', documented, async () => {
    await rejectsAs(send({ datastoreId: '0123456789abcdef0123456789abcdef' }), 'ResourceNotFoundException')
  })

  test('23. a malformed id', documented, async () => {
    await rejectsAs(send({ datastoreId: 'XX' }), 'ValidationException', /'datastoreId'/)
  })

  test('24. a data store that is not ACTIVE', async () => {
    const gone = await activeDatastore(sdk)
    await sdk.send(new DeleteDatastoreCommand({ datastoreId: gone }))
    await rejectsAs(send({ datastoreId: gone }), 'ConflictException')
    await untilDatastore(sdk, { datastoreId: gone, is: 'DELETED' })
    await rejectsAs(send({ datastoreId: gone }), 'ConflictException')
  })

  test('25. a body that is not a JSON object', async () => {
    for (const body of ['[]', '10', '"x"', '{"filters":', 'filters', '{"filters":[}', '\u0000']) {
      const reply = await post(body)
      assert.deepEqual([reply.status, reply.headers['x-amzn-errortype']], [400, 'SerializationException'], body)
      assert.equal(typeof reply.json().message, 'string')
    }
  })
})

test('26. the last page has no token', documented, async () => {
  const page = await post('{}', 'maxResults=5')
  assert.equal('nextToken' in page.json(), false)
  const first = await post('{}', 'maxResults=4')
  const second = await post('{}', `maxResults=4&nextToken=${first.json().nextToken}`)
  assert.deepEqual(Object.keys(second.json()), ['imageSetsMetadataSummaries', 'sort'])
})
