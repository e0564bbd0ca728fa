/** Any path and any headers of retrieval are answered, and never with a fault of the server. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { runs } from '../../fixtures/soak.ts'
import { draw, fileOf, pixelOf } from '../../pixel-data/frames.fixture.ts'
import { startDicomweb } from './dicomweb.fixture.ts'

const dicomweb = await startDicomweb()
after(() => dicomweb.stop())

const of = <T>(...values: readonly T[]) => fc.constantFrom(...values)
const uid = of('1.2.3', '1.2.3.1', '1.2.3.4', '1', '..', '9'.repeat(300), 'x', '%2e', '1.2.3%2F4')
const tail = of(
  ...[
    '',
    '/metadata',
    '/frames/1',
    '/frames/1,2',
    '/frames/2,1',
    '/frames/0',
    '/frames/-1',
    '/frames/1%2C2',
    '/frames/,',
  ],
  ...[
    '/frames/99999999999',
    '/frames/1,1',
    '/frames/x',
    '/bulkdata/PixelData',
    `/bulkdata/${'0'.repeat(32)}`,
    '/bulkdata/..',
  ],
)
const valid = of('', '/metadata', '/frames/1', '/frames/2,1', '/bulkdata/PixelData')
const path = fc.oneof(
  { weight: 6, arbitrary: fc.oneof(valid, tail).map((end) => `studies/1.2.3/series/1.2.3.1/instances/1.2.3.4${end}`) },
  fc.tuple(uid, uid, uid, tail).map(([a, b, c, end]) => `studies/${a}/series/${b}/instances/${c}${end}`),
  fc.tuple(uid, uid).map(([a, b]) => `studies/${a}/series/${b}/metadata`),
  fc.tuple(uid, of('', '/metadata')).map(([a, end]) => `studies/${a}${end}`),
  uid.map((b) => `studies/1.2.3/series/${b}`),
)
const imageSetId = of(
  '',
  '?imageSetId=x',
  `?imageSetId=${'0'.repeat(32)}`,
  `?imageSetId=${'f'.repeat(32)}`,
  '?imageSetId=',
  '?accept=',
  '?accept=application/zip',
  '?accept=application/zip;transfer-syntax=*',
  '?accept=multipart/related;transfer-syntax=1.2.840.10008.1.2.4.50,*/*;q=0.1',
  '?accept=%22%00',
)
const media = of(
  'application/zip',
  ...['*/*', 'application/dicom', 'application/octet-stream', 'image/jphc', 'image/jph', 'image/*', 'video/mp4'],
  ...['multipart/related', 'application/dicom+json', 'application/json', 'text/html', '', 'x', 'a/b/c'],
)
const parameter = of(
  ...['', '; transfer-syntax=*', '; transfer-syntax=1.2.840.10008.1.2.1', '; transfer-syntax=1.2.840.10008.1.2.4.202'],
  ...[
    '; transfer-syntax=1.2.840.10008.1.2.4.50',
    '; transfer-syntax=',
    '; type="image/jphc"',
    '; type=application/dicom',
  ],
  ...['; q=0', '; q=2', ';;', '; "', '; type="*/*"', '; transfer-syntax=-'],
)
const accept = fc.oneof(
  of('', '*/*', 'application/octet-stream; transfer-syntax=*', 'multipart/related; type="application/octet-stream"'),
  of(
    'image/jphc',
    'application/dicom; transfer-syntax=*, application/octet-stream',
    'multipart/related; transfer-syntax=*',
  ),
  fc
    .array(
      fc.tuple(media, fc.array(parameter, { maxLength: 3 })).map(([type, more]) => type + more.join('')),
      { maxLength: 3 },
    )
    .map((ranges) => ranges.join(', ')),
)
const range = of(
  '',
  'bytes=0-',
  'bytes=-1',
  'bytes=5-4',
  'bytes=0-0,2-3',
  'bytes=999999999-',
  'bytes=-0',
  'bytes',
  'x',
  `bytes=${'9'.repeat(15)}-`,
)
const condition = of('', '', '', '*', '"x"', 'W/"x"', ',')

