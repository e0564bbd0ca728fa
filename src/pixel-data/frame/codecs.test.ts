/** What the encoders make, the decoders give back: every precision, the extremes of each, and pictures of every odd size. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isStoredForm, openHTJ2KCodec } from '../htj2k/htj2k.ts'
import { mergeComponents } from '../htj2k/merge-components.ts'
import { parseCodestream } from '../jpeg2000/codestream.ts'
import { openJPEG2000Codec } from '../jpeg2000/jpeg2000.ts'
import type { PictureToEncode } from '../wasm/codec-module.ts'

const htj2k = await openHTJ2KCodec()
const jpeg2000 = await openJPEG2000Codec()

type Shape = Omit<PictureToEncode, 'cells'>

/** Samples that take turns between the least and the greatest value, are all the one or the other, or anything between. */
const PATTERNS = ['least', 'greatest', 'turns', 'any'] as const

function draw(shape: Shape, pattern: (typeof PATTERNS)[number]): PictureToEncode {
  const { rows, columns, samplesPerPixel, bitsPerSample, isSigned } = shape
  const least = isSigned ? -(2 ** (bitsPerSample - 1)) : 0
  const greatest = least + 2 ** bitsPerSample - 1
  const values = new (bitsPerSample > 8 ? Int16Array : Int8Array)(rows * columns * samplesPerPixel)
  let random = 7
  for (let index = 0; index < values.length; index++) {
    random = (random * 1_103_515_245 + 12_345) % 2 ** 31
    const isLeast = pattern === 'least' || (pattern === 'turns' && (random >> 9) % 2 === 0)
    values[index] = pattern === 'any' ? least + ((random >> 7) % 2 ** bitsPerSample) : isLeast ? least : greatest
  }
  return { ...shape, cells: new Uint8Array(values.buffer) }
}

const sizes = fc.record({ rows: fc.integer({ min: 1, max: 150 }), columns: fc.integer({ min: 1, max: 150 }) })
const grey = fc
  .tuple(sizes, fc.constantFrom(1, 2, 7, 8, 9, 12, 15, 16), fc.boolean(), fc.constantFrom(...PATTERNS))
  .map(([size, bitsPerSample, isSigned, pattern]) =>
    draw(
      // Bytes are encoded unsigned.
      { ...size, samplesPerPixel: 1, bitsPerSample, isSigned: isSigned && bitsPerSample > 8, colourTransform: false },
      pattern,
    ),
  )
const colour = fc
  .tuple(sizes, fc.constantFrom(8, 12, 16), fc.constantFrom(3, 4), fc.boolean(), fc.constantFrom(...PATTERNS))
  .map(([size, bitsPerSample, samplesPerPixel, withTransform, pattern]) =>
    draw(
      {
        ...{ ...size, samplesPerPixel, bitsPerSample, isSigned: false },
        colourTransform: withTransform && samplesPerPixel === 3 && bitsPerSample === 8,
      },
      pattern,
    ),
  )

describe('HTJ2K', () => {
  for (const [what, pictures] of [
    ['grey', grey],
    ['colour', colour],
  ] as const) {
    test(`of ${what} pictures comes back as it was, in the stored form`, () => {
      fc.assert(
        fc.property(pictures, (picture) => {
          const codestream = htj2k.encode(picture)
          assert.ok(Buffer.from(htj2k.decode(codestream).cells).equals(picture.cells))
          const header = parseCodestream(codestream)
          assert.ok(isStoredForm(header))
          assert.equal(header.components.length, picture.samplesPerPixel)
          assert.equal(header.hasColourTransform, picture.colourTransform)
        }),
        { numRuns: 250, seed: 20260101 },
      )
    })
  }

  test('of components that differ in size is not made one codestream', () => {
    const shape = { rows: 9, samplesPerPixel: 1, bitsPerSample: 12, isSigned: false, colourTransform: false }
    const [one, other] = [40, 41].map((columns) => htj2k.encode(draw({ ...shape, columns }, 'any')))
    assert.throws(() => mergeComponents([one!, other!]), /cannot be made one/)
  })
})

describe('JPEG 2000', () => {
  test('of grey pictures comes back as it was', () => {
    fc.assert(
      fc.property(grey, (picture) => {
        assert.ok(Buffer.from(jpeg2000.decode(jpeg2000.encode(picture)).cells).equals(picture.cells))
      }),
      { numRuns: 150, seed: 20260101 },
    )
  })
})
