/** GetImageFrame: frames of imported files of every kind, decoded and compared with the document; and frames that do not exist. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { DeleteImageSetCommand, GetImageFrameCommand } from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import {
  type Attributes,
  DeflatedExplicitVRLittleEndian,
  ExplicitVRBigEndian,
  ExplicitVRLittleEndian,
  type encodeP10,
  ImplicitVRLittleEndian,
  instance,
} from '../support/fixtures.ts'
import {
  attributesOf,
  decodedAtResolution,
  decodedPixels,
  draw,
  encodeRLEFrame,
  fetchFrame,
  instancesOf,
  lacks,
  nativeFrames,
  openFolder,
  pixelOf,
} from '../support/frames.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { sendSigned } from '../support/raw-request.ts'
import { choice, documented } from '../support/sources.ts'
import { until } from '../support/until.ts'

const PREFIX = '1.2.840.10008.1.2'
const SMALL = 64 * 1024

/**
 * Files beyond 64 KB are not read into memory, and frames with more than 64 KB of pixels get a separate blob: these limits cover both
 * cases.
 */
const server = await openHilum({
  limits: { importWholeFileBytes: SMALL, importBlobBytes: SMALL, importFramesPerFile: 9 },
})
const { sdk } = server
const datastoreId = await activeDatastore(sdk)
const jpeg2000Store = await activeDatastore(sdk, { losslessStorageFormat: 'JPEG_2000_LOSSLESS' })
const folder = openFolder()
after(() => folder.remove())
let studiesMade = 0

type PixelData = Parameters<typeof encodeP10>[0]['pixelData']
type Pixel = ReturnType<typeof pixelOf>

const fileOf = (pixel: Pixel, pixelData: PixelData, transferSyntaxUID = ExplicitVRLittleEndian): Uint8Array => {
  const StudyInstanceUID = `2.25.88.${++studiesMade}`
  const { SOPInstanceUID: _, SeriesInstanceUID: __, ...attributes } = attributesOf(pixel)
  return instance({ ...attributes, StudyInstanceUID } as Attributes, { transferSyntaxUID, pixelData: pixelData! })
}

/** Imports one file. @returns its image set, its only instance and the warnings */
async function importOne(file: Uint8Array, into = datastoreId) {
  const { manifest, warning } = await importFiles(server, { datastoreId: into, files: { 'a.dcm': file } })
  assert.equal(manifest.numberOfImportedFiles, 1)
  const { imageSetId } = manifest.imageSetsSummary[0]!
  const imageSet = { datastoreId: into, imageSetId }
  const [described] = await instancesOf(sdk, imageSet)
  const warnings = warning?.flatMap(({ importResponse }) => importResponse.warnings) ?? []
  return { imageSet, described: described!, warnings: warnings.map((each) => [each.warning_reason_code, each.type]) }
}

/** Fetches every frame of an imported file, and compares its size with the document. */
async function framesOf(file: Uint8Array, into = datastoreId) {
  const { imageSet, described, warnings } = await importOne(file, into)
  const frames = []
  for (const frame of described.ImageFrames) {
    const fetched = await fetchFrame(sdk, imageSet, frame)
    assert.equal(fetched.bytes.length, frame.FrameSizeInBytes)
    assert.equal(fetched.headers['content-length'], String(frame.FrameSizeInBytes))
    assert.equal(fetched.headers['content-encoding'], undefined)
    frames.push({ ...frame, ...fetched, checksum: frame.PixelDataChecksumFromBaseToFullResolution.at(-1)!.Checksum })
  }
  return { frames, described, warnings, imageSet }
}

const COLOUR = pixelOf({ bitsAllocated: 8, samplesPerPixel: 3, columns: 91 })
const GREY_8 = pixelOf({ bitsAllocated: 8 })
const GREY_12 = pixelOf({ bitsStored: 12 })
const LARGE = pixelOf({ rows: 300, columns: 400, numberOfFrames: 3 })

