/** The value rules of a metadata document: what each VR becomes, which elements have their tag as key, and what is left out. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { DicomError } from '../../dicom/dicom-error.ts'
import { DICTIONARY_ENTRIES } from '../../dicom/dictionary-entries.ts'
import { ExplicitVRBigEndian, encodeDataSet } from '../../dicom/encode.ts'
import { parseP10 } from '../../dicom/parse.ts'
import { describedInstance, fileOf, valueIn } from './metadata.fixture.ts'
import { LARGE_BINARY_BYTES } from './metadata-values.ts'

const UIDS = { SOPClassUID: '1.2.840.10008.5.1.4.1.1.7', SOPInstanceUID: '2.25.1.1.1' }
const inPrivate = (vr: string, value: string | number | Uint8Array | null) => ({ '00191001': { vr, value } })

describe('text', () => {
  test('has no padding, except for the trailing padding of IS and DS', () => {
    assert.equal(valueIn({ ImageComments: 'two  words ' }, 'ImageComments'), 'two  words')
    assert.equal(valueIn({ SequenceName: ' *tfl3d1 ' }, 'SequenceName'), '*tfl3d1')
    assert.equal(valueIn({ SliceThickness: ' 5' }, 'SliceThickness'), '5')
    assert.equal(valueIn({ SliceThickness: '5' }, 'SliceThickness'), '5 ')
    assert.equal(valueIn({ InstanceNumber: '7' }, 'InstanceNumber'), '7 ')
    assert.equal(valueIn({ SOPInstanceUID: '1.2' }, 'SOPInstanceUID'), '1.2')
  })

  test('is a list where the dictionary allows several values, even for one', () => {
    assert.deepEqual(valueIn({ ImageType: 'ORIGINAL' }, 'ImageType'), ['ORIGINAL'])
    assert.deepEqual(valueIn({ ImageType: ['ORIGINAL', 'PRIMARY'] }, 'ImageType'), ['ORIGINAL', 'PRIMARY'])
    assert.deepEqual(describedInstance(fileOf({ OperatorsName: 'A^B' })).series.OperatorsName, ['A^B'])
  })

  test('is null where it is empty or blank, and "" inside a list', () => {
    assert.equal(valueIn({ ImageType: null }, 'ImageType'), null)
    assert.equal(valueIn({ ImageComments: '   ' }, 'ImageComments'), null)
    assert.deepEqual(valueIn({ ImageType: ['ORIGINAL', '', 'AXIAL'] }, 'ImageType'), ['ORIGINAL', '', 'AXIAL'])
    // The values of the document that was recorded from AWS.
    const recorded = ['ORIGINAL', 'PRIMARY', '', '0015']
    assert.deepEqual(valueIn({ ImageType: recorded }, 'ImageType'), recorded)
    assert.deepEqual(valueIn({ ImageType: ['', ''] }, 'ImageType'), ['', ''])
    assert.deepEqual(valueIn({ PixelSpacing: ['', '0.5'] }, 'PixelSpacing'), ['', '0.5'])
    assert.deepEqual(describedInstance(fileOf({ OperatorsName: ['A^B', ''] })).series.OperatorsName, ['A^B', ''])
  })

  test('keeps all values where the dictionary allows one', () => {
    assert.deepEqual(valueIn({ SequenceName: 'A\\B' }, 'SequenceName'), ['A', 'B'])
    assert.equal(valueIn({ ImageComments: 'A\\B' }, 'ImageComments'), 'A\\B')
  })

  test('of a person name is one string with all its component groups', () => {
    const { patient } = describedInstance(
      fileOf({ SpecificCharacterSet: ['', 'ISO 2022 IR 87'], PatientName: 'Yamada^Tarou=山田^太郎=やまだ^たろう' }),
    )
    assert.equal(patient.PatientName, 'Yamada^Tarou=山田^太郎=やまだ^たろう')
  })

  for (const [SpecificCharacterSet, PatientName] of [
    ['ISO_IR 100', 'Müller^Jörg'],
    ['ISO_IR 101', 'Wałęsa'],
    ['ISO_IR 109', 'Ĝoĝo'],
    ['ISO_IR 110', 'Ķirsis'],
    ['ISO_IR 144', 'Люкceмбypг'],
    ['ISO_IR 127', 'قباني^لنزار'],
    ['ISO_IR 126', 'Διονυσιος'],
    ['ISO_IR 138', 'שרון^דבורה'],
    ['ISO_IR 148', 'Çavuşoğlu'],
    ['ISO_IR 166', 'นามสกุล'],
    ['ISO_IR 13', 'ﾔﾏﾀﾞ^ﾀﾛｳ'],
    ['ISO_IR 192', 'Wang^XiaoDong=王^小东'],
    ['GB18030', 'Wang^XiaoDong=王^小东'],
    ['GBK', 'Wang^XiaoDong=王^小东'],
  ] as const) {
    test(`in ${SpecificCharacterSet} is converted to UTF-8, and the document keeps the original term`, () => {
      const { patient, own } = describedInstance(fileOf({ SpecificCharacterSet, PatientName }))
      assert.equal(patient.PatientName, PatientName)
      assert.deepEqual(own.SpecificCharacterSet, [SpecificCharacterSet])
    })
  }

  for (const [SpecificCharacterSet, PatientName] of [
    [['', 'ISO 2022 IR 149'], 'Hong^Gildong=洪^吉洞=홍^길동'],
    [['', 'ISO 2022 IR 58'], 'Zhang^XiaoDong=张^小东'],
    [['ISO 2022 IR 13', 'ISO 2022 IR 87'], 'ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎'],
  ] as const) {
    test(`with the code extension ${SpecificCharacterSet[1]} too`, () => {
      const { patient } = describedInstance(fileOf({ SpecificCharacterSet, PatientName }))
      assert.equal(patient.PatientName, PatientName)
    })
  }
})

describe('numbers', () => {
  test('of binary VRs are numbers, lists by the dictionary', () => {
    assert.equal(valueIn({ Rows: 512 }, 'Rows'), 512)
    assert.equal(valueIn({ PixelRepresentation: 1, SmallestImagePixelValue: -5 }, 'SmallestImagePixelValue'), -5)
    assert.deepEqual(
      valueIn({ RedPaletteColorLookupTableDescriptor: [256, 0, 16] }, 'RedPaletteColorLookupTableDescriptor'),
      [256, 0, 16],
    )
    assert.deepEqual(valueIn({ SimpleFrameList: 3 }, 'SimpleFrameList'), [3])
    assert.equal(valueIn({ Rows: null }, 'Rows'), null)
  })

  test('of FL have the digits of 32 bits, those of FD all', () => {
    const { text } = describedInstance(
      fileOf({
        RecommendedDisplayFrameRateInFloat: 0.1,
        '00191001': { vr: 'FL', value: 16777217 },
        '00191002': { vr: 'FD', value: 0.1 + 0.2 },
      }),
    )
    assert.match(text, /"RecommendedDisplayFrameRateInFloat":0\.1,/)
    assert.match(text, /"00191001":16777216,/)
    assert.match(text, /"00191002":0\.30000000000000004[,}]/)
  })

  test('that JSON cannot represent are those of the DICOM JSON model, and minus zero keeps its sign', () => {
    const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0]
    for (const vr of ['FL', 'FD']) {
      const { own, text } = describedInstance(fileOf({ '00191001': { vr, value: values } }))
      assert.deepEqual(own['00191001'], ['NaN', 'inf', '-inf', -0])
      assert.match(text, /-0\.0/)
    }
  })

  test('of 64 bits keep every digit', () => {
    const bytes = Buffer.alloc(16)
    bytes.writeBigUInt64LE(2n ** 64n - 1n)
    bytes.writeBigUInt64LE(2n ** 53n + 1n, 8)
    const unsigned = describedInstance(fileOf(inPrivate('UV', bytes)))
    assert.match(unsigned.text, /"00191001":\[18446744073709551615,9007199254740993\]/)
    const signed = describedInstance(fileOf(inPrivate('SV', bytes)))
    assert.match(signed.text, /"00191001":\[-1,9007199254740993\]/)
  })

  test('of the same value are equal in either byte order', () => {
    const attributes = { Rows: 513, DimensionIndexValues: [1, 65536], FrameIncrementPointer: '00181063' }
    for (const key of Object.keys(attributes)) {
      const big = valueIn(attributes, key, { transferSyntaxUID: ExplicitVRBigEndian })
      assert.deepEqual(big, valueIn(attributes, key))
    }
  })
})

describe('tags, sequences and bytes', () => {
  test('a tag is eight digits', () => {
    assert.deepEqual(valueIn({ FrameIncrementPointer: '00181063' }, 'FrameIncrementPointer'), ['00181063'])
  })

  test('a sequence is a list of objects, an empty one null', () => {
    const nested = [{ CodeMeaning: 'A', EquivalentCodeSequence: [{ CodeValue: 'B ' }, {}] }]
    assert.deepEqual(valueIn({ DerivationCodeSequence: nested }, 'DerivationCodeSequence'), [
      { CodeMeaning: 'A', EquivalentCodeSequence: [{ CodeValue: 'B' }, {}] },
    ])
    assert.equal(valueIn({ DerivationCodeSequence: null }, 'DerivationCodeSequence'), null)
  })

  test('bytes are base64, words in little endian for any byte order of the file', () => {
    const words = Buffer.from([1, 0, 2, 0])
    const attributes = { '00191001': { vr: 'OW', value: words } }
    assert.equal(valueIn(attributes, '00191001'), words.toString('base64'))
    assert.equal(valueIn(attributes, '00191001', { transferSyntaxUID: ExplicitVRBigEndian }), words.toString('base64'))
    assert.equal(valueIn({ '00191001': { vr: 'OB', value: null } }, '00191001'), null)
  })

  test('a private binary value of more than a megabyte is a reference; one of a megabyte and standard ones are not', () => {
    const large = Buffer.alloc(LARGE_BINARY_BYTES + 2, 7)
    const hash = createHash('md5').update(large).digest('hex')
    for (const vr of ['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN']) {
      const value = large.subarray(0, vr === 'OD' || vr === 'OV' ? LARGE_BINARY_BYTES + 2 : undefined)
      assert.deepEqual(valueIn({ '00191001': { vr, value } }, '00191001'), { BulkDataURI: hash }, vr)
    }
    const fits = large.subarray(2)
    assert.equal(valueIn({ '00191001': { vr: 'OB', value: fits } }, '00191001'), fits.toString('base64'))
    assert.equal(valueIn({ EncapsulatedDocument: large }, 'EncapsulatedDocument'), large.toString('base64'))
  })
})

describe('elements without keyword', () => {
  test('private elements have their tag as key, and their VRs are listed', () => {
    const { own, instance } = describedInstance(
      fileOf({
        '00190010': { vr: 'LO', value: 'MAKER' },
        '001910F9': { vr: 'DS', value: '97' },
        '001910FA': { vr: 'LO', value: ['A', 'B'] },
        '001910FB': {
          vr: 'SQ',
          value: [{ '00190010': { vr: 'LO', value: 'MAKER' }, '00191002': { vr: 'UN', value: Uint8Array.of(1, 2) } }],
        },
      }),
    )
    assert.deepEqual([own['00190010'], own['001910F9'], own['001910FA']], ['MAKER', '97', ['A', 'B']])
    assert.deepEqual(own['001910FB'], [{ '00190010': 'MAKER', '00191002': 'AQI=' }])
    assert.deepEqual(instance.DICOMVRs, {
      '00190010': 'LO',
      '001910F9': 'DS',
      '001910FA': 'LO',
      '001910FB': 'SQ',
      '00191002': 'UN',
    })
  })

  test('unknown elements have their tag as key, too', () => {
    const { own, instance } = describedInstance(fileOf({ '00187FFE': { vr: 'LO', value: 'X' } }))
    assert.equal(own['00187FFE'], 'X')
    assert.deepEqual(instance.DICOMVRs, { '00187FFE': 'LO' })
  })

  test('of a repeating group the first has the keyword as key, the others their tags', () => {
    const { own, instance } = describedInstance(fileOf({ '60000010': 3, '60020010': 4 }))
    assert.deepEqual([own.OverlayRows, own['60020010']], [3, 4])
    assert.deepEqual(instance.DICOMVRs, { '60020010': 'US' })
  })

  test('no other two tags of the dictionary share a keyword', () => {
    const tags = new Map<string, string>()
    for (const line of DICTIONARY_ENTRIES.trim().split('\n')) {
      const [group, ...attributes] = line.split('|')
      for (const attribute of attributes) {
        const [element, , , keyword] = attribute.split(' ')
        assert.equal(tags.get(keyword!), undefined, keyword)
        tags.set(keyword!, `${group}${element}`)
      }
    }
  })
})

describe('what is left out', () => {
  test('pixels at every depth, group lengths, trailing padding, and misplaced file meta elements', () => {
    const { own } = describedInstance(
      fileOf(
        {
          ...UIDS,
          '00080000': { vr: 'UL', value: 90 },
          '00090000': { vr: 'UL', value: 9 },
          '00191001': { vr: 'LO', value: 'X' },
          IconImageSequence: [{ Rows: 1, PixelData: { vr: 'OW', value: new Uint8Array(2) } }],
          FloatPixelData: { vr: 'OF', value: new Uint8Array(4) },
          FFFCFFFC: { vr: 'OB', value: new Uint8Array(8) },
        },
        { pixelData: { frames: [new Uint8Array(8)] } },
      ),
    )
    const keys = Object.keys(own).filter((key) => !/^(FileMeta|MediaStorage|Implementation|TransferSyntax)/.test(key))
    assert.deepEqual(keys.toSorted(), ['00191001', 'IconImageSequence', 'SOPClassUID', 'SOPInstanceUID'])
    assert.deepEqual(own.IconImageSequence, [{ Rows: 1 }])
  })

  test('nothing of a bare data set, which gets its detected transfer syntax', () => {
    const file = parseP10(encodeDataSet({ ...UIDS, Modality: 'CT', PatientID: 'P' }))
    const { own, series, patient } = describedInstance(file)
    assert.deepEqual(own, { TransferSyntaxUID: '1.2.840.10008.1.2.1', ...UIDS })
    assert.deepEqual([series, patient], [{ Modality: 'CT' }, { PatientID: 'P' }])
  })
})

test('an instance with too much metadata is refused', () => {
  const file = fileOf({
    ...UIDS,
    ImageComments: 'x'.repeat(5_000),
    '00191001': { vr: 'OB', value: new Uint8Array(50_000) },
  })
  assert.doesNotThrow(() => describedInstance(file, { charactersMax: 80_000 }))
  for (const charactersMax of [2_000, 60_000]) {
    assert.throws(() => describedInstance(file, { charactersMax }), DicomError)
  }
})
