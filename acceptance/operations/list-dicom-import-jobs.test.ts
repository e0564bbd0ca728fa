/** ListDICOMImportJobs: newest first, by status, by page, for 90 days. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import {
  ListDICOMImportJobsCommand,
  type ListDICOMImportJobsCommandInput,
  paginateListDICOMImportJobs,
} from '@aws-sdk/client-medical-imaging'
import { DAY_MS, movableClock } from '../support/clock.ts'
import { activeDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { openHilum } from '../support/hilum.ts'
import { jobAtEnd, makeBuckets, ROLE, startJob } from '../support/import.ts'
import { choice, documented } from '../support/sources.ts'

const clock = movableClock('2026-01-01T00:00:00Z')
const server = await openHilum(clock.options)
const { hilum, sdk } = server
const datastoreId = await activeDatastore(sdk)
const list = (input: Partial<ListDICOMImportJobsCommandInput> = {}) =>
  sdk.send(new ListDICOMImportJobsCommand({ datastoreId, ...input }))

/** Ids in order of submission; the last two failed. */
const submitted: string[] = []

before(async () => {
  await makeBuckets(hilum)
  for (let n = 0; n < 55; n++) {
    clock.advance(1_000)
    const failing = n >= 53 ? { inputS3Uri: 's3://never-made/in/' } : {}
    const jobId = await startJob(server, { datastoreId, jobName: `job-${n}`, ...failing })
    submitted.push(jobId)
    await jobAtEnd(server, { datastoreId, jobId })
  }
})

async function idsOf(input: Partial<ListDICOMImportJobsCommandInput>, pageSize: number): Promise<string[]> {
  const ids: string[] = []
  for await (const page of paginateListDICOMImportJobs({ client: sdk, pageSize }, { datastoreId, ...input })) {
    assert.ok(page.jobSummaries!.length <= pageSize)
    ids.push(...page.jobSummaries!.map(({ jobId }) => jobId!))
  }
  return ids
}

test('every page size finds each job once, newest first', choice, async () => {
  for (const pageSize of [1, 2, 50]) assert.deepEqual(await idsOf({}, pageSize), submitted.toReversed())
})

test('a page has fifty jobs by default, and the last page has no token', choice, async () => {
  const first = await list()
  assert.equal(first.jobSummaries!.length, 50)
  assert.match(first.nextToken!, /^[A-Za-z0-9_-]{1,8192}$/)
  assert.equal('nextToken' in (await list({ nextToken: first.nextToken })), false)
})

test('only jobs with the requested status are listed', documented, async () => {
  assert.deepEqual(await idsOf({ jobStatus: 'FAILED' }, 1), submitted.slice(-2).toReversed())
  assert.deepEqual(await idsOf({ jobStatus: 'COMPLETED' }, 50), submitted.slice(0, -2).toReversed())
  assert.deepEqual(await idsOf({ jobStatus: 'SUBMITTED' }, 50), [])
})

test('a summary has the members of the service, and no URIs', documented, async () => {
  const { jobSummaries } = await list({ jobStatus: 'COMPLETED', maxResults: 1 })
  assert.deepEqual(jobSummaries, [
    {
      jobId: submitted[52],
      jobName: 'job-52',
      jobStatus: 'COMPLETED',
      datastoreId,
      dataAccessRoleArn: ROLE,
      submittedAt: new Date('2026-01-01T00:00:53Z'),
      endedAt: new Date('2026-01-01T00:00:53Z'),
    },
  ])
  const failed = await list({ jobStatus: 'FAILED', maxResults: 1 })
  assert.match(failed.jobSummaries![0]!.message!, /never-made/)
})

test('jobs of other data stores are not listed', documented, async () => {
  const other = await activeDatastore(sdk)
  assert.deepEqual((await list({ datastoreId: other })).jobSummaries, [])
  const { nextToken } = await list({ maxResults: 1 })
  await rejectsAs(list({ datastoreId: other, nextToken }), 'ValidationException', /'nextToken'/)
})

test('invalid page sizes, statuses, tokens and ids are refused', choice, async () => {
  for (const maxResults of [0, 51]) await rejectsAs(list({ maxResults }), 'ValidationException', /'maxResults'/)
  await rejectsAs(list({ jobStatus: 'DONE' as 'FAILED' }), 'ValidationException', /'jobStatus'/)
  await rejectsAs(list({ nextToken: 'invented' }), 'ValidationException', /'nextToken'/)
  await rejectsAs(list({ datastoreId: 'XX' }), 'ValidationException', /'datastoreId'/)
  await rejectsAs(list({ datastoreId: '0'.repeat(32) }), 'ResourceNotFoundException')
})

test('jobs are listed for 90 days', documented, async () => {
  clock.set('2026-01-01T00:00:53Z')
  clock.advance(90 * DAY_MS)
  assert.deepEqual(await idsOf({}, 50), submitted.slice(52).toReversed())
})