const drawn = (pixel: Pixel): Uint8Array[] =>
  Array.from({ length: pixel.numberOfFrames }, (_, index) => draw(pixel, index + 1))
const byPlane = (cells: Uint8Array) => {
  const pixels = cells.length / 3
  return Uint8Array.from(cells, (_, index) => cells[(index % pixels) * 3 + Math.floor(index / pixels)]!)
}

describe('frames of uncompressed and RLE files are served losslessly as HTJ2K', documented, () => {
  const cases: readonly [name: string, pixel: Pixel, uid: string, encode?: (cells: Uint8Array) => Uint8Array][] = [
    ['implicit', GREY_12, ImplicitVRLittleEndian],
    ['explicit, signed', pixelOf({ isSigned: true }), ExplicitVRLittleEndian],
    ['deflated', GREY_12, DeflatedExplicitVRLittleEndian],
    ['big endian', GREY_12, ExplicitVRBigEndian],
    ['of 8 bits', GREY_8, ExplicitVRLittleEndian],
    ['of colour', COLOUR, ExplicitVRLittleEndian],
    ['of colour by plane', { ...COLOUR, isPlanar: true }, ExplicitVRLittleEndian, byPlane],
    ['of a palette', { ...GREY_8, photometricInterpretation: 'PALETTE COLOR' }, ExplicitVRLittleEndian],
    ['of YBR', { ...COLOUR, photometricInterpretation: 'YBR_FULL' }, ExplicitVRLittleEndian],
    ['of several frames', pixelOf({ numberOfFrames: 5 }), ExplicitVRLittleEndian],
    ['in a file and with frames too large to hold', LARGE, ExplicitVRLittleEndian],
    ['RLE', GREY_12, `${PREFIX}.5`, (cells) => encodeRLEFrame(cells, GREY_12)],
    ['RLE, frames too large to hold', LARGE, `${PREFIX}.5`, (cells) => encodeRLEFrame(cells, LARGE)],
  ]
  for (const [name, pixel, uid, encode = (cells: Uint8Array) => cells] of cases) {
    test(name, async () => {
      const cells = drawn(pixel)
      const { frames, described, warnings } = await framesOf(fileOf(pixel, { frames: cells.map(encode) }, uid))
      assert.deepEqual(warnings, [])
      assert.equal(described.StoredTransferSyntaxUID, `${PREFIX}.4.202`)
      assert.equal((described as { ChecksumType?: string }).ChecksumType, 'DECOMPRESSED')
      assert.equal(described.DICOM.TransferSyntaxUID, uid)
      assert.equal(new Set(frames.map(({ ID }) => ID)).size, cells.length)
      for (const [index, frame] of frames.entries()) {
        assert.match(frame.ID, /^[0-9a-f]{32}$/)
        assert.equal(frame.contentType, 'image/jph')
        assert.equal(Buffer.from(frame.bytes.subarray(4, 8)).toString(), 'jP  ')
        assert.ok(Buffer.from(decodedPixels(frame)).equals(cells[index]!), `frame ${index + 1}`)
        assert.deepEqual(frame.PixelDataChecksumFromBaseToFullResolution, [
          { Width: pixel.columns, Height: pixel.rows, Checksum: crc32(cells[index]!) },
        ])
      }
    })
  }

  test('with the least and the greatest stored value', async () => {
    const pixel = pixelOf({ rows: 64, columns: 64, isSigned: true, bitsStored: 12 })
    const cells = new Int16Array(64 * 64)
    cells[7] = -2000
    cells[8] = 1500
    const { frames } = await framesOf(fileOf(pixel, { frames: [new Uint8Array(cells.buffer)] }))
    assert.deepEqual([frames[0]!.MinPixelValue, frames[0]!.MaxPixelValue], [-2000, 1500])
  })

  test('samples of 32 bits are explicit VR little endian, as application/octet-stream', choice, async () => {
    const pixel = pixelOf({ bitsAllocated: 32 })
    const { frames, described } = await framesOf(fileOf(pixel, { frames: drawn(pixel) }))
    assert.equal(described.StoredTransferSyntaxUID, `${PREFIX}.1`)
    assert.equal(frames[0]!.contentType, 'application/octet-stream')
    assert.ok(Buffer.from(frames[0]!.bytes).equals(draw(pixel)))
  })
})

