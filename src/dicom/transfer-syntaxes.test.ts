/** The table against the rows AWS lists and against the layouts of PS3.5 annex A. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { transferSyntaxOf } from './transfer-syntaxes.ts'

const AWS_UIDS = (
  '1.2 1.2.1 1.2.1.99 1.2.2 1.2.4.50 1.2.4.51 1.2.4.57 1.2.4.70 1.2.4.80 1.2.4.81 1.2.4.90 1.2.4.91 1.2.4.92 1.2.4.93 ' +
  '1.2.4.100 1.2.4.100.1 1.2.4.101 1.2.4.101.1 1.2.4.102 1.2.4.102.1 1.2.4.103 1.2.4.103.1 1.2.4.104 1.2.4.104.1 ' +
  '1.2.4.105 1.2.4.105.1 1.2.4.106 1.2.4.106.1 1.2.4.107 1.2.4.108 1.2.4.112 1.2.4.201 1.2.4.202 1.2.4.203 1.2.5'
)
  .split(' ')
  .map((tail) => `1.2.840.10008.${tail}`)

describe('transferSyntaxOf', () => {
  test('knows every transfer syntax that AWS imports', () => {
    assert.deepEqual(
      AWS_UIDS.filter((uid) => transferSyntaxOf(uid)?.uid !== uid),
      [],
    )
  })

  test('tells the byte layout of the four uncompressed syntaxes', () => {
    const layout = (uid: string) => {
      const { littleEndian, explicitVR, deflated, encapsulated } = transferSyntaxOf(uid)!
      return { littleEndian, explicitVR, deflated, encapsulated }
    }
    const explicit = { littleEndian: true, explicitVR: true, deflated: false, encapsulated: false }
    assert.deepEqual(layout('1.2.840.10008.1.2'), { ...explicit, explicitVR: false })
    assert.deepEqual(layout('1.2.840.10008.1.2.1'), explicit)
    assert.deepEqual(layout('1.2.840.10008.1.2.1.99'), { ...explicit, deflated: true })
    assert.deepEqual(layout('1.2.840.10008.1.2.2'), { ...explicit, littleEndian: false })
  })

  test('marks compressed syntaxes as encapsulated and explicit, but not the JPIP references, which hold no pixels', () => {
    for (const uid of ['1.2.840.10008.1.2.4.202', '1.2.840.10008.1.2.5', '1.2.840.10008.1.2.8.1']) {
      assert.equal(transferSyntaxOf(uid)?.encapsulated, true, uid)
      assert.equal(transferSyntaxOf(uid)?.explicitVR, true, uid)
    }
    assert.equal(transferSyntaxOf('1.2.840.10008.1.2.4.94')?.encapsulated, false)
    assert.equal(transferSyntaxOf('1.2.840.10008.1.2.4.95')?.deflated, true)
  })

  test('answers undefined for a UID it does not hold', () => {
    assert.equal(transferSyntaxOf('1.2.3'), undefined)
    assert.equal(transferSyntaxOf(''), undefined)
  })
})
