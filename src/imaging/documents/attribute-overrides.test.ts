/** What an instance has differently from its levels: how it is found, kept, carried to other levels, and shown in a document. */
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

/** The attributes of an instance by its levels and what it has differently. */
function applied(imageSet: FlatAttributes, overrides: ReturnType<typeof overridesBetween>): FlatAttributes {
  const all = new Map([...imageSet, ...(overrides?.values ?? [])])
  for (const key of overrides?.absent ?? []) all.delete(key)
  return all
}

const sorted = (all: FlatAttributes) => [...all].sort()

test('levels and what differs from them are the attributes of the instance again, also once they were kept', () => {
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

test('an instance keeps its attributes when its levels become others', () => {
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

test('an attribute that was updated is that of the levels in every instance', () => {
  const overrides = overridesBetween(flat({ PatientName: 'B' }), flat({ PatientName: 'A', PatientSex: 'F' }))!
  assert.deepEqual(withoutKeys(overrides, new Set(['PatientSex'])), {
    values: new Map([['PatientName', '"B"']]),
    absent: new Set(),
  })
  assert.equal(withoutKeys(overrides, new Set(['PatientSex', 'PatientName'])), undefined)
})

test('values of its own stand in the DICOM of the instance where their tags say, and what it lacks is named beside it', () => {
  const instanceMetadata =
    '"1.2":{"DICOM":{"SOPClassUID":"1.9","InstanceNumber":"1","00191001":"x"},"DICOMVRs":{"00191001":"LO"}}'
  const overrides = overridesBetween(flat({ PixelPaddingValue: -2000 }), flat({ PatientSex: 'F' }))!
  assert.equal(
    withOverrides(instanceMetadata, overrides),
    '"1.2":{"DICOM":{"SOPClassUID":"1.9","PatientSex":null,"InstanceNumber":"1","00191001":"x","PixelPaddingValue":-2000},' +
      '"DICOMVRs":{"00191001":"LO"},"DICOMAbsent":["PatientSex"]}',
  )
})

test('a key that the instance has itself stays as it is', () => {
  const instanceMetadata = '"1.2":{"DICOM":{"Nonsense":1},"DICOMVRs":{}}'
  assert.equal(withOverrides(instanceMetadata, overridesBetween(flat({ Nonsense: 2 }), flat({}))!), instanceMetadata)
  assert.equal(withOverrides(instanceMetadata, overridesBetween(flat({}), flat({ Nonsense: 2 }))!), instanceMetadata)
})

test('pads, and whether an empty attribute is there, are no difference to warn of', () => {
  const imageSet = flat({ SeriesNumber: '1 ', PatientSex: null, PatientName: 'A', Modality: 'CT' })
  const own = flat({ SeriesNumber: '1', AccessionNumber: null, PatientName: 'B' })
  assert.deepEqual(keysThatDiffer(overridesBetween(own, imageSet)!, imageSet), ['Modality', 'PatientName'])
})
