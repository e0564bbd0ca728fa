/** The accessors of a data set for each value representation, in explicit and implicit VR and both byte orders (PS3.5 6.2). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DataSet } from './data-set.ts'
import { type Attributes, encodeP10 } from './encode.ts'
import { parseP10 } from './parse.ts'

const EXPLICIT = '1.2.840.10008.1.2.1'
const IMPLICIT = '1.2.840.10008.1.2'
const BIG_ENDIAN = '1.2.840.10008.1.2.2'

function dataSetOf(attributes: Attributes, transferSyntaxUID = EXPLICIT): DataSet {
  return parseP10(encodeP10({ transferSyntaxUID, attributes })).dataSet
}

/** An element with exactly these bytes as its value. */
function raw(vr: string, text: string) {
  return { vr, value: Uint8Array.from(Buffer.from(text, 'latin1')) }
}

describe('text', () => {
  test('is undefined where absent and null where empty or blank', () => {
    const dataSet = dataSetOf({ PatientID: null, AccessionNumber: raw('SH', '  '), StationName: raw('SH', ' \x13\0 ') })
    assert.equal(dataSet.string('00100010'), undefined)
    for (const tag of ['00100020', '00080050', '00081010']) {
      assert.equal(dataSet.has(tag), true)
      assert.equal(dataSet.string(tag), null)
      assert.equal(dataSet.rawString(tag), null)
      assert.deepEqual(dataSet.strings(tag), [])
    }
  })

  test('is returned without padding, spaces and NULs alike', () => {
    const dataSet = dataSetOf({
      SOPClassUID: raw('UI', '1.2.3\0'),
      PatientID: raw('LO', ' P1 '),
      Modality: raw('CS', 'CT\0\0'),
    })
    assert.equal(dataSet.string('00080016'), '1.2.3')
    assert.equal(dataSet.string('00100020'), 'P1')
    assert.equal(dataSet.string('00080060'), 'CT')
  })

  test('of IS and DS keeps its trailing padding only when requested raw', () => {
    const dataSet = dataSetOf({
      SeriesNumber: raw('IS', '  1 '),
      PixelSpacing: raw('DS', '0.25\\0.25 '),
      Modality: raw('CS', 'YES '),
    })
    assert.equal(dataSet.string('00200011'), '1')
    assert.equal(dataSet.rawString('00200011'), '1 ')
    assert.deepEqual(dataSet.strings('00280030'), ['0.25', '0.25'])
    assert.deepEqual(dataSet.rawStrings('00280030'), ['0.25', '0.25 '])
    assert.equal(dataSet.rawString('00080060'), 'YES')
  })

  test('splits at backslashes, but not in ST, LT and UT, which also keep their leading spaces', () => {
    const dataSet = dataSetOf({
      ImageType: raw('CS', 'ORIGINAL\\ PRIMARY \\\\AXIAL '),
      ImageComments: raw('LT', '  a\\b '),
    })
    assert.deepEqual(dataSet.strings('00080008'), ['ORIGINAL', 'PRIMARY', '', 'AXIAL'])
    assert.equal(dataSet.string('00080008'), 'ORIGINAL\\ PRIMARY \\\\AXIAL')
    assert.deepEqual(dataSet.strings('00204000'), ['  a\\b'])
    assert.equal(dataSet.string('00204000'), '  a\\b')
  })

  test('of numbers is decimal and of tags hex; bytes and sequences have no text', () => {
    const dataSet = dataSetOf({
      Rows: 512,
      FrameIncrementPointer: { vr: 'AT', value: Uint8Array.of(0x18, 0, 0x63, 0x10) },
      ReferencedStudySequence: [],
      '00091010': { vr: 'OB', value: Uint8Array.of(1, 2) },
    })
    assert.equal(dataSet.string('00280010'), '512')
    assert.equal(dataSet.string('00280009'), '00181063')
    assert.equal(dataSet.string('00081110'), null)
    assert.equal(dataSet.string('00091010'), null)
    assert.deepEqual(dataSet.strings('00091010'), [])
  })
})

describe('the character set', () => {
  test('decodes the text VRs, and does not affect the ASCII VRs', () => {
    const dataSet = dataSetOf({
      SpecificCharacterSet: raw('CS', 'ISO_IR 192'),
      PatientName: raw('PN', Buffer.from('Müller^Jörg', 'utf8').toString('latin1')),
      Modality: raw('CS', '\xc3\xa9'),
    })
    assert.equal(dataSet.string('00100010'), 'Müller^Jörg')
    assert.notEqual(dataSet.string('00080060'), 'é')
  })

  test('is inherited by items that do not have their own', () => {
    const inGreek = raw('LO', '\xc4\xe9')
    const dataSet = dataSetOf({
      SpecificCharacterSet: raw('CS', 'ISO_IR 126'),
      RequestAttributesSequence: [
        { ScheduledProcedureStepDescription: inGreek },
        { SpecificCharacterSet: raw('CS', 'ISO_IR 144'), ScheduledProcedureStepDescription: inGreek },
      ],
    })
    const items = dataSet.items('00400275')
    assert.deepEqual(
      items.map((item) => item.string('00400007')),
      ['Δι', 'Фщ'],
    )
  })

  test('that is unknown is reported', () => {
    assert.deepEqual(dataSetOf({ SpecificCharacterSet: raw('CS', 'KLINGON') }).unknownCharacterSets(), ['KLINGON'])
    assert.deepEqual(dataSetOf({ PatientID: 'P1' }).unknownCharacterSets(), [])
  })
})

