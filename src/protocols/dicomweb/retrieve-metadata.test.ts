/** Metadata in the DICOM JSON model: checked against PS3.18 F.2, and compared with the JSON that DCMTK makes of the imported file. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { temporaryFolder } from '../../cli/export/export.fixture.ts'
import { demoInstances } from '../../demo/instances.ts'
import { parseP10 } from '../../dicom/parse.ts'
import { lacks } from '../../pixel-data/frames.fixture.ts'
import { checkDicomJson } from './dicom-json-model.fixture.ts'
import { type JsonAttribute, pathOf, startDicomweb } from './dicomweb.fixture.ts'
import {
  fileWithEverything,
  fileWithLargeValues,
  LARGE_OF_ITEM,
  LARGE_PRIVATE,
  LARGE_STANDARD,
} from './source-instances.fixture.ts'

const dicomweb = await startDicomweb()
after(() => dicomweb.stop())

type JsonObject = Readonly<Record<string, JsonAttribute>>

const TEST_DATA = join(import.meta.dirname, '../../../node_modules/dicomweb-client/testData')

async function filesOfDemo(): Promise<readonly Uint8Array[]> {
  const byModality = new Map<string, Uint8Array>()
  for await (const { path, bytes } of demoInstances({ seed: 1, today: '20260401' })) {
    const [modality = ''] = path.split('/')
    if (!byModality.has(modality)) byModality.set(modality, bytes)
    if (byModality.size === 6) break
  }
  return [...byModality.values()]
}

/** What differs by intent: the pixel data, the character set of JSON, the transfer syntax and the decoded colour. */
const DIFFERS = new Set([
  '00020010',
  '00080005',
  '7FE00010',
  '00280004',
  '00280006',
  '00880200',
  '7FE00001',
  '7FE00002',
])

interface Comparing {
  readonly isImplicit: boolean
}

const comparable = (object: JsonObject, comparing: Comparing): object =>
  Object.fromEntries(
    Object.entries(object)
      .filter(([tag]) => !DIFFERS.has(tag) && !(tag.startsWith('0002') || tag.endsWith('0000')))
      .filter(([tag]) => !comparing.isImplicit || !/^...[13579BDF]/.test(tag))
      .map(([tag, attribute]) => [tag, comparableAttribute(attribute, comparing)]),
  )

/** DCMTK writes numbers of IS and DS as they are spelled, and empty values otherwise than the standard says. */
function comparableAttribute({ vr, Value, InlineBinary }: JsonAttribute, comparing: Comparing): object {
  const values = (Value ?? []).map((value) => {
    if (vr === 'SQ') return comparable(value as JsonObject, comparing)
    return vr === 'IS' || vr === 'DS' ? Number(value) : value
  })
  return { vr, values, InlineBinary: InlineBinary ?? '' }
}

/** Without the pixel data, of which DCMTK writes only those that are not compressed. */
function readByDCMTK(bytes: Uint8Array): JsonObject {
  const path = join(temporaryFolder({ after: () => {} }), 'file.dcm')
  writeFileSync(path, bytes)
  execFileSync('dcmodify', ['-q', '-nb', '-ea', 'PixelData', path])
  return JSON.parse(execFileSync('dcm2json', ['-q', path], { encoding: 'utf8' })) as JsonObject
}

describe('metadata are those that DCMTK reads in the imported file', {
  skip: lacks(['dcm2json', 'dcmtk']),
}, async () => {
  const files = [
    ...['US-PAL-8-10x-echo.dcm', 'sample.dcm', 'sample2.dcm', 'sample3.dcm'].map((name) => ({
      ...{ name, bytes: readFileSync(join(TEST_DATA, name)) as Uint8Array },
    })),
    ...(await filesOfDemo()).map((bytes, index) => ({ name: `demo file ${index + 1}`, bytes })),
  ]
  for (const { name, bytes } of files) {
    test(name, async () => {
      const store = await dicomweb.open()
      await store.bringIn(bytes)
      const metadata = await store.json(`${pathOf(bytes)}/metadata`)
      checkDicomJson(metadata)
      // In implicit VR, DCMTK and the import know different private elements.
      const isImplicit = parseP10(bytes).transferSyntaxUID === '1.2.840.10008.1.2'
      const [own, judged] = [metadata[0]!, readByDCMTK(bytes)].map((object) => comparable(object, { isImplicit }))
      assert.deepEqual(own, judged)
      assert.ok(metadata[0]!['7FE00010']?.BulkDataURI !== undefined)
    })
  }
})

