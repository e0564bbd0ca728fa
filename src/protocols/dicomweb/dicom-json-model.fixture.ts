/** Checks JSON against the DICOM JSON model (PS3.18 F.2): the shape of objects, attributes and values. */
import assert from 'node:assert/strict'
import type { JsonAttribute } from './dicomweb.fixture.ts'

const TEXT = new Set('AE AS CS DA DT LO LT SH ST TM UC UI UR UT'.split(' '))
const BINARY = new Set('OB OD OF OL OV OW UN'.split(' '))
const INTEGERS: Readonly<Record<string, readonly [number, number]>> = {
  US: [0, 0xffff],
  SS: [-0x8000, 0x7fff],
  UL: [0, 0xffff_ffff],
  SL: [-0x8000_0000, 0x7fff_ffff],
}
const NO_NUMBERS = ['NaN', 'inf', '-inf']

/** @throws AssertionError with the path of what is wrong */
export function checkDicomJson(objects: unknown): void {
  assert.ok(Array.isArray(objects), 'the answer is an array')
  for (const [index, object] of objects.entries()) checkObject(object, `[${index}]`, { isItem: false })
}

function checkObject(object: unknown, path: string, { isItem }: { readonly isItem: boolean }): void {
  assert.ok(typeof object === 'object' && object !== null && !Array.isArray(object), `${path} is an object`)
  // JavaScript lists keys that look like array indexes first, whatever their order in the text.
  const tags = Object.keys(object).filter((tag) => !/^[1-9]\d*$/.test(tag))
  assert.deepEqual(tags, [...tags].sort(), `${path} has its tags in ascending order`)
  for (const [tag, attribute] of Object.entries(object)) {
    const at = `${path}.${tag}`
    assert.match(tag, /^[0-9A-F]{8}$/, at)
    assert.ok(!tag.endsWith('0000'), `${at} is no group length`)
    assert.ok(!tag.startsWith('0002') || (tag === '00020010' && !isItem), `${at} is not of the file meta information`)
    checkAttribute(attribute as JsonAttribute, at)
    if (tag === '00080005') assert.deepEqual((attribute as JsonAttribute).Value, ['ISO_IR 192'], at)
  }
}

function checkAttribute(attribute: JsonAttribute, at: string): void {
  const { vr, Value, InlineBinary, BulkDataURI, ...others } = attribute
  assert.deepEqual(others, {}, at)
  const given = [Value, InlineBinary, BulkDataURI].filter((value) => value !== undefined)
  assert.ok(given.length <= 1, `${at} has at most one of Value, InlineBinary and BulkDataURI`)
  assert.ok(
    TEXT.has(vr) || BINARY.has(vr) || vr in INTEGERS || /^(AT|PN|IS|DS|FL|FD|SV|UV|SQ)$/.test(vr),
    `${at} ${vr}`,
  )
  if (BulkDataURI !== undefined) assert.doesNotThrow(() => new URL(BulkDataURI), at)
  if (BINARY.has(vr)) {
    assert.equal(Value, undefined, at)
    if (InlineBinary !== undefined)
      assert.match(InlineBinary, /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, at)
    return
  }
  assert.equal(InlineBinary, undefined, at)
  if (Value === undefined) return
  assert.ok(Array.isArray(Value) && Value.length > 0, `${at} has values, or no Value`)
  for (const [index, value] of Value.entries()) checkValue(vr, value, `${at}[${index}]`)
}

function checkValue(vr: string, value: unknown, at: string): void {
  if (value === null) assert.notEqual(vr, 'SQ', at)
  else if (vr === 'SQ') checkObject(value, at, { isItem: true })
  else if (TEXT.has(vr)) assert.ok(typeof value === 'string' && value !== '', at)
  else if (vr === 'AT') assert.match(String(value), /^[0-9A-F]{8}$/, at)
  else if (vr === 'PN') checkName(value, at)
  else if (vr === 'FL' || vr === 'FD') assert.ok(typeof value === 'number' || NO_NUMBERS.includes(String(value)), at)
  else if (vr in INTEGERS) {
    const [min, max] = INTEGERS[vr]!
    assert.ok(Number.isInteger(value) && (value as number) >= min && (value as number) <= max, at)
  } else assert.ok(typeof value === 'number' || (typeof value === 'string' && value !== ''), at)
}

function checkName(value: unknown, at: string): void {
  assert.ok(typeof value === 'object' && value !== null, at)
  const groups = Object.entries(value)
  assert.ok(groups.length > 0, `${at} has a group`)
  for (const [group, name] of groups) {
    assert.ok(['Alphabetic', 'Ideographic', 'Phonetic'].includes(group) && typeof name === 'string' && name !== '', at)
  }
}
