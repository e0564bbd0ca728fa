/** Conformance of a catalog: the instances of a series and the image sets of a study, as DICOMweb finds them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenCatalog } from './catalog.conformance.ts'
import { AT, createDatastore, importFiles, storedFile } from './catalog.fixture.ts'

const SERIES = { studyInstanceUID: '1.2.3', seriesInstanceUID: '1.2.3.1' }

export function testSeriesInstances(open: OpenCatalog): void {
  test('a series has the instances of its primary image set, and no others', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const files = [
      storedFile('a', { sop: '1.9' }),
      storedFile('b', { sop: '1.8' }),
      storedFile('c', { sop: '1.7', series: '1.2.3.2' }),
      // The same series with another patient is not primary.
      storedFile('d', { sop: '1.6', patientId: 'PAT2' }),
    ]
    const generated = await importFiles(catalog, { datastoreId, files })
    const primary = generated.find((one) => one.isPrimary && one.numberOfMatchedSOPInstances === 2)!
    const other = generated.find(({ isPrimary }) => !isPrimary)!
    const found = async (wanted: { sopInstanceUID?: string; imageSetId?: string }, series = SERIES) =>
      (await catalog.imageSets.instancesOfSeries({ datastoreId, ...series, ...wanted })).map(
        ({ sopInstanceUID, imageSetId, version }) => [sopInstanceUID, imageSetId, version],
      )
    const inSeries = await found({})
    assert.deepEqual(inSeries.map(([uid]) => uid).sort(), ['1.8', '1.9'])
    for (const [, imageSetId, version] of inSeries) assert.deepEqual([imageSetId, version], [primary.imageSetId, 1])
    assert.deepEqual(await found({ sopInstanceUID: '1.9' }), [['1.9', primary.imageSetId, 1]])
    assert.deepEqual(await found({ sopInstanceUID: '1.6' }), [])
    assert.deepEqual(await found({ sopInstanceUID: '1.6', imageSetId: other.imageSetId }), [
      ['1.6', other.imageSetId, 1],
    ])
    assert.deepEqual(await found({ imageSetId: other.imageSetId }, { ...SERIES, studyInstanceUID: '1.2.4' }), [])
    assert.deepEqual(await found({}, { ...SERIES, seriesInstanceUID: '1.2.3.3' }), [])
    assert.deepEqual(await found({ imageSetId: 'x' }), [])
    const elsewhere = { datastoreId: await createDatastore(catalog, 'other'), ...SERIES }
    assert.deepEqual(await catalog.imageSets.instancesOfSeries(elsewhere), [])
  })

  test('a series has the instances of the latest version, and none once its image set is deleted', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    await importFiles(catalog, { datastoreId, files: [storedFile('a', { sop: '1.9', sizeBytes: 900 })] })
    const [next] = await importFiles(catalog, {
      datastoreId,
      files: [storedFile('a', { sop: '1.9', sizeBytes: 1_000 }), storedFile('b', { sop: '1.8' })],
    })
    const found = await catalog.imageSets.instancesOfSeries({ datastoreId, ...SERIES })
    assert.deepEqual(
      found.map(({ sopInstanceUID, sizeBytes, version }) => [sopInstanceUID, sizeBytes, version]).sort(),
      [
        ['1.8', 1_000, 2],
        ['1.9', 1_000, 2],
      ],
    )
    await catalog.imageSets.delete({ datastoreId, imageSetId: next!.imageSetId, at: AT })
    assert.deepEqual(await catalog.imageSets.instancesOfSeries({ datastoreId, ...SERIES }), [])
  })

  test('a study and its series have their primary image sets in the latest version, until these are deleted', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const files = [
      storedFile('a', { sop: '1.9' }),
      storedFile('b', { sop: '1.7', series: '1.2.3.2' }),
      storedFile('c', { sop: '1.6', patientId: 'PAT2' }),
    ]
    const generated = await importFiles(catalog, { datastoreId, files })
    const other = generated.find(({ isPrimary }) => !isPrimary)!.imageSetId
    await importFiles(catalog, { datastoreId, files: [storedFile('d', { sop: '1.5' })] })
    const { studyInstanceUID } = SERIES
    const found = async (wanted: { seriesInstanceUID?: string; imageSetId?: string }, study = studyInstanceUID) =>
      await catalog.imageSets.ofStudy({ datastoreId, studyInstanceUID: study, ...wanted })
    const asFound = (sets: Awaited<ReturnType<typeof found>>) =>
      sets.map(({ seriesInstanceUID, version }) => `${seriesInstanceUID} ${version}`).sort()
    assert.deepEqual(asFound(await found({})), ['1.2.3.1 2', '1.2.3.2 1'])
    const [second, ...none] = await found({ seriesInstanceUID: '1.2.3.2' })
    assert.deepEqual([second!.seriesInstanceUID, none], ['1.2.3.2', []])
    const expected = [{ imageSetId: other, version: 1, seriesInstanceUID: '1.2.3.1' }]
    assert.deepEqual(await found({ imageSetId: other }), expected)
    for (const wanted of [{ imageSetId: 'x' }, { seriesInstanceUID: '1.2.3.3' }])
      assert.deepEqual(await found(wanted), [])
    assert.deepEqual(await found({ imageSetId: other, seriesInstanceUID: '1.2.3.2' }), [])
    assert.deepEqual(await found({}, '1.2.4'), [])
    await catalog.imageSets.delete({ datastoreId, imageSetId: second!.imageSetId, at: AT })
    assert.deepEqual(asFound(await found({})), ['1.2.3.1 2'])
  })
}
