/** Metadata documents as rows, searched and compared. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { differencesOf } from './difference.ts'
import { instancesOf, type MetadataDocument, parseDocument } from './document.ts'
import { type Node, search, treeOf } from './tree.ts'

const document = (attributes: object = {}, instances: object = {}): MetadataDocument =>
  ({
    SchemaVersion: '1.1',
    Patient: { DICOM: { PatientID: 'P1', PatientName: 'Doe^Jane', ...attributes } },
    Study: {
      DICOM: { StudyInstanceUID: '1.2', StudyDescription: 'Chest' },
      Series: {
        '1.2.3': {
          DICOM: { Modality: 'CT', SeriesInstanceUID: '1.2.3' },
          Instances: {
            '1.2.3.10': instance(10),
            '1.2.3.9': instance(9),
            ...instances,
          },
        },
      },
    },
  }) as MetadataDocument

const instance = (number: number, more: object = {}) => ({
  DICOM: {
    InstanceNumber: String(number),
    ImageType: ['ORIGINAL', 'PRIMARY'],
    SmallestImagePixelValue: 0,
    PatientComments: null,
    '00191001': 'abc',
    ReferencedImageSequence: [{ ReferencedSOPInstanceUID: '9.9' }, { ReferencedSOPInstanceUID: '9.8' }],
    ...more,
  },
  DICOMVRs: { '00191001': 'LO' },
})

const row = ({ label, tag, vr, value }: Node) => [label, tag, vr, value]
const below = (nodes: readonly Node[], label: string): readonly Node[] =>
  nodes.find((node) => node.label === label)!.children!()

describe('the tree', () => {
  const roots = treeOf(document())

  test('has the levels, and instances by their number', () => {
    assert.deepEqual(roots.map(row), [
      ['Patient', '', '', 'P1'],
      ['Study', '', '', 'Chest'],
      ['Series', '', '', 'CT'],
      ['Instance 9', '', '', '1.2.3.9'],
      ['Instance 10', '', '', '1.2.3.10'],
    ])
  })

  test('has tag, keyword, VR and value of every attribute, the VR of a private one out of the document', () => {
    assert.deepEqual(below(roots, 'Patient').map(row), [
      ['PatientID', '(0010,0020)', 'LO', 'P1'],
      ['PatientName', '(0010,0010)', 'PN', 'Doe^Jane'],
    ])
    assert.deepEqual(below(roots, 'Instance 9').map(row), [
      ['InstanceNumber', '(0020,0013)', 'IS', '9'],
      ['ImageType', '(0008,0008)', 'CS', 'ORIGINAL \\ PRIMARY'],
      ['SmallestImagePixelValue', '(0028,0106)', 'US or SS', '0'],
      ['PatientComments', '(0010,4000)', 'LT', ''],
      ['Private', '(0019,1001)', 'LO', 'abc'],
      ['ReferencedImageSequence', '(0008,1140)', 'SQ', '2 items'],
    ])
  })

  test('keeps the place of an empty value inside a list', () => {
    const [row] = below(treeOf(document({ PatientID: ['ORIGINAL', '', '0015'] })), 'Patient')
    assert.equal(row!.value, 'ORIGINAL \\  \\ 0015')
  })

  test('opens sequences item by item', () => {
    const items = below(below(roots, 'Instance 9'), 'ReferencedImageSequence')
    assert.deepEqual(items.map(row), [
      ['Item 1', '', '', ''],
      ['Item 2', '', '', ''],
    ])
    assert.deepEqual(below(items, 'Item 2').map(row), [['ReferencedSOPInstanceUID', '(0008,1155)', 'UI', '9.8']])
  })

  test('gives every row a place of its own', () => {
    const ids: string[] = []
    const walk = (nodes: readonly Node[]) => {
      for (const node of nodes) {
        ids.push(node.id)
        walk(node.children?.() ?? [])
      }
    }
    walk(roots)
    assert.equal(new Set(ids).size, ids.length)
  })
})

describe('a search in it', () => {
  const roots = treeOf(document())
  const labels = (sought: string) => search(roots, sought, 100).found.map(({ label, where }) => `${where}: ${label}`)

  test('finds tags however they are written, keywords, VRs and values, in sequences too', () => {
    for (const sought of ['(0010,0020)', '0010,0020', '00100020', 'patientid', 'P1']) {
      assert.deepEqual(labels(sought), ['Patient: PatientID'], sought)
    }
    assert.deepEqual(labels('pn'), ['Patient: PatientName'])
    assert.deepEqual(labels('9.8 referencedsop'), [
      'Instance 9 › ReferencedImageSequence › Item 2: ReferencedSOPInstanceUID',
      'Instance 10 › ReferencedImageSequence › Item 2: ReferencedSOPInstanceUID',
    ])
    assert.deepEqual(labels('  '), [])
    assert.deepEqual(labels('nowhere'), [])
  })

  test('stops at its limit and says so', () => {
    const { found, hasMore } = search(roots, 'instancenumber', 1)
    assert.deepEqual([found.length, hasMore], [1, true])
    assert.equal(search(roots, 'instancenumber', 2).hasMore, false)
  })
})

describe('two versions', () => {
  test('that are equal do not differ', () => {
    assert.deepEqual(differencesOf(document(), document()), [])
  })

  test('differ by attributes and by instances', () => {
    const before = document({ PatientComments: 'old', PatientAge: '041Y' }, { '1.2.3.11': instance(11) })
    const after = document(
      { PatientComments: null, PatientSex: 'F' },
      {
        '1.2.3.9': instance(9, { ImageType: ['DERIVED', 'PRIMARY'] }),
        '1.2.3.12': instance(12),
      },
    )
    assert.deepEqual(differencesOf(before, after), [
      { where: 'Patient', keyword: 'PatientComments', before: 'old', after: '' },
      { where: 'Patient', keyword: 'PatientAge', before: '041Y', after: undefined },
      { where: 'Patient', keyword: 'PatientSex', before: undefined, after: 'F' },
      { where: '1.2.3.9', keyword: 'ImageType', before: 'ORIGINAL \\ PRIMARY', after: 'DERIVED \\ PRIMARY' },
      { where: '1.2.3.11', keyword: '', before: 'Instance', after: undefined },
      { where: '1.2.3.12', keyword: '', before: undefined, after: 'Instance' },
    ])
  })
})

test('whole numbers keep all their digits', () => {
  const { Patient } = parseDocument('{"Patient":{"DICOM":{"A":18446744073709551615,"B":1.5,"C":7}},"Study":{}}')
  assert.deepEqual(Patient.DICOM, { A: '18446744073709551615', B: 1.5, C: 7 })
})

test('instances without a number come last, as they stand', () => {
  const { Study } = document({}, { '1.2.3.1': { DICOM: {} }, '1.2.3.0': { DICOM: { InstanceNumber: 'x' } } })
  assert.deepEqual(
    instancesOf(Study.Series['1.2.3']!).map(({ sopInstanceUID }) => sopInstanceUID),
    ['1.2.3.9', '1.2.3.10', '1.2.3.1', '1.2.3.0'],
  )
})
