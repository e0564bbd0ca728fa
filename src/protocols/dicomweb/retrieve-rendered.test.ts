/** Rendered images and thumbnails over HTTP: which frame, which size, which type, and what is refused. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { inflateSync } from 'node:zlib'
import { type Attributes, ExplicitVRLittleEndian, encodeP10 } from '../../dicom/encode.ts'
import type { ImagePixel } from '../../pixel-data/element/image-pixel.ts'
import { attributesOf, draw, pixelOf } from '../../pixel-data/frames.fixture.ts'
import { type DicomwebStore, partsOf, startDicomweb } from './dicomweb.fixture.ts'

const dicomweb = await startDicomweb({ limits: { renderedPixels: 1_000_000 } })
after(() => dicomweb.stop())

const pixel = pixelOf({ bitsAllocated: 8, rows: 40, columns: 60, numberOfFrames: 3 })

/** Frames of one grey value each: 10, 20, ... */
const flat = (of: ImagePixel): Uint8Array[] =>
  Array.from({ length: of.numberOfFrames }, (_, index) => new Uint8Array(of.rows * of.columns).fill(10 * (index + 1)))

const file = (attributes: Attributes = {}, of: ImagePixel = pixel, frames: Uint8Array[] = flat(of)): Uint8Array =>
  encodeP10({
    ...{ transferSyntaxUID: ExplicitVRLittleEndian, attributes: { ...attributesOf(of), ...attributes } },
    pixelData: { frames },
  })

const STUDY = 'studies/1.2.3'
const SERIES = `${STUDY}/series/1.2.3.1`
const INSTANCE = `${SERIES}/instances/1.2.3.4`
const PNG = { accept: 'image/png' }

const store = await dicomweb.open()
await store.bringIn(file())

interface Image {
  readonly columns: number
  readonly rows: number
  /** Of the first pixel. */
  readonly first: number
}

/** Width, height and first sample of a PNG of this server, whose first line has the filter Sub. */
function readPNG(image: Buffer): Image {
  assert.equal(image.toString('latin1', 1, 4), 'PNG')
  const data = image.indexOf('IDAT')
  const lines = inflateSync(image.subarray(data + 4, data + 4 + image.readUInt32BE(data - 4)))
  return { columns: image.readUInt32BE(16), rows: image.readUInt32BE(20), first: lines[1]! }
}

/** Width and height, from the frame header of a baseline JPEG. */
function sizeOfJPEG(image: Buffer): string {
  assert.equal(image.readUInt16BE(0), 0xffd8)
  const at = image.indexOf(Uint8Array.of(0xff, 0xc0))
  return `${image.readUInt16BE(at + 7)} x ${image.readUInt16BE(at + 5)}`
}

const png = async (path: string, from: DicomwebStore = store): Promise<Image> => readPNG(await from.bytes(path, PNG))

async function refused(path: string, status: number, message: RegExp, headers = {}, from: DicomwebStore = store) {
  const response = await from.get(path, headers)
  const body = await response.text()
  assert.equal(response.status, status, `${path}: ${body}`)
  assert.match((JSON.parse(body) as { message: string }).message, message)
}

