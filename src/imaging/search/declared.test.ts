import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attributeToDeclare, type DeclaredAttribute, declaredTextsOf } from './declared.ts'
import { describedOf, textOfUnlisted, withDeclaredTexts } from './described.ts'
import { matchesTerms, toTerms } from './terms.ts'

const DEPARTMENT: DeclaredAttribute = {
  ...{ number: 7, tag: '00081040', keyword: 'InstitutionalDepartmentName', comparison: 'words' },
}
const FRAME_OF_REFERENCE: DeclaredAttribute = {
  ...{ number: 8, tag: '00200052', keyword: 'FrameOfReferenceUID', comparison: 'whole' },
}
const THICKNESS: DeclaredAttribute = { number: 9, tag: '00180050', keyword: 'SliceThickness', comparison: 'number' }
const DECLARED = [DEPARTMENT, FRAME_OF_REFERENCE, THICKNESS]

test('an attribute is named by its keyword or its tag', () => {
  const { tag, keyword, comparison } = DEPARTMENT
  for (const text of ['InstitutionalDepartmentName', '00081040', '0008,1040', '(0008,1040)', ' 0008,1040 ']) {
    assert.deepEqual(attributeToDeclare(text), { tag, keyword, comparison })
  }
})

test('how values are compared follows from the VR', () => {
  const comparisonOf = (keyword: string) => {
    const attribute = attributeToDeclare(keyword)
    return 'refused' in attribute ? attribute.refused : attribute.comparison
  }
  for (const keyword of ['ProtocolName', 'OperatorsName', 'ImageType', 'StationAETitle', 'ImageComments']) {
    assert.equal(comparisonOf(keyword), 'words', keyword)
  }
  for (const keyword of ['ContentDate', 'AcquisitionTime', 'SOPClassUID', 'PatientAge', 'AcquisitionDateTime']) {
    assert.equal(comparisonOf(keyword), 'whole', keyword)
  }
  for (const keyword of ['InstanceNumber', 'SliceThickness', 'Rows', 'SmallestImagePixelValue', 'DiffusionBValue']) {
    assert.equal(comparisonOf(keyword), 'number', keyword)
  }
})

test('what cannot be searched by is refused with the reason', () => {
  const reason = (text: string) => {
    const attribute = attributeToDeclare(text)
    return 'refused' in attribute ? attribute.refused : assert.fail(`${text} can be declared`)
  }
  assert.match(reason('PixelData'), /has the VR OB or OW, which is not text/)
  assert.match(reason('RequestAttributesSequence'), /has the VR SQ/)
  assert.match(reason('PatientName'), /searchable in every data store/)
  assert.match(reason('00100010'), /searchable in every data store/)
  assert.match(reason('0019,1001'), /Private attributes/)
  assert.match(reason('0008,FFFE'), /no attribute with this tag/)
  assert.match(reason('InstitutionalDepartment'), /no attribute with this keyword/)
  assert.match(reason('CommandField'), /not an attribute that metadata have/)
  assert.match(reason('6002,0022'), /not an attribute that metadata have/)
  assert.match(reason('00080000'), /no attribute|not an attribute/)
})

test('values of a document become texts: several values each, numbers in one form, nothing of what is no text', () => {
  assert.deepEqual(declaredTextsOf('words', '["ORIGINAL","PRIMARY","","AXIAL "]'), ['ORIGINAL', 'PRIMARY', 'AXIAL'])
  assert.deepEqual(declaredTextsOf('number', '"1.50 "'), ['1.5'])
  assert.deepEqual(declaredTextsOf('number', '[512,"+007",-0,"NaN",null,"1e3"]'), ['512', '7', '0', '1000'])
  assert.deepEqual(declaredTextsOf('words', '[{"CodeValue":"x"}]'), [])
  assert.deepEqual(declaredTextsOf('whole', 'null'), [])
  assert.equal(declaredTextsOf('words', JSON.stringify('😀'.repeat(1_000)))[0], '😀'.repeat(256))
})

test('terms find the texts of a declared attribute, and those of another declaration never', () => {
  const texts = withDeclaredTexts(
    textOfUnlisted({ SeriesDescription: 'thin' }),
    new Map([
      ['words 7', ['Radiologie Süd', 'Kardiologie']],
      ['whole 8', ['1.2.840.99999999999999999999999999999999999.1.1']],
      ['whole 9', ['1.5', '3']],
    ]),
  )
  const described = describedOf('{}', texts)
  const finds = (...pairs: [string, string][]) => matchesTerms(toTerms(pairs, DECLARED), described)
  assert.ok(finds(['InstitutionalDepartmentName', 'süd kard'], ['SeriesDescription', 'thin']))
  assert.ok(finds(['InstitutionalDepartmentName', 'r*gie']))
  assert.ok(!finds(['InstitutionalDepartmentName', 'neuro']))
  assert.ok(finds(['FrameOfReferenceUID', '1.2.840.99999999999999999999999999999999999.1.1']))
  assert.ok(!finds(['FrameOfReferenceUID', '1.2.840.99999999999999999999999999999999999.1.2']))
  assert.ok(finds(['SliceThickness', ' 15e-1'], ['SliceThickness', '3.0']))
  assert.ok(!finds(['SliceThickness', '5']))
  const again = [{ ...DEPARTMENT, number: 10 }]
  assert.ok(!matchesTerms(toTerms([['InstitutionalDepartmentName', 'kard']], again), described))
  assert.throws(() => toTerms([['SliceThickness', 'secret']], DECLARED), /must be a number/)
  assert.throws(() => toTerms([['ProtocolName', 'secret']], DECLARED), /SliceThickness\. Further attributes can be/)
})

test('texts of one attribute are written and removed, and the others stay', () => {
  const one = withDeclaredTexts(null, new Map([['words 7', ['a']]]))
  const two = withDeclaredTexts(one, new Map([['whole 8', ['b']]]))
  assert.equal(two, '{"words 7":["a"],"whole 8":["b"]}')
  assert.equal(withDeclaredTexts(two, new Map([['whole 8', []]])), one)
  assert.equal(withDeclaredTexts(one, new Map([['words 7', []]])), null)
})
