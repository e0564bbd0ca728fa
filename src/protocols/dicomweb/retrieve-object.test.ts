/** WADO-URI: which form an instance is sent in, how it is shown, and what is refused. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { inflateSync } from 'node:zlib'
import { ExplicitVRLittleEndian, encodeP10 } from '../../dicom/encode.ts'
import { parseP10 } from '../../dicom/parse.ts'
import { attributesOf, draw, pixelOf } from '../../pixel-data/frames.fixture.ts'
import { startDicomweb } from './dicomweb.fixture.ts'

const dicomweb = await startDicomweb()
after(() => dicomweb.stop())
const store = await dicomweb.open()

const single = pixelOf({ bitsStored: 12 })
const multi = pixelOf({ bitsAllocated: 8, rows: 40, columns: 60, numberOfFrames: 3 })
const FRAMES = [10, 20, 30].map((value) => new Uint8Array(40 * 60).fill(value))
const fileOf = (pixel: typeof single, sop: string, frames: Uint8Array[]) =>
  encodeP10({
    ...{ transferSyntaxUID: ExplicitVRLittleEndian, attributes: { ...attributesOf(pixel), SOPInstanceUID: sop } },
    pixelData: { frames },
  })
const report = encodeP10({
  transferSyntaxUID: ExplicitVRLittleEndian,
  attributes: {
    ...{ SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.11', SOPInstanceUID: '1.2.3.6', StudyInstanceUID: '1.2.3' },
    ...{ SeriesInstanceUID: '1.2.3.1', PatientID: 'P1', Modality: 'SR' },
  },
})
await store.bringIn(fileOf(single, '1.2.3.4', [draw(single)]), fileOf(multi, '1.2.3.5', FRAMES), report)

const wado = (sop: string, query = '') =>
  `wado?requestType=WADO&studyUID=1.2.3&seriesUID=1.2.3.1&objectUID=${sop}${query === '' ? '' : `&${query}`}`
const SINGLE = '1.2.3.4'
const MULTI = '1.2.3.5'

async function typeOf(path: string, headers = {}): Promise<string | null> {
  const response = await store.get(path, headers)
  const body = await response.text()
  assert.equal(response.status, 200, body.slice(0, 300))
  return response.headers.get('content-type')
}

const first = async (query: string): Promise<{ size: string; first: number }> => {
  const image = await store.bytes(wado(MULTI, `contentType=image/png&${query}`))
  const data = image.indexOf('IDAT')
  const lines = inflateSync(image.subarray(data + 4, data + 4 + image.readUInt32BE(data - 4)))
  return { size: `${image.readUInt32BE(16)} x ${image.readUInt32BE(20)}`, first: lines[1]! }
}

async function refused(path: string, status: number, message: RegExp): Promise<void> {
  const response = await store.get(path)
  const body = await response.text()
  assert.equal(response.status, status, `${path}: ${body}`)
  assert.match((JSON.parse(body) as { message: string }).message, message)
}

describe('the type', () => {
  test('is that of contentType; without it a single frame is a JPEG, and others are files', async () => {
    assert.equal(await typeOf(wado(SINGLE)), 'image/jpeg')
    assert.equal(await typeOf(wado(SINGLE), { accept: 'text/html, application/xml' }), 'image/jpeg')
    assert.equal(await typeOf(wado(SINGLE), { accept: 'image/png' }), 'image/png')
    assert.equal(await typeOf(wado(SINGLE, 'contentType=image/png')), 'image/png')
    assert.equal(await typeOf(wado(MULTI, 'contentType=image%2Fjpeg')), 'image/jpeg')
    assert.equal(await typeOf(wado(MULTI, 'frameNumber=2')), 'image/jpeg')
    for (const sop of [MULTI, '1.2.3.6'])
      assert.equal(await typeOf(wado(sop)), `application/dicom; transfer-syntax=${ExplicitVRLittleEndian}`)
  })

  test('a file has the transfer syntax that is asked for, and can be requested in parts', async () => {
    const plain = parseP10(await store.bytes(wado(SINGLE, 'contentType=application/dicom')))
    assert.equal(plain.transferSyntaxUID, ExplicitVRLittleEndian)
    const stored = '1.2.840.10008.1.2.4.202'
    const path = wado(SINGLE, `contentType=application/dicom&transferSyntax=${stored}`)
    assert.equal(parseP10(await store.bytes(path)).transferSyntaxUID, stored)
    const part = await store.get(path, { range: 'bytes=128-131' })
    assert.deepEqual([part.status, await part.text()], [206, 'DICM'])
    await refused(wado(SINGLE, 'contentType=application/dicom&transferSyntax=1.2.840.10008.1.2.4.50'), 406, /stored as/)
  })

  test('an image that did not change is not sent again', async () => {
    const response = await store.get(wado(SINGLE))
    await response.arrayBuffer()
    const again = await store.get(wado(SINGLE), { 'if-none-match': response.headers.get('etag')! })
    assert.equal(again.status, 304)
  })
})

test('frame, size, region and window are those of the query', async () => {
  assert.deepEqual(await first(''), { size: '60 x 40', first: 20 })
  assert.deepEqual(await first('frameNumber=3'), { size: '60 x 40', first: 30 })
  assert.equal((await first('rows=20')).size, '30 x 20')
  assert.equal((await first('columns=120')).size, '120 x 80')
  assert.equal((await first('rows=20&columns=20')).size, '20 x 13')
  assert.equal((await first('region=0.5,0,1,0.5')).size, '30 x 20')
  assert.equal((await first('region=0,0,1,0.1&columns=30')).size, '30 x 2')
  assert.equal((await first('windowCenter=20.5&windowWidth=20')).first, 128)
  assert.equal((await first('windowCenter=1000&windowWidth=20')).first, 0)
})

test('what is not valid, and what is not done, is refused', async () => {
  for (const [query, message] of [
    ['frameNumber=4', /its frames are 1 to 3/],
    ['frameNumber=0', /frameNumber/],
    ['frameNumber=1,2', /frameNumber/],
    ['rows=0', /rows/],
    ['columns=1.5', /rows and columns/],
    ['region=0,0,1', /region is/],
    ['region=0.5,0,0.5,1', /region is/],
    ['region=0,0,1,1.1', /region is/],
    ['windowCenter=10', /together/],
    ['windowCenter=10&windowWidth=0', /at least 1/],
    ['windowCenter=a&windowWidth=5', /numbers/],
    ['imageQuality=101', /imageQuality/],
    ['annotation=everything', /annotation/],
    ['anonymize=yes', /does not remove identities/],
    ['anonymize=maybe', /anonymize is/],
    ['presentationUID=1.2', /Presentation states/],
  ] as const) {
    for (const contentType of ['image/jpeg', 'application/dicom']) {
      if (query === 'frameNumber=4' && contentType === 'application/dicom') continue
      await refused(wado(MULTI, `contentType=${contentType}&${query}`), 400, message)
    }
  }
  await refused(wado(SINGLE, 'contentType=image/gif'), 406, /contentType is/)
  await refused(wado('1.2.3.6', 'contentType=image/jpeg'), 406, /no frames/)
  await refused(wado('1.2.3.9'), 404, /instance of this series/)
  for (const [path, message] of [
    ['wado?studyUID=1.2.3&seriesUID=1.2.3.1&objectUID=1.2.3.4', /requestType/],
    ['wado?requestType=WADO&studyUID=1.2.3&seriesUID=1.2.3.1', /UID/],
    ['wado?requestType=WADO&studyUID=x&seriesUID=1.2.3.1&objectUID=1.2.3.4', /UID/],
    ['wado', /UID/],
  ] as const)
    await refused(path, 400, message)
})