describe('which image', () => {
  test('a frame is the one with the number, and an instance its middle frame', async () => {
    assert.deepEqual(await png(`${INSTANCE}/frames/3/rendered`), { columns: 60, rows: 40, first: 30 })
    assert.deepEqual(await png(`${INSTANCE}/rendered`), { columns: 60, rows: 40, first: 20 })
    assert.deepEqual(await png(`${INSTANCE}/frames/1/thumbnail`), { columns: 60, rows: 40, first: 10 })
    await refused(`${INSTANCE}/frames/4/rendered`, 404, /its frames are 1 to 3/)
    await refused(`${INSTANCE}/frames/0/rendered`, 400, /from 1/)
    await refused(`${STUDY}/series/1.2.3.1/instances/1.2.9/rendered`, 404, /instance of this series/)
  })

  test('a series and a study are represented by the middle of their images', async () => {
    const many = await dicomweb.open()
    const single = pixelOf({ bitsAllocated: 8, rows: 8, columns: 8 })
    const named = (series: number, instance: number): Attributes => ({
      SeriesInstanceUID: `1.2.3.${series}`,
      SOPInstanceUID: `1.2.3.${series}.${instance}`,
      InstanceNumber: String(instance),
    })
    const grey = (value: number) => [new Uint8Array(64).fill(value)]
    await many.bringIn(
      ...[1, 2].map((number) => file(named(1, number), single, grey(number))),
      ...[1, 2, 3].map((number) => file(named(2, number), single, grey(100 + number))),
    )
    for (const kind of ['rendered', 'thumbnail']) {
      assert.equal((await png(`${STUDY}/series/1.2.3.1/${kind}`, many)).first, 1)
      assert.equal((await png(`${STUDY}/series/1.2.3.2/${kind}`, many)).first, 102)
      assert.equal((await png(`${STUDY}/${kind}`, many)).first, 102)
    }
    await refused('studies/1.2.9/thumbnail', 404, /this study/, {}, many)
    await refused(`${STUDY}/series/1.2.9/thumbnail`, 404, /this series/, {}, many)
    const [id] = await many.imageSetIds(true)
    assert.equal((await many.get(`${STUDY}/thumbnail?imageSetId=${id}`)).status, 200)
    await refused(`${STUDY}/thumbnail?imageSetId=${'0'.repeat(32)}`, 404, /does not exist/, {}, many)
  })

  test('several frames are parts, in the order of the request', async () => {
    for (const accept of ['multipart/related; type="image/png"', 'multipart/related; type=image/jpeg', '*/*']) {
      const response = await store.get(`${INSTANCE}/frames/3,1/rendered`, { accept })
      const type = /png/.test(accept) ? 'image/png' : 'image/jpeg'
      assert.match(response.headers.get('content-type')!, new RegExp(`^multipart/related; type="${type}"`))
      const parts = partsOf(Buffer.from(await response.arrayBuffer()), response.headers.get('content-type')!)
      assert.deepEqual(
        parts.map(({ contentType }) => contentType),
        [type, type],
      )
      if (type === 'image/png')
        assert.deepEqual(
          parts.map(({ bytes }) => readPNG(bytes).first),
          [30, 10],
        )
    }
    await refused(`${INSTANCE}/frames/3,1/rendered`, 406, /multipart\/related/, { accept: 'image/png' })
  })
})

describe('which type', () => {
  test('is JPEG unless PNG is preferred, by Accept or by the query parameter, which takes precedence', async () => {
    for (const [accept, query, type] of [
      [undefined, '', 'image/jpeg'],
      ['*/*', '', 'image/jpeg'],
      ['image/*', '', 'image/jpeg'],
      ['text/html, image/png', '', 'image/png'],
      ['image/jpeg; q=0.5, image/png', '', 'image/png'],
      ['image/jpeg', '?accept=image%2Fpng', 'image/png'],
      ['text/html', '?accept=image%2Fjpeg', 'image/jpeg'],
    ] as const) {
      const response = await store.get(`${INSTANCE}/rendered${query}`, accept === undefined ? {} : { accept })
      const body = Buffer.from(await response.arrayBuffer())
      assert.deepEqual([response.status, response.headers.get('content-type')], [200, type], `${accept} ${query}`)
      assert.equal(response.headers.get('content-length'), String(body.length))
      if (type === 'image/jpeg') assert.equal(sizeOfJPEG(body), '60 x 40')
    }
    await refused(`${INSTANCE}/rendered`, 406, /image\/jpeg or image\/png/, { accept: 'image/gif' })
    await refused(`${INSTANCE}/rendered?accept=image/gif`, 406, /image\/jpeg or image\/png/)
  })

  test('an image that did not change is not sent again, and one of another rendering is', async () => {
    const response = await store.get(`${INSTANCE}/rendered`)
    await response.arrayBuffer()
    const tag = response.headers.get('etag')!
    const again = await store.get(`${INSTANCE}/rendered`, { 'if-none-match': tag })
    assert.deepEqual([again.status, again.headers.get('etag')], [304, tag])
    for (const other of ['/rendered?quality=50', '/rendered?viewport=10,10', '/frames/1/rendered']) {
      const changed = await store.get(INSTANCE + other, { 'if-none-match': tag })
      await changed.arrayBuffer()
      assert.equal(changed.status, 200, other)
    }
  })
})

