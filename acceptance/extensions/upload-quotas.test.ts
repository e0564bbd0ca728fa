/** How much a client may upload before it imports and removes it, and what it is told when that is too much. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openHilum } from '../support/hilum.ts'
import { signedHeaders } from '../support/raw-request.ts'

const MIB = 1024 ** 2
const { hilum } = await openHilum({ limits: { uploadBytesPerKey: 2.5 * MIB, requestBodyBytes: MIB } })

async function ask(method: string, path: string, { query = '', bytes = 0 }: { query?: string; bytes?: number } = {}) {
  const headers = await signedHeaders(hilum, {
    method,
    path,
    query,
    headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
  })
  const address = `${hilum.endpoint}${path}${query && `?${query}`}`
  const response = await fetch(address, { method, headers, ...(bytes > 0 && { body: new Uint8Array(bytes) }) })
  const text = await response.text()
  return { status: response.status, type: response.headers.get('x-amzn-errortype'), json: () => JSON.parse(text) }
}

const start = async (): Promise<string> => `/hilum/uploads/${(await ask('POST', '/hilum/uploads')).json().uploadId}`
const put = async (path: string, query = '') => (await ask('PUT', path, { query, bytes: MIB })).status

describe('the uploads of an access key', () => {
  test('take no more than their limit together, until some are removed', async () => {
    const [first, second] = [await start(), await start()]
    assert.deepEqual([await put(`${first}/a`), await put(`${second}/a`)], [204, 204])
    const refused = await ask('PUT', `${second}/b`, { bytes: MIB })
    assert.deepEqual([refused.status, refused.type], [402, 'ServiceQuotaExceededException'])
    assert.match(
      refused.json().message,
      /^The uploads of one access key may take 2\.5 MiB .* raise limits\.uploadBytesPerKey /,
    )
    assert.equal((await ask('DELETE', first)).status, 204)
    assert.deepEqual([await put(`${second}/b`), await put(`${second}/c`)], [204, 402])
    await ask('DELETE', second)
  })

  test('count a file once that is sent again, and a joined file without its parts', async () => {
    const upload = await start()
    for (let n = 0; n < 5; n++) assert.equal(await put(`${upload}/again`), 204)
    assert.equal(await put(`${upload}/large`, 'part=1'), 204)
    assert.equal(await put(`${upload}/large`, 'part=2'), 402)
    assert.equal((await ask('POST', `${upload}/large`, { query: 'parts=1' })).status, 204)
    assert.equal(await put(`${upload}/other`), 402)
    await ask('DELETE', upload)
    const next = await start()
    assert.deepEqual([await put(`${next}/a`), await put(`${next}/b`), await put(`${next}/c`)], [204, 204, 402])
    await ask('DELETE', next)
  })

  test('keep to the limit when many are on their way at once', async () => {
    const upload = await start()
    const statuses = await Promise.all(Array.from({ length: 8 }, (_, index) => put(`${upload}/${index}`)))
    assert.deepEqual(statuses.toSorted(), [204, 204, 402, 402, 402, 402, 402, 402])
    await ask('DELETE', upload)
  })
})
