/** The throttles of AWS for retrieval, with --aws-quotas. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DICOMWEB_THROTTLES } from '../../contract/quotas.ts'
import { startDicomweb } from './dicomweb.fixture.ts'

test('with the quotas of AWS a burst of retrievals is refused beyond its size, for each action by itself', async (t) => {
  let now = Date.now()
  const dicomweb = await startDicomweb({ awsQuotas: true, clock: () => now })
  t.after(() => dicomweb.stop())
  const store = await dicomweb.open()
  const ask = async (tail: string) => {
    const response = await store.get(`studies/1/series/2/instances/3${tail}`)
    await response.arrayBuffer()
    return response.status
  }
  const { burst } = DICOMWEB_THROTTLES.GetDICOMInstance!
  for (let count = 0; count < burst; count++) assert.equal(await ask(''), 404)
  assert.equal(await ask(''), 429)
  assert.equal(await ask('/metadata'), 404)
  now += 1_000
  assert.equal(await ask(''), 404)
})
