/** Conformance of a catalog: the instance that stands for a study or a series. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenCatalog } from './catalog.conformance.ts'
import { createDatastore, importFiles, storedFile } from './catalog.fixture.ts'

const STUDY = { studyInstanceUID: '1.2.3' }

const image = (sop: string, values: Parameters<typeof storedFile>[1] = {}) =>
  storedFile(sop, {
    ...{ sop, ...values },
    frames: {
      ...{ framesKey: sop.replaceAll('.', '').padStart(24, '0'), frameCount: 1, holds: 'table' },
      ...{ storedTransferSyntaxUID: '1.2.840.10008.1.2.4.202', blobKey: 'blob', offsetBytes: 0, sizeBytes: 20 },
    },
  })

export function testRepresentativeInstance(open: OpenCatalog): void {
  test('a study is represented by the middle instance of the image set with the most images', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const files = [
      ...[1, 2, 3].map((number) => image(`1.1.${number}`)),
      ...[1, 2].map((number) => image(`1.2.${number}`, { series: '1.2.3.2' })),
      ...[3, 4, 5].map((number) => storedFile(`b${number}`, { sop: `1.2.${number}`, series: '1.2.3.2' })),
      storedFile('c1', { sop: '1.3.1', series: '1.2.3.3' }),
      // Of another patient, and so not primary.
      ...[1, 2, 3, 4].map((number) => image(`1.4.${number}`, { patientId: 'PAT2' })),
    ]
    const generated = await importFiles(catalog, { datastoreId, files })
    const other = generated.find(({ isPrimary }) => !isPrimary)!
    const found = async (wanted: { seriesInstanceUID?: string; imageSetId?: string; studyInstanceUID?: string }) => {
      const instance = await catalog.imageSets.representativeInstance({ datastoreId, ...STUDY, ...wanted })
      return typeof instance === 'string' ? instance : instance.sopInstanceUID
    }
    assert.equal(await found({}), '1.1.2')
    assert.equal(await found({ seriesInstanceUID: '1.2.3.1' }), '1.1.2')
    assert.equal(await found({ seriesInstanceUID: '1.2.3.2' }), '1.2.1')
    assert.equal(await found({ seriesInstanceUID: '1.2.3.3' }), 'without-frames')
    assert.equal(await found({ seriesInstanceUID: '1.2.3.4' }), 'absent')
    assert.equal(await found({ studyInstanceUID: '1.2.4' }), 'absent')
    assert.equal(await found({ imageSetId: other.imageSetId }), '1.4.2')
    assert.equal(await found({ imageSetId: 'x' }), 'absent')
  })
}
