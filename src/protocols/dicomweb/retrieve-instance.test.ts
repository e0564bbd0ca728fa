/** Files that GetDICOMInstance makes hold what the imported file held, and programs of others accept them. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { temporaryFolder } from '../../cli/export/export.fixture.ts'
import { demoInstances } from '../../demo/instances.ts'
import { encodeP10 } from '../../dicom/encode.ts'
import { parseP10 } from '../../dicom/parse.ts'
import { attributesOf, draw, lacks, nativeFrames, pixelOf } from '../../pixel-data/frames.fixture.ts'
import { partsOf, pathOf, startDicomweb } from './dicomweb.fixture.ts'
import { fileWithEverything, fileWithLargeValues } from './source-instances.fixture.ts'

const dicomweb = await startDicomweb()
after(() => dicomweb.stop())

const STORED = 'application/dicom; transfer-syntax=*'

async function storeWith(...files: readonly Uint8Array[]) {
  const store = await dicomweb.open()
  await store.bringIn(...files)
  return store
}

function writtenTo(bytes: Uint8Array): string {
  const path = join(temporaryFolder({ after: () => {} }), 'file.dcm')
  writeFileSync(path, bytes)
  return path
}

/** All elements after group 0002 with their values, by DCMTK, as UTF-8. Pixel data and character set are compared elsewhere. */
function elementsOf(bytes: Uint8Array): string[] {
  const dump = execFileSync('dcmdump', ['-q', '+L', '+U8', writtenTo(bytes)], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 ** 2,
  })
  return dump
    .split('\n')
    .filter((line) => /^ *\([0-9a-f]{4},/.test(line) && !/^ *\((0002|7fe0|fffe),|\(0008,0005\)/.test(line))
    .map((line) => line.replace(/ +#.*$/, '').replace(/u\/l/, ''))
}

describe('a file has every element of the imported file', { skip: lacks(['dcmdump', 'dcmtk']) }, () => {
  for (const [name, file] of [
    ['of every kind', fileWithEverything()],
    ['with large values, also after the pixel data and in an item', fileWithLargeValues()],
  ] as const) {
    test(name, async () => {
      const store = await storeWith(file)
      const expected = elementsOf(file)
      assert.ok(expected.length > 50)
      for (const accept of ['application/dicom', STORED]) {
        assert.deepEqual(elementsOf(await store.bytes(pathOf(file), { accept })), expected)
      }
    })
  }
})

test('dciodvfy finds no fault in a file that it does not find in the imported one', {
  skip: lacks(['dciodvfy', 'dicom3tools']),
}, async () => {
  const seen = new Set<string>()
  for await (const { path, bytes } of demoInstances({ seed: 1, today: '20260401' })) {
    const [modality = ''] = path.split('/')
    if (seen.has(modality)) continue
    seen.add(modality)
    const store = await storeWith(bytes)
    // It cannot read the compressed syntaxes of some.
    const known = faultsOf(bytes)
    const found = faultsOf(await store.bytes(pathOf(bytes))).filter((fault) => !known.includes(fault))
    assert.deepEqual([modality, found], [modality, []])
    if (seen.size === 6) break
  }
})

const faultsOf = (bytes: Uint8Array): readonly string[] =>
  spawnSync('dciodvfy', [writtenTo(bytes)], { encoding: 'utf8' })
    .stderr.split('\n')
    .filter((line) => line.startsWith('Error'))

test('an instance that is no image is a file without pixel data', async () => {
  const { PatientID, StudyInstanceUID, SeriesInstanceUID } = attributesOf(pixelOf())
  const attributes = {
    ...{ PatientID, StudyInstanceUID, SeriesInstanceUID, SOPInstanceUID: '1.2.3.4' },
    ...{ SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.11', Modality: 'SR', ValueType: 'CONTAINER' },
  }
  const report = encodeP10({ transferSyntaxUID: '1.2.840.10008.1.2', attributes })
  const store = await storeWith(report)
  const file = parseP10(await store.bytes(pathOf(report)))
  assert.deepEqual(
    [file.transferSyntaxUID, file.pixelData, file.dataSet.string('0040A040')],
    ['1.2.840.10008.1.2.1', undefined, 'CONTAINER'],
  )
  const frames = await store.get(`${pathOf(report)}/frames/1`)
  assert.deepEqual([frames.status, /has no frames/.test(await frames.text())], [404, true])
})

test('pixel data that could not be split into frames are copied from the imported file', async () => {
  const pixel = pixelOf({ rows: 40, columns: 60 })
  // Half of the frame is missing.
  const cells = draw(pixel).subarray(0, 2_400)
  const broken = encodeP10({
    transferSyntaxUID: '1.2.840.10008.1.2.1',
    attributes: attributesOf(pixel),
    pixelData: { frames: [cells] },
  })
  const store = await storeWith(broken)
  const file = await store.bytes(pathOf(broken))
  assert.ok(Buffer.from(nativeFrames(file)[0]!).equals(cells))
})

test('pixel data are copied from the imported file where an update has another number of frames', async () => {
  const pixel = pixelOf({ rows: 40, columns: 60, numberOfFrames: 2 })
  const frames = [draw(pixel, 1), draw(pixel, 2)]
  const source = encodeP10({
    transferSyntaxUID: '1.2.840.10008.1.2.1',
    attributes: attributesOf(pixel),
    pixelData: { frames },
  })
  const store = await storeWith(source)
  const { SeriesInstanceUID, SOPInstanceUID } = attributesOf(pixel) as Record<string, string>
  const Instances = { [SOPInstanceUID!]: { DICOM: { NumberOfFrames: '3' } } }
  await store.update({ Study: { Series: { [SeriesInstanceUID!]: { Instances } } } })
  const file = await store.bytes(pathOf(source), { accept: STORED })
  const { dataSet, transferSyntaxUID } = parseP10(file)
  assert.deepEqual([dataSet.string('00280008'), transferSyntaxUID], ['3', '1.2.840.10008.1.2.1'])
  assert.ok(Buffer.from(nativeFrames(file)[0]!).equals(Buffer.concat(frames)))
})

describe('of an instance', async () => {
  const pixel = pixelOf({ numberOfFrames: 3 })
  const frames = [1, 2, 3].map((seed) => draw(pixel, seed))
  const file = encodeP10({
    transferSyntaxUID: '1.2.840.10008.1.2.1',
    attributes: attributesOf(pixel),
    pixelData: { frames },
  })
  const store = await storeWith(file)
  const path = pathOf(file)
  const whole = await store.bytes(path)
  const stored = await store.bytes(path, { accept: STORED })

  test('every part can be requested, with both transfer syntaxes', async () => {
    for (const [accept, bytes] of [
      ['application/dicom', whole],
      [STORED, stored],
    ] as const) {
      const { length } = bytes
      for (const [range, from, to] of [
        ['bytes=0-0', 0, 1],
        ['bytes=100-20000', 100, 20_001],
        ['bytes=-1', length - 1, length],
        [`bytes=${length - 5}-`, length - 5, length],
        [`bytes=5000-${length + 1_000}`, 5_000, length],
        [`bytes=11000-12000`, 11_000, 12_001],
      ] as const) {
        const response = await store.get(path, { accept, range })
        assert.deepEqual(
          [response.status, response.headers.get('content-range')],
          [206, `bytes ${from}-${to - 1}/${length}`],
        )
        assert.ok(Buffer.from(await response.arrayBuffer()).equals(bytes.subarray(from, to)), range)
      }
    }
  })

  test('a part that does not exist is refused, several parts and a malformed range are answered with all bytes', async () => {
    const beyond = await store.get(path, { range: `bytes=${whole.length}-` })
    assert.deepEqual(
      [beyond.status, beyond.headers.get('content-range'), beyond.headers.get('x-amzn-errortype')],
      [416, `bytes */${whole.length}`, 'RangeNotSatisfiableException'],
    )
    await beyond.arrayBuffer()
    for (const range of ['bytes=0-1,5-6', 'bytes=9-1', 'lines=1-2', 'bytes=-']) {
      const response = await store.get(path, { range })
      assert.deepEqual([range, response.status], [range, 200])
      assert.ok(Buffer.from(await response.arrayBuffer()).equals(whole))
    }
  })

  test('a part is sent only of the version that If-Range names, and nothing where If-None-Match names it', async () => {
    const tag = (await store.get(path)).headers.get('etag')!
    const statuses = []
    for (const headers of [
      { range: 'bytes=0-9', 'if-range': tag },
      { range: 'bytes=0-9', 'if-range': '"other"' },
      { 'if-none-match': tag },
      { 'if-none-match': tag, accept: STORED },
    ]) {
      const response = await store.get(path, headers)
      statuses.push(response.status)
      await response.arrayBuffer()
    }
    assert.deepEqual(statuses, [206, 200, 304, 200])
  })

  test('the file is the one part of multipart/related', async () => {
    const response = await store.get(path, { accept: 'multipart/related; type="application/dicom"' })
    const body = Buffer.from(await response.arrayBuffer())
    const type = response.headers.get('content-type')!
    assert.match(type, /^multipart\/related; type="application\/dicom"; boundary=/)
    assert.equal(response.headers.get('content-length'), String(body.length))
    const [part, ...others] = partsOf(body, type)
    assert.deepEqual([part!.contentType, others.length], ['application/dicom; transfer-syntax=1.2.840.10008.1.2.1', 0])
    assert.ok(part!.bytes.equals(whole))
  })

  test('the first transfer syntax that exists is sent, and the refusal says which do', async () => {
    const types = []
    for (const accept of [
      'application/dicom; transfer-syntax=1.2.840.10008.1.2.4.202',
      'application/dicom; transfer-syntax=1.2.840.10008.1.2.4.50, application/dicom; transfer-syntax=*; q=0.1',
      'application/dicom; transfer-syntax=*; q=0.1, */*; q=0.2',
      'application/*',
    ]) {
      const response = await store.get(path, { accept })
      types.push(response.headers.get('content-type')!.replace(/.*\./, ''))
      await response.arrayBuffer()
    }
    assert.deepEqual(types, ['202', '202', '1', '1'])
    for (const accept of ['application/dicom; transfer-syntax=1.2.840.10008.1.2.4.50', 'image/jpeg', 'text/html']) {
      const response = await store.get(path, { accept })
      assert.deepEqual([response.status, response.headers.get('x-amzn-errortype')], [406, 'NotAcceptableException'])
      assert.match(await response.text(), /transfer-syntax/)
    }
  })

  test('an update is in the file, the metadata and the entity tag', async () => {
    const other = await storeWith(fileWithEverything())
    const before = (await other.get(path)).headers.get('etag')
    await other.update({ Patient: { DICOM: { PatientName: 'CHANGED^NAME' } } })
    const response = await other.get(path)
    assert.notEqual(response.headers.get('etag'), before)
    const { dataSet } = parseP10(Buffer.from(await response.arrayBuffer()))
    assert.equal(dataSet.string('00100010'), 'CHANGED^NAME')
    const [metadata] = await other.json(`${path}/metadata`)
    assert.deepEqual(metadata!['00100010']!.Value, [{ Alphabetic: 'CHANGED^NAME' }])
  })
})
