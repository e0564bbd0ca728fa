/** Codestreams written by OpenJPH: their header, the file around them, and the part of them that is a smaller image. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { DicomError } from '../../dicom/dicom-error.ts'
import { draw, pixelOf } from '../frames.fixture.ts'
import { openHTJ2KCodec } from '../htj2k/htj2k.ts'
import { mergeComponents } from '../htj2k/merge-components.ts'
import { STORED_FRAME_HEADER_BYTES, smallerPicture } from '../htj2k/smaller-picture.ts'
import { parseCodestream } from './codestream.ts'
import { findCodestream, type JP2Picture, wrapInJP2 } from './jp2-boxes.ts'

const pixel = pixelOf({ rows: 375, columns: 512, bitsStored: 12 })
const PICTURE: JP2Picture = {
  ...{ rows: 375, columns: 512, components: 1, bitsPerSample: 12, isSigned: false },
  ...{ colour: 'greyscale', kind: 'jph' },
}
const htj2k = await openHTJ2KCodec()
const codestream = htj2k.encode({
  ...{ rows: 375, columns: 512, samplesPerPixel: 1, bitsPerSample: 12, isSigned: false, colourTransform: false },
  cells: draw(pixel),
})
const stored = wrapInJP2(codestream, PICTURE)
const { start } = findCodestream(stored)

describe('the header of a stored frame', () => {
  const header = parseCodestream(stored.subarray(start))

  test('has RPCL order and the lengths of its tile-parts', () => {
    const { columns, rows, components, tiles, progression, decompositions, tileParts } = header
    assert.deepEqual(
      { columns, rows, components },
      { columns: 512, rows: 375, components: [{ bitsPerSample: 12, isSigned: false }] },
    )
    assert.deepEqual([tiles, progression, header.isReversible, header.isHighThroughput], [1, 'RPCL', true, true])
    assert.equal(tileParts.length, decompositions + 1)
    const end = tileParts.reduce((sum, { lengthBytes }) => sum + lengthBytes, header.headerBytes)
    assert.deepEqual([...codestream.subarray(end)], [0xff, 0xd9])
  })

  test('lies within the bytes that a reader must fetch', () => {
    assert.ok(start + header.headerBytes < STORED_FRAME_HEADER_BYTES)
  })
})

describe('the file around a codestream', () => {
  test('ends with the codestream, byte for byte', () => {
    const { start, end } = findCodestream(stored)
    assert.deepEqual(stored.subarray(start, end), codestream)
    assert.equal(end, stored.length)
    assert.equal(Buffer.from(stored.subarray(4, 8)).toString(), 'jP  ')
    assert.equal(Buffer.from(stored.subarray(20, 24)).toString(), 'jph ')
  })

  test('may have boxes of any length before the codestream', () => {
    const extra = Buffer.concat([
      Buffer.from('00000001', 'hex'),
      Buffer.from('uuid'),
      Buffer.alloc(7),
      Buffer.from([24]),
      Buffer.alloc(8),
    ])
    const signature = stored.subarray(0, 12)
    const file = Buffer.concat([signature, extra, stored.subarray(12)])
    assert.equal(findCodestream(file).start, start + 24)
  })
})

describe('a smaller image', () => {
  test('is the smallest that is wide enough; odd sizes are rounded up', () => {
    const at = (columnsMin: number) => smallerPicture(stored, { columnsMin, sizeBytes: stored.length })
    assert.deepEqual(at(512), { lengthBytes: stored.length, columns: 512, rows: 375, skippedResolutions: 0 })
    assert.deepEqual(at(9999), at(512))
    assert.equal(at(257).skippedResolutions, 0)
    const half = at(256)
    assert.deepEqual([half.columns, half.rows, half.skippedResolutions], [256, 188, 1])
    const least = at(1)
    assert.deepEqual([least.columns, least.rows], [64, 47])
    assert.ok(least.lengthBytes < at(128).lengthBytes && at(128).lengthBytes < half.lengthBytes)
    assert.ok(half.lengthBytes < stored.length)
  })

  test('is found from the header alone', () => {
    const header = stored.subarray(0, STORED_FRAME_HEADER_BYTES)
    const wanted = { columnsMin: 100, sizeBytes: stored.length }
    assert.deepEqual(smallerPicture(header, wanted), smallerPicture(stored, wanted))
  })

  test('of a frame without tile-parts by resolution is the whole frame', () => {
    const without = Buffer.from(stored)
    without[without.indexOf(Buffer.from('ff55', 'hex')) + 1] = 0x64
    assert.equal(smallerPicture(without, { columnsMin: 1, sizeBytes: 5000 }).lengthBytes, 5000)
  })
})

describe('invalid or damaged codestreams', () => {
  const survives = (run: () => unknown) => {
    try {
      run()
    } catch (error) {
      assert.ok(error instanceof DicomError, String(error))
    }
  }

  test('throw a DicomError or have another header, never another error', () => {
    const changes = fc.array(fc.tuple(fc.nat(start + 200), fc.nat(255)), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(changes, fc.nat(start + 300), (changes, end) => {
        const bytes = Buffer.from(stored.subarray(0, start + 400))
        for (const [at, value] of changes) bytes[at] = value
        survives(() => {
          const smaller = smallerPicture(bytes.subarray(0, end), { columnsMin: 1, sizeBytes: stored.length })
          assert.ok(smaller.lengthBytes <= stored.length)
        })
      }),
      { numRuns: 5000, seed: 20260101 },
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => survives(() => findCodestream(bytes))))
    const siz = Buffer.from('ff4fff51', 'hex')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) =>
        survives(() => parseCodestream(Buffer.concat([siz, bytes]))),
      ),
    )
  })

  test('cannot be merged with others', () => {
    fc.assert(
      fc.property(fc.nat(codestream.length - 1), fc.nat(255), fc.nat(codestream.length), (at, value, end) => {
        const broken = Buffer.from(codestream)
        broken[at % 300] = value
        survives(() => mergeComponents([codestream, broken.subarray(0, end)]))
      }),
      { numRuns: 500 },
    )
  })
})
