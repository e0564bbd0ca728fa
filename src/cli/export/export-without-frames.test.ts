/** Instances without frames are exported unchanged: without pixel data, or with pixel data that could not be split into frames. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, describe, test } from 'node:test'
import { type Attributes, encodeDataSet, encodeP10, type FramesToEncode } from '../../dicom/encode.ts'
import { parseP10 } from '../../dicom/parse.ts'
import { readDocument } from '../../imaging/documents/read-document.ts'
import { attributesOf, draw, pixelOf, startThreads } from '../../pixel-data/frames.fixture.ts'
import { encodeRLEFrame } from '../../pixel-data/rle/rle.ts'
import { exportedFrom, openExportServer, pathIn, readExported, temporaryFolder } from './export.fixture.ts'

const UID = '1.2.840.10008.1.2'
const threads = startThreads()
const server = await openExportServer()
after(async () => {
  await server.stop()
  await threads.stop()
})

const GREY = pixelOf({ bitsStored: 12 })
const cells = draw(GREY)

interface Given {
  readonly uid?: string
  readonly pixelData?: FramesToEncode
  readonly attributes?: Attributes
}

const fileOf = ({ uid = `${UID}.1`, pixelData, attributes = {} }: Given): Uint8Array =>
  encodeP10({
    transferSyntaxUID: uid,
    attributes: {
      ...attributesOf(GREY),
      PatientName: 'Doe^Jane',
      '7FE11010': { vr: 'LO', value: 'behind' },
      ...attributes,
    },
    ...(pixelData === undefined ? {} : { pixelData }),
  })

/** Into a data store of a server, where the instance must have no frames, and out of it again. */
async function thereAndBack(t: Parameters<typeof temporaryFolder>[0], source: Uint8Array) {
  const stored = await server.bringIn(source, 'HTJ2K')
  const [imageSetId] = await stored.imageSetsOf('1.2.3')
  const [instance] = readDocument(await stored.document(imageSetId!, undefined))
  assert.equal(instance!.ImageFrames.length, 0, 'there are no frames')
  const folder = temporaryFolder(t)
  const report = await exportedFrom(stored, { folder, threads })
  assert.deepEqual([report.notExported, report.files], [[], 1])
  const again = await exportedFrom(stored, { folder, threads })
  assert.deepEqual([again.notExported, again.files, again.skipped], [[], 0, 1])
  return { bytes: readExported(folder, source), path: pathIn(folder, source), stored, folder }
}

const pixelsIn = (bytes: Uint8Array) => {
  const file = parseP10(bytes)
  return { ...file, value: Buffer.from(file.dataSet.bytes(file.pixelData!.tag)!) }
}

test('an image without pixel data is exported without pixel data', async (t) => {
  const { bytes } = await thereAndBack(t, fileOf({}))
  const { dataSet, pixelData, transferSyntaxUID } = parseP10(bytes)
  assert.deepEqual([pixelData, transferSyntaxUID, dataSet.number('00280010')], [undefined, `${UID}.1`, GREY.rows])
  assert.equal(dataSet.string('00100010'), 'Doe^Jane')
})

