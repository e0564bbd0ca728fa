/** What DICOMUpdates may do to an attribute, one case per rule: AWS "DICOM metadata constraints" and "DICOM element constraints". */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  answer,
  inInstance,
  inSeries,
  ofInstance,
  ofPatient,
  ofStudy,
  type Sent,
  updated,
} from './metadata-update.fixture.ts'

describe('never, force or not', () => {
  const NEVER: readonly (readonly [what: string, sent: Sent, message: RegExp])[] = [
    ['booleans', { put: ofPatient({ PatientID: true }) }, /no attribute of DICOM is a boolean/],
    ['a list in a list', { put: ofInstance({ ImageType: [['SECRET']] }) }, /ImageType has a list within a list/],
    [
      'an object for an attribute that is not a sequence',
      { put: ofPatient({ PatientID: [{ a: 'SECRET' }] }) },
      /PatientID has an object for a value/,
    ],
    [
      'an item that is not in a list',
      { put: ofInstance({ ReferencedImageSequence: {} }) },
      /mixes items .* or has an item outside/,
    ],
    ['items among other values', { put: ofInstance({ ReferencedImageSequence: [{}, 'x'] }) }, /mixes items/],
    [
      'text for a sequence',
      { put: ofInstance({ ReferencedImageSequence: 'SECRET' }) },
      /is a sequence: its value is a list of objects/,
    ],
    [
      'a patient’s attribute in the study',
      { put: ofStudy({ PatientName: 'SECRET' }) },
      /PatientName is in Study\.DICOM .*, but belongs to Patient\.DICOM/,
    ],
    ['a study’s in the patient', { put: ofPatient({ StudyDate: '20240101' }) }, /but belongs to Study\.DICOM/],
    ['a series’ in the instance', { put: ofInstance({ Modality: 'MR' }) }, /belongs to the DICOM of the series/],
    [
      'an instance attribute in the series',
      { put: inSeries({ DICOM: { Rows: 1 } }) },
      /the series' DICOM .* belongs to the DICOM of an instance/,
    ],
    [
      'a private element in the patient',
      { put: ofPatient({ '00191001': '1' }) },
      /belongs to the DICOM of an instance/,
    ],
    ['pixels', { put: ofInstance({ PixelData: 'AAE=' }) }, /PixelData cannot be updated/],
    ['pixels by their tag', { put: ofInstance({ '7FE00010': 'AAE=' }) }, /7FE00010 cannot be updated: .*pixel data/],
    [
      'pixels of an item',
      { put: ofInstance({ IconImageSequence: [{ PixelData: 'AAE=' }] }) },
      /PixelData in IconImageSequence cannot be updated/,
    ],
    ['a generated word', { put: ofInstance({ FrameSizeInBytes: 1 }) }, /FrameSizeInBytes cannot be updated/],
    [
      'file meta information',
      { put: ofInstance({ TransferSyntaxUID: '1.2' }) },
      /TransferSyntaxUID cannot be updated: it is file meta/,
    ],
    ['a group length', { put: ofInstance({ '00280000': 1 }) }, /group length/],
    [
      'commands',
      { put: ofInstance({ CommandField: 1 }) },
      /CommandField cannot be updated: it describes the transmission/,
    ],
    ['delimiters', { put: ofInstance({ FFFEE00D: null }, { FFFEE00D: 'UN' }) }, /FFFEE00D cannot be updated/],
    ['a tag that has a keyword', { put: ofPatient({ '00100020': 'x' }) }, /00100020 has the keyword PatientID/],
    [
      'a tag in lower case',
      { put: ofInstance({ '001910f9': '1' }) },
      /Attribute 1 of an instance's DICOM .* lower-case letters/,
    ],
    [
      'a key that is neither keyword nor tag',
      { put: ofPatient({ PatientID: 'x', 'SECRET^JANE': 'x' }) },
      /Attribute 2 of Patient\.DICOM in updatableAttributes is neither/,
    ],
    ['a UID that is none', { put: ofInstance({ SOPInstanceUID: 'SECRET' }) }, /SOPInstanceUID is not a UID/],
    [
      'a UID of more than 256 characters, the limit of an import',
      { put: ofStudy({ StudyInstanceUID: `1.${'2'.repeat(255)}` }) },
      /StudyInstanceUID has 257 characters, more than the 256/,
    ],
    [
      'an identifying UID that is removed',
      { remove: ofStudy({ StudyInstanceUID: '2.25.1' }) },
      /neither removed nor emptied/,
    ],
    ['one that is emptied', { put: ofInstance({ SOPInstanceUID: null }) }, /neither removed nor emptied/],
    ['a SOP class that is emptied', { put: ofInstance({ SOPClassUID: '' }) }, /neither removed nor emptied/],
    [
      'a UID that another instance has',
      { put: ofInstance({ SOPInstanceUID: '2.25.1.1.2' }) },
      /that of another instance/,
    ],
    [
      'a new private element without a VR',
      { put: ofInstance({ '00191009': '1' }) },
      /00191009 is new to an instance: DICOMVRs/,
    ],
    [
      'a VR that DICOM does not have',
      { put: ofInstance({ '00191009': '1' }, { '00191009': 'XX' }) },
      /gives 00191009 a VR/,
    ],
    [
      'a VR of an element that does not exist',
      { put: ofInstance({ Rows: 1 }, { '00191009': 'LO' }) },
      /DICOMVRs names 00191009, but/,
    ],
    ['a VR by keyword', { put: ofInstance({ Rows: 1 }, { Rows: 'US' }) }, /eight upper-case hex digits/],
    [
      'the removal of an attribute that does not exist',
      { remove: ofPatient({ PatientComments: 'SECRET' }) },
      /PatientComments is not in the image set with the value/,
    ],
    [
      'the removal with another value',
      { remove: ofStudy({ StudyDescription: 'SECRET' }) },
      /StudyDescription is not in the image set with the value/,
    ],
    [
      'the removal with another VR',
      { remove: ofInstance({ '00191001': '97' }, { '00191001': 'LO' }) },
      /with a VR that it does not have/,
    ],
  ]
  for (const [what, sent, message] of NEVER) {
    test(what, () => {
      const refused = answer(() => updated({ ...sent, force: true }))
      assert.match(refused, message)
      assert.doesNotMatch(refused, /SECRET/)
    })
  }

  for (const [keyword, max, of] of [
    ['PatientName', 256, ofPatient],
    ['PatientID', 256, ofPatient],
    ['PatientBirthDate', 18, ofPatient],
    ['PatientSex', 16, ofPatient],
    ['StudyID', 256, ofStudy],
    ['StudyDescription', 256, ofStudy],
    ['AccessionNumber', 256, ofStudy],
    ['StudyDate', 18, ofStudy],
    ['StudyTime', 28, ofStudy],
  ] as const) {
    test(`${keyword} of more than ${max} characters`, () => {
      assert.equal(
        answer(() => updated({ put: of({ [keyword]: 'x'.repeat(max) }), force: true })),
        'taken',
      )
      assert.equal(
        answer(() => updated({ put: of({ [keyword]: 'x'.repeat(max + 1) }), force: true })),
        `${keyword} has ${max + 1} characters, more than the ${max} that it may have.`,
      )
    })
  }

  test('a million and one series or instances of a study', () => {
    for (const keyword of ['NumberOfStudyRelatedSeries', 'NumberOfStudyRelatedInstances']) {
      assert.equal(
        answer(() => updated({ put: ofInstance({ [keyword]: '1000000' }) })),
        'taken',
      )
      assert.match(
        answer(() => updated({ put: ofInstance({ [keyword]: '1000001' }), force: true })),
        /greater than 1000000/,
      )
    }
  })

  for (const [keyword, sent] of [
    ['StudyInstanceUID', { put: ofStudy({ StudyInstanceUID: '2.25.9' }) }],
    ['SeriesInstanceUID', { put: inSeries({ DICOM: { SeriesInstanceUID: '2.25.9' } }) }],
    ['SOPInstanceUID', { put: ofInstance({ SOPInstanceUID: '2.25.9' }) }],
  ] as const) {
    test(`${keyword} of a primary image set`, () => {
      const refused = answer(() => updated({ ...sent, force: true, isPrimary: true }))
      assert.match(refused, new RegExp(`${keyword} of a primary image set cannot be updated, not even with force`))
      assert.equal(
        answer(() => updated({ ...sent, force: true })),
        'taken',
      )
    })
  }
})

