/** Retrieval of whole studies and series by DICOMweb: files and metadata, which AWS has for instances and series only. */
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

const MULTIPART = 'multipart/related; type="application/dicom"'
const HTJ2K = '1.2.840.10008.1.2.4.202'
const pixel = pixelOf({ numberOfFrames: 2 })

/** One of series 1.2.3.<series>; another patient's is not primary. */
function image(series: number, number: number, patient = 'P1'): Uint8Array {
  const attributes = {
    ...{ ...attributesOf(pixel), PatientID: patient, SeriesInstanceUID: `1.2.3.${series}` },
    SOPInstanceUID: `1.2.3.${series}.${number}`,
  }
  const frames = [1, 2].map((seed) => draw(pixel, 10 * series + number + seed))
  return instance(attributes, { transferSyntaxUID: ExplicitVRLittleEndian, pixelData: { frames } })
}
const report = instance(
  { ...{ PatientID: 'P1', StudyInstanceUID: '1.2.3', SeriesInstanceUID: '1.2.3.9' }, SOPInstanceUID: '1.2.3.9.1' },
  { transferSyntaxUID: ExplicitVRLittleEndian },
)
const { manifest } = await importFiles(server, {
  datastoreId,
  files: {
    ...{ 'a.dcm': image(1, 1), 'b.dcm': image(1, 2), 'c.dcm': image(2, 1) },
    ...{ 'd.dcm': image(1, 3, 'P2'), 'e.dcm': report },
  },
})
const other = manifest.imageSetsSummary.find(({ isPrimary }) => !isPrimary)!.imageSetId

const STUDY = `/datastore/${datastoreId}/studies/1.2.3`

interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Buffer
}

async function get(path: string, accept = '*/*', query = ''): Promise<Reply> {
  const headers = await signedHeaders(hilum, { method: 'GET', path, query })
  const url = `${hilum.endpoint}${path}${query === '' ? '' : `?${query}`}`
  const response = await fetch(url, { headers: { ...headers, accept } })
  return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) }
}

const typeOf = ({ headers }: Reply): string => headers.get('content-type')!.replace(/; boundary=.*/, '')

interface Part {
  readonly type: string
  readonly content: string
}

function partsOf({ bytes, headers }: Reply): readonly Part[] {
  const [, boundary] = /boundary=(\S+)$/.exec(headers.get('content-type')!) ?? []
  const texts = bytes.toString('latin1').split(`--${boundary}`).slice(1, -1)
  return texts.map((text) => {
    const at = text.indexOf('\r\n\r\n')
    const [, type = ''] = /Content-Type: (.*)/.exec(text.slice(0, at)) ?? []
    return { type: type.trim(), content: text.slice(at + 4, -2) }
  })
}

const alone = async (series: number, number: number, accept: string): Promise<string> =>
  (await get(`${STUDY}/series/1.2.3.${series}/instances/1.2.3.${series}.${number}`, accept)).bytes.toString('latin1')

const contentsOf = (reply: Reply): readonly string[] =>
  partsOf(reply)
    .map(({ content }) => content)
    .sort()

describe('a study or a series', () => {
  test('is sent as multipart/related with a part for each instance', clause('10.4.1.1.1 and 10.4.4'), async () => {
    const file = 'application/dicom'
    const ofStudy = [await alone(1, 1, file), await alone(1, 2, file), await alone(2, 1, file), await alone(9, 1, file)]
    for (const accept of ['*/*', MULTIPART]) {
      const reply = await get(STUDY, accept)
      assert.deepEqual([reply.status, typeOf(reply)], [200, MULTIPART])
      assert.deepEqual(contentsOf(reply), ofStudy.toSorted())
      assert.deepEqual(
        new Set(partsOf(reply).map(({ type }) => type)),
        new Set([`application/dicom; transfer-syntax=${ExplicitVRLittleEndian}`]),
      )
      const ofSeries = await get(`${STUDY}/series/1.2.3.1`, accept)
      assert.deepEqual(contentsOf(ofSeries), ofStudy.slice(0, 2).toSorted())
    }
  })

  test('is sent in the transfer syntax of Accept, each part with its own', clause('8.7.3.5'), async () => {
    const stored = await get(STUDY, `${MULTIPART}; transfer-syntax=*`)
    assert.deepEqual(
      partsOf(stored)
        .map(({ type }) => type.replace('application/dicom; transfer-syntax=', ''))
        .sort(),
      [ExplicitVRLittleEndian, HTJ2K, HTJ2K, HTJ2K],
    )
  })

  test(
    'that has instances in no accepted syntax is sent without them, with the status 206',
    clause('10.4.3.1'),
    async () => {
      const partial = await get(STUDY, `${MULTIPART}; transfer-syntax=${HTJ2K}`)
      assert.deepEqual([partial.status, partsOf(partial).length], [206, 3])
      assert.match(partial.headers.get('warning')!, /1 instance/)
    },
  )

  test('of which nothing is in an accepted syntax or type is a 406', clause('8.7.8.1 and 10.4.4'), async () => {
    const jpeg = `${MULTIPART}; transfer-syntax=1.2.840.10008.1.2.4.50`
    for (const accept of [jpeg, 'application/dicom', 'text/html']) {
      const { status, headers } = await get(STUDY, accept)
      assert.deepEqual([status, headers.get('x-amzn-errortype')], [406, 'NotAcceptableException'], accept)
    }
  })

  test('may be negotiated by the query parameter accept', clause('8.3.3.1'), async () => {
    const query = `accept=${encodeURIComponent(`${MULTIPART}; transfer-syntax=${HTJ2K}`)}`
    const reply = await get(`${STUDY}/series/1.2.3.1`, 'text/html', query)
    assert.deepEqual([reply.status, partsOf(reply).length], [200, 2])
  })

  test('has its primary image sets only, or the one that imageSetId names', choice, async () => {
    for (const path of [STUDY, `${STUDY}/series/1.2.3.1`]) {
      const reply = await get(path, MULTIPART, `imageSetId=${other}`)
      assert.equal(partsOf(reply).length, 1)
      assert.equal((await get(`${path}0`)).status, 404)
    }
    assert.equal((await get(`${STUDY}/series/1.2.3.2`, '*/*', `imageSetId=${other}`)).status, 404)
  })
})

test('the metadata of a study are those of its series in one array', clause('10.4.1.1.2'), async () => {
  const reply = await get(`${STUDY}/metadata`, 'application/dicom+json')
  assert.deepEqual([reply.status, reply.headers.get('content-type')], [200, 'application/dicom+json'])
  const ofSeries = [1, 2, 9].map(async (series) =>
    JSON.parse((await get(`${STUDY}/series/1.2.3.${series}/metadata`)).bytes.toString()),
  )
  const asTexts = (objects: readonly object[]) => objects.map((object) => JSON.stringify(object)).sort()
  assert.deepEqual(asTexts(JSON.parse(reply.bytes.toString())), asTexts((await Promise.all(ofSeries)).flat()))
})
