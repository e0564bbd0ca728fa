/**
 * For each source syntax: the checksum of what we store is the CRC32 of the pixels that somebody else's program decodes from the same
 * file, and somebody else's decoder gives those pixels of our stored frame. Who made each file is said beside it.
 */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { parseP10 } from '../dicom/parse.ts'
import {
  bytesOf,
  draw,
  fileOf,
  nativeFrames,
  openFolder,
  pixelOf,
  startThreads,
  storeAll,
  storedSyntaxOf,
} from './frames.fixture.ts'
import { smallerPicture } from './htj2k/smaller-picture.ts'
import {
  COLOUR,
  decodeStored,
  GREY_8,
  GREY_12,
  GREY_16,
  lacksDecoders,
  NATIVE_KINDS,
  SIGNED,
  SOURCES,
} from './source-files.fixture.ts'

const threads = startThreads()
const folder = openFolder()
after(async () => {
  await threads.stop()
  folder.remove()
})

/** Transcoded frames have their bytes themselves. */
const bytesOfNothing = new Uint8Array(0)

describe('pixels as independent decoders give them', { skip: lacksDecoders }, () => {
  for (const { name, uid, pixel, encode, decode, numberOfFrames = 1 } of SOURCES) {
    test(name, async () => {
      const drawn = Array.from({ length: numberOfFrames }, (_, index) => draw(pixel, index + 1))
      const file = folder.run(encode, fileOf(pixel, { frames: drawn }))
      assert.equal(parseP10(file).transferSyntaxUID, `1.2.840.10008.1.2${uid}`)
      const expected = nativeFrames(folder.run(decode, file), numberOfFrames)
      const { frames, plan, warning } = await storeAll(file, threads)
      assert.equal(warning, undefined)
      assert.equal(storedSyntaxOf(plan), '1.2.840.10008.1.2.4.202')
      assert.deepEqual(
        frames.map(({ checksum }) => checksum),
        expected.map((frame) => crc32(frame.subarray(0, drawn[0]!.length))),
      )
      for (const [index, frame] of frames.entries()) {
        const decoded = decodeStored(folder, bytesOf(frame, file), { format: 'HTJ2K', pixel })
        assert.equal(crc32(decoded), frame.checksum, `frame ${index + 1} decoded by another decoder`)
      }
    })
  }

  test('every kind of native cell', async () => {
    for (const { pixel, stored } of NATIVE_KINDS) {
      const drawn = draw(pixel)
      const file = fileOf(pixel, { frames: [drawn] })
      const { frames, plan, warning } = await storeAll(file, threads)
      assert.equal(warning, undefined)
      assert.equal(storedSyntaxOf(plan), `1.2.840.10008.1.2${stored}`)
      assert.equal(frames[0]!.checksum, crc32(drawn))
      const bytes = bytesOf(frames[0]!, file)
      const decoded = stored === '.1' ? bytes : decodeStored(folder, bytes, { format: 'HTJ2K', pixel })
      const kind = `${pixel.samplesPerPixel} x ${pixel.bitsStored} of ${pixel.bitsAllocated} bits, signed: ${pixel.isSigned}`
      assert.ok(Buffer.from(decoded).equals(drawn), kind)
    }
  })

  test('HTJ2K that OpenJPH itself has made, in any progression and with or without the colour transform', async () => {
    const settings = ['LRCP', 'RLCP', 'RPCL', 'PCRL', 'CPRL'].map((order) => `-prog_order ${order}`)
    const cases = [
      ...settings.map((setting) => ({ pixel: GREY_16, setting })),
      { pixel: COLOUR, setting: '-colour_trans true' },
      { pixel: COLOUR, setting: '-colour_trans false' },
      { pixel: pixelOf({ samplesPerPixel: 3 }), setting: '-colour_trans false' },
      { pixel: GREY_16, setting: '-tile_size {40,40}' },
    ]
    for (const { pixel, setting } of cases) {
      const drawn = draw(pixel)
      const colour = pixel.samplesPerPixel === 3
      const [kind, ending] = colour ? ['P6', '.ppm'] : ['P5', '.pgm']
      const max = 2 ** pixel.bitsStored - 1
      const samples = max > 255 ? Buffer.from(drawn).swap16() : drawn
      const picture = Buffer.concat([Buffer.from(`${kind}\n${pixel.columns} ${pixel.rows}\n${max}\n`), samples])
      const command = `ojph_compress -i $in -o $out -reversible true ${setting}`
      const codestream = folder.run(command, picture, { in: ending, out: '.j2c' })
      const file = fileOf(pixel, { frames: [codestream] }, '1.2.840.10008.1.2.4.201')
      const { frames, warning } = await storeAll(file, threads)
      assert.equal(warning, undefined, setting)
      assert.equal(frames[0]!.checksum, crc32(drawn), setting)
    }
  })

  test('signed samples of a byte, which the codecs take for unsigned ones', async () => {
    const pixel = pixelOf({ bitsAllocated: 8, isSigned: true })
    const drawn = draw(pixel)
    const raw = `-dims {${pixel.columns},${pixel.rows}} -num_comps 1 -signed true -bit_depth 8 -downsamp {1,1}`
    const htj2k = folder.run(`ojph_compress -i $in -o $out ${raw} -reversible true`, drawn, { in: '.raw', out: '.j2c' })
    const layout = `-F ${pixel.columns},${pixel.rows},1,8,s`
    const jpeg2000 = folder.run(`opj_compress -i $in -o $out ${layout}`, drawn, { in: '.raw', out: '.j2k' })
    for (const [codestream, uid] of [
      [htj2k, '.4.201'],
      [jpeg2000, '.4.90'],
    ] as const) {
      const file = fileOf(pixel, { frames: [codestream] }, `1.2.840.10008.1.2${uid}`)
      const { frames, warning } = await storeAll(file, threads)
      assert.equal(warning, undefined)
      const [{ checksum, minPixelValue, maxPixelValue }] = frames as [(typeof frames)[0]]
      assert.deepEqual([checksum, minPixelValue, maxPixelValue], [crc32(drawn), Math.min(...new Int8Array(drawn)), 127])
    }
  })

  test('a smaller picture, which is the same whether the rest of the frame is there or not', async () => {
    for (const pixel of [
      pixelOf({ rows: 375, columns: 512, bitsStored: 12 }),
      pixelOf({ ...COLOUR, rows: 200, columns: 301 }),
    ]) {
      const [frame] = (await storeAll(fileOf(pixel, { frames: [draw(pixel)] }), threads)).frames
      const bytes = bytesOf(frame!, bytesOfNothing)
      const ending = pixel.samplesPerPixel === 3 ? '.ppm' : '.pgm'
      for (const columnsMin of [1, 70, 100, 150, 256]) {
        const smaller = smallerPicture(bytes, { columnsMin, sizeBytes: bytes.length })
        const { lengthBytes, skippedResolutions: skip, columns, rows } = smaller
        const decode = (given: Uint8Array) =>
          folder.run(`ojph_expand -i $in -o $out -skip_res ${skip},${skip}`, given, { in: '.jph', out: ending })
        const part = decode(bytes.subarray(0, lengthBytes))
        assert.ok(Buffer.from(part).equals(Buffer.from(decode(bytes))), `${columnsMin} columns`)
        assert.match(
          Buffer.from(part.subarray(0, 20)).toString('latin1'),
          new RegExp(`^P[56]\\s+${columns} ${rows}\\s`),
        )
        assert.ok(columns >= Math.min(columnsMin, pixel.columns) && (skip === 0 || lengthBytes < bytes.length / 2))
      }
    }
  })

  test('JPEG 2000 lossless, for data stores that keep frames so', async () => {
    for (const pixel of [GREY_8, GREY_12, GREY_16, SIGNED, COLOUR]) {
      const drawn = draw(pixel)
      const { frames, plan } = await storeAll(fileOf(pixel, { frames: [drawn] }), threads, 'JPEG_2000_LOSSLESS')
      assert.equal(storedSyntaxOf(plan), '1.2.840.10008.1.2.4.90')
      const decoded = decodeStored(folder, bytesOf(frames[0]!, drawn), { format: 'JPEG_2000_LOSSLESS', pixel })
      assert.ok(Buffer.from(decoded).equals(drawn), `${pixel.bitsStored} bits`)
    }
  })

  test('bytes that are kept as they came', async () => {
    const kept = [
      { uid: '.4.50', encode: 'dcmcjpeg +eb $in $out', pixel: GREY_8 },
      { uid: '.4.91', encode: 'gdcmconv --j2k --lossy $in $out', pixel: GREY_8 },
    ]
    for (const { uid, encode, pixel } of kept) {
      const file = folder.run(encode, fileOf(pixel, { frames: [draw(pixel)] }))
      const { frames, plan, warning } = await storeAll(file, threads)
      assert.equal(warning, undefined)
      assert.equal(storedSyntaxOf(plan), `1.2.840.10008.1.2${uid}`)
      const [frame] = frames
      const bytes = bytesOf(frame!, file)
      // What dcmtk reads of the element: the last fragment of the items.
      const { pixelData } = parseP10(file)
      const place = Buffer.from(file).indexOf(bytes, pixelData!.offsetBytes)
      assert.ok(place > 0 && Buffer.from(file.subarray(place - 8, place - 4)).equals(Buffer.from('feff00e0', 'hex')))
      assert.equal(frame!.checksum, crc32(bytes))
      assert.deepEqual([frame!.minPixelValue, frame!.maxPixelValue, frame!.content.kind], [null, null, 'ranges'])
    }
  })
})
