/** The documented searches through boto3 and its paginator, and the metadata of what they find. */
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

  test('the metadata of an image set, which boto3 does not decompress, with and without a version', async () => {
    const metadata = fileURLToPath(new URL('boto3/metadata.py', import.meta.url))
    for (const version of [{}, { versionId: '1' }]) {
      const input = JSON.stringify({ datastoreId, imageSetId: imageSetIds[0], ...version })
      const document = JSON.parse(await run('python3', [metadata], { env: environmentFor(hilum), input }))
      assert.deepEqual([document.DatastoreID, document.ImageSetID], [datastoreId, imageSetIds[0]])
      assert.equal(document.Study.DICOM.StudyInstanceUID, '2.25.2000')
    }
  })

  test('all image sets, fifty per page, each exactly once', async () => {
    const found = await find({ pageSize: 50 })
    assert.deepEqual(found.map(({ imageSetId }) => imageSetId).toSorted(), imageSetIds)
  })
})