test('frames are JPEG 2000 in a data store of that format', choice, async () => {
  const { frames, described } = await framesOf(fileOf(GREY_12, { frames: drawn(GREY_12) }), jpeg2000Store)
  assert.equal(described.StoredTransferSyntaxUID, `${PREFIX}.4.90`)
  assert.equal(frames[0]!.contentType, 'image/j2c')
  assert.ok(Buffer.from(decodedPixels(frames[0]!)).equals(draw(GREY_12)))
})

describe('frames of compressed files have the pixels that other decoders produce', documented, () => {
  const skip = lacks(['dcmcjpeg', 'dcmtk'], ['gdcmconv', 'libgdcm-tools'])
  const three = pixelOf({ numberOfFrames: 3 })
  const cases: readonly [name: string, uid: string, pixel: Pixel, encode: string, decode: string][] = [
    ['JPEG extended, 12 bits', '.4.51', GREY_12, 'dcmcjpeg +ee +bt $in $out', 'dcmdjpeg $in $out'],
    ['JPEG lossless', '.4.57', GREY_12, 'dcmcjpeg +el +sv 4 $in $out', 'dcmdjpeg $in $out'],
    ['JPEG lossless, first order', '.4.70', pixelOf(), 'dcmcjpeg +e1 $in $out', 'dcmdjpeg $in $out'],
    ['JPEG-LS', '.4.80', three, 'dcmcjpls -ot $in $out', 'dcmdjpls $in $out'],
    ['JPEG-LS, frames too large to hold', '.4.80', LARGE, 'dcmcjpls $in $out', 'dcmdjpls $in $out'],
    ['JPEG-LS near-lossless', '.4.81', GREY_12, 'dcmcjpls +en $in $out', 'dcmdjpls $in $out'],
    ['JPEG 2000', '.4.90', pixelOf(), 'gdcmconv --j2k $in $out', 'gdcmconv --raw $in $out'],
  ]
  for (const [name, uid, pixel, encode, decode] of cases) {
    test(name, { skip }, async () => {
      const file = folder.run(encode, fileOf(pixel, { frames: drawn(pixel) }))
      const expected = nativeFrames(folder.run(decode, file), pixel.numberOfFrames)
      const { frames, described, warnings } = await framesOf(file)
      assert.deepEqual(warnings, [])
      assert.equal(described.DICOM.TransferSyntaxUID, PREFIX + uid)
      assert.deepEqual(
        frames.map(({ checksum }) => checksum),
        expected.map((cells) => crc32(cells.subarray(0, draw(pixel).length))),
      )
      for (const frame of frames) assert.equal(crc32(decodedPixels(frame)), frame.checksum)
    })
  }

  test('HTJ2K, decoded and stored in RPCL order', { skip: lacks(['ojph_compress', 'openjph-tools']) }, async () => {
    const { columns, rows } = GREY_12
    const cells = draw(GREY_12)
    const picture = Buffer.concat([Buffer.from(`P5\n${columns} ${rows}\n4095\n`), Buffer.from(cells).swap16()])
    const command = 'ojph_compress -i $in -o $out -reversible true -prog_order CPRL'
    const codestream = folder.run(command, picture, { in: '.pgm', out: '.j2c' })
    const { frames } = await framesOf(fileOf(GREY_12, { frames: [codestream] }, `${PREFIX}.4.201`))
    assert.equal(frames[0]!.checksum, crc32(cells))
    assert.ok(Buffer.from(decodedPixels(frames[0]!)).equals(cells))
  })
})