describe('only with force', () => {
  const FORCED: readonly (readonly [what: string, sent: Sent, message: RegExp])[] = [
    [
      'the UID of the study',
      { put: ofStudy({ StudyInstanceUID: '2.25.9' }) },
      /StudyInstanceUID can only be updated with force: it identifies/,
    ],
    ['the UID of the series', { put: inSeries({ DICOM: { SeriesInstanceUID: '2.25.9' } }) }, /it identifies/],
    ['the UID of an instance', { put: ofInstance({ SOPInstanceUID: '2.25.9' }) }, /it identifies/],
    [
      'the id of the study',
      { put: ofStudy({ StudyID: 'S2' }), isPrimary: true },
      /StudyID can only be updated with force: it identifies/,
    ],
    [
      'the removal of the id of the study',
      { remove: ofStudy({ StudyID: 'S1' }) },
      /StudyID can only be removed with force/,
    ],
    [
      'a sequence',
      { put: ofInstance({ ReferencedImageSequence: [{ ReferencedSOPInstanceUID: '1.2' }] }) },
      /it is a sequence/,
    ],
    [
      'several values',
      { put: ofInstance({ PixelSpacing: ['1', '1'] }) },
      /PixelSpacing can only be updated with force: it has several/,
    ],
    ['several values where one may be', { put: ofPatient({ PatientID: ['A', 'B'] }) }, /it has several values/],
    ['several values in one text', { put: ofPatient({ PatientID: 'A\\B' }) }, /it has several values/],
    ['text for a number', { put: ofInstance({ Rows: '512' }) }, /Rows .* its value is none of its VR \(US\)/],
    ['a number for text', { put: ofPatient({ PatientID: 5 }) }, /PatientID .* its value is none of its VR \(LO\)/],
    ['a day that is none', { put: ofStudy({ StudyDate: '20241399' }) }, /none of its VR \(DA\)/],
    ['text longer than its VR', { put: ofStudy({ StudyID: 'x'.repeat(17) }) }, /force/],
    ['neither of two VRs', { put: ofInstance({ SmallestImagePixelValue: 70_000 }) }, /none of its VR \(US or SS\)/],
    [
      'an unknown keyword',
      { put: ofPatient({ PatientsName: 'SECRET' }) },
      /Attribute 1 of Patient\.DICOM .* no keyword of the DICOM/,
    ],
    [
      'a new private element',
      { put: ofInstance({ '00191009': '1' }, { '00191009': 'LO' }) },
      /00191009 .* it is a private element/,
    ],
    ['one that is there', { put: ofInstance({ '00191001': '98' }) }, /it is a private element/],
    ['the removal of one', { remove: ofInstance({ '00191001': '97' }) }, /00191001 can only be removed with force/],
    [
      'an unknown element',
      { put: ofInstance({ '00199999': null, '00189999': '1' }, { '00189999': 'LO', '00199999': 'LO' }) },
      /force/,
    ],
    ['the removal of an instance', { remove: inInstance({}) }, /An instance can only be removed with force/],
  ]
  for (const [what, sent, message] of FORCED) {
    test(what, () => {
      const refused = answer(() => updated(sent))
      assert.match(refused, message)
      assert.doesNotMatch(refused, /SECRET/)
      assert.equal(
        answer(() => updated({ ...sent, force: true })),
        'taken',
      )
    })
  }
})

