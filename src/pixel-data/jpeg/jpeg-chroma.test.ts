/**
 * Lossy JPEG with subsampled chroma, compared pixel by pixel with dcmtk and GDCM. Both are built on release 6b of the reference
 * implementation; newer releases of libjpeg-turbo interpolate chroma that is subsampled vertically only.
 */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { ImagePixel } from '../element/image-pixel.ts'
import { draw, fileOf, lacks, nativeFrames, openFolder, pixelOf } from '../frames.fixture.ts'
import { decodeJPEG } from './jpeg.ts'

const lacksPrograms = lacks(['cjpeg', 'libjpeg-turbo-progs'], ['dcmdjpeg', 'dcmtk'], ['gdcmconv', 'libgdcm-tools'])

const folder = openFolder()
after(() => folder.remove())

const EXTENDED = '1.2.840.10008.1.2.4.51'
/** Odd and even sizes, one MCU row and several, and chroma too narrow for interpolation. */
const SIZES = [
  [61, 90],
  [33, 47],
  [16, 16],
  [17, 6],
  [5, 3],
  [3, 5],
  [1, 1],
] as const

const picture = (rows: number, columns: number): ImagePixel =>
  pixelOf({ bitsAllocated: 8, samplesPerPixel: 3, photometricInterpretation: 'YBR_FULL_422', rows, columns })

/** dcmtk decodes to RGB, GDCM to the components of the stream. */
function assertAsOthersDecode(file: Uint8Array, pixel: ImagePixel, what: string): void {
  const stream = file.subarray(Buffer.from(file).indexOf(Buffer.from('ffd8ff', 'hex')))
  const pixelsMax = pixel.rows * pixel.columns
  for (const [decode, isYBR] of [
    ['dcmdjpeg +px $in $out', true],
    ['gdcmconv --raw $in $out', false],
  ] as const) {
    const ours = Buffer.from(decodeJPEG(stream, { isYBR, pixelsMax }).cells)
    const [theirs] = nativeFrames(folder.run(decode, file))
    assert.ok(ours.equals(theirs!.subarray(0, ours.length)), `${what}, ${decode}`)
  }
}

function cjpeg(pixel: ImagePixel, settings: string): Uint8Array {
  const header = Buffer.from(`P6\n${pixel.columns} ${pixel.rows}\n255\n`)
  const ppm = Buffer.concat([header, draw(pixel, 3)])
  return folder.run(`cjpeg -dct int ${settings} -outfile $out $in`, ppm, { in: '.ppm', out: '.jpg' })
}

describe('colour JPEG is decoded as by dcmtk and GDCM', { skip: lacksPrograms }, () => {
  for (const [name, sample] of [
    ['4:2:0', '2x2'],
    ['4:2:2', '2x1'],
    ['4:4:0', '1x2'],
    ['4:1:1', '4x1'],
    ['4:1:0', '4x2'],
    ['chroma of two resolutions', '2x2,2x1,1x2'],
  ]) {
    test(`${name}, 8 bits`, () => {
      for (const [rows, columns] of SIZES) {
        const pixel = picture(rows, columns)
        for (const quality of [92, 4]) {
          const stream = cjpeg(pixel, `-quality ${quality} -sample ${sample}`)
          assertAsOthersDecode(fileOf(pixel, { frames: [stream] }, EXTENDED), pixel, `${rows} x ${columns}`)
        }
      }
    })
  }

  for (const [name, option] of [
    ['4:2:0', '+n1'],
    ['4:2:2', '+s2'],
  ]) {
    test(`${name}, 12 bits`, () => {
      for (const [rows, columns] of SIZES) {
        const pixel = pixelOf({ bitsStored: 12, samplesPerPixel: 3, rows, columns })
        const file = folder.run(`dcmcjpeg +ee +bt ${option} $in $out`, fileOf(pixel, { frames: [draw(pixel, 3)] }))
        assertAsOthersDecode(file, pixel, `${rows} x ${columns}`)
      }
    })
  }

  test('samples far beyond their range, as from wrong quantization tables', () => {
    const pixel = picture(61, 90)
    const stream = Buffer.from(cjpeg(pixel, '-quality 92 -sample 2x2'))
    for (let at = stream.indexOf('ffdb', 0, 'hex'); at >= 0; at = stream.indexOf('ffdb', at + 1, 'hex')) {
      stream.fill(255, at + 5, at + 5 + 64)
    }
    assertAsOthersDecode(fileOf(pixel, { frames: [stream] }, EXTENDED), pixel, 'tables of 255')
  })
})
