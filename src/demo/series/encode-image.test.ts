/** Compressed demo images decode to the original pixels. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HTJ2KLosslessRPCL, RLELossless } from '../../dicom/encode.ts'
import { type DicomFile, parseP10 } from '../../dicom/parse.ts'
import { openHTJ2KCodec } from '../../pixel-data/htj2k/htj2k.ts'
import { decodeRLEFrame } from '../../pixel-data/rle/rle.ts'
import { randomFor } from '../drawing/random.ts'
import { encodeImage } from './encode-image.ts'
import { type Image, type PixelShape, pixelModule } from './image.ts'

const SHAPES: readonly PixelShape[] = [
  { rows: 128, columns: 144, bitsAllocated: 16, bitsStored: 12, photometricInterpretation: 'MONOCHROME2' },
  { rows: 96, columns: 97, bitsAllocated: 16, bitsStored: 16, photometricInterpretation: 'MONOCHROME2' },
  { rows: 61, columns: 120, bitsAllocated: 8, bitsStored: 8, photometricInterpretation: 'RGB' },
]
const htj2k = await openHTJ2KCodec()

/** Two frames of a gradient with noise. */
function imageOf(shape: PixelShape): Image {
  const random = randomFor(5, shape.rows)
  const samples = shape.rows * shape.columns * (shape.photometricInterpretation === 'RGB' ? 3 : 1)
  const frame = () => {
    const values = Array.from({ length: samples }, (_, at) => {
      return Math.floor((at / samples) * 0.8 * 2 ** shape.bitsStored + random.next() * 0.2 * 2 ** shape.bitsStored)
    })
    return shape.bitsAllocated === 8 ? Uint8Array.from(values) : new Uint8Array(Uint16Array.from(values).buffer)
  }
  const SOPClassUID = '1.2.840.10008.5.1.4.1.1.7.4'
  const attributes = { SOPClassUID, SOPInstanceUID: '1.2.3', NumberOfFrames: 2, ...pixelModule(shape) }
  return { attributes, frames: [frame(), frame()], bitsStored: shape.bitsStored }
}

/** The items after the offset table, one per frame. */
function fragmentsOf({ bytes, pixelData }: DicomFile): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const items: Uint8Array[] = []
  let at = pixelData!.offsetBytes
  while (view.getUint16(at + 2, true) === 0xe000) {
    const length = view.getUint32(at + 4, true)
    items.push(bytes.subarray(at + 8, at + 8 + length))
    at += 8 + length
  }
  return items.slice(1)
}

describe('encodeImage', () => {
  for (const shape of SHAPES) {
    const { rows, columns, bitsStored, bitsAllocated, photometricInterpretation } = shape
    const what = `${columns} x ${rows} pixels of ${bitsStored} bits, ${photometricInterpretation}`
    const image = imageOf(shape)
    const plain = (frames: readonly Uint8Array[]) => frames.map((frame) => Buffer.from(frame).toString('hex'))

    test(`RLE decodes to ${what}`, () => {
      const file = parseP10(encodeImage(image, { transferSyntaxUID: RLELossless, htj2k }))
      const samplesPerPixel = photometricInterpretation === 'RGB' ? 3 : 1
      const decoded = fragmentsOf(file).map((fragment) =>
        decodeRLEFrame(fragment, { rows, columns, samplesPerPixel, bitsAllocated }),
      )
      assert.deepEqual(plain(decoded), plain(image.frames))
    })

    test(`HTJ2K decodes to ${what}`, () => {
      const file = parseP10(encodeImage(image, { transferSyntaxUID: HTJ2KLosslessRPCL, htj2k }))
      assert.deepEqual(plain(fragmentsOf(file).map((fragment) => htj2k.decode(fragment).cells)), plain(image.frames))
      const isColour = photometricInterpretation === 'RGB'
      assert.equal(file.dataSet.string('00280004'), isColour ? 'YBR_RCT' : photometricInterpretation)
    })
  }

  test('HTJ2K codestreams are in RPCL order', () => {
    const [fragment] = fragmentsOf(
      parseP10(encodeImage(imageOf(SHAPES[0]!), { transferSyntaxUID: HTJ2KLosslessRPCL, htj2k })),
    )
    const marker = Buffer.from(fragment!).indexOf(Buffer.of(0xff, 0x52))
    assert.equal(fragment![marker + 5], 2)
  })

  test('a damaged HTJ2K frame throws an error', () => {
    const bad = Uint8Array.from({ length: 200 }, (_, at) => at)
    assert.throws(() => htj2k.decode(bad))
  })
})
