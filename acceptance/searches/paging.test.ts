/** Pages and their tokens: every page size finds each image set once, and a token is valid for its search only. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import {
  type SearchCriteria,
  SearchImageSetsCommand,
  type SearchImageSetsCommandInput,
} from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { studies } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { equal, patientsOf, search, sortedBy } from '../support/search.ts'
import { choice, documented } from '../support/sources.ts'

const server = await openHilum({ partitions: 2 })
const { sdk } = server
const datastoreId = await activeDatastore(sdk)
const COUNT = 120

before(() => importFiles(server, { datastoreId, files: studies({ from: 100, count: COUNT }) }))

const send = (input: Partial<SearchImageSetsCommandInput> = {}) =>
  sdk.send(new SearchImageSetsCommand({ datastoreId, ...input }))

for (const pageSize of [1, 2, 50]) {
  test(`${pageSize} per page finds each image set exactly once`, documented, async () => {
    const patients = patientsOf(await search(sdk, { datastoreId, pageSize }))
    assert.equal(patients.length, COUNT)
    assert.equal(new Set(patients).size, COUNT)
  })
}

test('a page has fifty image sets by default', choice, async () => {
  assert.equal((await send()).imageSetsMetadataSummaries!.length, 50)
})

test('a last page that is full has no token, and no page is empty', choice, async () => {
  let nextToken: string | undefined
  const sizes: number[] = []
  do {
    const page = await send({ maxResults: 40, nextToken })
    sizes.push(page.imageSetsMetadataSummaries!.length)
    nextToken = page.nextToken
  } while (nextToken !== undefined)
  assert.deepEqual(sizes, [40, 40, 40])
})

test('a search without matches returns one empty page without a token', choice, async () => {
  const page = await send({ searchCriteria: equal({ DICOMPatientId: 'nobody' }) })
  assert.deepEqual(page.imageSetsMetadataSummaries, [])
  assert.equal('nextToken' in page, false)
})

test('tokens are URL-safe, unique and within their maximum length', choice, async () => {
  const first = await send({ maxResults: 1 })
  const second = await send({ maxResults: 1, nextToken: first.nextToken })
  for (const { nextToken } of [first, second]) assert.match(nextToken!, /^[A-Za-z0-9_-]{1,8192}$/)
  assert.notEqual(second.nextToken, first.nextToken)
})

test('a token reveals nothing about patients', choice, async () => {
  const { nextToken } = await send({ maxResults: 1, searchCriteria: sortedBy('DICOMStudyDateAndTime', 'ASC') })
  // Fewer characters would be in some of the random tokens by chance.
  assert.doesNotMatch(Buffer.from(nextToken!, 'base64url').toString('latin1'), /P1\d\d|2024|2\.25\.1/)
})

test('a token can be used again, and with another page size', choice, async () => {
  const { nextToken } = await send({ maxResults: 10 })
  const [once, again, longer] = [
    await send({ maxResults: 10, nextToken }),
    await send({ maxResults: 10, nextToken }),
    await send({ maxResults: 20, nextToken }),
  ]
  assert.deepEqual(patientsOf(again.imageSetsMetadataSummaries!), patientsOf(once.imageSetsMetadataSummaries!))
  assert.deepEqual(
    patientsOf(longer.imageSetsMetadataSummaries!.slice(0, 10)),
    patientsOf(once.imageSetsMetadataSummaries!),
  )
})

const primary = { operator: 'EQUAL', values: [{ isPrimary: true }] } as const
const created = {
  operator: 'BETWEEN',
  values: [{ createdAt: new Date(0) }, { createdAt: new Date('2999-01-01') }],
} as const

test('the same filters in reverse order are the same search', choice, async () => {
  const criteria = (...filters: unknown[]) => ({ filters }) as SearchCriteria
  const { nextToken } = await send({ maxResults: 10, searchCriteria: criteria(primary, created) })
  const next = await send({ maxResults: 10, nextToken, searchCriteria: criteria(created, primary) })
  assert.equal(next.imageSetsMetadataSummaries!.length, 10)
})

test('the default order and the same explicit order are the same search', choice, async () => {
  const { nextToken } = await send({ maxResults: 10 })
  const next = await send({ maxResults: 10, nextToken, searchCriteria: sortedBy('updatedAt', 'DESC') })
  assert.equal(next.imageSetsMetadataSummaries!.length, 10)
})

test('a token of another data store, other criteria or another order is refused', choice, async () => {
  const other = await activeDatastore(sdk)
  const { nextToken } = await send({ maxResults: 10 })
  for (const input of [
    { datastoreId: other },
    { searchCriteria: equal({ isPrimary: true }) },
    { searchCriteria: sortedBy('updatedAt', 'ASC') },
    { searchCriteria: sortedBy('createdAt', 'DESC') },
  ]) {
    await rejectsAs(send({ ...input, nextToken }), 'ValidationException', /'nextToken'/)
  }
})

test('a token with one character changed, truncated or extended is refused', choice, async () => {
  const token = (await send({ maxResults: 10 })).nextToken!
  const changed = (at: number) => `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
  for (const nextToken of [changed(0), changed(20), changed(40), token.slice(0, -4), `${token}AAAA`, 'A', '']) {
    await rejectsAs(send({ nextToken }), 'ValidationException', /'nextToken'/)
  }
})
