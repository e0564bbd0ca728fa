/** npm's dicomweb-client, the client of OHIF, retrieves with bearer tokens what was imported. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as dicomweb from 'dicomweb-client'
import { parseP10 } from '../../dicom/parse.ts'
import { draw, fileOf, nativeFrames, pixelOf } from '../../pixel-data/frames.fixture.ts'
import { startProvider } from '../../security/authorizers/authorizers.fixture.ts'
import { type JsonAttribute, startDicomweb } from './dicomweb.fixture.ts'
import { FetchedRequest } from './xml-http-request.fixture.ts'

const LAMBDA = 'arn:aws:lambda:us-east-1:000000000000:function:login'
const UID = '1.2.840.10008.1.2'
const NAMED = { studyInstanceUID: '1.2.3', seriesInstanceUID: '1.2.3.1', sopInstanceUID: '1.2.3.4' }

const POLICIES = [{ claim: 'groups', value: 'radiology', policy: 'AWSHealthImagingFullAccess' }]

const pixel = pixelOf({ bitsStored: 12, numberOfFrames: 3 })
const FRAMES = [1, 2, 3].map((seed) => draw(pixel, seed))

type Named = Partial<typeof NAMED>

interface Numbered {
  readonly frameNumbers: readonly number[]
}

interface Rendering {
  readonly mediaTypes?: readonly { readonly mediaType: string }[]
  readonly queryParams?: Readonly<Record<string, string>>
}

/** Its own types require every option. */
interface Retrieving {
  retrieveInstance(named: Named): Promise<ArrayBuffer>
  retrieveStudy(named: Named): Promise<readonly ArrayBuffer[]>
  retrieveSeries(named: Named): Promise<readonly ArrayBuffer[]>
  retrieveStudyMetadata(named: Named): Promise<readonly Record<string, JsonAttribute>[]>
  retrieveInstanceFrames(named: Named & { readonly frameNumbers: readonly number[] }): Promise<readonly ArrayBuffer[]>
  retrieveInstanceMetadata(named: Named): Promise<readonly Record<string, JsonAttribute>[]>
  retrieveSeriesMetadata(named: Named): Promise<readonly Record<string, JsonAttribute>[]>
  storeInstances(given: {
    readonly datasets: readonly ArrayBuffer[]
    readonly studyInstanceUID?: string
  }): Promise<unknown>
  retrieveInstanceRendered(named: Named & Rendering): Promise<readonly ArrayBuffer[]>
  retrieveInstanceThumbnail(named: Named & Rendering): Promise<readonly ArrayBuffer[]>
  retrieveInstanceFramesRendered(named: Named & Rendering & Numbered): Promise<readonly ArrayBuffer[]>
  retrieveInstanceFramesThumbnail(named: Named & Rendering & Numbered): Promise<readonly ArrayBuffer[]>
  retrieveBulkData(named: { readonly BulkDataURI: string }): Promise<readonly ArrayBuffer[]>
}

function clientOf(url: string, token: string): Retrieving {
  const { DICOMwebClient } = dicomweb.api as unknown as { DICOMwebClient: new (options: object) => Retrieving }
  return new DICOMwebClient({ url, headers: { Authorization: `Bearer ${token}` }, verbose: false })
}

