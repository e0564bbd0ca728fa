import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemoryBlobs } from '../stores/memory-blobs.ts'
import { inputFiles } from './input-files.ts'

const KEYS = ['in/1', 'in/1/a.dcm', 'in/1/b/c.dcm', 'in/10/d.dcm', 'in/2/e.dcm']

async function keysUnder(inputS3Uri: string, after?: string): Promise<string[]> {
  const bucket = openMemoryBlobs()
  for (const key of KEYS) await bucket.put(key, Buffer.from(key))
  const keys = []
  for await (const { key } of inputFiles(bucket, { inputS3Uri, after })) keys.push(key)
  return keys
}

test('a URI without a slash at its end means the object of that name and the folder of that name', async () => {
  assert.deepEqual(await keysUnder('s3://bucket/in/1'), ['in/1', 'in/1/a.dcm', 'in/1/b/c.dcm'])
})

test('a URI with a slash at its end means the folder alone', async () => {
  assert.deepEqual(await keysUnder('s3://bucket/in/1/'), ['in/1/a.dcm', 'in/1/b/c.dcm'])
})

test('a bucket alone means everything in it', async () => {
  assert.deepEqual(await keysUnder('s3://bucket'), KEYS)
  assert.deepEqual(await keysUnder('s3://bucket/'), KEYS)
})

test('a job that goes on starts behind the key it recorded last', async () => {
  assert.deepEqual(await keysUnder('s3://bucket/in/1', 'in/1'), ['in/1/a.dcm', 'in/1/b/c.dcm'])
  assert.deepEqual(await keysUnder('s3://bucket/in/1', 'in/1/a.dcm'), ['in/1/b/c.dcm'])
  assert.deepEqual(await keysUnder('s3://bucket/in/1', 'in/1/b/c.dcm'), [])
})

test('a folder that is not there holds no files', async () => {
  assert.deepEqual(await keysUnder('s3://bucket/nothing/here'), [])
})
