/** The order of images, the precedence of attributes, and the texts of the overlay. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatDate } from '../../format/dicom.ts'
import { cornersOf, durationMsOf, frameRateOf } from '../overlay-text.ts'
import { documentOf, frame, imageOf } from '../viewer.fixture.ts'
import { imagesOf } from './stack.ts'

const keys = (document: Parameters<typeof imagesOf>[0]) => imagesOf(document).map(({ key }) => key)

test('images are sorted by instance number, numerically', () => {
  const at = (number: string) => ({ attributes: { InstanceNumber: number } })
  assert.deepEqual(keys(documentOf({ '1.1': at('10 '), '1.2': at('9'), '1.3': at('100') })), [
    ...['frame of 1.2', 'frame of 1.1', 'frame of 1.3'],
  ])
})

test('instances without a number come last, sorted by position along the plane normal', () => {
  const at = (z: string) => ({
    attributes: { ImagePositionPatient: ['0', '0', z], ImageOrientationPatient: ['1', '0', '0', '0', '1', '0'] },
  })
  const document = documentOf({ '1.1': at('20'), '1.2': at('-5'), '1.3': { attributes: { InstanceNumber: '7' } } })
  assert.deepEqual(keys(document), ['frame of 1.3', 'frame of 1.2', 'frame of 1.1'])
})

test('a value of the instance takes precedence over its series, even if it is empty', () => {
  const own = (PixelPaddingValue: number | null) => ({ attributes: { PixelPaddingValue } })
  const document = documentOf({ '1.1': own(-2000), '1.2': own(null), '1.3': {} }, { PixelPaddingValue: 7 })
  assert.deepEqual(
    imagesOf(document).map(({ attribute }) => attribute('PixelPaddingValue')),
    [-2000, null, 7],
  )
})

test('every frame is an image; its functional groups take precedence over the shared ones, and those over the instance', () => {
  const window = (center: string) => ({ FrameVOILUTSequence: [{ WindowCenter: [center], WindowWidth: ['400'] }] })
  const attributes = {
    WindowCenter: ['1'],
    RescaleSlope: '3',
    SharedFunctionalGroupsSequence: [{ PixelValueTransformationSequence: [{ RescaleSlope: '2' }] }],
    PerFrameFunctionalGroupsSequence: [window('10'), window('20')],
  }
  const images = imagesOf(documentOf({ '1.1': { attributes, frames: [frame('a'), frame('b')] } }))
  assert.deepEqual(
    images.map(({ frameNumber, frameCount, attribute }) => [
      ...[frameNumber, frameCount, attribute('WindowCenter'), attribute('RescaleSlope')],
    ]),
    [
      [1, 2, ['10'], '2'],
      [2, 2, ['20'], '2'],
    ],
  )
})

test('an instance without stored frames has an image without a frame, and one without pixel data has none', () => {
  const document = documentOf({
    '1.1': { attributes: { InstanceNumber: '1' }, frames: [] },
    '1.2': { attributes: { InstanceNumber: '2', Rows: undefined }, frames: [] },
    '1.3': { attributes: { InstanceNumber: '3' } },
  })
  assert.deepEqual(keys(document), ['1.1', 'frame of 1.3'])
  assert.equal(imagesOf(document)[0]!.frame, undefined)
})

test('the overlay shows the patient, the study and the position in the stack', () => {
  const document = documentOf(
    { '1.1': { attributes: { SliceLocation: '12.5', LossyImageCompression: '01' }, frames: [frame('a'), frame('b')] } },
    { Modality: 'CT', SeriesNumber: '4 ' },
  )
  assert.deepEqual(cornersOf(imagesOf(document)[1]!, { index: 1, count: 2 }), {
    patient: ['Family, Given', 'P1'],
    study: [formatDate('20240102'), 'CT', 'Series 4'],
    image: ['Image 2 of 2', 'Frame 2 of 2', 'Location 12.5 mm', 'Lossy compression'],
  })
})

test('the frame rate is that of the instance', () => {
  assert.equal(frameRateOf(imageOf({ FrameTime: '40' })), 25)
  assert.equal(frameRateOf(imageOf({ FrameTime: '40', CineRate: '12' })), 12)
  assert.equal(frameRateOf(imageOf({ FrameTime: '0' })), 10)
  assert.equal(frameRateOf(imageOf({ RecommendedDisplayFrameRate: '500' })), 60)
})

test('frames with times of their own are shown for that long', () => {
  const attributes = { FrameTimeVector: ['0', '40', '200', '5'] }
  const frames = ['a', 'b', 'c', 'd'].map((id) => frame(id))
  const images = imagesOf(documentOf({ '1.1': { attributes, frames } }))
  const durations = images.map((image, index) => durationMsOf(image, images[(index + 1) % images.length]!))
  // At most 60 frames a second, and the last as long as the first.
  assert.deepEqual(durations, [40, 200, 1_000 / 60, 40])
  assert.equal(durationMsOf(imageOf({ FrameTime: '40' }), imageOf()), 40)
})
