/** GetDICOMImportJob: the states of a job, its properties, its progress, and the message of a failed one. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { GetDICOMImportJobCommand, type GetDICOMImportJobCommandInput } from '@aws-sdk/client-medical-imaging'
import { movableClock } from '../support/clock.ts'
import { activeDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { studies } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { INPUT, importFiles, jobAtEnd, makeBuckets, OUTPUT, ROLE, startImport, startJob } from '../support/import.ts'
import { search } from '../support/search.ts'
import { choice, documented, recorded } from '../support/sources.ts'
import { until } from '../support/until.ts'

const clock = movableClock('2026-01-01T00:00:00.5Z')
const server = await openHilum(clock.options)
const { hilum, sdk } = server
const datastoreId = await activeDatastore(sdk)
before(() => makeBuckets(hilum))

/** The response with the header that the server adds to it. */
async function getWithProgress(input: GetDICOMImportJobCommandInput) {
  const command = new GetDICOMImportJobCommand(input)
  let progress: string | undefined
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      progress = (result.response as { headers: Record<string, string> }).headers['x-hilum-progress']
      return result
    },
    { step: 'deserialize' },
  )
  const { jobProperties } = await sdk.send(command)
  return { job: jobProperties!, progress }
}

describe('a job that succeeds', recorded, () => {
  test('has all properties', async () => {
    const jobId = await startJob(server, { datastoreId, jobName: 'named' })
    clock.advance(2_000)
    assert.deepEqual(await jobAtEnd(server, { datastoreId, jobId }), {
      jobId,
      jobName: 'named',
      jobStatus: 'COMPLETED',
      datastoreId,
      dataAccessRoleArn: ROLE,
      submittedAt: new Date('2026-01-01T00:00:00.500Z'),
      endedAt: (await sdk.send(new GetDICOMImportJobCommand({ datastoreId, jobId }))).jobProperties!.endedAt,
      inputS3Uri: `s3://${INPUT}/none/`,
      outputS3Uri: `s3://${OUTPUT}/reports/${datastoreId}-DicomImport-${jobId}/`,
    })
  })

  test('has no name unless given, and no end time while it runs', async () => {
    const jobId = await startImport(server, { datastoreId, files: studies({ from: 1, count: 300 }) })
    const { jobProperties } = await sdk.send(new GetDICOMImportJobCommand({ datastoreId, jobId }))
    assert.equal('jobName' in jobProperties!, false)
    const ended = await jobAtEnd(server, { datastoreId, jobId })
    assert.ok(ended.endedAt! >= ended.submittedAt!)
    assert.equal('message' in ended, false)
  })

  test('only moves forward in its states, and in the progress of the header', documented, async () => {
    const jobId = await startImport(server, { datastoreId, files: studies({ from: 1_000, count: 600 }) })
    const order = ['SUBMITTED', 'IN_PROGRESS', 'COMPLETED']
    let before = { state: 0, done: 0 }
    await until(async () => {
      const { job, progress } = await getWithProgress({ datastoreId, jobId })
      const [done, found] = progress!.split('/')
      assert.match(progress!, /^\d+\/(\d+|\?)$/)
      const now = { state: order.indexOf(job.jobStatus!), done: Number(done) }
      assert.ok(now.state >= before.state && now.done >= before.done)
      assert.ok(found === '?' || found === '600')
      before = now
      return job.jobStatus === 'COMPLETED' || undefined
    })
    assert.equal((await getWithProgress({ datastoreId, jobId })).progress, '600/600')
  })

  test('has its manifest and image sets before it is COMPLETED', choice, async () => {
    const target = await activeDatastore(sdk)
    for (let round = 0; round < 5; round++) {
      const files = studies({ from: round * 100, count: 100 })
      const jobId = await startImport(server, { datastoreId: target, files })
      const manifest = `reports/${target}-DicomImport-${jobId}/job-output-manifest.json`
      for (let status: string | undefined; status !== 'COMPLETED'; ) {
        const { jobProperties } = await sdk.send(new GetDICOMImportJobCommand({ datastoreId: target, jobId }))
        status = jobProperties!.jobStatus
        assert.notEqual(status, 'FAILED')
      }
      assert.ok(await hilum.getObject(OUTPUT, manifest))
      assert.equal((await search(sdk, { datastoreId: target })).length, (round + 1) * 100)
    }
  })

  test('succeeds with an empty input', choice, async () => {
    const { manifest, success, failure, warning } = await importFiles(server, { datastoreId, files: {} })
    assert.equal(manifest.numberOfScannedFiles, 0)
    assert.deepEqual(manifest.imageSetsSummary, [])
    assert.deepEqual([success, failure, warning], [undefined, undefined, undefined])
  })
})

describe('a job that fails', documented, () => {
  const failed = async (input: { inputS3Uri?: string; outputS3Uri?: string }) => {
    const jobId = await startJob(server, { datastoreId, ...input })
    const job = await jobAtEnd(server, { datastoreId, jobId })
    assert.equal(job.jobStatus, 'FAILED')
    assert.ok(job.endedAt)
    assert.match(job.message!, /^[\w -:`]{1,2048}$/)
    return job.message!
  }

  test('reports that the input bucket does not exist', async () => {
    assert.match(await failed({ inputS3Uri: 's3://never-made/in/' }), /input bucket .*never-made/)
  })

  test('reports that the output bucket does not exist', async () => {
    assert.match(await failed({ outputS3Uri: 's3://nor-this-one/out/' }), /output bucket .*nor-this-one/)
  })

  test('does not block the next one', choice, async () => {
    await failed({ inputS3Uri: 's3://never-made/in/' })
    await importFiles(server, { datastoreId, files: studies({ from: 5_000, count: 1 }) })
  })
})

describe('a job that does not exist', documented, () => {
  const get = (input: GetDICOMImportJobCommandInput) => sdk.send(new GetDICOMImportJobCommand(input))

  test('an unknown id, or a job of another data store, is not found', async () => {
    await rejectsAs(get({ datastoreId, jobId: 'abc' }), 'ResourceNotFoundException')
    const jobId = await startJob(server, { datastoreId })
    await rejectsAs(get({ datastoreId: await activeDatastore(sdk), jobId }), 'ResourceNotFoundException')
    await rejectsAs(get({ datastoreId: '0'.repeat(32), jobId }), 'ResourceNotFoundException')
  })

  test('malformed ids are refused, both in one response', async () => {
    await rejectsAs(
      get({ datastoreId: 'XX', jobId: 'x'.repeat(33) }),
      'ValidationException',
      /^2 validation errors detected: .*'datastoreId'.*; .*'jobId'/,
    )
    await rejectsAs(get({ datastoreId, jobId: 'UPPER' }), 'ValidationException', /'jobId'/)
  })
})
