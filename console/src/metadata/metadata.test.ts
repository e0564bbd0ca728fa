/** Metadata documents as trees, searched and compared. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compareVersions } from './compare-versions.ts'
import { instancesOf, type MetadataDocument, parseDocument } from './document.ts'
import { search, type TreeNode, treeOf } from './tree.ts'

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

const row = ({ label, tag, vr, value }: TreeNode) => [label, tag, vr, value]
const below = (nodes: readonly TreeNode[], label: string): readonly TreeNode[] =>
  nodes.find((node) => node.label === label)!.children!()

describe('the tree', () => {
  const roots = treeOf(document())

  test('has the levels, and the instances sorted by instance number', () => {
    assert.deepEqual(roots.map(row), [
      ['Patient', '', '', 'P1'],
      ['Study', '', '', 'Chest'],
      ['Series', '', '', 'CT'],
      ['Instance 9', '', '', '1.2.3.9'],
      ['Instance 10', '', '', '1.2.3.10'],
    ])
  })

  test('has tag, keyword, VR and value of every attribute; the document provides the VR of private attributes', () => {
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

  test('keeps empty values of a multi-valued attribute', () => {
    const [row] = below(treeOf(document({ PatientID: ['ORIGINAL', '', '0015'] })), 'Patient')
    assert.equal(row!.value, 'ORIGINAL \\  \\ 0015')
  })

  test('has the items of a sequence as children', () => {
    const items = below(below(roots, 'Instance 9'), 'ReferencedImageSequence')
    assert.deepEqual(items.map(row), [
      ['Item 1', '', '', ''],
      ['Item 2', '', '', ''],
    ])
    assert.deepEqual(below(items, 'Item 2').map(row), [['ReferencedSOPInstanceUID', '(0008,1155)', 'UI', '9.8']])
  })

  test('has a unique ID for every node', () => {
    const ids: string[] = []
    const visit = (nodes: readonly TreeNode[]) => {
      for (const node of nodes) {
        ids.push(node.id)
        visit(node.children?.() ?? [])
      }
    }
    visit(roots)
    assert.equal(new Set(ids).size, ids.length)
  })
})

describe('a search in the tree', () => {
  const roots = treeOf(document())
  const labels = (text: string) => search(roots, text, 100).found.map(({ label, location }) => `${location}: ${label}`)

  test('finds tags in each notation, keywords, VRs and values, including those in sequences', () => {
    for (const text of ['(0010,0020)', '0010,0020', '00100020', 'patientid', 'P1']) {
      assert.deepEqual(labels(text), ['Patient: PatientID'], text)
    }
    assert.deepEqual(labels('pn'), ['Patient: PatientName'])
    assert.deepEqual(labels('9.8 referencedsop'), [
      'Instance 9 › ReferencedImageSequence › Item 2: ReferencedSOPInstanceUID',
      'Instance 10 › ReferencedImageSequence › Item 2: ReferencedSOPInstanceUID',
    ])
    assert.deepEqual(labels('  '), [])
    assert.deepEqual(labels('nowhere'), [])
  })

  test('stops at its limit and reports that there are more', () => {
    const { found, hasMore } = search(roots, 'instancenumber', 1)
    assert.deepEqual([found.length, hasMore], [1, true])
    assert.equal(search(roots, 'instancenumber', 2).hasMore, false)
  })
})

describe('the comparison of two versions', () => {
  test('is empty if they are equal', () => {
    assert.deepEqual(compareVersions(document(), document()), [])
  })

  test('has changed attributes and added or removed instances', () => {
    const before = document({ PatientComments: 'old', PatientAge: '041Y' }, { '1.2.3.11': instance(11) })
    const after = document(
      { PatientComments: null, PatientSex: 'F' },
      {
        '1.2.3.9': instance(9, { ImageType: ['DERIVED', 'PRIMARY'] }),
        '1.2.3.12': instance(12),
      },
    )
    assert.deepEqual(compareVersions(before, after), [
      { location: 'Patient', keyword: 'PatientComments', before: 'old', after: '' },
      { location: 'Patient', keyword: 'PatientAge', before: '041Y', after: undefined },
      { location: 'Patient', keyword: 'PatientSex', before: undefined, after: 'F' },
      { location: '1.2.3.9', keyword: 'ImageType', before: 'ORIGINAL \\ PRIMARY', after: 'DERIVED \\ PRIMARY' },
      { location: '1.2.3.11', keyword: '', before: 'Instance', after: undefined },
      { location: '1.2.3.12', keyword: '', before: undefined, after: 'Instance' },
    ])
  })
})

test('large integers keep all digits', () => {
  const { Patient } = parseDocument('{"Patient":{"DICOM":{"A":18446744073709551615,"B":1.5,"C":7}},"Study":{}}')
  assert.deepEqual(Patient.DICOM, { A: '18446744073709551615', B: 1.5, C: 7 })
})

test('instances without a number come last, in the order of the document', () => {
  const { Study } = document({}, { '1.2.3.1': { DICOM: {} }, '1.2.3.0': { DICOM: { InstanceNumber: 'x' } } })
  assert.deepEqual(
    instancesOf(Study.Series['1.2.3']!).map(({ sopInstanceUID }) => sopInstanceUID),
    ['1.2.3.9', '1.2.3.10', '1.2.3.1', '1.2.3.0'],
  )
})
