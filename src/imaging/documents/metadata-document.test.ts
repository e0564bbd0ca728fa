/** Documents as gzip files: every reader gets one member with one JSON document. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32, deflateRawSync, gunzipSync, inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { crc32OfJoined } from './crc32-joined.ts'
import { describedInstance, fileOf, SERIES, SOP } from './metadata.fixture.ts'
import { gzipAround } from './metadata-document.ts'

const IDS = { DatastoreID: '0123456789abcdef0123456789abcdef', ImageSetID: 'fedcba9876543210fedcba9876543210' }

function gzipFile(content: string): Buffer {
  const json = Buffer.from(content)
  const { before, after } = gzipAround(IDS, { crc32: crc32(json), contentBytes: json.length })
  return Buffer.concat([before, deflateRawSync(json), after])
}

test('a body becomes the gzip file of its image set, starting with the ids', () => {
  const { text } = describedInstance(fileOf({ PatientName: 'Müller', SpecificCharacterSet: 'ISO_IR 100' }))
  const document = JSON.parse(gunzipSync(gzipFile(text.slice(1))).toString())
  assert.deepEqual(Object.entries(document).slice(0, 3), [['SchemaVersion', '1.1'], ...Object.entries(IDS)])
  assert.deepEqual(document.Patient, { DICOM: { PatientName: 'Müller' } })
  assert.ok(document.Study.Series[SERIES].Instances[SOP])
})

test('it is one gzip member, for readers that stop after the first', () => {
  const gzip = gzipFile('"a":1}')
  assert.equal(inflateRawSync(gzip.subarray(10, -8)).toString(), gunzipSync(gzip).toString())
})

test('a wrong checksum or length of the body is detected when it is unpacked', () => {
  const json = Buffer.from('"a":1}')
  for (const wrong of [{ crc32: crc32(json) ^ 1 }, { contentBytes: json.length + 1 }]) {
    const { before, after } = gzipAround(IDS, { crc32: crc32(json), contentBytes: json.length, ...wrong })
    assert.throws(() => gunzipSync(Buffer.concat([before, deflateRawSync(json), after])))
  }
})

test('the checksum of concatenated bytes is that of the whole', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 3_000 }), (first, second) => {
      const joined = crc32OfJoined(crc32(first), { crc32: crc32(second), lengthBytes: second.length })
      assert.equal(joined, crc32(Buffer.concat([first, second])))
    }),
    { seed: 20260101, numRuns: 500 },
  )
})

test('also for more bytes than 32 bits can count', () => {
  const mebibyte = Buffer.alloc(2 ** 20, 7)
  let whole = { crc32: crc32(mebibyte), lengthBytes: mebibyte.length }
  for (let doubled = 0; doubled < 13; doubled++) {
    whole = { crc32: crc32OfJoined(whole.crc32, whole), lengthBytes: whole.lengthBytes * 2 }
  }
  let piecewise = 0
  for (let part = 0; part < 2 ** 13; part++) {
    piecewise = crc32OfJoined(piecewise, { crc32: crc32(mebibyte.subarray(0, 2 ** 10)), lengthBytes: 2 ** 10 })
  }
  assert.equal(whole.lengthBytes, 2 ** 33)
  assert.equal(piecewise, crc32(Buffer.alloc(2 ** 23, 7)))
  assert.equal(crc32OfJoined(whole.crc32, { crc32: 0, lengthBytes: 0 }), whole.crc32)
})
