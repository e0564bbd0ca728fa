/** Windows and lookup tables, compared with the formulas and examples of PS3.3 C.11. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { imageOf } from '../viewer.fixture.ts'
import { modalityLUTOf } from './modality-lut.ts'
import { fullWindow, presetsOf, voiTable, windowMapping } from './voi-lut.ts'

const bytes = (mapping: (value: number) => number, ...values: number[]) =>
  values.map((value) => Math.round(mapping(value) * 255))

describe('a window', () => {
  test('LINEAR: a width of 1 is a threshold, and a width of 256 is the identity of bytes', () => {
    assert.deepEqual(
      bytes(windowMapping({ center: 100, width: 1 }, 'LINEAR'), 98, 99, 99.5, 100, 101),
      [0, 0, 0, 255, 255],
    )
    const identity = windowMapping({ center: 128, width: 256 }, 'LINEAR')
    assert.deepEqual(bytes(identity, -5, 0, 1, 127, 128, 254, 255, 300), [0, 0, 1, 127, 128, 254, 255, 255])
  })

  test('LINEAR: c=2048 w=4096 and c=0 w=100, the examples of the standard', () => {
    // C.11.2.1.2.1 note 4: 0 to 4095, and below -50 and above 49.
    const first = windowMapping({ center: 2048, width: 4096 }, 'LINEAR')
    assert.deepEqual([first(0), first(4095)], [0, 1])
    const second = windowMapping({ center: 0, width: 100 }, 'LINEAR')
    assert.deepEqual([second(-51), second(-50), second(49), second(50)], [0, 0, 1, 1])
    assert.ok(second(-49) > 0 && second(48) < 1)
  })

  test('LINEAR_EXACT: from -w/2 to w/2 around the center', () => {
    const exact = windowMapping({ center: 0.5, width: 0.2 }, 'LINEAR_EXACT')
    assert.deepEqual(bytes(exact, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7), [0, 64, 128, 191, 255, 255])
    assert.deepEqual(bytes(windowMapping({ center: 1, width: 0 }, 'LINEAR_EXACT'), 1, 1.001), [0, 255])
  })

  test('SIGMOID: equals a scaled tanh, with one half at the center', () => {
    const sigmoid = windowMapping({ center: 40, width: 400 }, 'SIGMOID')
    for (const value of [-400, -60, 40, 140, 777]) {
      assert.ok(Math.abs(sigmoid(value) - (1 + Math.tanh((2 * (value - 40)) / 400)) / 2) < 1e-12)
    }
  })

  test('over the full range maps the minimum to black and the maximum to white', () => {
    for (const shape of ['LINEAR', 'LINEAR_EXACT'] as const) {
      const mapping = windowMapping(fullWindow({ min: -1000, max: 3071 }, shape), shape)
      assert.deepEqual(bytes(mapping, -1000, 3071), [0, 255], shape)
      assert.ok(mapping(-999) > 0 && mapping(3070) < 1, shape)
    }
    const one = windowMapping(fullWindow({ min: 7, max: 7 }, 'LINEAR'), 'LINEAR')
    assert.deepEqual(bytes(one, 6, 7, 8), [0, 0, 255])
  })
})

describe('the Modality LUT', () => {
  test('can be slope and intercept', () => {
    const mapping = modalityLUTOf(imageOf({ RescaleSlope: '2 ', RescaleIntercept: '-1024' }))
    assert.deepEqual([0, 512, 4095].map(mapping), [-1024, 0, 7166])
  })

  test('can be a table, which clamps values beyond its ends', () => {
    const ModalityLUTSequence = [{ LUTDescriptor: [3, 10, 16], LUTData: [100, 250, 60_000] }]
    const mapping = modalityLUTOf(imageOf({ ModalityLUTSequence, RescaleSlope: '2' }))
    assert.deepEqual([0, 10, 11, 12, 500].map(mapping), [100, 100, 250, 60_000, 60_000])
  })

  test('of signed pixels can start below zero with an unsigned descriptor', () => {
    const ModalityLUTSequence = [{ LUTDescriptor: [2, 65_534, 8], LUTData: 'BwkA' }]
    const mapping = modalityLUTOf(imageOf({ ModalityLUTSequence, PixelRepresentation: 1 }))
    // Two entries per word: 7 and 9.
    assert.deepEqual([-3, -2, -1, 0].map(mapping), [7, 7, 9, 9])
  })

  test('ignores an invalid table', () => {
    const ModalityLUTSequence = [{ LUTDescriptor: [300, 0, 16], LUTData: [1, 2] }]
    assert.equal(modalityLUTOf(imageOf({ ModalityLUTSequence }))(77), 77)
  })
})

describe('the presets', () => {
  test('are the windows of the document, then its tables, then the common windows for CT', () => {
    const image = imageOf({
      ...{ Modality: 'CT', WindowCenter: ['40 ', '-600'], WindowWidth: ['400', '1500'] },
      ...{ WindowCenterWidthExplanation: ['Soft', ''], VOILUTSequence: [{ LUTExplanation: 'Film' }] },
    })
    const names = presetsOf(image).map(({ name }) => name)
    // Soft tissue and lung are those that the document has.
    assert.deepEqual(names, ['Soft', 'Stored window 2', 'Film', 'Bone', 'Brain', 'Angiography'])
    assert.deepEqual(presetsOf(image)[1]!.voi, { kind: 'window', window: { center: -600, width: 1500 } })
    assert.deepEqual(presetsOf(imageOf({ Modality: 'MR' })), [])
  })

  test('of modalities without a common scale are relative to the window of the document', () => {
    const windows = (Modality: string) =>
      presetsOf(imageOf({ Modality, WindowCenter: '200', WindowWidth: '400' })).map(({ name, voi }) => [
        name,
        voi.kind === 'window' && [voi.window.center, voi.window.width],
      ])
    assert.deepEqual(windows('MR'), [
      ['Stored window', [200, 400]],
      ['More contrast', [200, 240]],
      ['Less contrast', [200, 640]],
    ])
    assert.deepEqual(windows('PT').slice(1), [
      ['Half of the range', [100, 200]],
      ['Quarter of the range', [50, 100]],
    ])
  })

  test('a VOI LUT table is scaled by the maximum of its bits', () => {
    const VOILUTSequence = [{ LUTDescriptor: [4, 0, 10], LUTData: [0, 341, 682, 1023] }]
    assert.deepEqual(bytes(voiTable(imageOf({ VOILUTSequence }), 0)!, -1, 0, 1, 2, 3, 9), [0, 0, 85, 170, 255, 255])
    assert.equal(voiTable(imageOf({ VOILUTSequence }), 1), undefined)
  })
})
