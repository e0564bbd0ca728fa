/** What a file says of frames that come from a store, where the pixels alone do not tell. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { DicomError } from '../dicom/dicom-error.ts'
import { bytesOf, draw, fileOf, pixelOf, startThreads, storeAll } from './frames.fixture.ts'
import { planFile, type StoredPixels } from './frames-in-file.ts'
import { findCodestream } from './jpeg2000/jp2-boxes.ts'

const threads = startThreads()
after(() => threads.stop())

const UID = '1.2.840.10008.1.2'
const COLOUR = pixelOf({ bitsAllocated: 8, samplesPerPixel: 3 })
const stored = (given: Partial<StoredPixels> = {}): StoredPixels => ({
  ...{ storedTransferSyntaxUID: `${UID}.4.202`, originalTransferSyntaxUID: `${UID}.1`, pixel: COLOUR },
  ...{ frameCount: 1, isFloat: false },
  ...given,
})

async function frameOf(pixel = COLOUR, format: 'HTJ2K' | 'JPEG_2000_LOSSLESS' = 'HTJ2K'): Promise<Uint8Array> {
  const { frames } = await storeAll(fileOf(pixel, { frames: [draw(pixel)] }), threads, format)
  return bytesOf(frames[0]!, new Uint8Array(0))
}

const colourIn = (given: Partial<StoredPixels>, firstFrame: Uint8Array, compressed = false) =>
  planFile(stored(given), { firstFrame, compressed }).attributes.PhotometricInterpretation

test('where the store does not say in what it keeps frames, the first frame does', async () => {
  const unsaid = stored({ storedTransferSyntaxUID: null })
  const ofHTJ2K = planFile(unsaid, { firstFrame: await frameOf(), compressed: true })
  assert.deepEqual([ofHTJ2K.transferSyntaxUID, ofHTJ2K.form], [`${UID}.4.202`, 'codestream'])
  const ofJPEG2000 = planFile(unsaid, { firstFrame: await frameOf(COLOUR, 'JPEG_2000_LOSSLESS'), compressed: true })
  assert.equal(ofJPEG2000.transferSyntaxUID, `${UID}.4.90`)
  assert.throws(() => planFile(unsaid, { firstFrame: Uint8Array.of(1, 2, 3), compressed: true }), DicomError)
})

test('the file around a codestream says whether it is RGB', async () => {
  const ybr = { ...COLOUR, photometricInterpretation: 'YBR_FULL' }
  const rgb = await frameOf()
  assert.equal(colourIn({ pixel: COLOUR }, rgb), 'RGB')
  assert.equal(colourIn({ pixel: ybr }, rgb), 'RGB')
  assert.equal(colourIn({ pixel: ybr }, await frameOf(ybr)), 'YBR_FULL')
  assert.equal(
    colourIn({ pixel: { ...ybr, photometricInterpretation: 'YBR_FULL_422' } }, await frameOf(ybr)),
    'YBR_FULL',
  )
})

test('without such a file it follows from what the frame came in', async () => {
  const frame = await frameOf()
  const { start, end } = findCodestream(frame)
  const codestream = frame.subarray(start, end)
  const of = (photometricInterpretation: string, ending: string) =>
    colourIn({ pixel: { ...COLOUR, photometricInterpretation }, originalTransferSyntaxUID: UID + ending }, codestream)
  assert.equal(of('YBR_FULL_422', '.4.51'), 'RGB')
  assert.equal(of('YBR_FULL', '.4.70'), 'YBR_FULL')
  assert.equal(of('YBR_FULL_422', '.1'), 'YBR_FULL')
  assert.equal(of('YBR_RCT', '.4.90'), 'RGB')
  assert.equal(of('YBR_ICT', '.4.93'), 'RGB')
  assert.equal(of('RGB', '.5'), 'RGB')
})

test('one sample is called what it was', async () => {
  const pixel = pixelOf({ bitsAllocated: 8, photometricInterpretation: 'PALETTE COLOR' })
  assert.deepEqual(planFile(stored({ pixel }), { firstFrame: await frameOf(pixel), compressed: true }).attributes, {})
})

test('what was kept stays in its syntax, compressed or not asked for', () => {
  for (const compressed of [true, false]) {
    for (const [ending, form] of [
      ['.4.50', 'kept'],
      ['.4.91', 'kept'],
      ['.4.203', 'kept'],
      ['.4.112', 'kept'],
      ['.4.102', 'video'],
    ] as const) {
      const plan = planFile(stored({ storedTransferSyntaxUID: UID + ending }), { compressed })
      assert.deepEqual([plan.transferSyntaxUID, plan.form, plan.attributes], [UID + ending, form, {}])
    }
  }
})

test('a number of frames that is not the one of the attributes is refused, but for video', () => {
  const pixel = { ...COLOUR, numberOfFrames: 25 }
  const of = (ending: string, frameCount: number) =>
    planFile(stored({ pixel, frameCount, storedTransferSyntaxUID: UID + ending }), { compressed: false })
  assert.throws(() => of('.4.50', 1), /NumberOfFrames is 25, and the store has 1/)
  assert.equal(of('.4.50', 25).form, 'kept')
  assert.equal(of('.4.100', 1).form, 'video')
})
