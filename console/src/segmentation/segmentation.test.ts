/** Which frames of a segmentation lie on an image, and where. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imagesOf, type StackImage } from '../viewer/stack/stack.ts'
import { documentOf, frame, imageOf } from '../viewer/viewer.fixture.ts'
import { paintedMask } from './paint-mask.ts'
import { framesOn, type Segmentation, segmentationsOf } from './segmentation.ts'

const AXIAL = ['1', '0', '0', '0', '1', '0']
const SEGMENTATION = { SOPClassUID: '1.2.840.10008.5.1.4.1.1.66.4', SegmentationType: 'BINARY', Rows: 10, Columns: 20 }

function segmentationOf(attributes: object, frameCount: number): Segmentation {
  const frames = Array.from({ length: frameCount }, (_, at) => frame(`frame ${at + 1}`))
  const given = { attributes: { ...SEGMENTATION, SOPInstanceUID: '1.9', ...attributes }, frames }
  return segmentationsOf(documentOf({ '1.9': given }))[0]!
}

const at = (z: number, more: object = {}): StackImage =>
  imageOf({
    ...{ SOPInstanceUID: '1.2.1', Rows: 10, Columns: 20, FrameOfReferenceUID: '1.5', PixelSpacing: ['2', '1'] },
    ...{ ImageOrientationPatient: AXIAL, ImagePositionPatient: ['0', '0', String(z)] },
    ...more,
  })
const position = (z: number, x = 0, y = 0) => ({
  PlanePositionSequence: [{ ImagePositionPatient: [x, y, z].map(String) }],
  SegmentIdentificationSequence: [{ ReferencedSegmentNumber: 1 }],
})
const shared = {
  FrameOfReferenceUID: '1.5',
  SharedFunctionalGroupsSequence: [
    {
      PlaneOrientationSequence: [{ ImageOrientationPatient: AXIAL }],
      PixelMeasuresSequence: [{ PixelSpacing: ['2', '1'], SliceThickness: '3' }],
    },
  ],
}
const namesOn = (segmentation: Segmentation, image: StackImage) =>
  framesOn(segmentation, image).map(({ frame }) => frame.image.key)

test('by position, the nearest frame of a segment within half its thickness lies on an image', () => {
  const groups = [position(0), position(3), position(6)]
  const segmentation = segmentationOf({ ...shared, PerFrameFunctionalGroupsSequence: groups }, 3)
  assert.deepEqual(namesOn(segmentation, at(3.4)), ['frame 2'])
  assert.deepEqual(namesOn(segmentation, at(7.5)), ['frame 3'])
  assert.deepEqual(namesOn(segmentation, at(7.6)), [])
  assert.deepEqual(namesOn(segmentation, at(-2)), [])
  // Neither an image of another direction, nor one of another frame of reference.
  assert.deepEqual(namesOn(segmentation, at(3, { ImageOrientationPatient: ['1', '0', '0', '0', '0', '-1'] })), [])
  assert.deepEqual(namesOn(segmentation, at(3, { FrameOfReferenceUID: '1.6' })), [])
})

test('a frame is placed by the edges of its pixels', () => {
  const segmentation = segmentationOf({ ...shared, PerFrameFunctionalGroupsSequence: [position(0, 4, 6)] }, 1)
  // 4 mm are 4 columns, and 6 mm are 3 rows.
  assert.deepEqual(framesOn(segmentation, at(0))[0]!.toImage, { a: 1, b: 0, c: 0, d: 1, e: 4, f: 3 })
  // Pixels of half the size: the first pixel of the frame covers two columns and two rows.
  const fine = at(0, { PixelSpacing: ['1', '0.5'], ImagePositionPatient: ['-0.25', '-0.5', '0'] })
  assert.deepEqual(framesOn(segmentation, fine)[0]!.toImage, { a: 2, b: 0, c: 0, d: 2, e: 8, f: 6 })
})

test('without a position, a frame lies on the image and frame that it was derived from', () => {
  const from = (ReferencedSOPInstanceUID: string, ReferencedFrameNumber?: string) => ({
    DerivationImageSequence: [{ SourceImageSequence: [{ ReferencedSOPInstanceUID, ReferencedFrameNumber }] }],
  })
  const groups = [from('1.2.1', '2'), from('1.2.7'), from('1.2.1', '1')]
  const segmentation = segmentationOf({ PerFrameFunctionalGroupsSequence: groups }, 3)
  const [first, second] = imagesOf(
    documentOf({ '1.2.1': { attributes: { SOPInstanceUID: '1.2.1' }, frames: [frame('a'), frame('b')] } }),
  )
  assert.deepEqual(namesOn(segmentation, first!), ['frame 3'])
  assert.deepEqual(namesOn(segmentation, second!), ['frame 1'])
  const whole = imageOf({ SOPInstanceUID: '1.2.7', Rows: 40, Columns: 40 })
  assert.deepEqual(framesOn(segmentation, whole)[0]!.toImage, { a: 2, b: 0, c: 0, d: 4, e: 0, f: 0 })
})

test('segments without a label or a color have one, and too many are cut', () => {
  const SegmentSequence = Array.from({ length: 300 }, (_, index) => ({ SegmentNumber: index + 1 }))
  const { segments, segmentCount } = segmentationOf({ SegmentSequence }, 1)
  assert.deepEqual([segments.length, segmentCount, segments[0]!.label], [256, 300, 'Segment 1'])
  assert.equal(new Set(segments.slice(0, 8).map(({ color }) => color.join())).size, 8)
})

test('a fraction is drawn as opacity, up to its maximum', () => {
  const given = segmentationOf({ SegmentationType: 'FRACTIONAL', MaximumFractionalValue: 100 }, 1)
  const segment = { key: '1', number: 1, label: '', color: [1, 2, 3] as const }
  const decoded = {
    ...{ samples: Uint8Array.of(0, 50, 100, 200), rows: 2, columns: 2, samplesPerPixel: 1 },
    ...{ colour: undefined, skippedResolutions: 0 },
  }
  const pixels = paintedMask(given, { frame: given.frames[0]!, decoded, segments: [segment] })
  assert.deepEqual([...pixels.subarray(4, 8)], [1, 2, 3, 58])
  assert.deepEqual([pixels[3], pixels[11], pixels[15]], [0, 115, 115])
})