describe('values of every kind', () => {
  const file = fileWithEverything()
  let metadata: JsonObject
  test('are as the model says', async () => {
    const store = await dicomweb.open()
    await store.bringIn(file)
    const all = await store.json(`${pathOf(file)}/metadata`)
    checkDicomJson(all)
    metadata = all[0]!
    const valuesOf = (tag: string) => metadata[tag]!.Value
    assert.deepEqual(valuesOf('00100010'), [
      { Alphabetic: 'Yamada^Tarou', Ideographic: '山田^太郎', Phonetic: 'やまだ^たろう' },
    ])
    assert.deepEqual(valuesOf('00101001'), [{ Alphabetic: 'DOE^JOHN' }, { Alphabetic: 'ROE^JANE' }])
    assert.deepEqual(metadata['00080050'], { vr: 'SH' })
    assert.deepEqual(metadata['00081140'], { vr: 'SQ' })
    assert.deepEqual(valuesOf('00080008'), ['ORIGINAL', 'PRIMARY', null, 'AXIAL'])
    assert.deepEqual(valuesOf('00104000'), ['A backslash \\ is part of it'])
    assert.deepEqual(valuesOf('00101030'), [70.5])
    assert.deepEqual(valuesOf('00200013'), [7])
    assert.deepEqual(valuesOf('00280009'), ['00181063'])
    assert.deepEqual(valuesOf('00280107'), [65_535])
    assert.deepEqual(metadata['00191002'], { vr: 'OB', InlineBinary: 'AAH+/w==' })
    assert.deepEqual(metadata['00191005'], { vr: 'UN', InlineBinary: 'CQgHBg==' })
    assert.deepEqual(valuesOf('00191006'), [0.1, 'inf'])
    assert.deepEqual(valuesOf('00191008'), ['18446744073709551615'])
    assert.deepEqual(valuesOf('00191001'), [1.5, 2.5])
    const [first, second] = valuesOf('00400275') as readonly JsonObject[]
    assert.deepEqual(second, {})
    const [, code] = first!['00400008']!.Value as readonly JsonObject[]
    assert.deepEqual(code!['00080104'], { vr: 'LO', Value: ['山田'] })
  })

  test('name the transfer syntax as stored, and the pixel data by a URI that can be read', async () => {
    assert.deepEqual(metadata['00020010'], { vr: 'UI', Value: ['1.2.840.10008.1.2.4.202'] })
    assert.match(metadata['7FE00010']!.BulkDataURI!, /\/instances\/1\.2\.3\.4\/bulkdata\/PixelData$/)
  })
})

describe('large binary values', async () => {
  const file = fileWithLargeValues()
  const store = await dicomweb.open()
  await store.bringIn(file)
  const path = pathOf(file)
  const nameOf = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex')

  test('are named by a URI, at which they can be read whole or in part', async () => {
    const [metadata] = await store.json(`${path}/metadata`)
    checkDicomJson([metadata])
    const ofItem = (metadata!['00191011']!.Value as readonly JsonObject[])[0]!['00191012']!
    for (const [attribute, bytes] of [
      [metadata!['00191010']!, LARGE_PRIVATE],
      [ofItem, LARGE_OF_ITEM],
      [metadata!['60003000']!, LARGE_STANDARD],
      [metadata!['7FE11001']!, Buffer.alloc(1024 ** 2 + 40, 'after the pixel data')],
    ] as const) {
      const uri = attribute.BulkDataURI!
      assert.ok(uri.endsWith(`${path}/bulkdata/${nameOf(bytes)}`), uri)
      const below = uri.slice(uri.indexOf('studies/'))
      const whole = await store.bytes(below)
      assert.ok(whole.equals(bytes))
      const part = await store.get(below, { range: 'bytes=10-19' })
      assert.deepEqual(
        [part.status, part.headers.get('content-range'), Buffer.from(await part.arrayBuffer())],
        [206, `bytes 10-19/${bytes.length}`, Buffer.from(bytes.subarray(10, 20))],
      )
    }
  })

  test('that do not exist are not found, and a name of another form is refused', async () => {
    for (const [name, status] of [
      ['0'.repeat(32), 404],
      ['x', 400],
      ['..%2f..%2fetc', 400],
    ] as const) {
      const response = await store.get(`${path}/bulkdata/${name}`)
      assert.deepEqual([name, response.status], [name, status])
      await response.arrayBuffer()
    }
  })
})

