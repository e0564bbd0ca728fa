/**
 * The documented searches through the unmodified AWS SDK for Go: a proxy setting directs it to the server, which must accept absolute-form
 * request targets (RFC 9112, 3.2.2) for an unknown host.
 */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { buildGo, environmentFor, run, skipUnlessGo, temporaryFolder } from '../support/clients.ts'
import { linesOf, openUseCaseServer, USE_CASES, type UseCase } from '../support/use-cases.ts'

const { hilum, datastoreId, imageSetIds } = await openUseCaseServer()
const folder = temporaryFolder()

describe('the SDK for Go', skipUnlessGo(), () => {
  let program = ''
  before(async () => {
    program = await buildGo(fileURLToPath(new URL('go/search.go', import.meta.url)), folder)
  })

  const find = async (request: { searchCriteria?: UseCase['searchCriteria']; pageSize: number }) => {
    const env = {
      ...environmentFor(hilum),
      HTTP_PROXY: hilum.endpoint,
      AWS_ENDPOINT_URL_MEDICAL_IMAGING: 'http://ahi.internal',
    }
    return linesOf(await run(program, [], { env, input: JSON.stringify({ datastoreId, ...request }) }))
  }

  for (const { name, searchCriteria, patients } of USE_CASES) {
    test(name, async () => {
      const found = await find({ searchCriteria, pageSize: 2 })
      assert.deepEqual(
        found.map(({ patient }) => patient),
        patients,
      )
    })
  }

  test('all image sets, fifty per page, each exactly once', async () => {
    const found = await find({ pageSize: 50 })
    assert.deepEqual(found.map(({ imageSetId }) => imageSetId).toSorted(), imageSetIds)
  })
})
