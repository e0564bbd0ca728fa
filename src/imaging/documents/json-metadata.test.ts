/** JSON metadata of an import: the attributes that each form yields, and that no content breaks the import. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ContractError } from '../../contract/errors.ts'
import { DicomError } from '../../dicom/dicom-error.ts'
import type { Attributes } from '../../dicom/encode.ts'
import { runs } from '../../fixtures/soak.ts'
import { parseJsonMetadata, putInFront } from './json-metadata.ts'
import { describedInstance, fileOf, SERIES, SOP } from './metadata.fixture.ts'

const UIDS = { StudyInstanceUID: '2.25.1', SeriesInstanceUID: SERIES, SOPInstanceUID: SOP }
const file = (attributes: Attributes = {}) =>
  fileOf({ SOPClassUID: '1.2.840.10008.5.1.4.1.1.7', ...UIDS, SpecificCharacterSet: 'ISO_IR 100', ...attributes })

const bytesOf = (metadata: unknown): Uint8Array =>
  metadata instanceof Uint8Array
    ? metadata
    : Buffer.from(typeof metadata === 'string' ? metadata : JSON.stringify(metadata))

function inFront(metadata: unknown, attributes: Attributes = {}) {
  const { file: shown, warnings } = putInFront(
    file(attributes),
    parseJsonMetadata(bytesOf(metadata), undefined).givenFor(UIDS),
  )
  const { patient, study, series, own, instance } = describedInstance(shown)
  return { all: { ...patient, ...study, ...series, ...own }, vrs: instance.DICOMVRs, warnings }
}

/** What the DICOM JSON model object yields for one element. */
const made = (tag: string, element: object) => inFront({ [tag]: element }).all