describe('a series', async () => {
  const store = await dicomweb.open()
  // The second instance has another weight, and a description that the others do not have.
  const files = [1, 2, 3].map((number) =>
    fileWithEverything({
      ...{ SOPInstanceUID: `1.2.3.4.${number}`, InstanceNumber: String(number) },
      ...(number === 2 && { PatientWeight: '80', SeriesDescription: 'only here', Manufacturer: undefined }),
    }),
  )
  // The same series of another patient: its image set is not primary.
  const other = fileWithEverything({ SOPInstanceUID: '1.2.3.4.9', PatientID: 'P2' })
  await store.bringIn(...files, other)
  const path = 'studies/1.2.3/series/1.2.3.1/metadata'

  test('has the metadata of each instance of its primary image set, each with its own values', async () => {
    const series = await store.json(path)
    checkDicomJson(series)
    assert.equal(series.length, 3)
    for (const file of files) {
      const [alone] = await store.json(`${pathOf(file)}/metadata`)
      const uid = alone!['00080018']!.Value![0]
      assert.deepEqual(
        series.find((one) => one['00080018']!.Value![0] === uid),
        alone,
      )
      const isSecond = uid === '1.2.3.4.2'
      assert.deepEqual(alone!['00101030']!.Value, [isSecond ? 80 : 70.5])
      assert.deepEqual(alone!['0008103E']?.Value, isSecond ? ['only here'] : undefined)
      assert.equal(alone!['00080070'] === undefined, isSecond)
    }
  })

  test('of another image set is sent only with its id, which the URIs of bulk data have too', async () => {
    const [imageSetId] = await store.imageSetIds(false)
    const series = await store.json(`${path}?imageSetId=${imageSetId}`)
    assert.deepEqual(
      series.map((one) => one['00080018']!.Value),
      [['1.2.3.4.9']],
    )
    const uri = series[0]!['7FE00010']!.BulkDataURI!
    assert.ok(uri.endsWith(`/bulkdata/PixelData?imageSetId=${imageSetId}`))
    assert.equal((await store.bytes(uri.slice(uri.indexOf('studies/')))).length, 48)
    const response = await store.get(`${pathOf(other)}/metadata`)
    assert.equal(response.status, 404)
    assert.match(await response.text(), /The parameter imageSetId names another image set/)
  })

  test('is compressed where the client takes gzip, and not sent again where it has not changed', async () => {
    const plain = await store.get(path, { 'accept-encoding': 'identity' })
    const [tag, length] = [plain.headers.get('etag')!, (await plain.arrayBuffer()).byteLength]
    assert.deepEqual([plain.headers.get('content-encoding'), length > 3_000], [null, true])
    const gzip = await store.get(path, { 'accept-encoding': 'br;q=1, gzip;q=0.5' })
    assert.equal(gzip.headers.get('content-encoding'), 'gzip')
    assert.equal((await gzip.arrayBuffer()).byteLength, length)
    const again = await store.get(path, { 'accept-encoding': 'identity', 'if-none-match': `W/"x", ${tag}` })
    assert.deepEqual([again.status, (await again.arrayBuffer()).byteLength], [304, 0])
    assert.notEqual(gzip.headers.get('etag'), tag)
  })

  test('is not sent in another type', async () => {
    const response = await store.get(path, { accept: 'multipart/related; type="application/dicom+xml"' })
    assert.deepEqual([response.status, response.headers.get('x-amzn-errortype')], [406, 'NotAcceptableException'])
    assert.match(await response.text(), /application\/dicom\+json/)
  })
})
