/**
 * Hilum's extensions of SearchImageSets, in headers that SDKs ignore (docs/extensions.md): the total number of matches, and how a page was
 * found.
 */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import type { SearchImageSetsCommandInput } from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { between, equal, searchWithHeaders, studyMoment } from '../support/search.ts'
import { choice } from '../support/sources.ts'

const server = await openHilum({})
const { sdk } = server
const datastoreId = await activeDatastore(sdk)
const IMAGE_SETS = 60

before(async () => {
  const files = Object.fromEntries(
    Array.from({ length: IMAGE_SETS }, (_, n) => [
      `${n}.dcm`,
      instance({
        StudyInstanceUID: `2.25.${n}`,
        PatientID: n % 4 === 0 ? 'SECRET^FOUR' : `P${n}`,
        StudyDate: `202401${String((n % 30) + 1).padStart(2, '0')}`,
      }),
    ]),
  )
  await importFiles(server, { datastoreId, files })
})

const ask = (headers: Readonly<Record<string, string>>, input: Partial<SearchImageSetsCommandInput> = {}) =>
  searchWithHeaders(sdk, { datastoreId, ...input }, headers)

const COUNTED = { 'x-hilum-count': 'exact' }
const EXPLAINED = { 'x-hilum-explain': 'yes' }
const NOBODY = equal({ DICOMPatientId: 'nobody' })

describe('the total', choice, () => {
  test('counts all matches, whatever the page size, and only on request', async () => {
    const searches = [
      [undefined, 60],
      [equal({ DICOMPatientId: 'SECRET^FOUR' }), 15],
      [equal({ isPrimary: true }), 60],
      [equal({ isPrimary: false }), 0],
      // The range ends with the first moment of its last day.
      [between(studyMoment('20240101'), studyMoment('20240103')), 4],
      [NOBODY, 0],
      [equal({ DICOMPatientId: '' }), 0],
    ] as const
    for (const [searchCriteria, expected] of searches) {
      const { page, total } = await ask(COUNTED, { searchCriteria, maxResults: 3 })
      assert.equal(total, String(expected), JSON.stringify(searchCriteria))
      assert.equal(page.imageSetsMetadataSummaries?.length, Math.min(3, expected))
      assert.equal((await ask({}, { searchCriteria })).total, undefined)
    }
  })

  test('is returned with the first page only, and does not affect the token', async () => {
    const { page } = await ask(COUNTED, { maxResults: 40 })
    const second = await ask(COUNTED, { maxResults: 40, nextToken: page.nextToken })
    assert.equal(second.page.imageSetsMetadataSummaries?.length, 20)
    assert.equal(second.total, undefined)
    const asEver = await ask({}, { maxResults: 40, nextToken: page.nextToken })
    assert.deepEqual(asEver.page.imageSetsMetadataSummaries, second.page.imageSetsMetadataSummaries)
  })

  test('accepts no other value of the header', async () => {
    for (const word of ['estimate', '', 'true', 'exact, exact']) {
      await rejectsAs(ask({ 'x-hilum-count': word }), 'ValidationException', /x-hilum-count takes one value: exact/)
    }
  })
})

describe('the explanation', choice, () => {
  const explained = async (searchCriteria: SearchImageSetsCommandInput['searchCriteria'], headers = {}) =>
    JSON.parse((await ask({ ...EXPLAINED, ...headers }, { searchCriteria })).explanation!)

  test('has the query plan, what was read, its bounds and how long it took', async () => {
    const walked = await explained(undefined)
    assert.deepEqual([walked.strategy, walked.index], ['index scan', 'updatedAt'])
    assert.ok(walked.rowsRead >= 50 && walked.rowsRead <= walked.bound.rows)
    const texted = await explained(equal({ DICOMPatientId: 'SECRET^FOUR' }))
    assert.deepEqual([texted.strategy, texted.index], ['posting list', 'DICOMPatientId'])
    assert.deepEqual([texted.entriesVisited, texted.rowsRead], [15, 15])
    const best = await explained(between(studyMoment('20240101'), studyMoment('20240103')))
    assert.equal(best.strategy, 'kd-tree leaves, best first')
    assert.ok(best.leavesVisited <= best.bound.leaves && best.leavesVisited <= best.leavesMatching)
    assert.equal(
      best.partitions.reduce((sum: number, { entries }: { entries: number }) => sum + entries, 0),
      IMAGE_SETS,
    )
    assert.equal((await explained(equal({ DICOMPatientId: '' }))).strategy, 'no possible match')
    for (const { durationMs } of [walked, texted, best]) assert.ok(durationMs >= 0)
  })

  test('has the cost of the total, if it was requested', async () => {
    const range = between(studyMoment('20240101'), studyMoment('20240103'))
    const { count } = await explained(range, COUNTED)
    assert.equal(count.strategy, 'kd-tree leaves')
    assert.ok(count.leavesVisited <= count.bound.leaves)
    assert.equal('count' in (await explained(range)), false)
  })

  test('never contains a searched or found value', async () => {
    const { explanation } = await ask(
      { ...EXPLAINED, ...COUNTED },
      { searchCriteria: equal({ DICOMPatientId: 'SECRET^FOUR' }) },
    )
    assert.doesNotMatch(explanation!, /SECRET|FOUR|2\.25/)
    assert.match(explanation!, /^[\x20-\x7e]+$/)
  })

  test('is returned only on request, with one value of the header', async () => {
    assert.equal((await ask({})).explanation, undefined)
    await rejectsAs(ask({ 'x-hilum-explain': 'please' }), 'ValidationException', /x-hilum-explain takes one value: yes/)
  })
})