describe(
  'frames that are kept are served byte for byte, with the content type of their transfer syntax',
  documented,
  () => {
    const H264 = '0000000167640028'
    /** SOC, SIZ, COD and SOT of a codestream; `style` is the code-block style. */
    const codestream = (style: string) => {
      const size = '0000005a0000003d00000000000000000000005a0000003d0000000000000000'
      return `ff4fff5100290000${size}0001070101ff52000c0000000100000404${style}00ff9000`
    }
    const cases: readonly [uid: string, contentType: string, beginning: string][] = [
      ['.4.50', 'image/jpeg', 'ffd8ffe0'],
      ['.4.91', 'image/j2c', codestream('00')],
      ['.4.112', 'image/jxl', 'ff0a'],
      ['.4.203', 'image/jphc', codestream('40')],
      ['.4.100', 'video/mpeg', '000001b3'],
      ['.4.102', 'video/mp4', H264],
      ['.4.106.1', 'video/mp4', H264],
      ['.4.107', 'video/H256', '0000000140010c01'],
    ]
    for (const [uid, contentType, beginning] of cases) {
      test(`${contentType} of ${uid}, in fragments`, async () => {
        const isVideo = contentType.startsWith('video/')
        const count = isVideo ? 1 : 3
        const encoded = Array.from({ length: count }, (_, index) =>
          Buffer.concat([Buffer.from(beginning, 'hex'), Buffer.alloc(2000 + 100 * index, 0x40 + index)]),
        )
        const pixel = { ...GREY_8, numberOfFrames: isVideo ? 90 : count }
        for (const fragmentSizeBytes of [10_000, 100]) {
          const offsetTable = isVideo ? 'empty' : 'full'
          const file = fileOf(pixel, { frames: encoded, fragmentSizeBytes, offsetTable }, PREFIX + uid)
          const { frames, described, warnings } = await framesOf(file)
          assert.deepEqual(warnings, [])
          assert.equal(described.StoredTransferSyntaxUID, PREFIX + uid)
          assert.deepEqual(
            frames.map((frame) => [frame.contentType, frame.checksum, frame.MinPixelValue, frame.MaxPixelValue]),
            encoded.map((bytes) => [contentType, crc32(bytes), null, null]),
          )
          for (const [index, { bytes }] of frames.entries()) assert.ok(Buffer.from(bytes).equals(encoded[index]!))
        }
      })
    }

    test('of a file that is too large for memory', async () => {
      const encoded = [1, 2].map((number) => Buffer.alloc(100_000, number))
      const file = fileOf(
        { ...GREY_8, numberOfFrames: 2 },
        { frames: encoded, fragmentSizeBytes: 998 },
        `${PREFIX}.4.50`,
      )
      const { frames } = await framesOf(file)
      assert.deepEqual(
        frames.map(({ checksum, FrameSizeInBytes }) => [checksum, FrameSizeInBytes]),
        encoded.map((bytes) => [crc32(bytes), bytes.length]),
      )
      for (const [index, { bytes }] of frames.entries()) assert.ok(Buffer.from(bytes).equals(encoded[index]!))
    })

    test('binary segmentations, with frames that begin inside a byte', async () => {
      const pixel = pixelOf({ bitsAllocated: 1, rows: 3, columns: 5, numberOfFrames: 3 })
      const packed = Buffer.from([0b10101010, 0b11001100, 0b01010101, 0b11110000, 0b00111100, 0b00010101])
      const { frames, described } = await framesOf(fileOf(pixel, { frames: [packed] }))
      assert.equal(described.StoredTransferSyntaxUID, `${PREFIX}.1`)
      const value = packed.readUIntLE(0, 6)
      assert.deepEqual(
        frames.map(({ bytes }) => Buffer.from(bytes).readUInt16LE()),
        [0, 15, 30].map((bit) => Math.floor(value / 2 ** bit) % 2 ** 15),
      )
    })
  },
)

