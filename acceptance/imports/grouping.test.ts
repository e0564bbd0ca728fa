/**
 * Which image set an instance belongs to (AWS "Understanding image sets"): seven elements must agree with the primary image sets of the
 * study, and instances that disagree become a non-primary image set.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { activeDatastore } from '../support/datastores.ts'
import { type Attributes, instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { equal, search } from '../support/search.ts'
import { choice, documented, recorded } from '../support/sources.ts'

const server = await openHilum()
const { sdk } = server

/** Instance n of a series: instances of one series must differ in their SOPInstanceUID. */
const nth = (n: number, attributes: Attributes = {}) => instance({ SOPInstanceUID: `2.25.9.${n}`, ...attributes })

/** Imports each group of files in a separate job. @returns the image sets of the last manifest */
async function imported(...jobs: readonly (readonly Uint8Array[])[]) {
  const datastoreId = await activeDatastore(sdk)
  const manifests = []
  for (const files of jobs) {
    const named = Object.fromEntries(files.map((bytes, n) => [`${String(n).padStart(3, '0')}.dcm`, bytes]))
    manifests.push((await importFiles(server, { datastoreId, files: named })).manifest)
  }
  return { datastoreId, manifests, sets: manifests.map(({ imageSetsSummary }) => imageSetsSummary) }
}

describe('one job', documented, () => {
  test('a consistent series becomes one primary image set', async () => {
    const { sets, manifests } = await imported([nth(1), nth(2), nth(3)])
    assert.equal(manifests[0]!.numberOfGeneratedImageSets, 1)
    const { imageSetId, ...rest } = sets[0]![0]!
    assert.match(imageSetId, /^[0-9a-f]{32}$/)
    assert.deepEqual(rest, { imageSetVersion: 1, isPrimary: true, numberOfMatchedSOPInstances: 3 })
  })

  test('a study of four series becomes four primary image sets', recorded, async () => {
    const { sets } = await imported(
      [1, 2, 3, 4].map((n) => nth(n, { SeriesInstanceUID: `2.25.1.${n}`, SeriesNumber: n })),
    )
    assert.deepEqual(
      sets[0]!.map(({ isPrimary }) => isPrimary),
      [true, true, true, true],
    )
  })

  test('two variants of one series become a primary and a non-primary image set', async () => {
    const wrong = { PatientID: 'WRONG' }
    const { sets, datastoreId } = await imported([nth(1), nth(2, wrong), nth(3), nth(4, wrong)])
    assert.deepEqual(
      sets[0]!.map(({ isPrimary, numberOfMatchedSOPInstances }) => [isPrimary, numberOfMatchedSOPInstances]),
      [
        [true, 2],
        [false, 2],
      ],
    )
    const found = await search(sdk, { datastoreId, searchCriteria: equal({ DICOMPatientId: 'WRONG' }) })
    assert.deepEqual(
      found.map(({ imageSetId, isPrimary }) => [imageSetId, isPrimary]),
      [[sets[0]![1]!.imageSetId, false]],
    )
  })

  test('of two files with the same SOP instance the last in key order is kept', choice, async () => {
    const { sets, datastoreId } = await imported([
      nth(1, { StudyDescription: 'first' }),
      nth(1, { StudyDescription: 'second' }),
    ])
    assert.equal(sets[0]!.length, 1)
    const [summary] = await search(sdk, { datastoreId })
    assert.equal(summary!.DICOMTags!.DICOMStudyDescription, 'second')
    assert.equal(summary!.DICOMTags!.DICOMNumberOfStudyRelatedInstances, 1)
    assert.equal(summary!.version, 1)
  })
})

