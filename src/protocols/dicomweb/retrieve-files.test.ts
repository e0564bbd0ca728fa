/** Whole studies and series: each part is the file that GetDICOMInstance sends, and nothing is left out without a word. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { temporaryFolder } from '../../cli/export/export.fixture.ts'
import { encodeP10 } from '../../dicom/encode.ts'
import { parseP10 } from '../../dicom/parse.ts'
import { attributesOf, draw, lacks, pixelOf } from '../../pixel-data/frames.fixture.ts'
import { type DicomwebStore, partsOf, pathOf, startDicomweb } from './dicomweb.fixture.ts'

const dicomweb = await startDicomweb()
after(() => dicomweb.stop())

const UID = '1.2.840.10008.1.2'
const HTJ2K = `${UID}.4.202`
const MULTIPART = 'multipart/related; type="application/dicom"'

const pixel = pixelOf({ rows: 40, columns: 60 })
const imageOf = (series: number, instance: number, more: object = {}): Uint8Array =>
  encodeP10({
    transferSyntaxUID: `${UID}.1`,
    attributes: {
      ...{ ...attributesOf(pixel), SeriesInstanceUID: `1.2.3.${series}`, SeriesNumber: String(series) },
      ...{ SOPInstanceUID: `1.2.3.${series}.${instance}`, ...more },
    },
    pixelData: { frames: [draw(pixel, series * 100 + instance)] },
  })
const { PatientID, StudyInstanceUID } = attributesOf(pixel)
const report = encodeP10({
  transferSyntaxUID: UID,
  attributes: {
    ...{ PatientID, StudyInstanceUID, SeriesInstanceUID: '1.2.3.9', SOPInstanceUID: '1.2.3.9.1' },
    ...{ SOPClassUID: `${UID.slice(0, -2)}.5.1.4.1.1.88.11`, Modality: 'SR', ValueType: 'CONTAINER' },
  },
})

async function partsIn(store: DicomwebStore, path: string, accept?: string) {
  const response = await store.get(path, accept === undefined ? {} : { accept })
  const body = Buffer.from(await response.arrayBuffer())
  const type = response.headers.get('content-type')!
  assert.ok([200, 206].includes(response.status), body.toString('latin1', 0, 500))
  return { status: response.status, warning: response.headers.get('warning'), type, parts: partsOf(body, type) }
}

const uidsOf = (parts: readonly { readonly bytes: Uint8Array }[]) =>
  parts.map(({ bytes }) => parseP10(bytes).dataSet.string('00080018')).sort()

describe('a study and its series', async () => {
  const store = await dicomweb.open()
  const files = [imageOf(1, 1), imageOf(1, 2), imageOf(2, 1), report]
  await store.bringIn(...files, imageOf(1, 3, { PatientID: 'another' }))

  test('have the files of their instances, each as it is sent alone', async () => {
    for (const accept of [undefined, '*/*', MULTIPART, `${MULTIPART}; transfer-syntax=*`]) {
      const { status, type, parts } = await partsIn(store, 'studies/1.2.3', accept)
      assert.deepEqual([status, type.split('; boundary')[0]], [200, MULTIPART])
      assert.deepEqual(uidsOf(parts), ['1.2.3.1.1', '1.2.3.1.2', '1.2.3.2.1', '1.2.3.9.1'])
      for (const { bytes, contentType } of parts) {
        const alone = await store.get(pathOf(bytes), accept === undefined ? {} : { accept })
        const [file] = accept?.startsWith('multipart')
          ? partsOf(Buffer.from(await alone.arrayBuffer()), alone.headers.get('content-type')!)
          : [{ bytes: Buffer.from(await alone.arrayBuffer()), contentType: alone.headers.get('content-type')! }]
        assert.equal(contentType, file!.contentType)
        assert.ok(bytes.equals(file!.bytes))
      }
    }
    const ofSeries = await partsIn(store, 'studies/1.2.3/series/1.2.3.1')
    assert.deepEqual(uidsOf(ofSeries.parts), ['1.2.3.1.1', '1.2.3.1.2'])
  })

  test('of an image set that is not primary are sent for its id only', async () => {
    const [imageSetId] = await store.imageSetIds(false)
    for (const path of ['studies/1.2.3', 'studies/1.2.3/series/1.2.3.1']) {
      assert.deepEqual(uidsOf((await partsIn(store, `${path}?imageSetId=${imageSetId}`)).parts), ['1.2.3.1.3'])
    }
    const elsewhere = await store.get(`studies/1.2.3/series/1.2.3.2?imageSetId=${imageSetId}`)
    assert.deepEqual([elsewhere.status, /does not have this series/.test(await elsewhere.text())], [404, true])
  })

  test('leave out what cannot be sent in an accepted syntax, and say so; if that is everything, it is a 406', async () => {
    const { status, warning, parts } = await partsIn(store, 'studies/1.2.3', `${MULTIPART}; transfer-syntax=${HTJ2K}`)
    assert.deepEqual([status, uidsOf(parts)], [206, ['1.2.3.1.1', '1.2.3.1.2', '1.2.3.2.1']])
    assert.match(warning!, /^299 hilum "1 instance\(s\) left out/)
    const none = await store.get('studies/1.2.3/series/1.2.3.9', { accept: `${MULTIPART}; transfer-syntax=${HTJ2K}` })
    assert.deepEqual([none.status, none.headers.get('x-amzn-errortype')], [406, 'NotAcceptableException'])
    const explicit = `${MULTIPART}; transfer-syntax=${UID}.1`
    const both = await partsIn(store, 'studies/1.2.3', `${MULTIPART}; transfer-syntax=${HTJ2K}, ${explicit};q=0.5`)
    assert.deepEqual([both.status, both.warning, both.parts.length], [200, null, 4])
    const syntaxes = both.parts.map(({ bytes }) => parseP10(bytes).transferSyntaxUID).sort()
    assert.deepEqual(syntaxes, [`${UID}.1`, HTJ2K, HTJ2K, HTJ2K])
  })

  test('are not sent as one file', async () => {
    for (const accept of ['application/dicom', 'image/jpeg']) {
      assert.equal((await store.get('studies/1.2.3', { accept })).status, 406)
    }
  })

  test('that do not exist are not found', async () => {
    for (const path of ['studies/1.2.4', 'studies/1.2.3/series/1.2.3.4', 'studies/1.2.4/metadata']) {
      const response = await store.get(path)
      assert.deepEqual([response.status, /has this (study|series)/.test(await response.text())], [404, true], path)
    }
  })

  test('are negotiated by the query parameter accept where a link cannot have the header', async () => {
    const accept = encodeURIComponent(`${MULTIPART}; transfer-syntax=${HTJ2K}`)
    const { parts } = await partsIn(store, `studies/1.2.3/series/1.2.3.1?accept=${accept}`, 'text/html')
    assert.deepEqual(
      parts.map(({ contentType }) => contentType),
      Array(2).fill(`application/dicom; transfer-syntax=${HTJ2K}`),
    )
  })

  test('have the metadata of their instances, of a study with the URIs of each series', async () => {
    const metadata = await store.json('studies/1.2.3/metadata')
    const uids = metadata.map((object) => object['00080018']!.Value![0]).sort()
    assert.deepEqual(uids, ['1.2.3.1.1', '1.2.3.1.2', '1.2.3.2.1', '1.2.3.9.1'])
    const series = ['1.2.3.1', '1.2.3.2', '1.2.3.9'].map((uid) => store.json(`studies/1.2.3/series/${uid}/metadata`))
    const bySeries = (await Promise.all(series)).flat()
    const inOrder = (objects: typeof metadata) => objects.map((object) => JSON.stringify(object)).sort()
    assert.deepEqual(inOrder(metadata), inOrder(bySeries))
    const uri = metadata.find((object) => object['00080018']!.Value![0] === '1.2.3.2.1')!['7FE00010']!.BulkDataURI!
    assert.match(uri, /series\/1\.2\.3\.2\/instances\/1\.2\.3\.2\.1\/bulkdata\/PixelData$/)
  })

  test('are read by dcmdump without a warning', { skip: lacks(['dcmdump', 'dcmtk']) }, async () => {
    const folder = temporaryFolder({ after: () => {} })
    const { parts } = await partsIn(store, 'studies/1.2.3')
    for (const [at, { bytes }] of parts.entries()) {
      const path = join(folder, `${at}.dcm`)
      writeFileSync(path, bytes)
      assert.equal(execFileSync('dcmdump', ['-q', '+P', '0008,0018', path], { encoding: 'utf8' }).length > 0, true)
    }
  })
})

