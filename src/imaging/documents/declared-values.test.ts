import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attributeToDeclare, type DeclaredAttribute } from '../search/declared.ts'
import { DeclaredValues } from './declared-values.ts'

const declared = (keyword: string, number: number): DeclaredAttribute => {
  const attribute = attributeToDeclare(keyword)
  return 'refused' in attribute ? assert.fail(attribute.refused) : { ...attribute, number }
}

const attributesWith = (series: object) =>
  '"Patient":{"DICOM":{"PatientComments":"careful"}},"Study":{"DICOM":{},"Series":{"1.2":{"DICOM":' +
  `${JSON.stringify(series)},"Instances":{`

const instanceWith = (dicom: object) => Buffer.from(`"1.2.3":${JSON.stringify({ DICOM: dicom, DICOMVRs: {} })}`)

test('values come from patient, study and series, from instances that differ, and from instances; each once', () => {
  const values = new DeclaredValues([
    declared('PatientComments', 1),
    declared('ProtocolName', 2),
    declared('ImageType', 3),
  ])
  assert.ok(values.needsInstances)
  values.addAttributes(attributesWith({ ProtocolName: 'Thorax' }))
  values.addOverrides({ values: new Map([['ProtocolName', '"Abdomen"']]) })
  values.addOverrides({ values: new Map([['ProtocolName', '"Thorax"']]) })
  values.addInstance(instanceWith({ ImageType: ['ORIGINAL', 'AXIAL'] }))
  values.addInstance(instanceWith({ ImageType: ['DERIVED', 'AXIAL'] }))
  // In a sequence it is another attribute.
  values.addInstance(instanceWith({ SourceImageSequence: [{ ImageType: ['LOCALIZER'] }] }))
  assert.deepEqual(
    [...values.texts()],
    [
      ['words 1', ['careful']],
      ['words 2', ['Thorax', 'Abdomen']],
      ['words 3', ['ORIGINAL', 'AXIAL', 'DERIVED']],
    ],
  )
})

test('an image set without a value has an empty list, which removes what was there', () => {
  const values = new DeclaredValues([declared('ProtocolName', 2)])
  assert.ok(!values.needsInstances)
  values.addAttributes(attributesWith({ ProtocolName: null }))
  assert.deepEqual([...values.texts()], [['words 2', []]])
})

test('the values of an image set are bounded in number and characters', () => {
  const values = new DeclaredValues([declared('InstanceNumber', 1), declared('ImageComments', 2)])
  for (let at = 0; at < 100; at++) {
    values.addInstance(instanceWith({ InstanceNumber: at, ImageComments: String(at % 10).repeat(250) }))
  }
  const texts = values.texts()
  assert.deepEqual(
    texts.get('whole 1'),
    Array.from({ length: 32 }, (_, at) => String(at)),
  )
  assert.equal(texts.get('words 2')!.length, 4)
})