describe('a later job', documented, () => {
  test('more instances of a series make a new version of its image set', async () => {
    const { sets, datastoreId } = await imported([nth(1)], [nth(2), nth(3)], [nth(4)])
    assert.deepEqual(
      sets.map(([set]) => [set!.imageSetId, set!.imageSetVersion, set!.isPrimary, set!.numberOfMatchedSOPInstances]),
      [
        [sets[0]![0]!.imageSetId, 1, true, 1],
        [sets[0]![0]!.imageSetId, 2, true, 2],
        [sets[0]![0]!.imageSetId, 3, true, 1],
      ],
    )
    const [summary] = await search(sdk, { datastoreId })
    assert.equal(summary!.version, 3)
    assert.equal(summary!.DICOMTags!.DICOMNumberOfStudyRelatedInstances, 4)
  })

  test('importing the same file again makes a version, replaces its instance, and keeps the creation time', async () => {
    const { sets, datastoreId } = await imported([nth(1)])
    const [before] = await search(sdk, { datastoreId })
    const { manifest } = await importFiles(server, { datastoreId, files: { 'again.dcm': nth(1) } })
    const [after] = await search(sdk, { datastoreId })
    assert.deepEqual(manifest.imageSetsSummary, [
      { imageSetId: sets[0]![0]!.imageSetId, imageSetVersion: 2, isPrimary: true, numberOfMatchedSOPInstances: 1 },
    ])
    assert.equal(after!.version, 2)
    assert.equal(after!.DICOMTags!.DICOMNumberOfStudyRelatedInstances, 1)
    assert.deepEqual(after!.createdAt, before!.createdAt)
    assert.ok(after!.updatedAt! >= before!.updatedAt!)
  })

  test('a newer copy of an instance replaces the older one', async () => {
    const { datastoreId } = await imported([nth(1, { PatientName: 'Old^Name' })], [nth(1, { PatientName: 'New^Name' })])
    const [summary] = await search(sdk, { datastoreId })
    assert.equal(summary!.DICOMTags!.DICOMPatientName, 'New^Name')
  })

  test('another consistent series of the study becomes a primary image set', async () => {
    const { sets } = await imported([nth(1)], [nth(2, { SeriesInstanceUID: '2.25.1.2', SeriesNumber: 2 })])
    assert.notEqual(sets[1]![0]!.imageSetId, sets[0]![0]!.imageSetId)
    assert.equal(sets[1]![0]!.isPrimary, true)
  })

  const conflicts: Record<string, Attributes> = {
    StudyDate: { StudyDate: '20240102' },
    AccessionNumber: { AccessionNumber: 'A2' },
    PatientID: { PatientID: 'P2' },
    StudyID: { StudyID: 'S2' },
    SeriesNumber: { SeriesNumber: 2 },
  }
  for (const [keyword, attributes] of Object.entries(conflicts)) {
    test(`another ${keyword} makes a new non-primary image set and does not change the primary one`, async () => {
      const { sets, datastoreId } = await imported([nth(1)], [nth(2, attributes)])
      const { imageSetId, ...rest } = sets[1]![0]!
      assert.notEqual(imageSetId, sets[0]![0]!.imageSetId)
      assert.deepEqual(rest, { imageSetVersion: 1, isPrimary: false, numberOfMatchedSOPInstances: 1 })
      const primary = await search(sdk, { datastoreId, searchCriteria: equal({ isPrimary: true }) })
      assert.deepEqual(
        primary.map((summary) => [summary.imageSetId, summary.version]),
        [[sets[0]![0]!.imageSetId, 1]],
      )
    })
  }

  test('another StudyInstanceUID or SeriesInstanceUID is not a conflict but another image set', async () => {
    const { sets } = await imported(
      [nth(1)],
      [
        nth(2, { StudyInstanceUID: '2.25.2', SeriesInstanceUID: '2.25.1.1' }),
        nth(3, { SeriesInstanceUID: '2.25.1.9' }),
      ],
    )
    assert.deepEqual(
      sets[1]!.map(({ isPrimary }) => isPrimary),
      [true, true],
    )
  })

  test('a new series whose patient disagrees with the study is non-primary', choice, async () => {
    const { sets } = await imported([nth(1)], [nth(2, { SeriesInstanceUID: '2.25.1.2', PatientID: 'P2' })])
    assert.equal(sets[1]![0]!.isPrimary, false)
  })

  test('the same variant in another job makes another non-primary image set', choice, async () => {
    const variant = { PatientID: 'P2' }
    const { sets, datastoreId } = await imported([nth(1)], [nth(2, variant)], [nth(3, variant)])
    assert.notEqual(sets[2]![0]!.imageSetId, sets[1]![0]!.imageSetId)
    assert.equal((await search(sdk, { datastoreId, searchCriteria: equal({ isPrimary: false }) })).length, 2)
  })

  test('elements that are not compared do not separate, and the last instance takes precedence', choice, async () => {
    const { sets, datastoreId } = await imported(
      [nth(1, { PatientName: 'One', StudyTime: '080000', Modality: 'CT', PatientSex: 'F' })],
      [nth(2, { PatientName: 'Two', StudyTime: '090000', Modality: 'MR', PatientSex: 'M' })],
    )
    assert.equal(sets[1]![0]!.imageSetVersion, 2)
    const [summary] = await search(sdk, { datastoreId })
    const { DICOMPatientName, DICOMStudyTime, DICOMSeriesModality, DICOMPatientSex } = summary!.DICOMTags!
    assert.deepEqual(
      [DICOMPatientName, DICOMStudyTime, DICOMSeriesModality, DICOMPatientSex],
      ['Two', '090000', 'MR', 'M'],
    )
  })
})

