/** The sentences of faults; and no pattern of the contract backtracks without bound. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MetadataFilePath } from '../../contract/import-jobs.ts'
import { operations } from '../../contract/operations.ts'
import {
  blob,
  integer,
  listOf,
  mapOf,
  memberOf,
  oneOf,
  optional,
  type Shape,
  type StringShape,
  string,
  structure,
} from '../../contract/shapes.ts'
import { FAULTS_MAX, type Fault, INPUT, validationError } from './faults.ts'
import { checkOf, patternOf } from './validate.ts'

function messageOf(shape: Shape, value: unknown): string {
  const faults: Fault[] = []
  checkOf(structure({ member: shape }))({ member: value } as never, INPUT, faults)
  return faults.length === 0 ? '' : validationError(faults).message
}

describe('a broken limit', () => {
  const one = "1 validation error detected: Value '"
  const cases: [shape: Shape, value: unknown, message: string][] = [
    [
      string({ max: 2 }),
      'abc',
      `${one}abc' at 'member' failed to satisfy constraint: Member must have length less than or equal to 2`,
    ],
    [
      string({ min: 1 }),
      '',
      `${one}' at 'member' failed to satisfy constraint: Member must have length greater than or equal to 1`,
    ],
    [
      string({ pattern: 'a|b' }),
      'ab',
      `${one}ab' at 'member' failed to satisfy constraint: Member must satisfy regular expression pattern: a|b`,
    ],
    [
      oneOf('A', 'B'),
      'C',
      `${one}C' at 'member' failed to satisfy constraint: Member must satisfy enum value set: [A, B]`,
    ],
    [
      integer({ max: 50 }),
      51,
      `${one}51' at 'member' failed to satisfy constraint: Member must have value less than or equal to 50`,
    ],
    [
      integer({ min: 1 }),
      0,
      `${one}0' at 'member' failed to satisfy constraint: Member must have value greater than or equal to 1`,
    ],
    [
      string(),
      undefined,
      "1 validation error detected: Value null at 'member' failed to satisfy constraint: Member must not be null",
    ],
    [
      string({ max: 2, sensitive: true }),
      'abc',
      "1 validation error detected: Value at 'member' failed to satisfy constraint: Member must have length less than or equal to 2",
    ],
    [
      blob({ max: 1 }),
      Buffer.from('ab'),
      "1 validation error detected: Value at 'member' failed to satisfy constraint: Member must have length less than or equal to 1",
    ],
    [
      listOf(string({ max: 1 })),
      ['a', 'bc'],
      `${one}bc' at 'member.2.member' failed to satisfy constraint: Member must have length less than or equal to 1`,
    ],
    [
      structure({ inner: listOf(string(), { max: 1 }) }),
      { inner: ['a', 'b'] },
      "1 validation error detected: Value at 'member.inner' failed to satisfy constraint: Member must have length less than or equal to 1",
    ],
    [
      mapOf(string({ max: 1 }), string({ max: 1 })),
      { ab: 'c', d: 'ef', gh: 'i' },
      "2 validation errors detected: Value at 'member' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 1]; Value at 'member' failed to satisfy constraint: Map values must satisfy constraint: [Member must have length less than or equal to 1]",
    ],
    [
      string({ max: 1, pattern: 'x' }),
      'ab',
      `2 validation errors detected: Value 'ab' at 'member' failed to satisfy constraint: Member must have length less than or equal to 1; Value 'ab' at 'member' failed to satisfy constraint: Member must satisfy regular expression pattern: x`,
    ],
    [
      string({ pattern: 'x' }),
      'y'.repeat(100),
      `${one}${'y'.repeat(64)}...' at 'member' failed to satisfy constraint: Member must satisfy regular expression pattern: x`,
    ],
  ]
  for (const [shape, value, message] of cases) {
    test(`is reported as: ${message.slice(0, 150)}`, () => assert.equal(messageOf(shape, value), message))
  }

  test('counts length in characters, not in UTF-16 code units', () => {
    assert.equal(messageOf(string({ min: 2, max: 2 }), '😀😀'), '')
    assert.match(messageOf(string({ min: 2, max: 2 }), '😀'), /greater than or equal to 2/)
    assert.match(messageOf(string({ min: 2, max: 2 }), '😀😀😀'), /less than or equal to 2/)
  })

  test('has a JSON pointer, and at most 32 are reported', () => {
    const faults: Fault[] = []
    const check = checkOf(structure({ outer: listOf(structure({ inner: string() })), other: optional(string()) }))
    check({ outer: Array(10_000).fill({}) } as never, INPUT, faults)
    assert.equal(faults.length, FAULTS_MAX)
    assert.equal(validationError(faults).fields[1]?.path, '/outer/1/inner')
  })
})

describe('the patterns of the contract', () => {
  const strings = new Map<string, StringShape>()
  const collect = (shape: Shape): void => {
    if (shape.kind === 'string' && shape.pattern !== undefined) strings.set(shape.pattern, shape)
    if (shape.kind === 'list') collect(shape.item)
    if (shape.kind === 'map') [shape.key, shape.item].forEach(collect)
    if (shape.kind === 'structure' || shape.kind === 'union') {
      for (const member of Object.values(shape.members)) collect(memberOf(member).shape)
    }
  }
  for (const { input } of Object.values(operations)) collect(input)

  test('are found in the inputs', () => assert.ok(strings.size >= 13, `${strings.size}`))

  for (const [pattern, shape] of strings) {
    test(`match hostile text in linear time: ${pattern.slice(0, 60)}`, () => {
      const prefixes = [
        '',
        'arn:aws',
        'arn:aws-:iam::123456789012:role/',
        'arn:aws:kms:us-east-1:123456789012:alias/',
        'arn:aws:lambda:us-east-1:123456789012:function:',
        's3://',
      ]
      const pieces = ['a', '-', 'a-', '1', '/', 'a ', ' ', '.', ':', '-a1', '\u{1F600}']
      const compiled = patternOf(shape) as RegExp
      const startedAt = performance.now()
      for (const prefix of prefixes) {
        for (const piece of pieces) {
          for (const end of ['', '\n', '\u00e9']) compiled.test(`${prefix}${piece.repeat(10_000 / piece.length)}${end}`)
        }
      }
      const elapsedMs = performance.now() - startedAt
      assert.ok(elapsedMs < 2_000, `${prefixes.length * pieces.length * 3} texts took ${elapsedMs} ms`)
    })
  }

  test("the linear form of the MetadataFilePath pattern matches the same texts as AWS's", () => {
    const ours = patternOf(MetadataFilePath) as RegExp
    const theirs = new RegExp(`^(?:${MetadataFilePath.pattern})$`)
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '~', '!', ' ', '/', '\u00e9', '\n'), maxLength: 10 }),
        (text) => {
          assert.equal(ours.test(text), theirs.test(text), JSON.stringify(text))
        },
      ),
      { seed: 3, numRuns: 20_000 },
    )
  })
})