test('dicomweb-client retrieves studies, series, instances, frames, metadata and bulk data', async (t) => {
  Object.assign(globalThis, { XMLHttpRequest: FetchedRequest })
  const provider = await startProvider(t, { now: Date.now() })
  const hilum = await startDicomweb({
    authorizers: {
      [LAMBDA]: { issuer: provider.issuer, audience: ['hilum'], principalClaim: 'sub', policies: POLICIES },
    },
  })
  t.after(() => hilum.stop())
  const store = await hilum.open({ lambdaAuthorizerArn: LAMBDA })
  await store.bringIn(fileOf(pixel, { frames: FRAMES }))
  const url = `${hilum.hilum.endpoint}/datastore/${store.datastoreId}`
  const client = clientOf(url, await provider.token())

  const file = new Uint8Array(await client.retrieveInstance(NAMED))
  assert.equal(parseP10(file).transferSyntaxUID, `${UID}.1`)
  assert.ok(Buffer.concat(nativeFrames(file, 3)).equals(Buffer.concat(FRAMES)))

  for (const files of [await client.retrieveStudy(NAMED), await client.retrieveSeries(NAMED)]) {
    assert.equal(files.length, 1)
    assert.ok(Buffer.from(files[0]!).equals(file))
  }

  const frames = await client.retrieveInstanceFrames({ ...NAMED, frameNumbers: [3, 1] })
  assert.equal(frames.length, 2)
  for (const [at, index] of [2, 0].entries()) assert.ok(Buffer.from(frames[at]!).equals(FRAMES[index]!))

  const [metadata] = await client.retrieveInstanceMetadata(NAMED)
  assert.deepEqual(metadata!['00080018']!.Value, [NAMED.sopInstanceUID])
  const series = await client.retrieveSeriesMetadata(NAMED)
  assert.deepEqual(series, [metadata])

  assert.deepEqual(await client.retrieveStudyMetadata(NAMED), [metadata])

  const parts = await client.retrieveBulkData({ BulkDataURI: metadata!['7FE00010']!.BulkDataURI! })
  assert.ok(Buffer.concat(parts.map((part) => Buffer.from(part))).equals(Buffer.concat(FRAMES)))

  const jpeg = [{ mediaType: 'image/jpeg' }]
  const images = [
    await client.retrieveInstanceRendered({ ...NAMED, mediaTypes: jpeg, queryParams: { window: '2000,3000,linear' } }),
    await client.retrieveInstanceThumbnail({ ...NAMED, mediaTypes: jpeg, queryParams: { viewport: '32,32' } }),
    await client.retrieveInstanceFramesRendered({ ...NAMED, frameNumbers: [2], mediaTypes: jpeg }),
    await client.retrieveInstanceFramesThumbnail({ ...NAMED, frameNumbers: [3], mediaTypes: jpeg }),
    await client.retrieveInstanceRendered(NAMED),
    await client.retrieveInstanceThumbnail(NAMED),
  ]
  // The client gives one body as a list, too.
  for (const [image] of images) assert.equal(Buffer.from(image!).readUInt16BE(0), 0xffd8)
  const png = { mediaTypes: [{ mediaType: 'image/png' }] }
  const [image] = await client.retrieveInstanceRendered({ ...NAMED, ...png })
  assert.equal(Buffer.from(image!).toString('latin1', 1, 4), 'PNG')

  const other = clientOf(url, 'a.b.c')
  await assert.rejects(other.retrieveInstance(NAMED), (error: { status?: number }) => error.status === 403)
  await assert.rejects(
    client.retrieveInstance({ ...NAMED, sopInstanceUID: '1.2.3.5' }),
    (error: { status?: number }) => error.status === 404,
  )
})

test('dicomweb-client stores instances, which it retrieves next', async (t) => {
  Object.assign(globalThis, { XMLHttpRequest: FetchedRequest })
  const provider = await startProvider(t, { now: Date.now() })
  const authorizers = {
    [LAMBDA]: { issuer: provider.issuer, audience: ['hilum'], principalClaim: 'sub', policies: POLICIES },
  }
  const hilum = await startDicomweb({ authorizers })
  t.after(() => hilum.stop())
  const store = await hilum.open({ lambdaAuthorizerArn: LAMBDA })
  const client = clientOf(`${hilum.hilum.endpoint}/datastore/${store.datastoreId}`, await provider.token())
  const file = fileOf(pixel, { frames: FRAMES })
  const datasets = [Uint8Array.from(file).buffer]
  await client.storeInstances({ datasets, studyInstanceUID: NAMED.studyInstanceUID })
  const [metadata] = await client.retrieveInstanceMetadata(NAMED)
  assert.deepEqual(metadata!['00080018']!.Value, [NAMED.sopInstanceUID])
  assert.ok(
    Buffer.concat(nativeFrames(new Uint8Array(await client.retrieveInstance(NAMED)), 3)).equals(Buffer.concat(FRAMES)),
  )
})
