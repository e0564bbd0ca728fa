/**
 * Retrieved frames and files have the pixels of the imported file: for each source syntax those that an independent program decodes from it.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { temporaryFolder } from '../../cli/export/export.fixture.ts'
import { bytesInMemory } from '../../dicom/byte-source.ts'
import { parseP10 } from '../../dicom/parse.ts'
import type { StorageFormat } from '../../dicom/transfer-syntaxes.ts'
import { sample } from '../../fixtures/soak.ts'
import type { ImagePixel } from '../../pixel-data/element/image-pixel.ts'
import { planFrames } from '../../pixel-data/frame-plan.ts'
import { draw, fileOf, nativeFrames, openFolder, pixelOf } from '../../pixel-data/frames.fixture.ts'
import {
  COLOUR,
  decodeStored,
  GREY_8,
  GREY_16,
  lacksDecoders,
  NATIVE_KINDS,
  SOURCES,
} from '../../pixel-data/source-files.fixture.ts'
import { type DicomwebStore, partsOf, pathOf, startDicomweb } from './dicomweb.fixture.ts'

const UID = '1.2.840.10008.1.2'
const EXPLICIT = `${UID}.1`
const programs = openFolder()
const dicomweb = await startDicomweb()
after(async () => {
  await dicomweb.stop()
  programs.remove()
})

const FRAMES = 'multipart/related; type="application/octet-stream"'
const STORED_FRAMES = `${FRAMES}; transfer-syntax=*`

async function storeWith(source: Uint8Array, losslessStorageFormat: StorageFormat): Promise<DicomwebStore> {
  const store = await dicomweb.open({ losslessStorageFormat })
  await store.bringIn(source)
  return store
}

async function framesOf(store: DicomwebStore, path: string, accept: string): Promise<readonly Buffer[]> {
  const response = await store.get(path, { accept })
  const body = Buffer.from(await response.arrayBuffer())
  assert.equal(response.status, 200, body.toString('latin1', 0, 300))
  assert.equal(response.headers.get('content-length'), String(body.length))
  return partsOf(body, response.headers.get('content-type')!).map(({ bytes }) => bytes)
}

/** The frames of encapsulated pixel data, split by our own reader. */
async function fragmentsIn(bytes: Uint8Array): Promise<readonly Uint8Array[]> {
  const file = parseP10(bytes)
  const plan = planFrames(file, { format: 'HTJ2K' })
  assert.ok(plan.kind === 'frames' && plan.warning === undefined)
  const source = bytesInMemory(file.bytes)
  return Promise.all(
    Array.from({ length: plan.cut.count }, (_, index) => source.read(plan.cut.place(index).ranges[0]!)),
  )
}

/** @param bytes a DICOM file */
function dcmtkAccepts(t: Parameters<typeof temporaryFolder>[0], bytes: Uint8Array): void {
  const path = join(temporaryFolder(t), 'file.dcm')
  writeFileSync(path, bytes)
  assert.match(execFileSync('dcmftest', [path], { encoding: 'utf8' }), /^yes:/)
  execFileSync('dcmdump', ['-q', path], { stdio: ['ignore', 'ignore', 'inherit'] })
  execFileSync('dcm2xml', ['-q', path], { stdio: ['ignore', 'ignore', 'inherit'] })
}

