/** Attribute overrides: how they are computed, stored, carried over to changed attributes, and written into a document. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  carriedOver,
  changesBetween,
  type FlatAttributes,
  keysThatDiffer,
  lineOf,
  overridesBetween,
  overridesOfLine,
  uidOfLine,
  withOverrides,
  withoutKeys,
} from './attribute-overrides.ts'

const flat = (object: object): FlatAttributes =>
  new Map(Object.entries(object).map(([key, value]) => [key, JSON.stringify(value)]))

const keys = ['PatientName', 'PatientSex', 'StudyDescription', 'PixelPaddingValue', 'SoftwareVersions']
const attributes = fc.dictionary(fc.constantFrom(...keys), fc.constantFrom(null, 'A', 'B', 7, ['A', ''])).map(flat)

/** The attributes of an instance, from those of its image set and the overrides. */
function applied(imageSet: FlatAttributes, overrides: ReturnType<typeof overridesBetween>): FlatAttributes {
  const all = new Map([...imageSet, ...(overrides?.values ?? [])])
  for (const key of overrides?.absent ?? []) all.delete(key)
  return all
}

const sorted = (all: FlatAttributes) => [...all].sort()

test('image set attributes and overrides together are the attributes of the instance, also after storing them', () => {
  fc.assert(
    fc.property(attributes, attributes, (own, imageSet) => {
      const overrides = overridesBetween(own, imageSet)
      assert.deepEqual(sorted(applied(imageSet, overrides)), sorted(own))
      if (overrides === undefined) return
      const line = lineOf('1.2.3', overrides)
      assert.equal(line.lastIndexOf('\n'), 0)
      assert.equal(uidOfLine(line.slice(1)), '1.2.3')
      assert.deepEqual(overridesOfLine(line.slice(1)), overrides)
    }),
    { seed: 20260110, numRuns: 1_000 },
  )
})

test('an instance keeps its attributes when those of its image set change', () => {
  fc.assert(
    fc.property(attributes, attributes, attributes, (own, before, after) => {
      const changes = changesBetween(before, after)
      const overrides = carriedOver(overridesBetween(own, before), { changes, attributes: after })
      assert.deepEqual(sorted(applied(after, overrides)), sorted(own))
      assert.deepEqual(overrides?.values ?? new Map(), overridesBetween(own, after)?.values ?? new Map())
      assert.deepEqual(overrides?.absent ?? new Set(), overridesBetween(own, after)?.absent ?? new Set())
    }),
    { seed: 20260111, numRuns: 1_000 },
  )
})

test('an updated attribute has the value of the image set in every instance', () => {
  const overrides = overridesBetween(flat({ PatientName: 'B' }), flat({ PatientName: 'A', PatientSex: 'F' }))!
  assert.deepEqual(withoutKeys(overrides, new Set(['PatientSex'])), {
    values: new Map([['PatientName', '"B"']]),
    absent: new Set(),
  })
  assert.equal(withoutKeys(overrides, new Set(['PatientSex', 'PatientName'])), undefined)
})

test('overridden values are inserted into the DICOM of the instance in tag order, and absent keys are listed beside it', () => {
  const instanceMetadata =
    '"1.2":{"DICOM":{"SOPClassUID":"1.9","InstanceNumber":"1","00191001":"x"},"DICOMVRs":{"00191001":"LO"}}'
  const overrides = overridesBetween(flat({ PixelPaddingValue: -2000 }), flat({ PatientSex: 'F' }))!
  assert.equal(
    withOverrides(instanceMetadata, overrides),
    '"1.2":{"DICOM":{"SOPClassUID":"1.9","PatientSex":null,"InstanceNumber":"1","00191001":"x","PixelPaddingValue":-2000},' +
      '"DICOMVRs":{"00191001":"LO"},"DICOMAbsent":["PatientSex"]}',
  )
})

test('a key that the instance already has is unchanged', () => {
  const instanceMetadata = '"1.2":{"DICOM":{"Nonsense":1},"DICOMVRs":{}}'
  assert.equal(withOverrides(instanceMetadata, overridesBetween(flat({ Nonsense: 2 }), flat({}))!), instanceMetadata)
  assert.equal(withOverrides(instanceMetadata, overridesBetween(flat({}), flat({ Nonsense: 2 }))!), instanceMetadata)
})

test('padding and empty attributes cause no warning', () => {
  const imageSet = flat({ SeriesNumber: '1 ', PatientSex: null, PatientName: 'A', Modality: 'CT' })
  const own = flat({ SeriesNumber: '1', AccessionNumber: null, PatientName: 'B' })
  assert.deepEqual(keysThatDiffer(overridesBetween(own, imageSet)!, imageSet), ['Modality', 'PatientName'])
})
