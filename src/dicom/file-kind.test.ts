import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import { fileKindOf } from './file-kind.ts'

const kindOf = (bytes: Uint8Array, sizeBytes = bytes.length) => fileKindOf(bytes, sizeBytes)
const hex = (digits: string) => Buffer.from(digits, 'hex')

test('archives, pictures, documents and text are recognised', () => {
  assert.equal(kindOf(gzipSync('DICM')), 'a gzip archive')
  assert.equal(kindOf(hex('504b030414000000')), 'a zip archive')
  assert.equal(kindOf(Buffer.concat([Buffer.alloc(257, 'x'), Buffer.from('ustar\x0000')])), 'a tar archive')
  assert.equal(kindOf(hex('89504e470d0a1a0a0000000d')), 'a PNG picture')
  assert.equal(kindOf(hex('ffd8ffe000104a464946')), 'a JPEG picture')
  assert.equal(kindOf(Buffer.from('%PDF-1.7\n')), 'a PDF document')
  assert.equal(kindOf(Buffer.from('Patient: siehe Müller\r\n')), 'a text file')
  assert.equal(kindOf(Buffer.from('ü'.repeat(3_000)).subarray(0, 5_001)), 'a text file')
  assert.equal(kindOf(hex('0005160700020000')), 'an AppleDouble file of macOS')
  assert.equal(kindOf(hex('0800050043530a00')), 'a DICOM data set without preamble and file meta information')
})

test('an empty file is recognised, and a file of zeros where all of it was read', () => {
  assert.equal(kindOf(new Uint8Array()), 'empty')
  assert.equal(kindOf(new Uint8Array(4_096)), 'a file of only zero bytes')
  assert.equal(kindOf(new Uint8Array(4_096), 5_000), 'a file that begins with 4096 zero bytes')
})

test('an unknown file is reported as unknown, and no content is quoted', () => {
  assert.equal(kindOf(deflateSync('DOE^JANE')), 'a file of a kind that Hilum does not know')
  assert.equal(kindOf(hex('00')), 'a file of only zero bytes')
  assert.equal(kindOf(hex('fe')), 'a file of a kind that Hilum does not know')
})