describe('pixel data without frames is exported unchanged:', () => {
  const broken = encodeRLEFrame(cells, GREY).subarray(0, 300)
  const compressed: readonly [name: string, given: Given][] = [
    ['a damaged frame', { uid: `${UID}.5`, pixelData: { frames: [broken] } }],
    [
      'fewer fragments than frames',
      { uid: `${UID}.5`, pixelData: { frames: [broken, broken] }, attributes: { NumberOfFrames: '3' } },
    ],
    ['an unsupported transfer syntax', { uid: `${UID}.4.55`, pixelData: { frames: [broken], fragmentSizeBytes: 100 } }],
    [
      'more than fits into memory',
      { uid: `${UID}.5`, pixelData: { frames: [randomBytes(70_000_000)], offsetTable: 'empty' } },
    ],
    [
      'an extended offset table',
      {
        uid: `${UID}.5`,
        pixelData: { frames: [broken], offsetTable: 'empty' },
        attributes: {
          '7FE00001': { vr: 'OV', value: new Uint8Array(8) },
          '7FE00002': { vr: 'OV', value: new Uint8Array(8) },
        },
      },
    ],
  ]
  for (const [name, given] of compressed) {
    test(name, async (t) => {
      const source = fileOf(given)
      const [before, { bytes }] = [pixelsIn(source), await thereAndBack(t, source)]
      const exported = pixelsIn(bytes)
      assert.ok(exported.value.equals(before.value))
      assert.equal(exported.transferSyntaxUID, given.uid)
      for (const tag of ['7FE00001', '7FE00002']) {
        assert.deepEqual(exported.dataSet.bytes(tag)?.length, before.dataSet.bytes(tag)?.length)
      }
      assert.deepEqual([exported.dataSet.string('7FE11010'), exported.tolerated.size], ['behind', 0])
    })
  }

  test('without its last delimiter, which is added', async (t) => {
    const given = { uid: `${UID}.5`, pixelData: { frames: [broken] }, attributes: { '7FE11010': undefined } }
    const whole = fileOf(given)
    for (const missing of [8, 3]) {
      const { bytes } = await thereAndBack(t, whole.subarray(0, whole.length - missing))
      assert.ok(pixelsIn(bytes).value.equals(pixelsIn(whole).value))
    }
  })

  const short = cells.subarray(0, 1000)
  for (const [name, uid] of [
    ['implicit', UID],
    ['explicit', `${UID}.1`],
    ['deflated', `${UID}.1.99`],
    ['big endian', `${UID}.2`],
  ] as const) {
    test(`${name} and shorter than a frame`, async (t) => {
      const { bytes } = await thereAndBack(t, fileOf({ uid, pixelData: { frames: [short] } }))
      const { value, transferSyntaxUID, dataSet } = pixelsIn(bytes)
      assert.ok(value.equals(short))
      assert.deepEqual([transferSyntaxUID, Buffer.from(dataSet.bytes('7FE11010')!).toString()], [`${UID}.1`, 'behind'])
    })
  }

  test('the private syntax of GE with pixels in big endian', async (t) => {
    const uid = '1.2.840.113619.5.2'
    const attributes = { ...attributesOf(GREY), PixelData: { vr: 'OW', value: Buffer.from(cells).swap16() } }
    const head = encodeP10({ transferSyntaxUID: '1.2.3', attributes: {}, meta: { TransferSyntaxUID: uid } })
    const source = Buffer.concat([head, encodeDataSet(attributes, { explicitVR: false })])
    const { value, transferSyntaxUID } = pixelsIn((await thereAndBack(t, source)).bytes)
    assert.ok(value.equals(cells))
    assert.equal(transferSyntaxUID, `${UID}.1`)
  })
})

test('an image without frames is not exported if the server does not return imported files', async (t) => {
  const stored = await server.bringIn(fileOf({}), 'HTJ2K')
  const plain = { ...stored, importedFile: async () => undefined }
  const { notExported } = await exportedFrom(plain, { folder: temporaryFolder(t), threads })
  assert.match(notExported[0]!.reason, /image without frames, and the server does not return the imported file/)
})

describe('an existing file is skipped only if it is identical:', () => {
  const COLOUR = pixelOf({ bitsAllocated: 8, samplesPerPixel: 3, numberOfFrames: 2 })
  const frames = [1, 2].map((seed) => draw(COLOUR, seed))
  const source = encodeP10({ transferSyntaxUID: `${UID}.1`, attributes: attributesOf(COLOUR), pixelData: { frames } })

  for (const compressed of [false, true]) {
    test(`with lossless frames ${compressed ? 'kept compressed' : 'decompressed'}`, async (t) => {
      const stored = await server.bringIn(source, 'HTJ2K')
      const folder = temporaryFolder(t)
      const run = () => exportedFrom(stored, { folder, threads, compressed })
      assert.equal((await run()).files, 1)
      assert.equal((await run()).skipped, 1)
      const path = pathIn(folder, source)
      const bytes = readFileSync(path)
      const { offsetBytes } = parseP10(bytes).pixelData!
      for (const at of [bytes.indexOf('P1'), offsetBytes + 500]) {
        const changed = Buffer.from(bytes)
        changed[at]! ^= 1
        writeFileSync(path, changed)
        const { skipped, notExported } = await run()
        assert.deepEqual([skipped, notExported.length], [0, 1], `byte ${at}`)
        assert.match(notExported[0]!.reason, /exists and is a different file/)
      }
      writeFileSync(path, bytes.subarray(0, bytes.length - 10))
      assert.equal((await run()).skipped, 0)
    })
  }

  test('in the requested transfer syntax', async (t) => {
    const stored = await server.bringIn(source, 'HTJ2K')
    const folder = temporaryFolder(t)
    await exportedFrom(stored, { folder, threads, compressed: true })
    assert.equal((await exportedFrom(stored, { folder, threads })).notExported.length, 1)
  })

  test('with frames in their original syntax', async (t) => {
    const kept = encodeP10({
      transferSyntaxUID: `${UID}.4.50`,
      attributes: attributesOf(pixelOf({ bitsAllocated: 8 })),
      pixelData: { frames: [Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), randomBytes(5001)])] },
    })
    const stored = await server.bringIn(kept, 'HTJ2K')
    const folder = temporaryFolder(t)
    const run = () => exportedFrom(stored, { folder, threads })
    assert.equal((await run()).files, 1)
    assert.equal((await run()).skipped, 1)
    const path = pathIn(folder, kept)
    const bytes = readFileSync(path)
    bytes[bytes.length - 1000]! ^= 1
    writeFileSync(path, bytes)
    assert.equal((await run()).skipped, 0)
  })
})
