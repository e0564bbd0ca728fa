/** Rendered images, thumbnails and WADO-URI: JPEG and PNG of frames, instances, series and studies, which AWS does not have. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { activeDatastore } from '../support/datastores.ts'
import { ExplicitVRLittleEndian, instance } from '../support/fixtures.ts'
import { attributesOf, draw, pixelOf } from '../support/frames.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { signedHeaders } from '../support/raw-request.ts'
import { choice, clause } from '../support/sources.ts'

const server = await openHilum()
const { hilum, sdk } = server
const datastoreId = await activeDatastore(sdk)

const pixel = pixelOf({ numberOfFrames: 3 })
const image = instance(attributesOf(pixel), {
  transferSyntaxUID: ExplicitVRLittleEndian,
  pixelData: { frames: [1, 2, 3].map((seed) => draw(pixel, seed)) },
})
const report = instance(
  { ...{ PatientID: 'P1', StudyInstanceUID: '1.2.3', SeriesInstanceUID: '1.2.3.9' }, SOPInstanceUID: '1.2.3.9.1' },
  { transferSyntaxUID: ExplicitVRLittleEndian },
)
await importFiles(server, { datastoreId, files: { 'a.dcm': image, 'b.dcm': report } })

const ROOT = `/datastore/${datastoreId}`
const STUDY = `${ROOT}/studies/1.2.3`
const SERIES = `${STUDY}/series/1.2.3.1`
const INSTANCE = `${SERIES}/instances/1.2.3.4`

async function get(path: string, accept = '*/*', query = '') {
  const headers = await signedHeaders(hilum, { method: 'GET', path, query })
  const url = `${hilum.endpoint}${path}${query === '' ? '' : `?${query}`}`
  const response = await fetch(url, { headers: { ...headers, accept } })
  const bytes = Buffer.from(await response.arrayBuffer())
  return { status: response.status, type: response.headers.get('content-type'), bytes }
}

const statusAndType = async (...request: Parameters<typeof get>) => {
  const { status, type } = await get(...request)
  return [status, type]
}

/** Of a PNG. */
const sizeOf = ({ bytes }: { readonly bytes: Buffer }) => `${bytes.readUInt32BE(16)} x ${bytes.readUInt32BE(20)}`

describe('a rendered image', () => {
  test('is sent of a frame, an instance, a series and a study', clause('10.4'), async () => {
    for (const resource of [`${INSTANCE}/frames/2`, INSTANCE, SERIES, STUDY]) {
      for (const kind of ['rendered', 'thumbnail']) {
        assert.deepEqual(await statusAndType(`${resource}/${kind}`), [200, 'image/jpeg'])
      }
    }
  })

  test('is a JPEG, or a PNG if that is preferred', clause('8.7.4'), async () => {
    assert.deepEqual(await statusAndType(`${INSTANCE}/rendered`, 'image/*'), [200, 'image/jpeg'])
    assert.deepEqual(await statusAndType(`${INSTANCE}/rendered`, 'image/jpeg; q=0.1, image/png'), [200, 'image/png'])
    assert.equal((await get(`${INSTANCE}/rendered`, 'image/gif')).status, 406)
  })

  test('has the type of the query parameter accept, whatever the header says', clause('8.3.3.1'), async () => {
    assert.deepEqual(await statusAndType(`${INSTANCE}/rendered`, 'text/html', 'accept=image%2Fpng'), [200, 'image/png'])
  })

  test('fits into the viewport with the shape of its region', clause('8.3.5.1.3'), async () => {
    const { columns, rows } = pixel
    assert.equal(sizeOf(await get(`${INSTANCE}/rendered`, 'image/png')), `${columns} x ${rows}`)
    assert.equal(sizeOf(await get(`${INSTANCE}/rendered`, 'image/png', 'viewport=45%2C45')), '45 x 31')
    assert.equal(
      sizeOf(await get(`${INSTANCE}/rendered`, 'image/png', 'viewport=99%2C33%2C10%2C10%2C-20%2C20')),
      '33 x 33',
    )
  })

  test('is refused with parameters that are not valid', clause('8.3.5'), async () => {
    for (const query of ['window=1', 'window=1%2C0', 'viewport=0%2C1', 'quality=0', 'annotation=x', 'iccprofile=x']) {
      assert.equal((await get(`${INSTANCE}/rendered`, '*/*', query)).status, 400, query)
    }
  })

  test('of an instance with several frames is the middle frame', choice, async () => {
    const [whole, middle] = await Promise.all([get(`${INSTANCE}/rendered`), get(`${INSTANCE}/frames/2/rendered`)])
    assert.ok(whole.bytes.equals(middle.bytes))
  })

  test('of several frames is a part for each', choice, async () => {
    const { status, type } = await get(`${INSTANCE}/frames/1,3/rendered`)
    assert.equal(status, 200)
    assert.match(type!, /^multipart\/related; type="image\/jpeg"; boundary=/)
  })

  test('of an instance without pixels does not exist', choice, async () => {
    assert.equal((await get(`${STUDY}/series/1.2.3.9/instances/1.2.3.9.1/rendered`)).status, 406)
    assert.equal((await get(`${STUDY}/series/1.2.3.9/thumbnail`)).status, 406)
  })
})

describe('WADO-URI', () => {
  const named = 'requestType=WADO&studyUID=1.2.3&seriesUID=1.2.3.1&objectUID=1.2.3.4'
  const wado = (query: string) => statusAndType(`${ROOT}/wado`, '*/*', `${named}${query}`)

  test('sends a file or an image, as contentType says', clause('9.4'), async () => {
    const dicom = `application/dicom; transfer-syntax=${ExplicitVRLittleEndian}`
    assert.deepEqual(await wado('&contentType=application%2Fdicom'), [200, dicom])
    assert.deepEqual(await wado('&contentType=image%2Fpng&frameNumber=3&rows=20'), [200, 'image/png'])
    assert.deepEqual(await wado(''), [200, dicom])
  })

  test('does not remove identities', choice, async () => {
    assert.equal((await wado('&contentType=application%2Fdicom&anonymize=yes'))[0], 400)
  })

  test('refuses a frame that does not exist, and a request that names no instance', clause('9.5'), async () => {
    assert.equal((await wado('&frameNumber=4'))[0], 400)
    assert.deepEqual((await get(`${ROOT}/wado`, '*/*', 'requestType=WADO')).status, 400)
  })
})
