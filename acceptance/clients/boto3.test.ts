/** The documented searches through boto3 and its paginator. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { environmentFor, run, skipUnlessBoto3 } from '../support/clients.ts'
import { linesOf, openUseCaseServer, USE_CASES, type UseCase } from '../support/use-cases.ts'

const { hilum, datastoreId, imageSetIds } = await openUseCaseServer()
const program = fileURLToPath(new URL('boto3/search.py', import.meta.url))

const find = async (request: { searchCriteria?: UseCase['searchCriteria']; pageSize: number }) => {
  const input = JSON.stringify({ datastoreId, ...request })
  return linesOf(await run('python3', [program], { env: environmentFor(hilum), input }))
}

describe('boto3', skipUnlessBoto3(), () => {
  for (const { name, searchCriteria, patients } of USE_CASES) {
    test(name, async () => {
      const found = await find({ searchCriteria, pageSize: 2 })
      assert.deepEqual(
        found.map(({ patient }) => patient),
        patients,
      )
    })
  }

  test('all image sets, fifty a page, each exactly once', async () => {
    const found = await find({ pageSize: 50 })
    assert.deepEqual(found.map(({ imageSetId }) => imageSetId).toSorted(), imageSetIds)
  })
})
