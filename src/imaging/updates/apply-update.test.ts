/** The result of an update: the named attributes changed, each in its place, and every other byte unchanged. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { tagOf } from '../../dicom/dictionary.ts'
import { sameValue } from '../documents/attribute-values.ts'
import { imageSetColumnsOf, readImageSetAttributes } from '../documents/image-set-attributes.ts'
import { membersOfText } from '../documents/json-members.ts'
import { readJson } from '../documents/strict-json.ts'
import {
  documentOf,
  FIRST,
  IMAGE_SET_ATTRIBUTES,
  INSTANCE_METADATA,
  inInstance,
  inSeries,
  ofInstance,
  ofPatient,
  ofStudy,
  SECOND,
  SERIES,
  STUDY,
  type Tree,
  updated,
} from './metadata-update.fixture.ts'

const before = documentOf({ imageSetAttributes: IMAGE_SET_ATTRIBUTES, changed: new Map(), removed: [] })
const instanceOf = (document: Tree, uid = FIRST): Tree => document.Study.Series[SERIES].Instances[uid]

describe('patient, study and series', () => {
  test('a new attribute is inserted in alphabetical order, and an existing one keeps its place', () => {
    const { imageSetAttributes, changed, removed } = updated({
      put: ofPatient({ PatientComments: 'new', PatientID: 'P2' }),
    })
    assert.equal(
      imageSetAttributes,
      IMAGE_SET_ATTRIBUTES.replace('"PatientID":"P1"', '"PatientComments":"new","PatientID":"P2"'),
    )
    assert.equal(changed.size + removed.length, 0)
  })

  test('removed attributes disappear, and all three levels can change at once', () => {
    const { Patient, Study } = documentOf(
      updated({
        remove: {
          ...ofPatient({ PatientSex: 'F' }),
          Study: { DICOM: { StudyTime: '101500' }, Series: { [SERIES]: { DICOM: { SeriesNumber: '7 ' } } } },
        },
      }),
    )
    assert.deepEqual(Object.keys(Patient.DICOM), ['PatientID', 'PatientName'])
    assert.ok(!('StudyTime' in Study.DICOM))
    assert.deepEqual(Object.keys(Study.Series[SERIES].DICOM), ['Modality', 'SeriesInstanceUID'])
  })

  test('attributes that the update does not name keep their text', () => {
    const odd = '"PatientSize":[18446744073709551615,-0.0,"\\u00e4\\"}],"]'
    const imageSetAttributes = IMAGE_SET_ATTRIBUTES.replace('"PatientSex"', `${odd},"PatientSex"`)
    assert.ok(updated({ put: ofPatient({ PatientID: 'P2' }) }, { imageSetAttributes }).imageSetAttributes.includes(odd))
  })

  test('a new study UID is in the study', () => {
    const { imageSetAttributes } = updated({ put: ofStudy({ StudyInstanceUID: '2.25.9' }), force: true })
    assert.equal(imageSetColumnsOf(readImageSetAttributes(imageSetAttributes)).search.DICOMStudyInstanceUID, '2.25.9')
    assert.equal(imageSetAttributes, IMAGE_SET_ATTRIBUTES.replace(`"${STUDY}"`, '"2.25.9"'))
  })

  test('a new series UID is in the series and is its key', () => {
    const { imageSetAttributes } = updated({ put: inSeries({ DICOM: { SeriesInstanceUID: '2.25.9' } }), force: true })
    assert.equal(imageSetAttributes, IMAGE_SET_ATTRIBUTES.replaceAll(`"${SERIES}"`, '"2.25.9"'))
    assert.equal(imageSetColumnsOf(readImageSetAttributes(imageSetAttributes)).grouping.SeriesInstanceUID, '2.25.9')
  })

  test('forced values are written unchanged, including unknown keywords', () => {
    const { imageSetAttributes } = updated({ put: ofPatient({ PatientID: 5, Nonsense: ['a', 1] }), force: true })
    const { Patient } = documentOf({ imageSetAttributes, changed: new Map(), removed: [] })
    assert.equal(Patient.DICOM.PatientID, 5)
    assert.deepEqual(Patient.DICOM.Nonsense, ['a', 1])
    assert.equal(imageSetColumnsOf(readImageSetAttributes(imageSetAttributes)).grouping.PatientID, '5')
  })
})

describe('instances', () => {
  test('a new attribute is inserted in tag order, and nothing else changes', () => {
    const { changed, imageSetAttributes } = updated({ put: ofInstance({ SliceThickness: '5' }) })
    assert.equal(imageSetAttributes, IMAGE_SET_ATTRIBUTES)
    assert.deepEqual([...changed.keys()], [FIRST])
    assert.deepEqual(changed.get(FIRST), {
      sopInstanceUID: FIRST,
      // (0018,0050) precedes (0018,0060).
      instanceMetadata: INSTANCE_METADATA.get(FIRST)!.replace('"KVP"', '"SliceThickness":"5","KVP"'),
    })
  })

  test('a tag is inserted among the keywords, and unknown keywords last', () => {
    const put = ofInstance({ Nonsense: 'x', '00190011': 'B', TableHeight: '1' }, { '00190011': 'LO' })
    const { DICOMVRs } = instanceOf(documentOf(updated({ put, force: true })))
    assert.equal(DICOMVRs['00190011'], 'LO')
    const text = updated({ put, force: true }).changed.get(FIRST)!.instanceMetadata
    const order = ['KVP', 'TableHeight', '00190010', '00190011', '00191001', 'InstanceNumber', 'Nonsense', 'DICOMVRs']
    const at = order.map((key) => text.indexOf(`"${key}":`))
    assert.deepEqual(
      at,
      [...at].sort((one, other) => one - other),
    )
    assert.ok(at[0]! > 0)
  })

  test('a private element keeps its VR when it is updated, or gets a new one', () => {
    const kept = instanceOf(documentOf(updated({ put: ofInstance({ '00191001': '98' }), force: true })))
    assert.equal(kept.DICOM['00191001'], '98')
    assert.equal(kept.DICOMVRs['00191001'], 'DS')
    const other = instanceOf(
      documentOf(updated({ put: ofInstance({ '00191001': 'x' }, { '00191001': 'LO' }), force: true })),
    )
    assert.equal(other.DICOMVRs['00191001'], 'LO')
  })

  test('the VR of a private element is removed with its last occurrence', () => {
    const without = instanceOf(documentOf(updated({ remove: ofInstance({ '00191001': '97' }), force: true })))
    assert.ok(!('00191001' in without.DICOM))
    assert.deepEqual(Object.keys(without.DICOMVRs).sort(), ['00190010', '00191002', '00191003'])
    const noItems = instanceOf(documentOf(updated({ put: ofInstance({ ReferencedImageSequence: [] }), force: true })))
    assert.equal(noItems.DICOM.ReferencedImageSequence, null)
    assert.ok(!('00191002' in noItems.DICOMVRs))
    const stillInItem = updated({
      put: ofInstance({ ReferencedImageSequence: [{ '00191002': 'x' }] }, { '00191002': 'LO' }),
      force: true,
    })
    assert.equal(instanceOf(documentOf(stillInItem)).DICOMVRs['00191002'], 'LO')
  })

  test('64-bit numbers of other attributes keep their digits', () => {
    const { instanceMetadata } = updated({ put: ofInstance({ Rows: 1 }) }).changed.get(FIRST)!
    assert.match(instanceMetadata, /"00191003":18446744073709551615/)
  })

  test('a sequence is replaced as a whole, with items as in a document', () => {
    const put = ofInstance({
      ReferencedImageSequence: [{ ReferencedSOPInstanceUID: '1.2 ', ReferencedFrameNumber: 5 }],
    })
    assert.deepEqual(instanceOf(documentOf(updated({ put, force: true }))).DICOM.ReferencedImageSequence, [
      { ReferencedSOPInstanceUID: '1.2', ReferencedFrameNumber: ['5'] },
    ])
  })

  test('a sequence is removed if its items are equal in any member order', () => {
    const [one, two] = instanceOf(before).DICOM.ReferencedImageSequence
    const turned = Object.fromEntries(Object.entries(one).reverse())
    const { DICOM } = instanceOf(
      documentOf(updated({ remove: ofInstance({ ReferencedImageSequence: [turned, two] }), force: true })),
    )
    assert.ok(!('ReferencedImageSequence' in DICOM))
  })

  test('a large value by reference is removed by its reference', () => {
    const BulkDataURI = 'bulkdata/00112233445566778899aabbccddeeff'
    const instanceMetadata = INSTANCE_METADATA.get(FIRST)!.replace(
      '"00191001":"97"',
      `"00191001":{"BulkDataURI":"${BulkDataURI}"}`,
    )
    assert.ok(instanceMetadata.includes(BulkDataURI))
    const remove = ofInstance({ '00191001': { BulkDataURI } })
    const { changed } = updated({ remove, force: true }, { instanceMetadata: new Map([[FIRST, instanceMetadata]]) })
    assert.ok(!changed.get(FIRST)!.instanceMetadata.includes('00191001'))
    assert.throws(() => updated({ remove, force: true }), /00191001 is not in the image set with the value/)
  })

  test('a new SOP Instance UID is the key, the attribute and the value in the file meta information', () => {
    const { changed } = updated({ put: ofInstance({ SOPInstanceUID: '2.25.9' }), force: true })
    assert.deepEqual(changed.get(FIRST), {
      sopInstanceUID: '2.25.9',
      instanceMetadata: INSTANCE_METADATA.get(FIRST)!.replaceAll(`"${FIRST}"`, '"2.25.9"'),
    })
    assert.match(changed.get(FIRST)!.instanceMetadata, /"MediaStorageSOPInstanceUID":"2\.25\.9"/)
  })

  test('a new SOP class is also in the file meta information', () => {
    const { instanceMetadata } = updated({ put: ofInstance({ SOPClassUID: '1.2.840.10008.5.1.4.1.1.7' }) }).changed.get(
      FIRST,
    )!
    assert.equal(instanceMetadata, INSTANCE_METADATA.get(FIRST)!.replaceAll('5.1.4.1.1.2"', '5.1.4.1.1.7"'))
    assert.match(instanceMetadata, /"MediaStorageSOPClassUID":"1\.2\.840\.10008\.5\.1\.4\.1\.1\.7"/)
  })

  test('two instances cannot get the same UID, nor that of a removed one', () => {
    const both = { [FIRST]: { DICOM: { SOPInstanceUID: '2.25.9' } }, [SECOND]: { DICOM: { SOPInstanceUID: '2.25.9' } } }
    assert.throws(() => updated({ put: inSeries({ Instances: both }), force: true }), /another instance/)
    const remove = inInstance({}, SECOND)
    assert.throws(
      () => updated({ remove, put: ofInstance({ SOPInstanceUID: SECOND }), force: true }),
      /another instance/,
    )
    assert.equal(
      updated({ put: ofInstance({ SOPInstanceUID: FIRST }), force: true }).changed.get(FIRST)?.instanceMetadata,
      INSTANCE_METADATA.get(FIRST),
    )
  })

  test('a removed instance is only listed', () => {
    const { changed, removed, imageSetAttributes } = updated({
      remove: inInstance({}, SECOND),
      force: true,
      isPrimary: true,
    })
    assert.deepEqual(removed, [SECOND])
    assert.equal(changed.size, 0)
    assert.equal(imageSetAttributes, IMAGE_SET_ATTRIBUTES)
  })
})

/** The model: plain objects with keys added and deleted. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  PatientID: ['P1', 'P2'],
  PatientComments: ['a', 'b\\c"{'],
  StudyDescription: ['CHEST', 'HEAD'],
  StudyDate: ['20240102', '20240103'],
  Modality: ['CT', 'MR'],
  SeriesDescription: ['x', 'y'],
  InstanceNumber: ['1', '2'],
  SliceThickness: ['5', '6'],
  ImageComments: ['one', 'two'],
}
const LEVEL_OF: Readonly<Record<string, 'Patient' | 'Study' | 'Series'>> = {
  PatientID: 'Patient',
  PatientComments: 'Patient',
  StudyDescription: 'Study',
  StudyDate: 'Study',
  Modality: 'Series',
  SeriesDescription: 'Series',
}

function treeOf(attributes: Readonly<Record<string, string>>): Tree {
  const of = (level: string | undefined) =>
    Object.fromEntries(Object.entries(attributes).filter(([keyword]) => LEVEL_OF[keyword] === level))
  return {
    Patient: { DICOM: of('Patient') },
    Study: { DICOM: of('Study'), Series: { [SERIES]: { DICOM: of('Series'), ...instancesOf(of(undefined)) } } },
  }
}

const instancesOf = (attributes: object) =>
  Object.keys(attributes).length === 0 ? {} : { Instances: { [FIRST]: { DICOM: attributes } } }

const flat = ({ Patient, Study }: Tree): Record<string, unknown> => ({
  ...Patient.DICOM,
  ...Study.DICOM,
  ...Study.Series[SERIES].DICOM,
  ...instanceOf({ Study }).DICOM,
})

test('any update of any document equals adding and deleting keys of plain objects', () => {
  const keyword = fc.constantFrom(...Object.keys(VALUES))
  const change = fc.record({ keyword, value: fc.nat(1), isRemoval: fc.boolean() })
  let made = 0
  fc.assert(
    fc.property(fc.array(fc.array(change, { minLength: 1, maxLength: 5 }), { maxLength: 6 }), (updates) => {
      let [imageSetAttributes, instanceMetadata] = [IMAGE_SET_ATTRIBUTES, INSTANCE_METADATA.get(FIRST)!]
      const model = flat(before)
      for (const changes of updates) {
        const [put, remove]: Record<string, string>[] = [{}, {}]
        for (const { keyword, value, isRemoval } of changes) {
          if (keyword in put! || keyword in remove!) continue
          ;(isRemoval ? remove! : put!)[keyword] = VALUES[keyword]![value]!
        }
        const isThere = Object.entries(remove!).every(
          ([keyword, value]) => keyword in model && sameValue(readJson(JSON.stringify(model[keyword]), 'it'), value),
        )
        const act = () =>
          updated(
            { put: treeOf(put!), remove: treeOf(remove!) },
            { imageSetAttributes, instanceMetadata: new Map([[FIRST, instanceMetadata]]) },
          )
        if (!isThere) {
          assert.throws(act, /not in the image set with the value/)
          continue
        }
        const after = act()
        made += 1
        for (const keyword of Object.keys(remove!)) delete model[keyword]
        Object.assign(model, put)
        imageSetAttributes = after.imageSetAttributes
        instanceMetadata = after.changed.get(FIRST)?.instanceMetadata ?? instanceMetadata
        const document = documentOf({
          imageSetAttributes,
          changed: new Map([[FIRST, { sopInstanceUID: FIRST, instanceMetadata }]]),
          removed: [],
        })
        assert.deepEqual(flat(document), { ...model })
        for (const level of ['Patient', 'Study', 'Series'] as const) {
          const keys = [...readImageSetAttributes(imageSetAttributes)[level].keys()]
          assert.deepEqual(keys, [...keys].sort())
        }
        const own = membersOfText(
          membersOfText(instanceMetadata.slice(instanceMetadata.indexOf(':') + 1)).get('DICOM')!,
        )
        const tags = [...own.keys()].map((key) => tagOf(key) ?? key)
        assert.deepEqual(tags, [...tags].sort())
      }
    }),
    { seed: 20260105, numRuns: 1_000 },
  )
  assert.ok(made > 1_000, 'too few updates can be made')
})
