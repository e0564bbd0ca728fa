/** How presentation states show images. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imagesOf } from '../viewer/stack/stack.ts'
import { documentOf, frame, imageOf } from '../viewer/viewer.fixture.ts'
import { presentationOf, presentationStatesOf } from './presentation-state.ts'

const stateOf = (attributes: object, storageClass = '11.1') =>
  presentationStatesOf(
    documentOf({
      '1.7': {
        attributes: {
          ...{ SOPClassUID: `1.2.840.10008.5.1.4.1.1.${storageClass}`, SOPInstanceUID: '1.7', ContentLabel: 'A' },
          ...attributes,
        },
        frames: [],
      },
    }),
  )[0]!
const about = (...images: readonly object[]) => ({
  ReferencedSeriesSequence: [{ SeriesInstanceUID: '1.3', ReferencedImageSequence: images }],
})
const ONE = { ReferencedSOPInstanceUID: '1.2.1' }
const image = imageOf({ SOPInstanceUID: '1.2.1', Rows: 10, Columns: 20 })

test('the rotation comes before the flip', () => {
  const orientation = (ImageRotation: number, ImageHorizontalFlip: 'Y' | 'N') =>
    presentationOf(stateOf({ ...about(ONE), ImageRotation, ImageHorizontalFlip }), image)!.orientation
  assert.deepEqual(orientation(90, 'N'), { isFlipped: false, quarterTurns: 1 })
  // A flip first is followed by the opposite turn.
  assert.deepEqual(orientation(90, 'Y'), { isFlipped: true, quarterTurns: 3 })
  assert.deepEqual(orientation(0, 'Y'), { isFlipped: true, quarterTurns: 0 })
})

test('only images, and frames, that the state names are shown as it describes', () => {
  const [first, second] = imagesOf(
    documentOf({ '1.2.1': { attributes: { SOPInstanceUID: '1.2.1' }, frames: [frame('a'), frame('b')] } }),
  )
  const all = stateOf(about(ONE))
  assert.ok(presentationOf(all, first!) && presentationOf(all, second!))
  const only = stateOf(about({ ...ONE, ReferencedFrameNumber: ['2', '5'] }))
  assert.equal(presentationOf(only, first!), undefined)
  assert.ok(presentationOf(only, second!))
  assert.equal(presentationOf(all, imageOf({ SOPInstanceUID: '1.2.9' })), undefined)
})

test('a window, an area and graphics can be of one image only', () => {
  const state = stateOf({
    ...about(ONE, { ReferencedSOPInstanceUID: '1.2.2' }),
    SoftcopyVOILUTSequence: [
      { ReferencedImageSequence: [{ ReferencedSOPInstanceUID: '1.2.2' }], WindowCenter: '1', WindowWidth: '2' },
      { ReferencedImageSequence: [ONE], WindowCenter: '40', WindowWidth: '400' },
    ],
    DisplayedAreaSelectionSequence: [
      {
        ...{ DisplayedAreaTopLeftHandCorner: [20, 1], DisplayedAreaBottomRightHandCorner: [1, 10] },
        ...{ PresentationSizeMode: 'MAGNIFY', PresentationPixelMagnificationRatio: 2 },
      },
    ],
  })
  const { voi, area } = presentationOf(state, image)!
  assert.deepEqual(voi, { kind: 'window', window: { center: 40, width: 400 } })
  assert.deepEqual(area, { left: 0, top: 0, right: 20, bottom: 10, magnification: 2 })
})

test('what is not applied is named', () => {
  assert.deepEqual(stateOf(about(ONE)).notApplied, [])
  const { notApplied } = stateOf(
    {
      ...{ ...about(ONE), ShutterShape: 'CIRCULAR', PresentationLUTSequence: [{}] },
      SoftcopyVOILUTSequence: [{ VOILUTSequence: [{}] }],
      DisplayedAreaSelectionSequence: [{ PresentationSizeMode: 'TRUE SIZE' }],
    },
    '11.4',
  )
  assert.deepEqual(notApplied, ['its colors or blending', 'shutter', 'VOI table', 'presentation table', 'true size'])
})