describe('an object of the DICOM JSON model', () => {
  for (const [what, tag, element, key, expected] of [
    ['text', '00081030', { vr: 'LO', Value: ['Brust'] }, 'StudyDescription', 'Brust'],
    ['text beyond the character set of the file', '00081030', { vr: 'LO', Value: ['山'] }, 'StudyDescription', '山'],
    ['an empty value', '00081030', { vr: 'LO' }, 'StudyDescription', null],
    ['null inside a list', '00080008', { vr: 'CS', Value: ['A', null, 'B'] }, 'ImageType', ['A', '', 'B']],
    ['a name', '00100010', { vr: 'PN', Value: [{ Alphabetic: 'A^B', Phonetic: 'c' }] }, 'PatientName', 'A^B==c'],
    ['numbers as text', '00280030', { vr: 'DS', Value: [0.5, '0.25'] }, 'PixelSpacing', ['0.5', '0.25']],
    ['a number', '00280120', { vr: 'SS', Value: [-2000] }, 'PixelPaddingValue', -2000],
    ['a long number as text', '00191001', { vr: 'UV', Value: ['18446744073709551615'] }, '00191001', 2 ** 64],
    ['bytes', '00191001', { vr: 'OB', InlineBinary: 'AAEC' }, '00191001', 'AAECAA=='],
    ['a tag', '00280009', { vr: 'AT', Value: ['00181063'] }, 'FrameIncrementPointer', ['00181063']],
    [
      ...['a sequence', '00400275', { vr: 'SQ', Value: [{ '00400009': { vr: 'SH', Value: ['S'] } }] }],
      ...['RequestAttributesSequence', [{ ScheduledProcedureStepID: 'S' }]],
    ],
    ['no vr, where the dictionary has one', '00100040', { Value: ['F'] }, 'PatientSex', 'F'],
  ] as const) {
    test(`has ${what}`, () => {
      assert.deepEqual(made(tag, element as object)[key as string], expected)
    })
  }

  for (const [what, metadata, fault] of [
    ['a key that is no tag', { '00100010': { vr: 'PN' }, PatientID: 'x' }, /neither an object of the DICOM JSON model/],
    ['an element that is not an object', { '00100010': 'SECRET' }, /00100010 with a value that is not an object/],
    ['a list for a name', { '00100010': { vr: 'PN', Value: [['SECRET']] } }, /00100010 with a value/],
    ['a Value that is not a list', { '00100010': { vr: 'PN', Value: 'SECRET' } }, /a Value that is not a list/],
    ['bytes in a Value', { '00191001': { vr: 'OB', Value: ['SECRET'] } }, /its VR has InlineBinary/],
    ['InlineBinary of text', { '00100010': { vr: 'PN', InlineBinary: 'AAAA' } }, /InlineBinary, which its VR/],
    ['a number for a tag twice', '{"0010001a":{"vr":"LO"},"0010001A":{"vr":"LO"}}', /0010001A twice/],
    ['booleans', '{"00100010":true}', /true or false/],
    ['nothing', '', /not JSON|number/],
    ['text that is no UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d), /not UTF-8/],
  ] as const) {
    test(`cannot have ${what}`, () => {
      assert.throws(
        () => inFront(metadata),
        (error: Error) =>
          error instanceof ContractError && fault.test(error.message) && !error.message.includes('SECRET'),
      )
    })
  }
})

test('attributes that describe pixels and SOP class are those of the file, with a warning where the metadata differ', () => {
  const metadata = {
    SchemaVersion: '1.1',
    Study: { Series: { [SERIES]: { Instances: { [SOP]: { DICOM: { Rows: 5, Columns: 2, SOPClassUID: '1.9' } } } } } },
  }
  const { all, warnings } = inFront(metadata, { Rows: 2, Columns: 2 })
  assert.deepEqual([all.Rows, all.Columns, all.SOPClassUID], [2, 2, '1.2.840.10008.5.1.4.1.1.7'])
  assert.deepEqual(
    warnings.map(({ type, message }) => [type, message.slice(message.indexOf(': '))]),
    [['ElementsDiscarded', ': Rows, SOPClassUID']],
  )
})

test('values by reference and unknown keywords are reported', () => {
  const { warnings } = inFront({ '00191001': { vr: 'OB', BulkDataURI: 'x' }, '00081030': { vr: 'LO', Value: ['A'] } })
  assert.match(warnings[0]!.message, /: 00191001$/)
  const document = { Patient: { DICOM: { SECRET: 1, PatientSex: 'F' } } }
  const unknown = inFront(document)
  assert.equal(unknown.all.PatientSex, 'F')
  assert.match(unknown.warnings[0]!.message, /: one that DICOM does not have$/)
})

test('the Specific Character Set is that of the file, whatever the metadata contain', () => {
  const { all, warnings } = inFront({ '00080005': { vr: 'CS', Value: ['ISO_IR 192'] } })
  assert.deepEqual([all.SpecificCharacterSet, warnings], [['ISO_IR 100'], []])
})

const odd = fc.oneof(
  fc.constantFrom(null, '', 'text', 0, -1, 1.5, 1e300, [], {}, [null], [[1]], { vr: 'SQ' }, '\u0000', '😀'),
  fc.constantFrom('__proto__', 'constructor', 'AAE=', '20240101'),
)
const key = fc.constantFrom(
  ...['00100010', '00080018', '0020000D', '00280010', '00191001', '00400275', '7FE00010', '00020010', '00080005'],
  ...[
    'Patient',
    'Study',
    'Series',
    'Instances',
    'DICOM',
    'DICOMVRs',
    'DICOMAbsent',
    'SchemaVersion',
    'PatientName',
    'Rows',
  ],
  ...['vr', 'Value', 'InlineBinary', 'BulkDataURI', 'Alphabetic', 'PN', 'SQ', 'OB', 'US', SERIES, SOP, '__proto__'],
)
const tree = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 7 },
    odd,
    key,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((members) => Object.fromEntries(members)),
  ),
})).value
const element = fc
  .tuple(fc.constantFrom('PN', 'SQ', 'OB', 'US', 'DS', 'UI', 'AT', 'UV', 'FD'), fc.array(odd, { maxLength: 3 }))
  .map(([vr, Value]) => ({ vr, Value }))
const elements = fc.dictionary(fc.constantFrom('00100010', '00191001', '00400275', '00280030', '0020000E'), element)

test('for any metadata, the file is described or the error message contains no value', () => {
  let described = 0
  fc.assert(
    fc.property(fc.oneof(tree, elements, fc.string()), (metadata) => {
      const text = typeof metadata === 'string' ? metadata : JSON.stringify(metadata)
      try {
        inFront(text)
        described += 1
      } catch (error) {
        assert.ok(error instanceof ContractError || error instanceof DicomError, String((error as Error).stack))
        assert.match((error as Error).message, /^[\w \-(),.:/'"]+$/)
      }
    }),
    { seed: 20260113, numRuns: runs(20_000) },
  )
  assert.ok(described > 1_000, `only ${described} were described`)
})

test('metadata that nest too deeply or have too many values are refused', () => {
  assert.throws(() => inFront('['.repeat(100_000)), /nests deeper than 64 levels/)
  assert.throws(() => inFront(`[${'0,'.repeat(2_000_001)}0]`), /more than 2000000 values/)
})
