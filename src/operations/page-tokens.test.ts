import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ContractError } from '../contract/errors.ts'
import { openPageTokens, positionOfPage, takePage } from './page-tokens.ts'

const secret = new Uint8Array(32).fill(1)
const tokens = openPageTokens(secret)
const request = ['SearchImageSets', 'store', { filters: [] }]
const position = { key: 1700000000123, rowId: 7, snapshotVersion: 9 }

test('a token returns its position for the same request', () => {
  assert.deepEqual(tokens.open(request, tokens.seal(request, position)), position)
  assert.deepEqual(
    openPageTokens(secret).open(request, tokens.seal(request, position)),
    position,
    'in another server of the catalog too',
  )
})

test('a token needs no encoding in a URL', () => {
  assert.match(tokens.seal(request, position), /^[A-Za-z0-9_-]{1,8192}$/)
})

test('a token does not reveal its position, and two tokens of one position differ', () => {
  const token = tokens.seal(request, { key: 'DOE^JANE', rowId: 1 })
  assert.doesNotMatch(Buffer.from(token, 'base64url').toString('latin1'), /DOE|JANE|rowId/)
  assert.notEqual(token, tokens.seal(request, { key: 'DOE^JANE', rowId: 1 }))
})

test('a token of another request or catalog, or a changed, truncated or invented one, is not opened', () => {
  const token = tokens.seal(request, position)
  const changed = (token[0] === 'A' ? 'B' : 'A') + token.slice(1)
  assert.equal(tokens.open(['SearchImageSets', 'other'], token), undefined)
  assert.equal(openPageTokens(new Uint8Array(32).fill(2)).open(request, token), undefined)
  for (const foreign of [changed, token.slice(0, -2), token.slice(0, 30), '', '%%%', 'x'.repeat(8192)]) {
    assert.equal(tokens.open(request, foreign), undefined, foreign.slice(0, 20))
  }
})

test('an invalid token is a ValidationException that names nextToken', () => {
  const open = () => positionOfPage(tokens, { request, nextToken: 'garbage' })
  assert.throws(
    open,
    (error) =>
      error instanceof ContractError && error.name === 'ValidationException' && /nextToken/.test(error.message),
  )
})

test('a page has a token only if there is one row more than its size', () => {
  const tokenAfter = (last: number) => `after ${last}`
  assert.deepEqual(takePage([1, 2, 3], { size: 2, tokenAfter }), { rows: [1, 2], nextToken: 'after 2' })
  assert.deepEqual(takePage([1, 2], { size: 2, tokenAfter }), { rows: [1, 2], nextToken: undefined })
  assert.deepEqual(takePage([], { size: 2, tokenAfter }), { rows: [], nextToken: undefined })
})