describe('which size', () => {
  const sizes = async (path: string, from?: DicomwebStore) => {
    const { columns, rows } = await png(path, from)
    return `${columns} x ${rows}`
  }

  test('a viewport is filled as far as the shape of the image allows', async () => {
    assert.equal(await sizes(`${INSTANCE}/rendered?viewport=30,30`), '30 x 20')
    assert.equal(await sizes(`${INSTANCE}/rendered?viewport=600,80`), '120 x 80')
    assert.equal(await sizes(`${INSTANCE}/rendered?viewport=30,30,10,0,20,20`), '30 x 30')
    assert.equal(await sizes(`${INSTANCE}/rendered?viewport=100,100,,,-20,`), '50 x 100')
    assert.equal(await sizes(`${INSTANCE}/thumbnail?viewport=6,60`), '6 x 4')
  })

  test('a thumbnail is at most 256 pixels wide and high, and is not enlarged', async () => {
    const large = await dicomweb.open()
    const wide = pixelOf({ bitsAllocated: 8, rows: 100, columns: 512 })
    await large.bringIn(file({}, wide, [draw(wide)]))
    assert.equal(await sizes(`${INSTANCE}/thumbnail`, large), '256 x 50')
    assert.equal(await sizes(`${INSTANCE}/thumbnail`), '60 x 40')
  })

  test('pixels that are not square are shown with their shape', async () => {
    const other = await dicomweb.open()
    await other.bringIn(file({ PixelSpacing: ['1.0', '0.5'] }))
    assert.equal(await sizes(`${INSTANCE}/rendered`, other), '60 x 80')
    assert.equal(await sizes(`${INSTANCE}/thumbnail?viewport=40,40`, other), '30 x 40')
  })

  test('more pixels than the limit, and regions outside of the frame, are refused', async () => {
    await refused(`${INSTANCE}/rendered?viewport=2000,2000`, 400, /limits\.renderedPixels.*viewport/)
    for (const region of ['0,0,61,10', '50,0,20,10', '0,39.5,10,1', '60,0,,', '0,0,-61,10']) {
      await refused(`${INSTANCE}/rendered?viewport=10,10,${region}`, 400, /60 x 40 pixels/)
    }
  })
})

describe('how it is shown', () => {
  test('a window of the request takes the place of that of the image', async () => {
    const windowed = await dicomweb.open()
    await windowed.bringIn(file({ WindowCenter: '20', WindowWidth: '21' }))
    assert.equal((await png(`${INSTANCE}/rendered`, windowed)).first, 134)
    assert.equal((await png(`${INSTANCE}/rendered?window=20,20,linear-exact`, windowed)).first, 128)
    assert.equal((await png(`${INSTANCE}/rendered?window=1000,10`, windowed)).first, 0)
    assert.equal((await png(`${INSTANCE}/rendered?window=-1000,10,SIGMOID`, windowed)).first, 255)
  })

  test('colour that is stored as YBR is shown as RGB', async () => {
    for (const format of ['HTJ2K', 'JPEG_2000_LOSSLESS'] as const) {
      const coloured = await dicomweb.open({ losslessStorageFormat: format })
      const ybr = pixelOf({
        ...{ bitsAllocated: 8, rows: 4, columns: 4, samplesPerPixel: 3, photometricInterpretation: 'YBR_FULL' },
      })
      // Red.
      await coloured.bringIn(file({}, ybr, [Uint8Array.from({ length: 48 }, (_, at) => [76, 85, 255][at % 3]!)]))
      const image = await coloured.bytes(`${INSTANCE}/rendered`, PNG)
      const lines = inflateSync(image.subarray(image.indexOf('IDAT') + 4))
      assert.ok(lines[1]! > 250 && lines[2]! < 5 && lines[3]! < 5, `${lines.subarray(1, 4)}`)
    }
  })

  test('parameters that are not valid are refused with the syntax', async () => {
    for (const [query, message] of [
      ['window=10', /width/],
      ['window=10,0', /at least 1/],
      ['window=10,0,sigmoid', /more than 0/],
      ['window=a,10', /numbers/],
      ['window=1,2,cubic', /linear-exact/],
      ['window=1,2,linear,3', /linear-exact/],
      ['viewport=10', /viewport is/],
      ['viewport=0,10', /viewport is/],
      ['viewport=-1,10', /viewport is/],
      ['viewport=10,70000', /viewport is/],
      ['viewport=10,10,a', /viewport is/],
      ['viewport=10,10,-1,0', /viewport is/],
      ['viewport=10,10,0,0,0,1', /viewport is/],
      ['viewport=10,10,0,0,1,1,1', /viewport is/],
      ['quality=0', /1 to 100/],
      ['quality=101', /1 to 100/],
      ['quality=1.5', /1 to 100/],
      ['annotation=name', /patient/],
      ['iccprofile=cmyk', /srgb/],
    ] as const) {
      await refused(`${INSTANCE}/rendered?${query}`, 400, message)
    }
    await refused(`${INSTANCE}/thumbnail?viewport=10,10,0,0,1,1`, 400, /no region/)
    const path = `${INSTANCE}/rendered?annotation=patient,technique&iccprofile=srgb&quality=1&unknown=x`
    assert.equal((await store.get(path)).status, 200)
  })
})

