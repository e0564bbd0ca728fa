import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dispositionOf, frameContentType } from './stored-syntax.ts'

const uid = (ending: string) => `1.2.840.10008.1.2${ending}`
const disposition = (ending: string, isBinary = false) => dispositionOf(uid(ending), { isBinary })

test('what is transcoded, kept or not supported is as AWS has it', () => {
  const transcoded = '|.1|.1.99|.2|.4.51|.4.57|.4.70|.4.80|.4.81|.4.90|.4.92|.4.93|.4.201|.4.202|.5'.split('|')
  for (const ending of transcoded) assert.equal(disposition(ending), 'transcoded', ending)
  for (const ending of ['.4.50', '.4.91', '.4.112', '.4.203']) assert.equal(disposition(ending), 'kept', ending)
  for (const ending of ['.4.100', '.4.101.1', '.4.102', '.4.106.1', '.4.107', '.4.108'])
    assert.equal(disposition(ending), 'video', ending)
  for (const ending of ['.4.53', '.4.110', '.4.94', '.1.98', '.6.1', '.99'])
    assert.equal(disposition(ending), 'unsupported', ending)
})

test('single bits are kept in explicit little endian and nowhere else', () => {
  assert.equal(disposition('.1', true), 'kept')
  for (const ending of ['', '.1.99', '.2', '.5']) assert.equal(disposition(ending, true), 'transcoded')
})

test('the content type follows the stored syntax', () => {
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
