/** ListDatastores: newest first, by status, by page. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import {
  DeleteDatastoreCommand,
  ListDatastoresCommand,
  type ListDatastoresCommandInput,
  paginateListDatastores,
} from '@aws-sdk/client-medical-imaging'
import { DAY_MS, movableClock } from '../support/clock.ts'
import { activeDatastore, untilDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { openHilum } from '../support/hilum.ts'
import { choice, documented } from '../support/sources.ts'

const clock = movableClock('2026-01-01T00:00:00Z')
const { hilum, sdk } = await openHilum(clock.options)
const list = (input: ListDatastoresCommandInput = {}) => sdk.send(new ListDatastoresCommand(input))

/** Ids in creation order; the first three are deleted. */
const created: string[] = []

before(async () => {
  for (let n = 0; n < 55; n++) {
    clock.advance(1_000)
    created.push(await activeDatastore(sdk, { datastoreName: `store-${n}`, kmsKeyArn: undefined }))
  }
  for (const datastoreId of created.slice(0, 3)) {
    await sdk.send(new DeleteDatastoreCommand({ datastoreId }))
    await untilDatastore(sdk, { datastoreId, is: 'DELETED' })
  }
})

async function idsOf(input: ListDatastoresCommandInput, pageSize: number): Promise<string[]> {
  const ids: string[] = []
  for await (const page of paginateListDatastores({ client: sdk, pageSize }, input)) {
    assert.ok(page.datastoreSummaries!.length <= pageSize)
    ids.push(...page.datastoreSummaries!.map(({ datastoreId }) => datastoreId!))
  }
  return ids
}

test('a page has fifty data stores by default, and the last page has no token', choice, async () => {
  const first = await list()
  assert.equal(first.datastoreSummaries!.length, 50)
  const second = await list({ nextToken: first.nextToken })
  assert.equal(second.datastoreSummaries!.length, 5)
  assert.equal('nextToken' in second, false)
})

test('every page size finds each data store once, newest first', choice, async () => {
  for (const pageSize of [1, 2, 7, 50]) assert.deepEqual(await idsOf({}, pageSize), created.toReversed())
})

test('a last page that is exactly full has no token', choice, async () => {
  const page = await list({ datastoreStatus: 'DELETED', maxResults: 3 })
  assert.equal(page.datastoreSummaries!.length, 3)
  assert.equal('nextToken' in page, false)
})

test('only data stores with the requested status are listed', documented, async () => {
  assert.deepEqual(await idsOf({ datastoreStatus: 'ACTIVE' }, 20), created.slice(3).toReversed())
  assert.deepEqual(await idsOf({ datastoreStatus: 'DELETED' }, 1), created.slice(0, 3).toReversed())
  assert.deepEqual(await idsOf({ datastoreStatus: 'CREATE_FAILED' }, 50), [])
})

test('a summary has the six members of the service and no others', documented, async () => {
  const { datastoreSummaries } = await list({ maxResults: 1 })
  const datastoreId = created.at(-1)!
  assert.deepEqual(datastoreSummaries, [
    {
      datastoreId,
      datastoreName: 'store-54',
      datastoreStatus: 'ACTIVE',
      datastoreArn: `arn:aws:medical-imaging:us-east-1:000000000000:datastore/${datastoreId}`,
      createdAt: new Date('2026-01-01T00:00:55Z'),
      updatedAt: new Date('2026-01-01T00:00:55Z'),
    },
  ])
})

test('tokens are URL-safe', choice, async () => {
  const { nextToken } = await list({ maxResults: 1 })
  assert.match(nextToken!, /^[A-Za-z0-9_-]{1,8192}$/)
})

test('a token for another status, a damaged one and an invented one are refused', choice, async () => {
  const { nextToken } = await list({ datastoreStatus: 'ACTIVE', maxResults: 1 })
  const last = nextToken!.at(-1) === 'A' ? 'Q' : 'A'
  for (const [token, datastoreStatus] of [
    [nextToken!, 'DELETED'],
    [nextToken!, undefined],
    [`${nextToken!.slice(0, -4)}${last.repeat(4)}`, 'ACTIVE'],
    ['invented', 'ACTIVE'],
    ['ü', 'ACTIVE'],
  ] as const) {
    await rejectsAs(list({ nextToken: token, datastoreStatus }), 'ValidationException', /'nextToken'/)
  }
})

test('page sizes outside 1 to 50 and unknown statuses are refused', documented, async () => {
  for (const maxResults of [0, 51, -1]) await rejectsAs(list({ maxResults }), 'ValidationException', /'maxResults'/)
  await rejectsAs(list({ datastoreStatus: 'GONE' as 'ACTIVE' }), 'ValidationException', /'datastoreStatus'/)
})

test('deleted data stores are listed for a day', choice, async () => {
  clock.advance(DAY_MS + 1)
  assert.deepEqual(await idsOf({}, 50), created.slice(3).toReversed())
})

test('an empty server returns an empty list', choice, async () => {
  await hilum.reset()
  const page = await list()
  assert.deepEqual(page.datastoreSummaries, [])
  assert.equal('nextToken' in page, false)
})