describe('instances without an image', () => {
  const without = (attributes: Attributes) =>
    encodeP10({
      transferSyntaxUID: ExplicitVRLittleEndian,
      attributes: {
        ...attributesOf(pixel),
        Rows: undefined,
        Columns: undefined,
        BitsAllocated: undefined,
        ...attributes,
      },
    })

  test('a report is refused, an encapsulated PDF is sent as it is', async () => {
    const documents = await dicomweb.open()
    const pdf = Buffer.from('%PDF-1.4 odd')
    const large = Buffer.alloc(2 * 1024 ** 2, 'large PDF ')
    await documents.bringIn(
      without({ SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.11', SOPInstanceUID: '1.2.3.5' }),
      ...[pdf, large].map((bytes, index) =>
        without({
          ...{ SOPClassUID: '1.2.840.10008.5.1.4.1.1.104.1', SOPInstanceUID: `1.2.3.${6 + index}` },
          ...{ MIMETypeOfEncapsulatedDocument: 'application/pdf', EncapsulatedDocument: { vr: 'OB', value: bytes } },
        }),
      ),
    )
    const at = (instance: string) => `${SERIES}/instances/${instance}`
    await refused(`${at('1.2.3.5')}/rendered`, 406, /no frames/, {}, documents)
    await refused(`${SERIES}/thumbnail`, 406, /No instance of this series/, {}, documents)
    for (const accept of ['*/*', 'application/pdf', 'image/jpeg, application/pdf']) {
      const response = await documents.get(`${at('1.2.3.6')}/rendered`, { accept })
      assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'application/pdf'])
      assert.ok(Buffer.from(await response.arrayBuffer()).equals(pdf))
    }
    assert.ok((await documents.bytes(`${at('1.2.3.7')}/rendered`)).equals(large))
    await refused(`${at('1.2.3.6')}/rendered`, 406, /application\/pdf/, { accept: 'image/png' }, documents)
    await refused(`${at('1.2.3.6')}/thumbnail`, 406, /application\/pdf/, {}, documents)
  })

  test('a video is refused, and named as a frame', async () => {
    const videos = await dicomweb.open()
    const stream = Buffer.concat([Uint8Array.of(0, 0, 0, 1, 9, 0xf0), Buffer.alloc(500, 7)])
    await videos.bringIn(
      encodeP10({
        ...{
          transferSyntaxUID: '1.2.840.10008.1.2.4.102',
          attributes: attributesOf(pixelOf({ rows: 64, columns: 64 })),
        },
        pixelData: { frames: [stream] },
      }),
    )
    await refused(`${INSTANCE}/rendered`, 406, /video.*frames\/1/, {}, videos)
  })
})
