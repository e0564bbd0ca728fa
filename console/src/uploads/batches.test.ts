/** How files are divided into requests. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listOf, takeBatch } from './batches.ts'
import type { ChosenFile } from './chosen-files.ts'
import { FILES_PER_REQUEST, REQUEST_BYTES } from './limits.ts'

const chosen = (name: string, size: number): ChosenFile => ({ name, file: { size } as File })

function batchesOf(files: readonly ChosenFile[]): readonly ChosenFile[][] {
  const remaining = [...files]
  const batches: ChosenFile[][] = []
  for (let batch = takeBatch(remaining); batch.length > 0; batch = takeBatch(remaining)) batches.push(batch)
  return batches
}

test('every file is in one request, and no request is larger than the server accepts', () => {
  const files = Array.from({ length: 300 }, (_, at) => chosen(`Ärzte "7"/${at}.dcm`, (at * 7919) % 900_000))
  const batches = batchesOf(files)
  assert.deepEqual(
    batches.flat().map(({ name }) => name),
    files.map(({ name }) => name).reverse(),
  )
  for (const batch of batches) {
    const body = new TextEncoder().encode(listOf(batch)).length + batch.reduce((sum, { file }) => sum + file.size, 0)
    assert.ok(body <= REQUEST_BYTES, `${body}`)
  }
  // As few as fit.
  const total = files.reduce((sum, { file }) => sum + file.size, 0)
  assert.ok(batches.length <= Math.ceil((total / REQUEST_BYTES) * 1.3), `${batches.length}`)
})

test('a file that does not fit into a request with the list is alone', () => {
  const large = [REQUEST_BYTES, REQUEST_BYTES - 3, REQUEST_BYTES * 3].map((size, at) => chosen(`${at}`, size))
  assert.deepEqual(
    batchesOf([chosen('a', 1), ...large, chosen('b', 1)]).map((batch) => batch.map(({ name }) => name)),
    [['b'], ['2'], ['1'], ['0'], ['a']],
  )
})

test('a request has a limited number of files, empty ones included', () => {
  const files = Array.from({ length: FILES_PER_REQUEST * 2 + 1 }, (_, at) => chosen(`${at}`, 0))
  assert.deepEqual(
    batchesOf(files).map(({ length }) => length),
    [FILES_PER_REQUEST, FILES_PER_REQUEST, 1],
  )
})
