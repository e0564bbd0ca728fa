/**
 * Round trip: the metadata document of a file equals the document of the file that is rebuilt from it, except for elements that describe
 * the file itself.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { mutate, mutation, SEEDS } from '../../dicom/broken-files.fixture.ts'
import { DicomError } from '../../dicom/dicom-error.ts'
import { type Attributes, ExplicitVRBigEndian, ExplicitVRLittleEndian, encodeP10 } from '../../dicom/encode.ts'
import { type DicomFile, parseP10 } from '../../dicom/parse.ts'
import { runs } from '../../fixtures/soak.ts'
import { rebuildDataSet } from './document-data-set.ts'
import { describedInstance, fileOf, type Json } from './metadata.fixture.ts'
import { LARGE_BINARY_BYTES } from './metadata-values.ts'
import { readDocument, UnreadableDocument } from './read-document.ts'

const SEED = 20260101
const IDS = { StudyInstanceUID: '2.25.1', SOPClassUID: '1.2.840.10008.5.1.4.1.1.7' }

interface Rebuilt {
  readonly bytes: Uint8Array
  readonly notWritten: ReturnType<typeof rebuildDataSet>['notWritten']
}

function rebuiltFrom(text: string): Rebuilt {
  const [instance] = readDocument(text)
  const { meta, attributes, notWritten } = rebuildDataSet(instance!)
  return { bytes: encodeP10({ transferSyntaxUID: ExplicitVRLittleEndian, attributes, meta }), notWritten }
}

/** Elements that describe the file itself. */
const OF_THE_FILE =
  /^(FileMetaInformation.*|MediaStorageSOP.*|TransferSyntaxUID|Implementation.*|SpecificCharacterSet|ExtendedOffsetTable.*)$/

/** Everything that must round-trip. A blank that pads IS and DS is not part of the value, and may be present before or after. */
function comparable(text: string): Json {
  const { DICOM, DICOMVRs } = readDocument(text)[0]!
  const padless = (value: unknown): unknown => {
    if (typeof value === 'string') return value.replace(/ +$/, '')
    if (Array.isArray(value)) return value.map(padless)
    if (typeof value !== 'object' || value === null) return value
    const members = Object.entries(value).filter(([key]) => !OF_THE_FILE.test(key))
    return Object.fromEntries(members.map(([key, each]) => [key, padless(each)]))
  }
  return { DICOM: padless(DICOM), DICOMVRs }
}

/** Of a damaged file, which may lack the identifiers of its study. */
function documentOf(file: DicomFile): string {
  const { text, study } = describedInstance(file)
  if (typeof study.StudyInstanceUID === 'string') return text
  const head = '"Study":{"DICOM":{'
  return text.replace(head, `${head}"StudyInstanceUID":"2.25.1"${Object.keys(study).length === 0 ? '' : ','}`)
}

function checkBack(file: DicomFile): void {
  const before = documentOf(file)
  assert.deepEqual(comparable(documentOf(parseP10(rebuiltFrom(before).bytes))), comparable(before))
}

const backAndForth = (attributes: Attributes, transferSyntaxUID = ExplicitVRLittleEndian) =>
  checkBack(fileOf({ ...IDS, ...attributes }, { transferSyntaxUID }))