describe('numbers', () => {
  const attributes: Attributes = {
    Rows: 65535,
    PixelRepresentation: 1,
    SmallestImagePixelValue: -5,
    ReferencedWaveformChannels: [1, 2],
    SimpleFrameList: [4294967295],
    ReferencePixelX0: -70000,
    EventElapsedTimes: raw('DS', '1.5\\ 2 \\\\x'),
    InstanceNumber: '7',
    RecommendedDisplayFrameRateInFloat: 0.5,
    DiffusionBValue: 1000.25,
  }
  for (const transferSyntaxUID of [EXPLICIT, IMPLICIT, BIG_ENDIAN]) {
    test(`have the same value in ${transferSyntaxUID}`, () => {
      const dataSet = dataSetOf(attributes, transferSyntaxUID)
      assert.equal(dataSet.number('00280010'), 65535)
      assert.equal(dataSet.vr('00280106'), 'SS')
      assert.equal(dataSet.number('00280106'), -5)
      assert.deepEqual(dataSet.numbers('0040A0B0'), [1, 2])
      assert.equal(dataSet.number('00081161'), 4294967295)
      assert.equal(dataSet.number('00186020'), -70000)
      assert.equal(dataSet.number('00200013'), 7)
      assert.equal(dataSet.number('00089459'), 0.5)
      assert.equal(dataSet.number('00189087'), 1000.25)
      assert.deepEqual(dataSet.numbers('00082130'), [1.5, 2, Number.NaN, Number.NaN])
    })
  }

  test('of 64 bits are read', () => {
    const eight = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
    const dataSet = dataSetOf({
      '00091010': { vr: 'SV', value: eight },
      '00091011': { vr: 'UV', value: Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0) },
    })
    assert.equal(dataSet.number('00091010'), -1)
    assert.equal(dataSet.number('00091011'), 2)
  })

  test('are undefined where absent, empty, not a number or not of a numeric VR', () => {
    const dataSet = dataSetOf({
      Rows: null,
      InstanceNumber: raw('IS', 'x '),
      SeriesNumber: raw('IS', '  '),
      PatientID: '12',
    })
    for (const tag of ['00280011', '00280010', '00200013', '00200011', '00100020'])
      assert.equal(dataSet.number(tag), undefined)
    assert.deepEqual(dataSet.numbers('00100020'), [])
  })
})

describe('the value representation', () => {
  test('comes from the dictionary in implicit VR', () => {
    const attributes = {
      PatientName: 'A',
      '60023000': raw('OW', 'ab'),
      '00090010': raw('LO', 'ME'),
      '00091001': raw('UN', 'ab'),
    }
    const dataSet = dataSetOf({ ...attributes, ReferencedStudySequence: [{ Rows: 1 }] }, IMPLICIT)
    const found = Object.fromEntries([...dataSet.tags()].map((tag) => [tag, dataSet.vr(tag)]))
    assert.deepEqual(found, {
      '00081110': 'SQ',
      '00090010': 'LO',
      '00091001': 'UN',
      '00100010': 'PN',
      '60023000': 'OW',
    })
    assert.equal(dataSet.items('00081110')[0]?.number('00280010'), 1)
  })

  test('of US or SS follows the pixel representation around it, also of an enclosing data set', () => {
    const attributes = { SmallestImagePixelValue: raw('SS', '\xfe\xff') }
    const signed = dataSetOf({ ...attributes, PixelRepresentation: 1, ReferencedStudySequence: [attributes] }, IMPLICIT)
    assert.equal(signed.number('00280106'), -2)
    assert.equal(signed.items('00081110')[0]?.number('00280106'), -2)
    assert.equal(dataSetOf({ SmallestImagePixelValue: raw('US', '\xfe\xff') }, IMPLICIT).number('00280106'), 65534)
  })

  test('of UN in explicit VR is the one of the dictionary where the tag is known', () => {
    const dataSet = dataSetOf({ PatientID: raw('UN', 'P1'), Rows: raw('UN', '\x02\x01'), '00091001': raw('UN', 'ab') })
    assert.equal(dataSet.string('00100020'), 'P1')
    assert.equal(dataSet.number('00280010'), 258)
    assert.equal(dataSet.vr('00091001'), 'UN')
  })
})

describe('elements', () => {
  test('are listed in tag order, and the first of two with one tag counts', () => {
    const at = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')
    const meta = encodeP10({ transferSyntaxUID: EXPLICIT, attributes: {} })
    const bytes = Buffer.concat([
      meta,
      at('10002000 4c4f0200 5031'),
      at('08006000 43530200 4354'),
      at('10002000 4c4f0200 5032'),
    ])
    const { dataSet } = parseP10(bytes)
    assert.deepEqual([...dataSet.tags()], ['00080060', '00100020'])
    assert.equal(dataSet.string('00100020'), 'P1')
  })

  test('give their bytes as a view that copies nothing', () => {
    const file = encodeP10({ transferSyntaxUID: EXPLICIT, attributes: { '00091010': raw('OB', 'abcd') } })
    const bytes = parseP10(file).dataSet.bytes('00091010')!
    assert.equal(Buffer.from(bytes).toString(), 'abcd')
    assert.equal(bytes.buffer, file.buffer)
    assert.equal(parseP10(file).dataSet.bytes('00091011'), undefined)
  })
})
