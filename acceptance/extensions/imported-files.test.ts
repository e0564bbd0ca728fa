/**
 * Downloads the file from which an instance was imported, byte for byte: no AWS operation returns it, and an export needs it where there
 * are no frames.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DeleteImageSetCommand } from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../support/datastores.ts'
import { instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { exchange, signedHeaders, textOf } from '../support/raw-request.ts'
import { until } from '../support/until.ts'

const server = await openHilum()
const { hilum, sdk } = server

async function ask(path: string, query = '') {
  const headers = await signedHeaders(hilum, { method: 'GET', path, query, headers: {} })
  const response = await fetch(`${hilum.endpoint}${path}${query && `?${query}`}`, { headers })
  const bytes = Buffer.from(await response.arrayBuffer())
  const header = (name: string) => response.headers.get(name)
  return { status: response.status, type: header('x-amzn-errortype'), contentType: header('content-type'), bytes }
}

describe('an imported file', () => {
  test('is returned byte for byte, for any version of its image set', async () => {
    const datastoreId = await activeDatastore(sdk)
    const large = { pixelData: { frames: [new Uint8Array(3_000_000).fill(7)] } }
    const [first, second] = [instance({ PatientName: 'First' }), instance({ PatientName: 'Second' }, large)]
    const { manifest } = await importFiles(server, { datastoreId, files: { 'a.dcm': first } })
    const { imageSetId } = manifest.imageSetsSummary[0]!
    await importFiles(server, { datastoreId, files: { 'a.dcm': second } })
    const path = `/hilum/files/${datastoreId}/${imageSetId}/2.25.1.1.1`
    const latest = await ask(path)
    assert.deepEqual([latest.status, latest.contentType], [200, 'application/dicom'])
    assert.ok(latest.bytes.equals(second))
    assert.ok((await ask(path, 'version=1')).bytes.equals(first))
    assert.ok((await ask(path, 'version=2')).bytes.equals(second))
    for (const [other, query] of [
      [path, 'version=3'],
      [`${path}1`, ''],
      [`/hilum/files/${datastoreId}/${'0'.repeat(32)}/2.25.1.1.1`, ''],
      [`/hilum/files/${'0'.repeat(32)}/${imageSetId}/2.25.1.1.1`, ''],
    ] as const) {
      assert.deepEqual([(await ask(other, query)).type], ['ResourceNotFoundException'], other)
    }
    assert.equal((await ask(path, 'version=0')).type, 'ValidationException')

    await sdk.send(new DeleteImageSetCommand({ datastoreId, imageSetId }))
    await until(async () => ((await ask(path)).type === 'ResourceNotFoundException' ? true : undefined))
  })

  test('requires a signature', async () => {
    const { host } = new URL(hilum.endpoint)
    const { status, headers } = await exchange(hilum, textOf({ method: 'GET', path: '/hilum/files/a/b/c' }, { host }))
    assert.deepEqual([status, headers['x-amzn-errortype']], [403, 'MissingAuthenticationTokenException'])
  })
})
