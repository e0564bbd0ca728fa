/** What a dialog names of the selected image sets. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ImageSetsMetadataSummary } from '@aws-sdk/client-medical-imaging'
import { IMAGE_SETS_MAX, onePage, readContents, TooMany } from './selection.ts'

const row = (imageSetId: string, tags: ImageSetsMetadataSummary['DICOMTags'], isPrimary = true) =>
  ({ imageSetId, isPrimary, DICOMTags: tags }) as ImageSetsMetadataSummary

test('patients, studies and series are counted once, instances of each image set', async () => {
  const mary = { DICOMPatientId: 'P1', DICOMPatientName: 'Doe^Mary', DICOMStudyInstanceUID: '1' }
  async function* pages() {
    yield [
      row('a', { ...mary, DICOMSeriesInstanceUID: '1.1', DICOMNumberOfStudyRelatedInstances: 3 }),
      row('b', { ...mary, DICOMSeriesInstanceUID: '1.1', DICOMNumberOfStudyRelatedInstances: 2 }, false),
    ]
    yield [
      row('c', { ...mary, DICOMStudyInstanceUID: '2', DICOMSeriesInstanceUID: '2.1' }),
      row('d', { DICOMStudyInstanceUID: '3', DICOMSeriesInstanceUID: '3.1', DICOMNumberOfStudyRelatedInstances: 1 }),
      // A row that a later page repeats.
      row('a', { ...mary, DICOMSeriesInstanceUID: '1.1', DICOMNumberOfStudyRelatedInstances: 3 }),
    ]
  }
  const counts: number[] = []
  const contents = await readContents(pages(), (count) => counts.push(count))
  assert.deepEqual(contents, {
    imageSetIds: ['a', 'b', 'c', 'd'],
    patients: ['Doe, Mary (P1)', 'No name'],
    studyUIDs: ['1', '2', '3'],
    ...{ seriesCount: 3, instanceCount: 6, otherCount: 1 },
  })
  assert.deepEqual(counts, [2, 4])
})

test('more than the limit are refused', async () => {
  const rows = Array.from({ length: IMAGE_SETS_MAX + 1 }, (_, at) => row(String(at), {}))
  await assert.rejects(readContents(onePage(rows)), TooMany)
  assert.equal((await readContents(onePage(rows.slice(1)))).imageSetIds.length, IMAGE_SETS_MAX)
})
