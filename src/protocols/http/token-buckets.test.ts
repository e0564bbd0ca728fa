/** Token buckets of the same name in two processes, which tell each other what was taken. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TokenBuckets } from './token-buckets.ts'

const RATE = { perSecond: 1, burst: 4 }

function pair() {
  const [one, other] = [new TokenBuckets(10), new TokenBuckets(10)]
  for (const each of [one, other]) each.takenSince()
  const tell = (now: number) => {
    const [here, there] = [one.takenSince(), other.takenSince()]
    for (const [name, tokens] of here) other.takenByOthers(name, tokens, { rate: RATE, now })
    for (const [name, tokens] of there) one.takenByOthers(name, tokens, { rate: RATE, now })
  }
  return { one, other, tell }
}

test('what one took, the other has no more', () => {
  const { one, other, tell } = pair()
  for (let n = 0; n < 3; n++) assert.equal(one.take('a', RATE, 0), undefined)
  tell(0)
  assert.equal(other.take('a', RATE, 0), undefined)
  tell(0)
  assert.equal(one.take('a', RATE, 0), 1)
  assert.equal(other.take('a', RATE, 0), 1)
  assert.equal(other.take('b', RATE, 0), undefined, 'another name')
})

test('what was taken beyond the rate is owed, so that the sum is right in the end', () => {
  const { one, other, tell } = pair()
  for (const each of [one, other]) for (let n = 0; n < 4; n++) assert.equal(each.take('a', RATE, 0), undefined)
  tell(0)
  assert.equal(one.take('a', RATE, 0), 5)
  assert.equal(other.take('a', RATE, 4_000), 1)
  assert.equal(other.take('a', RATE, 5_000), undefined)
})

test('what is told is bounded, and told once', () => {
  const { one } = pair()
  for (let n = 0; n < 50; n++) one.take(`name ${n}`, RATE, 0)
  assert.equal(one.takenSince().size, 10)
  assert.equal(one.takenSince().size, 0)
})