test('a frame of megabytes is streamed, with its length', documented, async () => {
  const video = Buffer.alloc(5_000_002, 0x47)
  Buffer.from('0000000167640028', 'hex').copy(video)
  const pixel = { ...GREY_8, numberOfFrames: 100 }
  const { frames } = await framesOf(fileOf(pixel, { frames: [video], fragmentSizeBytes: 1_500_000 }, `${PREFIX}.4.102`))
  assert.equal(frames.length, 1)
  assert.ok(Buffer.from(frames[0]!.bytes).equals(video))
})

describe(
  'pixel data that cannot be extracted or decoded is imported with a warning and has no frames',
  documented,
  () => {
    const cells = draw(GREY_8)
    const jpegLS = `${PREFIX}.4.80`
    const cases: readonly [name: string, file: () => Uint8Array, code: number, type: string][] = [
      [
        'a broken frame',
        () => fileOf(GREY_8, { frames: [Buffer.alloc(500, 7)] }, jpegLS),
        ...([0xb100, 'TranscodingException'] as const),
      ],
      [
        'one broken frame of many, in a blob of their own',
        () => {
          const frames = drawn(LARGE).map((frame) => encodeRLEFrame(frame, LARGE))
          return fileOf(LARGE, { frames: [frames[0]!, frames[1]!, Buffer.alloc(500, 7)] }, `${PREFIX}.5`)
        },
        ...([0xb100, 'TranscodingException'] as const),
      ],
      [
        'pixel data shorter than a frame',
        () => fileOf(GREY_8, { frames: [cells.subarray(0, 100)] }),
        ...([0xb110, 'FramesExtractionFailure'] as const),
      ],
      [
        'more frames than can be stored',
        () => {
          const pixel = pixelOf({ rows: 4, columns: 4, numberOfFrames: 10 })
          return fileOf(pixel, { frames: drawn(pixel) })
        },
        ...([0xb110, 'FramesExtractionFailure'] as const),
      ],
      [
        'fewer frames than are promised',
        () => fileOf({ ...GREY_8, numberOfFrames: 3 }, { frames: [cells, cells] }),
        ...([0xb111, 'FrameNumberMismatch'] as const),
      ],
      [
        'a transfer syntax that nobody knows',
        () => fileOf(GREY_8, { frames: [cells] }, '1.2.3.4.5.6'),
        ...([0xb120, 'UnsupportedTransferSyntax'] as const),
      ],
    ]
    for (const [name, file, code, type] of cases) {
      test(name, async () => {
        const { described, warnings } = await importOne(file())
        assert.deepEqual(warnings, [[code, type]])
        assert.deepEqual([described.ImageFrames, described.StoredTransferSyntaxUID], [[], null])
      })
    }
  },
)

describe('a frame that does not exist', choice, () => {
  const imageSetOf = async (pixel = GREY_8) => {
    const { imageSet, described } = await importOne(fileOf(pixel, { frames: drawn(pixel) }))
    return { imageSet, ID: described.ImageFrames[0]!.ID }
  }
  const UNKNOWN = 'f'.repeat(32)
  const get = (imageSet: { datastoreId: string; imageSetId: string }, imageFrameId: string) =>
    sdk.send(new GetImageFrameCommand({ ...imageSet, imageFrameInformation: { imageFrameId } }))
  const isAbsent = (answer: Promise<unknown>) => rejectsAs(answer, 'ResourceNotFoundException')

  test('is not found: an unknown id, a number beyond the last, another image set or data store', async () => {
    const [one, other] = [await imageSetOf(), await imageSetOf()]
    assert.ok(await get(one.imageSet, one.ID))
    await isAbsent(get(one.imageSet, UNKNOWN))
    await isAbsent(get(one.imageSet, 'z'.repeat(32)))
    await isAbsent(get(one.imageSet, other.ID))
    for (const number of ['00000000', '00000002', 'ffffffff']) {
      await isAbsent(get(one.imageSet, one.ID.slice(0, 24) + number))
    }
    await isAbsent(get({ ...one.imageSet, datastoreId: jpeg2000Store }, one.ID))
    await isAbsent(get({ ...one.imageSet, datastoreId: UNKNOWN.replaceAll('f', '0') }, one.ID))
    await isAbsent(get({ ...one.imageSet, imageSetId: UNKNOWN.replaceAll('f', '0') }, one.ID))
  })

  test('is not found in a deleted image set', async () => {
    const { imageSet, ID } = await imageSetOf()
    await sdk.send(new DeleteImageSetCommand(imageSet))
    await until(() =>
      get(imageSet, ID).then(
        () => undefined,
        (error: Error) => error.name === 'ResourceNotFoundException' || undefined,
      ),
    )
    await isAbsent(get(imageSet, ID))
  })

  test('is reported with a message that says where frame ids are listed', async () => {
    const { imageSet } = await imageSetOf()
    await assert.rejects(get(imageSet, UNKNOWN), /metadata of the image set/)
  })

  test('is a ValidationException if its id is malformed or missing', documented, async () => {
    const { imageSet } = await imageSetOf()
    await rejectsAs(get(imageSet, 'short'), 'ValidationException')
    const path = `/datastore/${datastoreId}/imageSet/${imageSet.imageSetId}/getImageFrame`
    const { status } = await sendSigned(server.hilum, { method: 'POST', path, body: '{}' })
    assert.equal(status, 400)
  })
})

