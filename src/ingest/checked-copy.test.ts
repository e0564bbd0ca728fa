import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DicomError } from '../dicom/dicom-error.ts'
import { ExplicitVRLittleEndian, encodeP10, RLELossless } from '../dicom/encode.ts'
import { parseP10 } from '../dicom/parse.ts'
import { checkedCopy } from './checked-copy.ts'

const ATTRIBUTES = { SOPClassUID: '1.2.840.10008.5.1.4.1.1.7', SOPInstanceUID: '1.2.3', Rows: 16, Columns: 16 }

const encapsulated = encodeP10({
  transferSyntaxUID: RLELossless,
  attributes: ATTRIBUTES,
  pixelData: { frames: [new Uint8Array(300).fill(7), new Uint8Array(500).fill(9)], fragmentSizeBytes: 128 },
})
const native = encodeP10({
  transferSyntaxUID: ExplicitVRLittleEndian,
  attributes: { ...ATTRIBUTES, BitsAllocated: 8, SamplesPerPixel: 1 },
  pixelData: { frames: [new Uint8Array(256)] },
})

async function* inChunksOf(bytes: Uint8Array, chunkBytes: number) {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
}

async function copy(
  bytes: Uint8Array,
  options: { chunkBytes: number; of: Uint8Array; sizeBytes?: number },
): Promise<Buffer> {
  const sizeBytes = options.sizeBytes ?? bytes.length
  const file = parseP10(options.of)
  const chunks = []
  for await (const chunk of checkedCopy(inChunksOf(bytes, options.chunkBytes), { file, sizeBytes })) chunks.push(chunk)
  return Buffer.concat(chunks)
}

for (const chunkBytes of [1, 7, 64, 100_000]) {
  test(`complete files are copied unchanged, in chunks of ${chunkBytes} bytes`, async () => {
    assert.deepEqual(await copy(encapsulated, { chunkBytes, of: encapsulated }), Buffer.from(encapsulated))
    assert.deepEqual(await copy(native, { chunkBytes, of: native }), Buffer.from(native))
  })
}

test('fragments that end before their delimiter are refused at every truncation', async () => {
  const place = parseP10(encapsulated).pixelData!
  for (let cut = place.offsetBytes; cut < encapsulated.length - 8; cut += 37) {
    const options = { chunkBytes: 64, of: encapsulated }
    await assert.rejects(copy(encapsulated.subarray(0, cut), options), DicomError, `cut at ${cut}`)
  }
})

test('a file shorter than its listed size is refused', async () => {
  const cut = native.subarray(0, native.length - 10)
  await assert.rejects(copy(cut, { chunkBytes: 64, of: native, sizeBytes: native.length }), DicomError)
})

test('bytes between fragments that are not an item are refused', async () => {
  const place = parseP10(encapsulated).pixelData!
  const broken = Uint8Array.from(encapsulated)
  broken[place.offsetBytes] = 0x42
  await assert.rejects(copy(broken, { chunkBytes: 64, of: encapsulated }), DicomError)
})

test('fragments that end with the file instead of a delimiter are copied and recorded as tolerated, unless frames are missing', async () => {
  const frames = [7, 8, 9].map((value) => new Uint8Array(300).fill(value))
  for (const offsetTable of ['full', 'empty'] as const) {
    const attributes = { ...ATTRIBUTES, NumberOfFrames: '3' }
    const whole = encodeP10({ transferSyntaxUID: RLELossless, attributes, pixelData: { frames, offsetTable } })
    const { offsetBytes } = parseP10(whole).pixelData!
    const toleratedIn = async (bytes: Uint8Array) => {
      const file = parseP10(bytes.subarray(0, offsetBytes), { sizeBytes: bytes.length })
      let ends = 0
      const onEnd = (items: { endsAt: number | undefined }) => {
        ends = items.endsAt!
      }
      for await (const _ of checkedCopy(inChunksOf(bytes, 50), { file, sizeBytes: bytes.length, onEnd }));
      assert.equal(ends, bytes.length)
      return [...file.tolerated]
    }
    assert.deepEqual(await toleratedIn(whole), [])
    for (let missing = 1; missing <= 8; missing++) {
      const cut = whole.subarray(0, whole.length - missing)
      assert.deepEqual(await toleratedIn(cut), ['pixel-data-without-delimiter'])
    }
    for (const missing of [9, 150, 307, 316]) {
      await assert.rejects(toleratedIn(whole.subarray(0, whole.length - missing)), /ends inside the pixel data/)
    }
  }
})