test('the metadata of a study have another tag with each version of one of its image sets', async () => {
  const store = await dicomweb.open()
  await store.bringIn(imageOf(1, 1), imageOf(2, 1))
  const first = (await store.get('studies/1.2.3/metadata')).headers.get('etag')!
  assert.equal((await store.get('studies/1.2.3/metadata', { 'if-none-match': first })).status, 304)
  await store.bringIn(imageOf(2, 2))
  assert.equal((await store.get('studies/1.2.3/metadata', { 'if-none-match': first })).status, 200)
})

test('an instance that turns out to be undecodable breaks the reply off, and alone is a 406', async () => {
  const store = await dicomweb.open()
  const broken = encodeP10({
    transferSyntaxUID: `${UID}.4.50`,
    attributes: { ...attributesOf(pixel), SeriesNumber: '1', SOPInstanceUID: '1.2.3.1.2' },
    pixelData: { frames: [Buffer.from('no JPEG at all')] },
  })
  await store.bringIn(imageOf(1, 1), broken)
  const accept = `${MULTIPART}; transfer-syntax=${UID}.1`
  await assert.rejects(async () => (await store.get('studies/1.2.3', { accept })).arrayBuffer())
  const alone = await store.get('studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.2', { accept })
  assert.equal(alone.status, 406)
  assert.equal((await partsIn(store, 'studies/1.2.3')).parts.length, 2)
})