describe('the header x-hilum-min-width', choice, () => {
  const pixel = pixelOf({ rows: 375, columns: 512, bitsStored: 12 })
  const ask = async (width: string) => {
    const { imageSet, described } = await importOne(fileOf(pixel, { frames: drawn(pixel) }))
    const [frame] = described.ImageFrames
    const headers = { 'x-hilum-min-width': width }
    return { whole: await fetchFrame(sdk, imageSet, frame!), part: fetchFrame(sdk, imageSet, { ...frame!, headers }) }
  }

  for (const [width, columns, rows, skipped] of [
    ['1', 64, 47, 3],
    ['65', 128, 94, 2],
    ['256', 256, 188, 1],
  ] as const) {
    test(`${width}: a prefix of the frame that decodes to ${columns} columns`, async () => {
      const { whole, part: asked } = await ask(width)
      const part = await asked
      assert.deepEqual(
        ['x-hilum-columns', 'x-hilum-rows', 'x-hilum-skipped-resolutions'].map((name) => part.headers[name]),
        [`${columns}`, `${rows}`, `${skipped}`],
      )
      assert.equal(part.contentType, 'image/jph')
      assert.ok(part.bytes.length < whole.bytes.length / 2)
      assert.ok(Buffer.from(whole.bytes.subarray(0, part.bytes.length)).equals(part.bytes))
      const [small, expected] = [part, whole].map(({ bytes }) => decodedAtResolution(bytes, skipped))
      assert.equal(small!.length, columns * rows * 2)
      assert.ok(small!.equals(expected!), 'the same pixels as out of the whole frame')
    })
  }

  test('a larger width, or a frame without resolutions, returns the whole frame', async () => {
    const { whole, part } = await ask('513')
    assert.equal((await part).headers['x-hilum-skipped-resolutions'], '0')
    assert.ok(Buffer.from(whole.bytes).equals((await part).bytes))
    assert.equal(whole.headers['x-hilum-columns'], undefined)
    const { imageSet, described } = await importOne(
      fileOf(GREY_8, { frames: [Buffer.alloc(998, 1)] }, `${PREFIX}.4.50`),
    )
    const headers = { 'x-hilum-min-width': '1' }
    const kept = await fetchFrame(sdk, imageSet, { ID: described.ImageFrames[0]!.ID, headers })
    assert.deepEqual([kept.bytes.length, kept.headers['x-hilum-skipped-resolutions']], [998, '0'])
    assert.equal(kept.headers['x-hilum-columns'], undefined)
  })

  test('anything but a number of columns is refused', async () => {
    for (const width of ['0', '-1', 'wide', '65536', '1.5']) {
      await rejectsAs((await ask(width)).part, 'ValidationException')
    }
  })
})