describe('a file rebuilt from a document has the same document', () => {
  test('with text of every kind, empty, blank and in lists', () => {
    backAndForth({
      ImageType: ['ORIGINAL', '', 'AXIAL'],
      PatientName: 'A^B=C=D',
      ImageComments: 'a\\b',
      PatientComments: '  two lines\r\n and ',
      SliceThickness: ' 5',
      PixelSpacing: ['0.25', '0.5'],
      WindowCenter: ['40 ', '50'],
      InstanceNumber: '7',
      StudyDate: null,
      OperatorsName: ['A^B', 'C^D'],
      SequenceName: 'A\\B',
      PixelDataProviderURL: 'http://a/b?c=d\\e',
    })
  })

  test('with an empty value in a list, as "" or null', () => {
    const text = documentOf(fileOf({ ...IDS, ImageType: ['ORIGINAL', 'PRIMARY', '', '0015'], PixelSpacing: ['', '1'] }))
    assert.match(text, /"ORIGINAL","PRIMARY","","0015"/)
    for (const each of [text, text.replaceAll('""', 'null')]) {
      const { dataSet } = parseP10(rebuiltFrom(each).bytes)
      assert.deepEqual(dataSet.strings('00080008'), ['ORIGINAL', 'PRIMARY', '', '0015'])
      assert.deepEqual(dataSet.strings('00280030'), ['', '1'])
    }
  })

  test('with numbers of every size, to the last digit', () => {
    const long = Buffer.alloc(16)
    long.writeBigUInt64LE(2n ** 64n - 1n)
    long.writeBigUInt64LE(2n ** 53n + 1n, 8)
    backAndForth({
      Rows: 513,
      ReferencePixelX0: -5,
      SimpleFrameList: [3, 2 ** 32 - 1],
      RecommendedDisplayFrameRateInFloat: 0.1,
      FrameIncrementPointer: ['00181063', '00540010'],
      '00190010': { vr: 'LO', value: 'HILUM TEST' },
      '00191001': { vr: 'UV', value: long },
      '00191002': { vr: 'SV', value: long },
      '00191003': { vr: 'FD', value: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0.1 + 0.2] },
      '00191004': { vr: 'FL', value: [16777217, -0] },
    })
  })

  test('where the dictionary allows several VRs', () => {
    for (const PixelRepresentation of [0, 1]) {
      backAndForth({
        ...{
          PixelRepresentation,
          SmallestImagePixelValue: 5,
          PixelPaddingValue: PixelRepresentation === 1 ? -2000 : 63536,
        },
        RedPaletteColorLookupTableDescriptor: { vr: 'US', value: [256, 0, 16] },
        ModalityLUTSequence: [
          { LUTDescriptor: { vr: 'SS', value: [4, -10, 16] }, LUTData: { vr: 'US', value: [1, 2, 3, 65535] } },
          {
            LUTDescriptor: { vr: 'US', value: [4, 40000, 16] },
            LUTData: { vr: 'OW', value: Uint8Array.of(1, 2, 3, 4) },
          },
        ],
        OverlayRows: 4,
        OverlayData: { vr: 'OW', value: Uint8Array.of(1, 2, 3, 4) },
        '60020010': { vr: 'US', value: 4 },
        '60023000': { vr: 'OB', value: Uint8Array.of(9, 8) },
      })
    }
  })

  test('with sequences at any depth, including private ones and their creators', () => {
    backAndForth({
      DerivationCodeSequence: [{ CodeMeaning: 'A', EquivalentCodeSequence: [{ CodeValue: 'B ' }, {}] }],
      ReferencedStudySequence: null,
      '00190010': { vr: 'LO', value: 'HILUM TEST' },
      '00191001': {
        vr: 'SQ',
        value: [{ '00190010': { vr: 'LO', value: 'HILUM' }, '00191002': { vr: 'OB', value: Uint8Array.of(1, 2) } }],
      },
      '00191003': { vr: 'UN', value: null },
    })
  })

  test('for any byte order', () => {
    const attributes = {
      Rows: 513,
      '00191001': { vr: 'OW', value: Uint8Array.of(1, 0, 2, 0) },
      SimpleFrameList: [1, 65536],
    }
    backAndForth(attributes, ExplicitVRBigEndian)
  })

  test('where elements have a wrong VR', () => {
    backAndForth({
      Rows: { vr: 'UL', value: 70_000 },
      Columns: { vr: 'LO', value: 'wide' },
      StudyDate: { vr: 'US', value: 5 },
      CodeValue: { vr: 'SQ', value: [{ CodeMeaning: 'A' }] },
      DerivationCodeSequence: { vr: 'LO', value: 'none' },
      BitsStored: { vr: 'SS', value: -1 },
    })
  })

  test('except for numbers that should be text, which are written as text', () => {
    const { text } = describedInstance(fileOf({ ...IDS, WindowCenter: { vr: 'FD', value: [1.5, 2] } }))
    const { dataSet } = parseP10(rebuiltFrom(text).bytes)
    assert.deepEqual([dataSet.vr('00281050'), dataSet.strings('00281050')], ['DS', ['1.5', '2']])
  })
})

