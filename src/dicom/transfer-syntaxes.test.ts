/** The table compared with the transfer syntaxes that AWS lists and with the encodings of PS3.5 annex A. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { dispositionOf, frameContentType, transferSyntaxOf } from './transfer-syntaxes.ts'

const AWS_UIDS = (
  '1.2 1.2.1 1.2.1.99 1.2.2 1.2.4.50 1.2.4.51 1.2.4.57 1.2.4.70 1.2.4.80 1.2.4.81 1.2.4.90 1.2.4.91 1.2.4.92 1.2.4.93 ' +
  '1.2.4.100 1.2.4.100.1 1.2.4.101 1.2.4.101.1 1.2.4.102 1.2.4.102.1 1.2.4.103 1.2.4.103.1 1.2.4.104 1.2.4.104.1 ' +
  '1.2.4.105 1.2.4.105.1 1.2.4.106 1.2.4.106.1 1.2.4.107 1.2.4.108 1.2.4.112 1.2.4.201 1.2.4.202 1.2.4.203 1.2.5'
)
  .split(' ')
  .map((tail) => `1.2.840.10008.${tail}`)

const uid = (ending: string) => `1.2.840.10008.1.2${ending}`

describe('transferSyntaxOf', () => {
  test('has a row for every transfer syntax that AWS imports', () => {
    assert.deepEqual(
      AWS_UIDS.filter((each) => transferSyntaxOf(each)?.uid !== each),
      [],
    )
  })

  test('describes the encoding of the four uncompressed transfer syntaxes', () => {
    const encoding = (ending: string) => {
      const { littleEndian, explicitVR, deflated, encapsulated } = transferSyntaxOf(uid(ending))!
      return { littleEndian, explicitVR, deflated, encapsulated }
    }
    const explicit = { littleEndian: true, explicitVR: true, deflated: false, encapsulated: false }
    assert.deepEqual(encoding(''), { ...explicit, explicitVR: false })
    assert.deepEqual(encoding('.1'), explicit)
    assert.deepEqual(encoding('.1.99'), { ...explicit, deflated: true })
    assert.deepEqual(encoding('.2'), { ...explicit, littleEndian: false })
  })

  test('compressed transfer syntaxes are encapsulated and explicit; the JPIP ones, which only reference pixels, are not encapsulated', () => {
    for (const ending of ['.4.202', '.5', '.8.1']) {
      assert.equal(transferSyntaxOf(uid(ending))?.encapsulated, true, ending)
      assert.equal(transferSyntaxOf(uid(ending))?.explicitVR, true, ending)
    }
    assert.equal(transferSyntaxOf(uid('.4.94'))?.encapsulated, false)
    assert.equal(transferSyntaxOf(uid('.4.95'))?.deflated, true)
  })

  test('returns undefined for a UID that is not in the table', () => {
    assert.equal(transferSyntaxOf('1.2.3'), undefined)
    assert.equal(transferSyntaxOf(''), undefined)
  })
})

describe('frames', () => {
  const disposition = (ending: string, isBinary = false) => dispositionOf(uid(ending), { isBinary })

  test('are transcoded, kept or unsupported as AWS documents', () => {
    const transcoded = '|.1|.1.99|.2|.4.51|.4.57|.4.70|.4.80|.4.81|.4.90|.4.92|.4.93|.4.201|.4.202|.5'.split('|')
    for (const ending of transcoded) assert.equal(disposition(ending), 'transcoded', ending)
    for (const ending of ['.4.50', '.4.91', '.4.112', '.4.203']) assert.equal(disposition(ending), 'kept', ending)
    for (const ending of ['.4.100', '.4.101.1', '.4.102', '.4.106.1', '.4.107', '.4.108'])
      assert.equal(disposition(ending), 'video', ending)
    for (const ending of ['.4.53', '.4.110', '.4.94', '.1.98', '.6.1', '.99'])
      assert.equal(disposition(ending), 'unsupported', ending)
  })

  test('of single bits are kept in explicit VR little endian only', () => {
    assert.equal(disposition('.1', true), 'kept')
    for (const ending of ['', '.1.99', '.2', '.5']) assert.equal(disposition(ending, true), 'transcoded')
  })

  test('have a codec exactly where they are supported', () => {
    for (const each of [...AWS_UIDS, uid('.4.53'), uid('.4.110'), uid('.4.94')]) {
      const { disposition, codec } = transferSyntaxOf(each)!
      assert.equal(codec === undefined, disposition === 'unsupported', each)
    }
  })

  test('have the content type of the transfer syntax in which they are stored', () => {
    const types: [string, string][] = [
      ['.1', 'application/octet-stream'],
      ['.4.50', 'image/jpeg'],
      ['.4.91', 'image/j2c'],
      ['.4.100.1', 'video/mpeg'],
      ['.4.105', 'video/mp4'],
      ['.4.108', 'video/H256'],
      ['.4.202', 'image/jph'],
      ['.4.203', 'image/jphc'],
      ['.4.112', 'image/jxl'],
      ['.4.90', 'image/j2c'],
      ['.99', 'application/octet-stream'],
    ]
    for (const [ending, type] of types) assert.equal(frameContentType(uid(ending)), type, ending)
  })
})