describe('values that count as equal', choice, () => {
  for (const keyword of ['StudyDate', 'AccessionNumber', 'PatientID', 'StudyID', 'SeriesNumber']) {
    test(`an empty ${keyword} and an absent one agree`, async () => {
      const { sets } = await imported([nth(1, { [keyword]: null })], [nth(2, { [keyword]: undefined })])
      assert.deepEqual([sets[1]![0]!.imageSetId, sets[1]![0]!.imageSetVersion], [sets[0]![0]!.imageSetId, 2])
    })
  }

  test('an empty element and one with a value do not agree', async () => {
    const { sets } = await imported([nth(1)], [nth(2, { AccessionNumber: null })])
    assert.equal(sets[1]![0]!.isPrimary, false)
  })

  test('padding makes no difference, case does', async () => {
    const padded = nth(2, { PatientID: { vr: 'LO', value: Buffer.from('P1  ') } })
    const { sets } = await imported([nth(1)], [padded], [nth(3, { PatientID: 'p1' })])
    assert.equal(sets[1]![0]!.imageSetVersion, 2)
    assert.equal(sets[2]![0]!.isPrimary, false)
  })
})

test('data stores are independent', choice, async () => {
  const [one, two] = [await activeDatastore(sdk), await activeDatastore(sdk)]
  const files = { 'a.dcm': nth(1) }
  const first = await importFiles(server, { datastoreId: one, files })
  const second = await importFiles(server, { datastoreId: two, files })
  const [a, b] = [first.manifest.imageSetsSummary[0]!, second.manifest.imageSetsSummary[0]!]
  assert.notEqual(a.imageSetId, b.imageSetId)
  assert.deepEqual([b.imageSetVersion, b.isPrimary], [1, true])
})

test('concurrent jobs for one series make one primary image set', choice, async () => {
  const datastoreId = await activeDatastore(sdk)
  const reports = await Promise.all(
    Array.from({ length: 8 }, (_, n) => importFiles(server, { datastoreId, files: { 'a.dcm': nth(n) } })),
  )
  const sets = reports.map(({ manifest }) => manifest.imageSetsSummary[0]!)
  assert.equal(new Set(sets.map(({ imageSetId }) => imageSetId)).size, 1)
  assert.deepEqual(sets.map(({ imageSetVersion }) => imageSetVersion).toSorted(), [1, 2, 3, 4, 5, 6, 7, 8])
})