describe('the character set', () => {
  const charsets: [Attributes['SpecificCharacterSet'], string][] = [
    ['ISO_IR 100', 'Müller^Jörg'],
    [['', 'ISO 2022 IR 87'], 'Yamada^Tarou=山田^太郎'],
    ['GB18030', 'Wang^XiaoDong=王^小东'],
  ]
  for (const [SpecificCharacterSet, PatientName] of charsets) {
    test(`${String(SpecificCharacterSet)} becomes UTF-8 where there is more than ASCII`, () => {
      const file = fileOf({ ...IDS, SpecificCharacterSet, PatientName })
      const { dataSet } = parseP10(rebuiltFrom(describedInstance(file).text).bytes)
      assert.deepEqual([dataSet.string('00080005'), dataSet.string('00100010')], ['ISO_IR 192', PatientName])
    })
  }

  test('is unchanged where all text is ASCII, and is not added', () => {
    const kept = fileOf({ ...IDS, SpecificCharacterSet: ['', 'ISO 2022 IR 87'], PatientName: 'A^B' })
    assert.equal(
      parseP10(rebuiltFrom(describedInstance(kept).text).bytes).dataSet.string('00080005'),
      '\\ISO 2022 IR 87',
    )
    const none = fileOf({ ...IDS, PatientName: 'A^B' })
    assert.equal(parseP10(rebuiltFrom(describedInstance(none).text).bytes).dataSet.has('00080005'), false)
  })

  test('of items becomes that of the data set if any text is not ASCII', () => {
    const item = { SpecificCharacterSet: 'ISO_IR 144', CodeMeaning: 'Люкceмбypг' }
    const file = fileOf({
      ...IDS,
      SpecificCharacterSet: 'ISO_IR 100',
      PatientName: 'Müller',
      DerivationCodeSequence: [item],
    })
    checkBack(file)
    const { dataSet } = parseP10(rebuiltFrom(describedInstance(file).text).bytes)
    assert.equal(dataSet.items('00089215')[0]!.string('00080005'), 'ISO_IR 192')
  })

  test('does not apply to non-ASCII text in ASCII VRs', () => {
    const file = fileOf({ ...IDS, Modality: { vr: 'CS', value: Uint8Array.of(0x43, 0xe9) } })
    checkBack(file)
  })
})

describe('the file meta information', () => {
  const file = fileOf(
    { ...IDS, SOPInstanceUID: '2.25.7' },
    {
      meta: {
        MediaStorageSOPInstanceUID: '2.25.8',
        SourceApplicationEntityTitle: 'HERE',
        PrivateInformationCreatorUID: '2.25.9',
        PrivateInformation: Uint8Array.of(1, 2),
        ImplementationVersionName: 'SOMEBODY',
      },
    },
  )
  const { meta } = parseP10(rebuiltFrom(describedInstance(file).text).bytes)

  test('describes the new file', () => {
    assert.deepEqual(
      ['00020003', '00020010', '00020013'].map((tag) => meta.string(tag)),
      ['2.25.7', ExplicitVRLittleEndian, 'HILUM'],
    )
  })

  test('keeps what describes the instance', () => {
    assert.deepEqual([meta.string('00020016'), meta.bytes('00020102')], ['HERE', Uint8Array.of(1, 2)])
  })
})

test('elements stored separately and unknown ones are reported, and the rest is written', () => {
  const large = { vr: 'OB', value: Buffer.alloc(LARGE_BINARY_BYTES + 2) }
  const { text } = describedInstance(
    fileOf({
      ...IDS,
      Rows: 5,
      IconImageSequence: [{ Rows: 1 }],
      '00190010': { vr: 'LO', value: 'H' },
      '00191001': large,
    }),
  )
  const { bytes, notWritten } = rebuiltFrom(text.replace('"Rows":5', '"Rows":5,"AttributeOfTomorrow":"x"'))
  assert.deepEqual(notWritten, [
    { key: '00191001', why: 'stored-separately' },
    { key: 'AttributeOfTomorrow', why: 'unknown-keyword' },
    { key: 'IconImageSequence', why: 'icon' },
  ])
  assert.equal(parseP10(bytes).dataSet.number('00280010'), 5)
})

