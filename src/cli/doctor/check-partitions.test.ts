import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDatastore } from '../../stores/catalog/conformance/catalog.fixture.ts'
import { openServer, sqliteFiles } from '../../stores/partitioned/partitions.fixture.ts'
import { checkPartitions } from './check-partitions.ts'

test('partitions that do not answer are named, and a catalog without partitions has no such finding', async (context) => {
  const { catalog, parts } = await openServer(context, { open: await sqliteFiles(context), partitions: 3 })
  assert.deepEqual(await checkPartitions(catalog), [])
  await createDatastore(catalog)
  assert.deepEqual(await checkPartitions(catalog), [{ subject: 'partitions', state: 'ok', detail: 'all 3 answer' }])
  await parts[2]!.close()
  const [finding] = await checkPartitions(catalog)
  assert.deepEqual([finding?.state, finding?.detail], ['fail', 'partition 2 of 3 does not answer'])
})
