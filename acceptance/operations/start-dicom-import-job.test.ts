/** StartDICOMImportJob: response, client token, the meaning of its URIs, and what it refuses. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import {
  GetDICOMImportJobCommand,
  ListDICOMImportJobsCommand,
  StartDICOMImportJobCommand,
} from '@aws-sdk/client-medical-imaging'
import { DAY_MS, movableClock } from '../support/clock.ts'
import { activeDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { jobAtEnd, jobInput, makeBuckets, OUTPUT, reportOf, startJob } from '../support/import.ts'
import { patientsOf, search } from '../support/search.ts'
import { choice, documented, recorded } from '../support/sources.ts'

const clock = movableClock('2026-01-01T00:00:00.5Z')
const server = await openHilum(clock.options)
const { hilum, sdk } = server
const datastoreId = await activeDatastore(sdk)

const start = (input: Partial<Parameters<typeof jobInput>[0]> = {}) =>
  sdk.send(new StartDICOMImportJobCommand(jobInput({ datastoreId, ...input })))

before(() => makeBuckets(hilum))

describe('the response', recorded, () => {
  test('is SUBMITTED, with an id and the time', async () => {
    const { $metadata, jobId, ...rest } = await start()
    assert.equal($metadata.httpStatusCode, 200)
    assert.match(jobId!, /^[0-9a-f]{32}$/)
    assert.deepEqual(rest, { datastoreId, jobStatus: 'SUBMITTED', submittedAt: new Date('2026-01-01T00:00:00.500Z') })
  })

  test('every job gets its own output folder, whether the URI ends in a slash or not', async () => {
    for (const [outputS3Uri, folder] of [
      [`s3://${OUTPUT}/a/b/`, `s3://${OUTPUT}/a/b/`],
      [`s3://${OUTPUT}/a/b`, `s3://${OUTPUT}/a/b/`],
      [`s3://${OUTPUT}/`, `s3://${OUTPUT}/`],
      [`s3://${OUTPUT}`, `s3://${OUTPUT}/`],
    ] as const) {
      const jobId = await startJob(server, { datastoreId, outputS3Uri })
      const job = await jobAtEnd(server, { datastoreId, jobId })
      assert.equal(job.outputS3Uri, `${folder}${datastoreId}-DicomImport-${jobId}/`)
      const { manifest } = await reportOf(hilum, job)
      assert.equal(manifest.outputS3Uri, job.outputS3Uri)
    }
  })
})

describe('the client token', choice, () => {
  test('the same request again returns the same job, even after it ended', documented, async () => {
    const request = jobInput({ datastoreId, clientToken: 'same' })
    const first = await sdk.send(new StartDICOMImportJobCommand(request))
    await jobAtEnd(server, { datastoreId, jobId: first.jobId! })
    clock.advance(1_000)
    const second = await sdk.send(new StartDICOMImportJobCommand(request))
    assert.deepEqual([second.jobId, second.submittedAt], [first.jobId, first.submittedAt])
  })

  test('the same token with other parameters is a conflict', async () => {
    await start({ clientToken: 'taken' })
    await rejectsAs(start({ clientToken: 'taken', inputS3Uri: 's3://test-input/other/' }), 'ConflictException')
    await rejectsAs(start({ clientToken: 'taken', jobName: 'named' }), 'ConflictException')
  })

  test('expires after a day', async () => {
    const first = await start({ clientToken: 'daily' })
    clock.advance(DAY_MS + 1)
    assert.notEqual((await start({ clientToken: 'daily' })).jobId, first.jobId)
  })

  test('is scoped to its data store', async () => {
    const first = await start({ clientToken: 'everywhere' })
    const second = await start({ clientToken: 'everywhere', datastoreId: await activeDatastore(sdk) })
    assert.notEqual(second.jobId, first.jobId)
  })

  test('of a data store can be reused for its jobs', async () => {
    await activeDatastore(sdk, { clientToken: 'shared' })
    await start({ clientToken: 'shared' })
  })
})

describe('an input URI', choice, () => {
  const bucket = 'uris'
  before(async () => {
    for (const key of ['in/1', 'in/1/a', 'in/1/deep/er/b', 'in/10/c', 'in/1.dcm', 'top']) {
      const bytes = instance({
        StudyInstanceUID: `2.25.${Buffer.from(key).readUIntBE(0, 1)}.${key.length}`,
        PatientID: key,
      })
      await hilum.putObject(bucket, key, bytes)
    }
  })

  const importedFrom = async (inputS3Uri: string) => {
    const target = await activeDatastore(sdk)
    const jobId = await startJob(server, { datastoreId: target, inputS3Uri })
    await jobAtEnd(server, { datastoreId: target, jobId })
    return patientsOf(await search(sdk, { datastoreId: target })).toSorted()
  }

  test('with a trailing slash means everything below', documented, async () => {
    assert.deepEqual(await importedFrom(`s3://${bucket}/in/1/`), ['in/1/a', 'in/1/deep/er/b'])
  })

  test('without a trailing slash does not match longer names', async () => {
    assert.deepEqual(await importedFrom(`s3://${bucket}/in/1`), ['in/1', 'in/1/a', 'in/1/deep/er/b'])
  })

  test('of an object means that object', async () => {
    assert.deepEqual(await importedFrom(`s3://${bucket}/in/10/c`), ['in/10/c'])
  })

  test('of a bucket means the whole bucket', async () => {
    const all = ['in/1', 'in/1.dcm', 'in/1/a', 'in/1/deep/er/b', 'in/10/c', 'top']
    assert.deepEqual(await importedFrom(`s3://${bucket}`), all)
    assert.deepEqual(await importedFrom(`s3://${bucket}/`), all)
  })
})

describe('refusals', documented, () => {
  test('an unknown data store is not found, and a malformed id is refused', async () => {
    await rejectsAs(start({ datastoreId: '0123456789abcdef0123456789abcdef' }), 'ResourceNotFoundException')
    await rejectsAs(start({ datastoreId: 'XX' }), 'ValidationException', /'datastoreId'/)
  })

  test('each member is checked against its limits', async () => {
    const wrong: Parameters<typeof start>[0][] = [
      { jobName: '' },
      { jobName: 'two words' },
      { jobName: 'x'.repeat(65) },
      { dataAccessRoleArn: 'arn:aws:iam::1:role/x' },
      { dataAccessRoleArn: 'role-of-mine-that-is-no-arn' },
      { clientToken: '' },
      { inputS3Uri: 'https://bucket/in' },
      { inputS3Uri: 's3://Bucket/in' },
      { inputS3Uri: 's3://ab' },
      { inputS3Uri: `s3://bucket/${'x'.repeat(1024)}` },
      { outputS3Uri: '' },
      { inputOwnerAccountId: '12345678901' },
      { inputOwnerAccountId: 'abcdefghijkl' },
    ]
    for (const input of wrong) {
      await rejectsAs(start(input), 'ValidationException', new RegExp(`at '${Object.keys(input!)[0]}'`))
    }
  })

  test('a URI with NUL or half a surrogate pair is refused, and no job is created', choice, async () => {
    const before = await sdk.send(new ListDICOMImportJobsCommand({ datastoreId }))
    for (const uri of ['s3://test-input/\0', 's3://test-input/a/\0/b', 's3://test-input/\ud800']) {
      await rejectsAs(start({ inputS3Uri: uri }), 'ValidationException', /'inputS3Uri'/)
      await rejectsAs(start({ outputS3Uri: uri }), 'ValidationException', /'outputS3Uri'/)
    }
    const after = await sdk.send(new ListDICOMImportJobsCommand({ datastoreId }))
    assert.equal(after.jobSummaries!.length, before.jobSummaries!.length)
  })

  test('well-formed optional members are accepted', async () => {
    const { jobId } = await start({ jobName: 'Night_import/7#a-b.c', inputOwnerAccountId: '123456789012' })
    const { jobProperties } = await sdk.send(new GetDICOMImportJobCommand({ datastoreId, jobId: jobId! }))
    assert.equal(jobProperties!.jobName, 'Night_import/7#a-b.c')
  })
})
