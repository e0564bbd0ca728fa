/** Streams written by dcmtk, with the CRC32 of the pixels that it decodes; and the same streams damaged. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { DicomError } from '../../dicom/dicom-error.ts'
import { readJPEGLSSize } from '../jpeg-ls/jpeg-ls-header.ts'
import { decodeJPEG } from './jpeg.ts'

const STREAMS = [
  {
    ...{ name: 'lossless, 16 bits', isYBR: false, pixels: 1472080087, bitsPerSample: 16, samplesPerPixel: 1 },
    base64:
      '/9j/4AAQSkZJRgABAQAAAQABAAD/wwALEAAJAAsBAREA/8QAHQAAAgEFAQEAAAAAAAAAAAAAAAwHBgkKDQ8IDv/aAAgBAQABAADvqzemj/2Bjf5YBQ9c' +
      'R/hf7PT12kAR/ifgbEsas/kPMCh64AerWnNpz5wJgAUO/WNObTm058dtPZFzjE/A2Fa1ZM2bDm358DlboEf3QAc7HTNpzac2nNpz7PbR/dADYtjTm05t' +
      'ObTm05tOfT5eP7oA9ytHbTm05tObTk05tOf27xH/ALA////Z',
  },
  {
    ...{
      name: 'lossless, colour, predictor 6',
      isYBR: false,
      pixels: 2077669367,
      bitsPerSample: 8,
      samplesPerPixel: 3,
    },
    base64:
      '/9j/wwARCAAJAAsDABEAAREAAhEA/8QAGwABAAIDAQEAAAAAAAAAAAAAAAQHAwUIBgL/2gAMAwAAAQACAAYAAL9v+/8A6AAAABwjzxoL3sTYAAAADYT9' +
      'hxDRcK6/b/YAAAGw2HB8jPQ/HdS0Zb3qr2AAAE/YT5MiTIkSOVq+4ntHe3QAABsJ+wzyc8nPJzyc/OPmOQrE2FtgADYbDYSM8jPJzyc8nPJz0XC5c9v9' +
      '2cABP2E+TIkyJEiRIkSOB5Geh89S0Zzt6q9rBAGwn7DPJzyc8nPwRnk9DyZEmRIkSK+4no/e3R7QD//Z',
  },
  {
    ...{ name: 'extended, 12 bits', isYBR: false, pixels: 2874607235, bitsPerSample: 12, samplesPerPixel: 1 },
    base64:
      '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpR' +
      'Uk//wQALDAAJAAsBAREA/8QAFQABAQAAAAAAAAAAAAAAAAAACgn/xAAmEAABAwIEBgMAAAAAAAAAAAABAgMFBAYABwgJChESIjRRcrHB/9oACAEBAAA/' +
      'ALW8HlvQ6h86dLVjaJNzi55e7c3rVoGImwM6Z59T1bfFE2kIZjp59fMuzCEhKG69Z6pBIAqFGuBekVRKDpV2rQB6KCf3AadrXyYz5p+8OZx////Z',
  },
  {
    ...{ name: 'extended, colour', isYBR: true, pixels: 705921655, bitsPerSample: 8, samplesPerPixel: 3 },
    base64:
      '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxl' +
      'Z2P/2wBDARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/wQARCAAJAAsDASEAAhEB' +
      'AxEB/8QAFgABAQEAAAAAAAAAAAAAAAAABwUG/8QAIxAAAQIDCQEAAAAAAAAAAAAAAgEDAAQFESEiMTVhcXOy8P/EABYBAQEBAAAAAAAAAAAAAAAAAAID' +
      'BP/EABsRAAICAwEAAAAAAAAAAAAAAAEDAAIREjNx/9oADAMBAAIRAxEAPwDT0ipKjTcvPugjpYWyIrFPa/NfubMTWwsrsRiBZJoCYe1zVGelPRQhQ18a' +
      'TTbgvyf//9k=',
  },
].map((stream) => ({ ...stream, bytes: Buffer.from(stream.base64, 'base64') }))

const OPTIONS = { isYBR: false, pixelsMax: 99 }

describe('JPEG', () => {
  for (const { name, bytes, isYBR, pixels, bitsPerSample, samplesPerPixel } of STREAMS) {
    test(`${name}: the pixels equal those of the reference implementation`, () => {
      const picture = decodeJPEG(bytes, { ...OPTIONS, isYBR })
      assert.equal(crc32(picture.cells), pixels)
      const { rows, columns } = picture
      assert.deepEqual({ rows, columns }, { rows: 9, columns: 11 })
      assert.deepEqual([picture.bitsPerSample, picture.samplesPerPixel], [bitsPerSample, samplesPerPixel])
    })

    test(`${name}: truncated anywhere, it throws a DicomError`, () => {
      // The last two bytes are EOI, and a few bytes before them may be padding.
      for (let end = 0; end < bytes.length - 8; end++) {
        assert.throws(() => decodeJPEG(bytes.subarray(0, end), { ...OPTIONS, isYBR }), DicomError, `cut at ${end}`)
      }
    })
  }

  test('damaged in any way, it is another image of the same size or throws a DicomError', () => {
    const changes = fc.array(fc.tuple(fc.nat(9999), fc.nat(255)), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(fc.nat(STREAMS.length - 1), changes, (which, changes) => {
        const bytes = Buffer.from(STREAMS[which]!.bytes)
        for (const [at, value] of changes) bytes[Math.floor((at / 10_000) * bytes.length)] = value
        try {
          const { rows, columns, samplesPerPixel, bitsPerSample, cells } = decodeJPEG(bytes, OPTIONS)
          assert.ok(rows * columns <= 99)
          assert.equal(cells.length, rows * columns * samplesPerPixel * (bitsPerSample > 8 ? 2 : 1))
        } catch (error) {
          assert.ok(error instanceof DicomError, String(error))
        }
      }),
      { numRuns: 4000, seed: 20260101 },
    )
  })

  test('larger than its attributes, it is refused before decoding', () => {
    assert.throws(() => decodeJPEG(STREAMS[0]!.bytes, { ...OPTIONS, pixelsMax: 98 }), /more pixels/)
  })

  test('a progressive stream is refused', () => {
    const bytes = Buffer.from(STREAMS[2]!.bytes)
    bytes[bytes.indexOf(Buffer.from([0xff, 0xc1])) + 1] = 0xc2
    assert.throws(() => decodeJPEG(bytes, OPTIONS), /not sequential Huffman or lossless/)
  })
})

test('the size of a JPEG-LS stream is found after other markers; other streams throw a DicomError', () => {
  const header = Buffer.from('ffd8fff00004aaaafff7000b08003d005a01011100ffda', 'hex')
  assert.deepEqual(readJPEGLSSize(header), { rows: 61, columns: 90, samplesPerPixel: 1 })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        readJPEGLSSize(bytes)
      } catch (error) {
        assert.ok(error instanceof DicomError)
      }
    }),
  )
})