describe('pixels are those of the source', { skip: lacksDecoders }, () => {
  const formats = ['HTJ2K', 'JPEG_2000_LOSSLESS'] as const
  // A store of JPEG 2000 keeps colour of 16 bits uncompressed, and OpenJPEG's program writes negative samples without their sign.
  const isJudged = ({ format, pixel }: { format: StorageFormat; pixel: ImagePixel }) =>
    format === 'HTJ2K' || ((pixel.samplesPerPixel === 1 || pixel.bitsAllocated === 8) && !pixel.isSigned)
  const cases = SOURCES.flatMap((source) => formats.map((format) => ({ ...source, format }))).filter(isJudged)
  for (const { name, pixel, encode, decode, numberOfFrames = 1, format } of sample(cases, 5)) {
    test(`${name}, in a store of ${format}`, async (t) => {
      const drawn = Array.from({ length: numberOfFrames }, (_, index) => draw(pixel, index + 1))
      const source = programs.run(encode, fileOf(pixel, { frames: drawn }))
      const size = drawn[0]!.length
      const expected = Buffer.concat(nativeFrames(programs.run(decode, source))).subarray(0, size * numberOfFrames)
      const frame = (index: number) => expected.subarray(index * size, (index + 1) * size)
      const store = await storeWith(source, format)
      const path = pathOf(source)

      const explicit = await store.bytes(path)
      assert.equal(parseP10(explicit).transferSyntaxUID, EXPLICIT)
      assert.ok(Buffer.concat(nativeFrames(explicit)).subarray(0, expected.length).equals(expected))
      dcmtkAccepts(t, explicit)

      const stored = await store.bytes(path, { accept: 'application/dicom; transfer-syntax=*' })
      assert.equal(parseP10(stored).transferSyntaxUID, `${UID}${format === 'HTJ2K' ? '.4.202' : '.4.90'}`)
      dcmtkAccepts(t, stored)
      const fragments = await fragmentsIn(stored)

      const numbers = Array.from({ length: numberOfFrames }, (_, index) => index + 1)
      const asStored = await framesOf(store, `${path}/frames/${numbers}`, STORED_FRAMES)
      const decoded = await framesOf(store, `${path}/frames/${numbers}`, FRAMES)
      for (const index of numbers.keys()) {
        assert.ok(decoded[index]!.equals(frame(index)), `frame ${index + 1} decoded`)
        const codestream = fragments[index]!
        assert.ok(asStored[index]!.equals(codestream.subarray(0, asStored[index]!.length)), 'the file has the frame')
        assert.ok(codestream.length - asStored[index]!.length <= 1, 'the file pads it by at most a byte')
        assert.ok(Buffer.from(decodeStored(programs, codestream, { format, pixel })).equals(frame(index)))
      }
    })
  }
})

describe('pixels of every kind of cell are those of the uncompressed file', () => {
  for (const { pixel, stored } of NATIVE_KINDS) {
    const { bitsAllocated, bitsStored, isSigned, samplesPerPixel, photometricInterpretation } = pixel
    test(`${bitsStored} of ${bitsAllocated} bits, ${isSigned ? 'signed' : 'unsigned'}, ${samplesPerPixel} samples, ${photometricInterpretation}`, async () => {
      const drawn = draw(pixel)
      const source = fileOf(pixel, { frames: [drawn] })
      const store = await storeWith(source, 'HTJ2K')
      const path = pathOf(source)
      const [frame] = await framesOf(store, `${path}/frames/1`, FRAMES)
      assert.ok(frame!.equals(drawn))
      const explicit = await store.bytes(path)
      assert.ok(Buffer.from(nativeFrames(explicit)[0]!.subarray(0, drawn.length)).equals(drawn))
      assert.equal(parseP10(explicit).dataSet.string('00280004'), photometricInterpretation)
      const response = await store.get(`${path}/frames/1`, { accept: 'application/octet-stream; transfer-syntax=*' })
      assert.match(response.headers.get('content-type')!, new RegExp(`transfer-syntax=${UID}${stored}$`))
      await response.arrayBuffer()
    })
  }

  test('single bits, whose frames do not end at a byte', async () => {
    const pixel = pixelOf({ bitsAllocated: 1, rows: 3, columns: 5, numberOfFrames: 3 })
    // 45 bits in six bytes.
    const bits = Uint8Array.of(0b1010_0110, 0xff, 0b0011_0101, 0x00, 0b1100_1010, 0b0001_0101)
    const source = fileOf(pixel, { frames: [bits] })
    const store = await storeWith(source, 'HTJ2K')
    const explicit = await store.bytes(pathOf(source))
    assert.deepEqual([...nativeFrames(explicit)[0]!], [...bits])
    const cells = [...bits].flatMap((byte) => Array.from({ length: 8 }, (_, bit) => (byte >> bit) & 1))
    const frames = await framesOf(store, `${pathOf(source)}/frames/3,1,2`, FRAMES)
    for (const [at, index] of [2, 0, 1].entries()) {
      const packed = [0, 8].map((from) =>
        cells
          .slice(index * 15, (index + 1) * 15)
          .slice(from, from + 8)
          .reduce((byte, bit, place) => byte | (bit << place), 0),
      )
      assert.deepEqual([...frames[at]!], packed)
    }
    for (const range of ['bytes=200-', 'bytes=-3', 'bytes=-6']) {
      const part = await store.get(pathOf(source), { range })
      assert.equal(part.status, 206)
      const from = range === 'bytes=200-' ? 200 : explicit.length + Number(range.slice(6))
      assert.ok(Buffer.from(await part.arrayBuffer()).equals(explicit.subarray(from)))
    }
  })
})