describe('without force', () => {
  const TAKEN: readonly (readonly [what: string, sent: Sent])[] = [
    ['an attribute of the patient', { put: ofPatient({ PatientName: 'MX^MX' }), isPrimary: true }],
    ['of the study', { put: ofStudy({ StudyDescription: null }), isPrimary: true }],
    ['of the series', { put: inSeries({ DICOM: { Modality: 'MR' } }), isPrimary: true }],
    ['of an instance', { put: ofInstance({ InstanceNumber: 5, KVP: 1.5 }), isPrimary: true }],
    ['a document without SchemaVersion', { put: { Patient: { DICOM: { PatientID: 'P2' } } } }],
    ['a byte order mark', { put: `\uFEFF${JSON.stringify(ofPatient({ PatientID: 'P2' }))}` }],
    ['a removal whose value has another pad', { remove: inSeries({ DICOM: { SeriesNumber: '7' } }) }],
    ['a removal of what is empty', { remove: ofStudy({ AccessionNumber: '' }) }],
    ['a VR of two', { put: ofInstance({ SmallestImagePixelValue: -5 }) }],
  ]
  for (const [what, sent] of TAKEN) {
    test(what, () =>
      assert.equal(
        answer(() => updated(sent)),
        'taken',
      ),
    )
  }
})
