/** The order of a result: three fields, two directions, ties by imageSetId, and image sets without a study date last. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { SearchImageSetsCommand, type Sort } from '@aws-sdk/client-medical-imaging'
import { movableClock } from '../support/clock.ts'
import { activeDatastore } from '../support/datastores.ts'
import { instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { between, patientsOf, search, sortedBy, studyMoment } from '../support/search.ts'
import { choice, documented } from '../support/sources.ts'

const clock = movableClock('2026-03-01T00:00:00Z')
// In one partition ties are in the order of their creation, which the letters below are in.
const server = await openHilum({ ...clock.options, partitions: 1 })
const { sdk } = server
const datastoreId = await activeDatastore(sdk)

/** By patient: the minute of creation, the minute of the last update, the study date and time. */
const IMAGE_SETS = {
  a: { created: 1, updated: 9, study: ['20240101', '101500'] },
  b: { created: 2, updated: 2, study: ['20240101', '1015'] },
  c: { created: 2, updated: 7, study: [null, '101500'] },
  d: { created: 2, updated: 2, study: ['20231231', '235959'] },
  e: { created: 5, updated: 8, study: ['20240230', '101500'] },
  f: { created: 6, updated: 8, study: ['20240101', undefined] },
} as const
type Patient = keyof typeof IMAGE_SETS

before(async () => {
  for (let minute = 1; minute <= 9; minute++) {
    clock.set(new Date(Date.UTC(2026, 2, 1, 0, minute)).toISOString())
    for (const [patient, { created, updated, study }] of Object.entries(IMAGE_SETS)) {
      if (created !== minute && updated !== minute) continue
      const file = instance({
        PatientID: patient,
        StudyInstanceUID: `2.25.${patient.charCodeAt(0)}`,
        StudyDate: study[0],
        StudyTime: study[1],
      })
      await importFiles(server, { datastoreId, files: { 'a.dcm': file } })
    }
  }
})

const EXPECTED: readonly [Sort['sortField'], Sort['sortOrder'], string][] = [
  ['createdAt', 'ASC', 'abcdef'],
  ['createdAt', 'DESC', 'febcda'],
  ['updatedAt', 'ASC', 'bdcefa'],
  ['updatedAt', 'DESC', 'aefcbd'],
  ['DICOMStudyDateAndTime', 'ASC', 'dfabce'],
  ['DICOMStudyDateAndTime', 'DESC', 'abfdce'],
]

for (const [field, order, patients] of EXPECTED) {
  test(`${field} ${order}, in one page and in many`, documented, async () => {
    for (const pageSize of [1, 2, 5, 50]) {
      const found = await search(sdk, { datastoreId, searchCriteria: sortedBy(field, order), pageSize })
      assert.equal(patientsOf(found).join(''), patients, `${pageSize} a page`)
    }
  })

  test(`${field} ${order} is returned with the result`, choice, async () => {
    const { sort } = await sdk.send(new SearchImageSetsCommand({ datastoreId, searchCriteria: sortedBy(field, order) }))
    assert.deepEqual(sort, { sortField: field, sortOrder: order })
  })
}

test('ties are sorted by imageSetId, in either direction', choice, async () => {
  for (const order of ['ASC', 'DESC'] as const) {
    const found = await search(sdk, { datastoreId, searchCriteria: sortedBy('createdAt', order) })
    const tied = found.filter(({ createdAt }) => createdAt!.getUTCMinutes() === 2).map(({ imageSetId }) => imageSetId!)
    assert.equal(tied.length, 3)
    assert.deepEqual(tied, tied.toSorted())
  }
})

test('filter and order are independent: a range of study dates sorted by update', documented, async () => {
  const { filters } = between(studyMoment('20240101'), studyMoment('20240101 101500'))
  const { sort } = sortedBy('updatedAt', 'DESC')
  const found = await search(sdk, { datastoreId, searchCriteria: { filters, sort } })
  assert.equal(patientsOf(found).join(''), 'afb')
})

test('an image set without a valid study date is in no range of study dates', choice, async () => {
  const found = await search(sdk, {
    datastoreId,
    searchCriteria: between(studyMoment('00010101'), studyMoment('99991231')),
  })
  assert.deepEqual(patientsOf(found).toSorted(), ['a', 'b', 'd', 'f'] satisfies Patient[])
})