const number = of(
  '0',
  '1',
  '-1',
  '0.5',
  '2',
  '3.9',
  '5',
  '64',
  '70000',
  '1e9',
  '1e-9',
  'NaN',
  'Infinity',
  '',
  ' ',
  '0x1',
  '9'.repeat(40),
)
const list = fc.array(number, { maxLength: 7 }).map((parts) => parts.join(','))
const shape = of('', ',linear', ',linear-exact', ',SIGMOID', ',x', ',')
const value = fc.oneof(
  list,
  fc.tuple(list, shape).map(([text, end]) => text + end),
  fc.string({ maxLength: 8 }),
)
const parameterOf = (...names: readonly string[]) => fc.tuple(of(...names), value)
const textOf = (parameters: readonly (readonly [string, string])[]) =>
  parameters.map(([name, text]) => `${name}=${encodeURIComponent(text)}`).join('&')
const rendered = fc
  .tuple(
    of('', '/series/1.2.3.1', '/series/1.2.3.1/instances/1.2.3.4', '/series/1.2.3.1/instances/1.2.3.4/frames/2,1'),
    of('rendered', 'thumbnail'),
    fc.array(parameterOf('window', 'viewport', 'viewport', 'quality', 'annotation', 'iccprofile', 'accept', 'x'), {
      maxLength: 3,
    }),
  )
  .map(([resource, kind, parameters]) => `studies/1.2.3${resource}/${kind}?${textOf(parameters)}`)
const wado = fc
  .tuple(
    of('', 'contentType=image/png', 'contentType=application/dicom', 'contentType=text/html'),
    fc.array(
      parameterOf(
        ...['frameNumber', 'rows', 'columns', 'region', 'windowCenter', 'windowWidth', 'imageQuality', 'anonymize'],
        ...['transferSyntax', 'annotation', 'objectUID', 'contentType'],
      ),
      { maxLength: 4 },
    ),
  )
  .map(
    ([type, parameters]) =>
      `wado?requestType=WADO&studyUID=1.2.3&seriesUID=1.2.3.1&objectUID=1.2.3.4&${type}&${textOf(parameters)}`,
  )

test('any request for a rendered image is answered without a fault', async () => {
  const store = await dicomweb.open()
  const pixel = pixelOf({ rows: 5, columns: 4, numberOfFrames: 2 })
  await store.bringIn(fileOf(pixel, { frames: [draw(pixel, 1), draw(pixel, 2)] }))
  const statuses = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(fc.oneof(rendered, wado), async (path) => {
      const response = await store.get(path)
      const body = Buffer.from(await response.arrayBuffer())
      const { status } = response
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      assert.ok(status < 500, `${path} ${status} ${body}`)
      if (status >= 400) assert.equal(typeof JSON.parse(body.toString()).message, 'string')
    }),
    { numRuns: runs(600), seed: 7 },
  )
  for (const status of [200, 400, 406]) assert.ok(statuses.has(status), `${status} in ${[...statuses]}`)
})

test('any request for retrieval is answered without a fault', async () => {
  const store = await dicomweb.open()
  const pixel = pixelOf({ rows: 5, columns: 4, numberOfFrames: 2 })
  await store.bringIn(fileOf(pixel, { frames: [draw(pixel, 1), draw(pixel, 2)] }))
  const statuses = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(path, imageSetId, accept, range, condition, async (path, query, accepted, wanted, known) => {
      const headers = {
        ...(accepted !== '' && { accept: accepted }),
        ...(wanted !== '' && { range: wanted }),
        ...(known !== '' && { 'if-none-match': known }),
      }
      const response = await store.get(path + query, headers)
      const body = Buffer.from(await response.arrayBuffer())
      const { status } = response
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      assert.ok(status < 500, `${status} ${body}`)
      if (status >= 400) assert.equal(typeof JSON.parse(body.toString()).message, 'string')
      else if (response.headers.has('content-length') && !response.headers.has('content-encoding') && status !== 304)
        assert.equal(response.headers.get('content-length'), String(body.length))
    }),
    { numRuns: runs(600), seed: 7 },
  )
  // The cases reach what they are meant to reach.
  for (const status of [200, 206, 304, 400, 404, 406, 416])
    assert.ok(statuses.has(status), `${status} in ${[...statuses]}`)
})