test('an invalid document is refused and not quoted', () => {
  for (const text of [
    '',
    '{"Patient":"SECRET"',
    '[]',
    '{}',
    '{"Patient":{"DICOM":{}},"Study":{"DICOM":{},"Series":[]}}',
  ]) {
    assert.throws(
      () => readDocument(text),
      (error) => error instanceof UnreadableDocument && !error.message.includes('SECRET'),
    )
  }
})

test('a document from a malicious server becomes a file or an error, not a crash', () => {
  const around = (dicom: object, vrs: object) =>
    readDocument(
      JSON.stringify({
        Patient: { DICOM: {} },
        Study: {
          DICOM: { StudyInstanceUID: '1.2' },
          Series: { '1.3': { DICOM: {}, Instances: { '1.4': { DICOM: { ...IDS, ...dicom }, DICOMVRs: vrs } } } },
        },
      }),
    )[0]!
  const odd = [true, 'constructor', '__proto__', { a: 1 }, [[1]], [null], [{}, 'x'], -1, 1e300, '', [], {}]
  const vrs = ['constructor', '__proto__', '', 'ZZ', 'US', 'FD', 'SQ', 'OB', 'AT', 'UV', 'PN']
  for (const value of odd) {
    for (const vr of vrs) {
      const dicom = {
        '00191001': value,
        Rows: value,
        DerivationCodeSequence: value,
        ['__proto__']: value,
        constructor: value,
      }
      const { attributes } = rebuildDataSet(around(dicom, { '00191001': vr, constructor: vr }))
      parseP10(encodeP10({ transferSyntaxUID: ExplicitVRLittleEndian, attributes }))
    }
  }
  let nested: object = {}
  for (let depth = 0; depth < 200; depth++) nested = { DerivationCodeSequence: [nested] }
  assert.throws(() => rebuildDataSet(around(nested, {})), DicomError)
})

test('any file that the reader accepts round-trips', () => {
  let accepted = 0
  fc.assert(
    fc.property(fc.nat(SEEDS.length - 1), fc.array(mutation, { minLength: 0, maxLength: 2 }), (seed, changes) => {
      let file: DicomFile
      try {
        file = parseP10(changes.reduce(mutate, SEEDS[seed]!), { inflatedBytesMax: 1_000_000 })
      } catch (error) {
        assert.ok(error instanceof DicomError)
        return
      }
      accepted += 1
      // The file meta information repeats it, and has no character set.
      if (!/^[\d.]*$/.test(file.dataSet.string('00080016') ?? '')) return
      const before = documentOf(file)
      // Text that is invalid in its VR gets another VR.
      const { DICOM } = comparable(documentOf(parseP10(rebuiltFrom(before).bytes)))
      assert.deepEqual(DICOM, comparable(before).DICOM)
    }),
    { seed: SEED, numRuns: runs(2_000) },
  )
  assert.ok(accepted > 600, 'too few files are accepted')
})

test('values of any bytes round-trip, of private elements in any VR and of others in theirs', () => {
  const vrs =
    'AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SS ST SV TM UC UI UL UN UR US UT UV'.split(' ')
  const known = [
    'LO 00081030',
    'PN 00100010',
    'DA 00080020',
    'DS 00281050',
    'AT 00280009',
    'UT 00189336',
    'FL 00089459',
  ]
  const elements = [...vrs.map((vr) => `${vr} 00191001`), ...known, 'US 00280010', 'OB 00420011', 'UC 00080119']
  fc.assert(
    fc.property(
      fc.constantFrom(...elements),
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom('', 'ISO_IR 100', 'ISO_IR 192', 'GB18030', 'ISO 2022 IR 87', 'NOBODY KNOWS'),
      (element, value, SpecificCharacterSet) => {
        const [vr, tag] = element.split(' ') as [string, string]
        checkBack(fileOf({ SpecificCharacterSet: ['', SpecificCharacterSet], [tag]: { vr, value } }))
      },
    ),
    { seed: SEED, numRuns: runs(3_000) },
  )
})
