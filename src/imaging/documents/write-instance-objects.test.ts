/** Instances that are written one after another have the bytes that each has alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { largeBinaryName } from '../../ingest/large-binary-name.ts'
import { NO_SURROUNDINGS, surroundingsIn, tagNamed } from './document-vrs.ts'
import { referenceTo } from './large-binary.ts'
import type { JsonObject } from './read-document.ts'
import { elementsOf, type JsonElement, objectOfElements, uidElement } from './write-dicom-json.ts'
import { InstanceObjects } from './write-instance-objects.ts'

const SHARED: JsonObject = { PatientName: 'DOE^JANE', StudyDate: '20240101', SmallestImagePixelValue: 3 }

/** Values of elements that an instance of a series can have or not. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  ...{ SOPInstanceUID: ['1.2.1', '1.2.2', '1.2.3'], InstanceNumber: ['1', '12', '123', null] },
  ...{ BitsAllocated: [8, 16], PixelRepresentation: [0, 1], Rows: [1, 12, 123] },
  ...{ PixelPaddingValue: [3, 40_000, -1], SliceLocation: ['0.5', '1.50', '-0'], WindowCenter: [['40', '-600'], '40'] },
  ...{ ImageType: [['ORIGINAL', 'PRIMARY'], null], PatientWeight: ['70', '80'], KeywordOfAnotherEdition: ['x', 'y'] },
  ...{ ImageComments: ['a "quoted" text', '"BulkDataURI":', 'ends with \\', '山田', '{', '}'] },
  ...{ '00191001': [1, 1.5, '1.5'], '00191002': ['AAEC', { BulkDataURI: referenceTo('0'.repeat(32)) }] },
  '00191003': [
    [{ '00191004': 7 }],
    [{ '00191004': 8 }, {}],
    [{ '00191005': { BulkDataURI: referenceTo('1'.repeat(32)) } }],
  ],
  '10000010': ['x', 'y'],
  RequestAttributesSequence: [[{ ScheduledProcedureStepID: '1' }], [{ PixelPaddingValue: 4 }], null],
}
const VRS = [{}, { '00191001': 'FD' }, { '00191001': 'DS', '00191002': 'OB', '00191003': 'SQ', '00191004': 'US' }]

/** Often those of the instance before. */
const changesOf = fc.record({
  changes: fc.array(
    fc
      .constantFrom(...Object.keys(VALUES))
      .chain((key) => fc.tuple(fc.constant(key), fc.option(fc.constantFrom(...VALUES[key]!), { nil: undefined }))),
    { maxLength: 3 },
  ),
  overrides: fc.option(
    fc.record({
      values: fc.subarray(['PatientWeight', 'StudyDate', 'BitsAllocated', '00191001', 'StudyDescription']),
      absent: fc.subarray(['PatientName', 'PatientWeight', 'SmallestImagePixelValue', 'KeywordOfAnotherEdition']),
      value: fc.constantFrom(8, 16),
    }),
    { nil: undefined, freq: 2 },
  ),
  vrs: fc.option(fc.constantFrom(...VRS), { nil: undefined, freq: 4 }),
  hasPixels: fc.boolean(),
})

function added(own: JsonObject, { hasPixels }: { readonly hasPixels: boolean }): JsonElement[] {
  const syntax = uidElement('00020010', `1.${Number(own.BitsAllocated ?? 0)}.${Number(own.Rows ?? 0)}`)
  return hasPixels ? [syntax, uidElement('7FE00010', `1.${Number(own.PixelRepresentation ?? 0)}`)] : [syntax]
}

test('whatever changes from one instance to the next', () => {
  fc.assert(
    fc.property(fc.array(changesOf, { minLength: 1, maxLength: 12, size: 'max' }), (series) => {
      const objects = new InstanceObjects(SHARED, largeBinaryName)
      const current = new Map<string, unknown>(Object.entries(VALUES).map(([key, [first]]) => [key, first]))
      let vrs: Readonly<Record<string, string>> = VRS[2]!
      for (const [number, change] of series.entries()) {
        for (const [key, value] of change.changes) {
          if (value === undefined) current.delete(key)
          else current.set(key, value)
        }
        vrs = change.vrs ?? vrs
        const uri = { before: `http://host/instances/${number}`, after: '' }
        const DICOM = Object.fromEntries(current) as JsonObject
        const frames = { DICOMVRs: vrs, StoredTransferSyntaxUID: null, ImageFrames: [{ ID: `${number}` }] }
        const text = JSON.stringify({ [`1.2."${number}`]: { DICOM, ...frames } }).slice(1, -1)
        const { values = [], absent = [], value } = change.overrides ?? {}
        const overrides = change.overrides && {
          values: new Map(values.map((key) => [key, JSON.stringify(value)])),
          absent: new Set(absent),
        }
        const ids = new Set<string>()
        const object = objects.next({
          ...{ text, overrides, uri },
          addedOf({ own, imageFrames }) {
            for (const { ID } of imageFrames()) ids.add(ID)
            return added(own, change)
          },
        })
        assert.deepEqual([...ids], [`${number}`])

        const own = { ...Object.fromEntries(values.map((key) => [key, value!])), ...DICOM }
        const around = surroundingsIn(own, NO_SURROUNDINGS)
        const alone = elementsOf(own, { vrs, around, uri, nameOf: largeBinaryName })
        const taken = new Set(alone.map(({ tag }) => tag))
        for (const key of absent) if (!(key in DICOM)) taken.add(tagNamed(key) ?? key)
        const shared = elementsOf(SHARED, { vrs: {}, around, uri, nameOf: largeBinaryName })
        alone.push(...shared.filter(({ tag }) => !taken.has(tag)), ...added(own, change))
        assert.equal(object, objectOfElements(alone))
      }
    }),
    { seed: 20261127, numRuns: 2_000 },
  )
})

test('a long integer keeps its digits', () => {
  const objects = new InstanceObjects({}, largeBinaryName)
  const text = '"1":{"DICOM":{"00191008":18446744073709551615},"DICOMVRs":{"00191008":"UV"},"ImageFrames":[]}'
  const uri = { before: '', after: '' }
  const object = objects.next({ text, overrides: undefined, uri, addedOf: () => [] })
  assert.equal(object, '{"00191008":{"vr":"UV","Value":["18446744073709551615"]}}')
})

test('a large instance between small ones', () => {
  const object = (objects: InstanceObjects, comments: string) =>
    objects.next({
      text: `"1":{"DICOM":{"InstanceNumber":"1","ImageComments":"${comments}"},"DICOMVRs":{},"ImageFrames":[]}`,
      ...{ overrides: undefined, uri: { before: '', after: '' }, addedOf: () => [] },
    })
  const objects = new InstanceObjects(SHARED, largeBinaryName)
  for (const comments of ['a', 'b', 'x'.repeat(1024 ** 2), 'y'.repeat(1024 ** 2), 'b', 'c']) {
    assert.equal(object(objects, comments), object(new InstanceObjects(SHARED, largeBinaryName), comments))
  }
})
