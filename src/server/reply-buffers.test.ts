/** The pool of buffers that replies are read into. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openReplyBuffers } from './reply-buffers.ts'

test('buffers that were given back are overwritten, those that are lent are not', () => {
  const buffers = openReplyBuffers({ replyBuffersKept: 2 })
  const [back, lent] = [buffers.lend(), buffers.lend()]
  for (const buffer of [back, lent]) buffer.fill(7)
  buffers.giveBack(back)
  buffers.overwrite()
  assert.ok(back.every((byte) => byte === 0))
  assert.ok(lent.every((byte) => byte === 7))
  buffers.giveBack(lent)
  buffers.overwrite()
  assert.ok(lent.every((byte) => byte === 0))
})
