/** Conformance of a catalog: the deletion of all image sets of a study or series begins for all of them or for none. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LEGAL_HOLD } from '../../../contract/lock-tags.ts'
import type { Catalog } from '../catalog.ts'
import type { OpenCatalog } from './catalog.conformance.ts'
import { AT, createDatastore, importFiles, storedFile } from './catalog.fixture.ts'
import { begin, claim, get, statusOf, updateOf } from './workflow.fixture.ts'

const STUDY = { studyInstanceUID: '1.2.3' }

/** A study with two series, and an image set that is not primary; and another study. */
async function withStudies(catalog: Catalog) {
  const datastoreId = await createDatastore(catalog)
  const files = [
    storedFile('a', { sop: '1.9' }),
    storedFile('b', { sop: '1.7', series: '1.2.3.2' }),
    storedFile('c', { sop: '1.6', patientId: 'PAT2' }),
    storedFile('d', { sop: '1.5', study: '1.2.4', series: '1.2.4.1' }),
  ]
  await importFiles(catalog, { datastoreId, files })
  const idsOf = (of: { studyInstanceUID: string; seriesInstanceUID?: string }) =>
    catalog.imageSets.idsOfStudy({ datastoreId, ...of, max: 10 })
  const statesOf = async (imageSetIds: readonly string[]) =>
    Promise.all(imageSetIds.map(async (imageSetId) => statusOf(await get(catalog, { datastoreId, imageSetId }))![1]))
  const remove = (
    of: { studyInstanceUID: string; seriesInstanceUID?: string },
    imageSetIds: readonly string[],
    more = {},
  ) => catalog.workflows.beginDeletions({ datastoreId, ...of, imageSetIds, at: AT + 1_000, ...more })
  return { datastoreId, idsOf, statesOf, remove }
}

export function testDeletions(open: OpenCatalog): void {
  test('a study is deleted with all its image sets, primary or not, and no others', async (context) => {
    const catalog = await open(context)
    const { idsOf, statesOf, remove } = await withStudies(catalog)
    const ids = await idsOf(STUDY)
    assert.equal(ids.length, 3)
    assert.deepEqual(await remove(STUDY, ids), { outcome: 'begun' })
    assert.deepEqual(await statesOf(ids), ['LOCKED', 'LOCKED', 'LOCKED'])
    assert.deepEqual(await statesOf(await idsOf({ studyInstanceUID: '1.2.4' })), ['ACTIVE'])
    assert.deepEqual(await remove(STUDY, ids), { outcome: 'locked', imageSetId: ids[0] })
    for (const _ of ids) await catalog.workflows.completeDeletion((await claim(catalog)).lease, AT + 2_000)
    assert.deepEqual(await idsOf(STUDY), [])
    assert.equal((await idsOf({ studyInstanceUID: '1.2.4' })).length, 1)
  })

  test('a series is deleted with its image sets only', async (context) => {
    const catalog = await open(context)
    const { idsOf, statesOf, remove } = await withStudies(catalog)
    const series = { ...STUDY, seriesInstanceUID: '1.2.3.1' }
    const ids = await idsOf(series)
    assert.equal(ids.length, 2)
    assert.deepEqual(await remove(series, ids), { outcome: 'begun' })
    const all = await idsOf(STUDY)
    assert.deepEqual((await statesOf(all)).sort(), ['ACTIVE', 'LOCKED', 'LOCKED'])
  })

  test('nothing is deleted while one image set is locked, is retained, or was not expected', async (context) => {
    const catalog = await open(context)
    const { datastoreId, idsOf, statesOf, remove } = await withStudies(catalog)
    const ids = await idsOf(STUDY)
    const last = ids.at(-1)!
    const states = () => statesOf(ids)
    assert.deepEqual(await remove(STUDY, ids.slice(1)), { outcome: 'others' })
    assert.deepEqual(await remove(STUDY, [...ids.slice(1), '0'.repeat(32)]), { outcome: 'others' })
    assert.deepEqual(await remove(STUDY, ids, { runningMax: 2 }), { outcome: 'too-many' })
    const resource = { datastoreId, imageSetId: last }
    assert.equal(await catalog.tags.add(resource, { tags: { [LEGAL_HOLD]: 'on' }, tagsMax: 50, at: AT }), 'added')
    const retained = await remove(STUDY, ids)
    assert.equal(retained.outcome, 'retained')
    assert.ok(retained.outcome === 'retained' && retained.reason.includes(last))
    assert.deepEqual(await states(), ['ACTIVE', 'ACTIVE', 'ACTIVE'])
    await catalog.tags.remove(resource, [LEGAL_HOLD])
    await begin(catalog, datastoreId, updateOf(last, 1))
    assert.deepEqual(await remove(STUDY, ids), { outcome: 'locked', imageSetId: last })
    assert.deepEqual(await states(), ['ACTIVE', 'ACTIVE', 'LOCKED'])
  })
}
