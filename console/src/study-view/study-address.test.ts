/** The fragment of a study view. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { studyAddressOf, studyFragment } from './study-address.ts'

test('the address names the layout, and the series, image and window of each pane', () => {
  const address = {
    layout: '2x2' as const,
    panes: [
      { series: '1.2.3', image: 12, window: { center: 40, width: 400 } },
      undefined,
      { series: '1.2.4', study: '1.9', image: 1 },
    ],
  }
  assert.equal(studyFragment(address), 'layout=2x2&pane=1.2.3,12,40,400&pane=&pane=1.2.4@1.9,1')
  assert.deepEqual(studyAddressOf(studyFragment(address)), address)
})

test('the address has how each image is shown', () => {
  const address = {
    layout: '1x2' as const,
    panes: [
      {
        ...{ series: '1.2.3', image: 2, window: { center: 40, width: 400 } },
        ...{ orientation: { isFlipped: true, quarterTurns: 3 as const }, isInverted: true },
        place: { scale: 1.5, x: -10.25, y: 4 },
      },
      { series: '1.2.4', image: 1, preset: 'full' as const, place: { scale: 'actual' as const, x: 0, y: 0.5 } },
    ],
  }
  const fragment =
    'layout=1x2&pane=1.2.3,2,40,400,flip,turn3,invert,zoom1.5:-10.25:4&pane=1.2.4,1,full,zoomactual:0:0.5'
  assert.equal(studyFragment(address), fragment)
  assert.deepEqual(studyAddressOf(fragment), address)
  assert.deepEqual(studyAddressOf('pane=1.2,1,table2').panes, [{ series: '1.2', image: 1, preset: 2 }])
})

test('an empty address is one pane, and empty panes at the end are left out', () => {
  assert.deepEqual(studyAddressOf(''), { layout: '1x1', panes: [] })
  assert.equal(studyFragment({ layout: '1x1', panes: [undefined] }), '')
  assert.equal(studyFragment({ layout: '1x2', panes: [{ series: '1.2' }, undefined] }), 'layout=1x2&pane=1.2,1')
})

test('parts that are not valid are left out', () => {
  assert.deepEqual(studyAddressOf('layout=9x9&pane=1.2,0,40,-1&pane=1.3'), {
    layout: '1x1',
    panes: [{ series: '1.2' }],
  })
  assert.deepEqual(studyAddressOf('pane=1.2,turn9,zoom99:0:0,zoomx:1:1,zoom1:1.1.1:0,tablex,flop').panes, [
    { series: '1.2' },
  ])
  assert.deepEqual(studyAddressOf('layout=1x2&pane=<b>&pane=1.3@x,two,1e999,5').panes, [undefined, { series: '1.3' }])
})
