import assert from 'node:assert/strict'
import { test } from 'node:test'
import { editDistance, nearest } from './nearest.ts'

test('the distance counts inserted, removed and changed letters', () => {
  assert.equal(editDistance('', 'abc'), 3)
  assert.equal(editDistance('kitten', 'sitting'), 3)
  assert.equal(editDistance('same', 'same'), 0)
})

test('a typing error finds its word, and an unrelated word finds none', () => {
  const commands = ['serve', 'demo', 'import', 'env']
  assert.equal(nearest('imprt', commands), 'import')
  assert.equal(nearest('SERVE', commands), 'serve')
  assert.equal(nearest('frobnicate', commands), undefined)
})
