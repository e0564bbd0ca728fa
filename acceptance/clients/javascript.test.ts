/** The documented searches through the AWS SDK for JavaScript and its paginator. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SearchCriteria } from '@aws-sdk/client-medical-imaging'
import { patientsOf, search } from '../support/search.ts'
import { openUseCaseServer, USE_CASES, type UseCase } from '../support/use-cases.ts'

const { sdk, datastoreId, imageSetIds } = await openUseCaseServer()

/** The SDK represents times as Date. */
const withDates = (criteria: UseCase['searchCriteria']): SearchCriteria =>
  JSON.parse(JSON.stringify(criteria), (name, value) =>
    name === 'createdAt' || name === 'updatedAt' ? new Date(value) : value,
  )

for (const { name, searchCriteria, patients } of USE_CASES) {
  test(name, async () => {
    const found = await search(sdk, { datastoreId, searchCriteria: withDates(searchCriteria), pageSize: 1 })
    assert.deepEqual(patientsOf(found), patients)
  })
}

test('all image sets, fifty per page, each exactly once', async () => {
  const found = await search(sdk, { datastoreId, pageSize: 50 })
  assert.equal(found.length, 1_102)
  assert.deepEqual(found.map(({ imageSetId }) => imageSetId).toSorted(), imageSetIds)
})
