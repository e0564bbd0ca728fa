/** The documented searches through the AWS CLI, with the criteria in a file, as the documentation has them. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { ImageSetsMetadataSummary } from '@aws-sdk/client-medical-imaging'
import { awsAtItsOwnHost, environmentFor, run, skipUnlessAws, temporaryFolder } from '../support/clients.ts'
import { INPUT, makeBuckets, OUTPUT, ROLE } from '../support/import.ts'
import { patientsOf } from '../support/search.ts'
import { until } from '../support/until.ts'
import { openUseCaseServer, USE_CASES } from '../support/use-cases.ts'

const { hilum, datastoreId, imageSetIds } = await openUseCaseServer()
const folder = temporaryFolder()
const env = { ...environmentFor(hilum), ...awsAtItsOwnHost(hilum) }

async function aws(operation: string, ...args: readonly string[]) {
  const command = ['medical-imaging', operation, ...args, '--output', 'json']
  return JSON.parse(await run('aws', command, { env }))
}

async function find(...args: readonly string[]): Promise<ImageSetsMetadataSummary[]> {
  const { imageSetsMetadataSummaries } = await aws('search-image-sets', '--datastore-id', datastoreId, ...args)
  return imageSetsMetadataSummaries
}

describe('the AWS CLI', skipUnlessAws(), () => {
  for (const { name, searchCriteria, patients } of USE_CASES) {
    test(name, async () => {
      const file = join(folder, 'search-criteria.json')
      writeFileSync(file, JSON.stringify(searchCriteria))
      assert.deepEqual(patientsOf(await find('--search-criteria', `file://${file}`)), patients)
    })
  }

  test('all image sets, fifty per page, each exactly once', async () => {
    const found = await find('--page-size', '50')
    assert.deepEqual(found.map(({ imageSetId }) => imageSetId).toSorted(), imageSetIds)
  })

  test('the metadata of an image set becomes a gzip file', async () => {
    const file = join(folder, 'metadata.json.gz')
    const ids = ['--datastore-id', datastoreId, '--image-set-id', imageSetIds[0]!] as const
    for (const version of [[], ['--version-id', '1']]) {
      const answer = await aws('get-image-set-metadata', ...ids, ...version, file)
      assert.deepEqual(answer, { contentType: 'application/json', contentEncoding: 'gzip' })
      const document = JSON.parse(gunzipSync(readFileSync(file)).toString())
      assert.equal(document.ImageSetID, imageSetIds[0])
    }
  })

  test('a data store from creation to deletion, with an import', async () => {
    const created = await aws('create-datastore', '--datastore-name', 'cli')
    const id = ['--datastore-id', created.datastoreId] as const
    const statusIs = (status: string) =>
      until(async () => {
        const { datastoreProperties } = await aws('get-datastore', ...id)
        return datastoreProperties.datastoreStatus === status || undefined
      })
    await statusIs('ACTIVE')
    await makeBuckets(hilum)
    const { jobId } = await aws(
      'start-dicom-import-job',
      ...id,
      '--data-access-role-arn',
      ROLE,
      '--input-s3-uri',
      `s3://${INPUT}/nothing/`,
      '--output-s3-uri',
      `s3://${OUTPUT}/cli/`,
    )
    await until(async () => {
      const { jobProperties } = await aws('get-dicom-import-job', ...id, '--job-id', jobId)
      return jobProperties.jobStatus === 'COMPLETED' || undefined
    })
    const { jobSummaries } = await aws('list-dicom-import-jobs', ...id)
    assert.deepEqual([jobSummaries.length, jobSummaries[0].jobId], [1, jobId])
    await aws('delete-datastore', ...id)
    await statusIs('DELETED')
  })

  test('an error is printed with its name and message', async () => {
    await assert.rejects(aws('get-datastore', '--datastore-id', 'XX'), /ValidationException.*\[0-9a-z\]\{32\}/s)
  })
})