describe('frames that are kept in their syntax', { skip: lacksDecoders }, () => {
  for (const [name, pixel, command, syntax] of [
    ['lossy JPEG', GREY_8, 'dcmcjpeg +eb $in $out', '.4.50'],
    ['lossy JPEG of colour', COLOUR, 'dcmcjpeg +eb +s4 $in $out', '.4.50'],
    ['lossy JPEG 2000', GREY_16, 'gdcmconv --j2k --lossy -q 30 $in $out', '.4.91'],
  ] as const) {
    test(`${name} as it came, and decoded on demand`, async (t) => {
      const source = programs.run(command, fileOf(pixel, { frames: [draw(pixel)] }))
      assert.equal(parseP10(source).transferSyntaxUID, `${UID}${syntax}`)
      const store = await storeWith(source, 'HTJ2K')
      const path = pathOf(source)
      const stored = await store.bytes(path, { accept: 'application/dicom; transfer-syntax=*' })
      assert.equal(parseP10(stored).transferSyntaxUID, `${UID}${syntax}`)
      dcmtkAccepts(t, stored)
      const [fragment] = await fragmentsIn(stored)
      const [original] = await fragmentsIn(source)
      assert.deepEqual(fragment, original)
      const [asStored] = await framesOf(store, `${path}/frames/1`, STORED_FRAMES)
      assert.ok(asStored!.equals(original!.subarray(0, asStored!.length)))

      const explicit = await store.bytes(path)
      const { dataSet, transferSyntaxUID } = parseP10(explicit)
      assert.equal(transferSyntaxUID, EXPLICIT)
      assert.equal(dataSet.string('00280004'), pixel === COLOUR ? 'RGB' : 'MONOCHROME2')
      dcmtkAccepts(t, explicit)
      const [decoded] = await framesOf(store, `${path}/frames/1`, FRAMES)
      const decoder = syntax === '.4.91' ? 'gdcmconv --raw $in $out' : 'dcmdjpeg +px $in $out'
      const [expected] = nativeFrames(programs.run(decoder, source))
      assert.equal(decoded!.length, draw(pixel).length)
      assert.ok(closeTo(decoded!, expected!, pixel.bitsAllocated), 'within what decoders of lossy frames may differ')
    })
  }
})

describe('frames that Hilum does not decode', () => {
  for (const [name, syntax, types] of [
    ['JPEG XL', '.4.112', ['image/jxl', 'image/*']],
    ['H.264', '.4.102', ['video/mp4', 'video/*']],
  ] as const) {
    test(`${name}: sent as stored unless they are wanted decoded`, async () => {
      const pixel = pixelOf({ rows: 64, columns: 64 })
      // An access unit delimiter, as a stream of H.264 begins.
      const bytes = Buffer.concat([Uint8Array.of(0, 0, 0, 1, 9, 0xf0), Buffer.alloc(500, 7)])
      const source = fileOf(pixel, { frames: [bytes] }, `${UID}${syntax}`)
      const store = await storeWith(source, 'HTJ2K')
      const path = pathOf(source)
      for (const accept of ['*/*', STORED_FRAMES]) {
        const [frame] = await framesOf(store, `${path}/frames/1`, accept)
        assert.ok(frame!.equals(bytes), accept)
      }
      for (const accept of types) {
        const response = await store.get(`${path}/frames/1`, { accept, range: 'bytes=0-5' })
        assert.deepEqual(
          [response.status, response.headers.get('content-type')],
          [206, `${types[0]}; transfer-syntax=${UID}${syntax}`],
        )
        assert.ok(Buffer.from(await response.arrayBuffer()).equals(bytes.subarray(0, 6)))
      }
      const file = parseP10(await store.bytes(path))
      assert.equal(file.transferSyntaxUID, `${UID}${syntax}`)
      for (const below of ['', '/frames/1']) {
        const accept = `application/dicom; transfer-syntax=${EXPLICIT}, ${FRAMES}; transfer-syntax=${EXPLICIT}`
        const response = await store.get(path + below, { accept })
        assert.deepEqual([response.status, /transfer-syntax=\*/.test(await response.text())], [406, true])
      }
    })
  }
})

/** Decoders of lossy frames round differently. */
function closeTo(bytes: Buffer, expected: Uint8Array, bitsAllocated: number): boolean {
  const other = Buffer.from(expected)
  const step = bitsAllocated / 8
  for (let at = 0; at + step <= bytes.length; at += step) {
    const [one, two] = [bytes, other].map((each) => (step === 2 ? each.readUInt16LE(at) : each[at]!)) as [
      number,
      number,
    ]
    if (Math.abs(one - two) > 3) return false
  }
  return true
}
