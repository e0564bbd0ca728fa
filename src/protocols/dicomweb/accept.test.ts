import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ContractError } from '../../contract/errors.ts'
import { runs } from '../../fixtures/soak.ts'
import { acceptedRanges, acceptsGzip } from './accept.ts'
import { wantedBulkdata, wantedFiles, wantedFrames } from './wanted-syntaxes.ts'

const read = (header: string | undefined) =>
  acceptedRanges(header).map(({ type, parameters }) => [type, Object.fromEntries(parameters)])

describe('the header Accept', () => {
  test('is read with its parameters, quoted or not', () => {
    assert.deepEqual(
      read(
        'Multipart/Related; type="application/octet-stream"; transfer-syntax=*, image/jphc ;q=0.5;transfer-syntax=1.2.3',
      ),
      [
        ['multipart/related', { type: 'application/octet-stream', 'transfer-syntax': '*' }],
        ['image/jphc', { 'transfer-syntax': '1.2.3' }],
      ],
    )
    assert.deepEqual(read('multipart/related; type=application/dicom;'), [
      ['multipart/related', { type: 'application/dicom' }],
    ])
    assert.deepEqual(read('a/b; c="d, \\"e\\"; f"'), [['a/b', { c: 'd, "e"; f' }]])
  })

  test('is in the order of preference, without the types that are excluded', () => {
    assert.deepEqual(
      read('a/a;q=0.1, b/b, , c/c;q=0, d/d;q=0.9, e/e;q=1.0').map(([type]) => type),
      ['b/b', 'e/e', 'd/d', 'a/a'],
    )
  })

  test('that is absent or empty accepts everything', () => {
    assert.deepEqual([read(undefined), read(' ')], [[['*/*', {}]], [['*/*', {}]]])
  })

  test('that is malformed is refused with an example', () => {
    for (const header of ['x', 'a/b; c', 'a/b; q=x', 'a/b; c="d', 'a b/c', '"a/b"', 'a/b; q=', '/', 'a/b, c'])
      assert.throws(
        () => acceptedRanges(header),
        (error) =>
          error instanceof ContractError && error.name === 'ValidationException' && /example/.test(error.message),
        header,
      )
  })
})

test('gzip is sent to clients that take it', () => {
  const taken = ['gzip', 'br, gzip;q=0.5', '*', 'GZIP'].map(acceptsGzip)
  const refused = [undefined, '', 'identity', 'gzip;q=0', 'gzip; q=0.0', '*;q=0', 'gzipped'].map(acceptsGzip)
  assert.deepEqual([new Set(taken), new Set(refused)], [new Set([true]), new Set([false])])
})

describe('what a client wants', () => {
  const frames = (header: string, isSingle = true) =>
    wantedFrames(acceptedRanges(header), { isSingle }).map((form) => Object.values(form))

  test('of frames', () => {
    assert.deepEqual(frames('*/*'), [['default', undefined, true]])
    assert.deepEqual(frames('application/octet-stream; transfer-syntax=*'), [['stored', undefined, false]])
    assert.deepEqual(frames('multipart/related; type="image/jphc"; transfer-syntax=1.2.840'), [
      ['1.2.840', 'image/jphc', true],
    ])
    assert.deepEqual(frames('text/html, image/*, video/mp4'), [
      ['default', 'image/*', false],
      ['default', 'video/mp4', false],
    ])
  })

  test('of several frames: only multipart/related', () => {
    assert.deepEqual(frames('image/jphc, multipart/related; type="image/jphc"', false), [
      ['default', 'image/jphc', true],
    ])
    assert.throws(() => frames('image/jphc', false), /Several frames are sent only as multipart\/related/)
  })

  test('of a file and of bulk data, which are alone for a client that accepts everything', () => {
    assert.deepEqual(wantedFiles(acceptedRanges('*/*')), [
      { transferSyntax: 'default', frameType: undefined, isMultipart: false },
    ])
    assert.deepEqual(
      wantedFiles(acceptedRanges('multipart/related; type="application/dicom"; transfer-syntax=*'))[0]!.isMultipart,
      true,
    )
    assert.equal(wantedBulkdata(acceptedRanges('*/*'))[0]!.isMultipart, false)
  })

  test('in a transfer syntax that is no UID is nothing', () => {
    assert.throws(() => frames('application/octet-stream; transfer-syntax=<x>'), /NotAcceptable|Frames are sent as/)
  })
})

test('any header is read or refused, in bounded time', () => {
  const token = fc.constantFrom(
    ...[
      '*/*',
      'multipart/related',
      'application/dicom',
      'image/jphc',
      ';',
      ',',
      '=',
      '"',
      '\\',
      'type',
      'q',
      '0.5',
      ' ',
    ],
    ...['transfer-syntax', '*', '1.2.840.10008.1.2.1', 'application/octet-stream', '\t', 'é', '/'],
  )
  const header = fc
    .array(fc.oneof(token, fc.string({ maxLength: 4 })), { maxLength: 60 })
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(header, (text) => {
      for (const read of [
        () => wantedFrames(acceptedRanges(text), { isSingle: true }),
        () => wantedFiles(acceptedRanges(text)),
        () => wantedBulkdata(acceptedRanges(text)),
      ]) {
        try {
          assert.ok(read().length > 0)
        } catch (error) {
          assert.ok(error instanceof ContractError && error.status < 500, String(error))
        }
      }
    }),
    { numRuns: runs(3_000), seed: 1 },
  )
  // Each would take minutes if a pattern backtracked.
  for (const text of [
    `a/b${'; c=d'.repeat(6_000)}`,
    `a/b; c="${'\\"'.repeat(15_000)}`,
    ' '.repeat(32_000),
    ','.repeat(32_000),
    `${'a/b,'.repeat(8_000)}`,
  ]) {
    try {
      acceptedRanges(text)
    } catch (error) {
      assert.ok(error instanceof ContractError)
    }
  }
})
