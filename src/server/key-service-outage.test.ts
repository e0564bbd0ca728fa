/** The key service is slow, fails, is gone, and comes back: requests are told to retry, jobs wait, and nothing is lost. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  CreateDatastoreCommand,
  GetDICOMImportJobCommand,
  MedicalImagingClient,
  SearchImageSetsCommand,
  StartDICOMImportJobCommand,
} from '@aws-sdk/client-medical-imaging'
import { activeDatastore, untilDatastore } from '../../acceptance/support/datastores.ts'
import { fetchFrame, instancesOf } from '../../acceptance/support/frames.ts'
import { picture } from '../../acceptance/support/image-sets.ts'
import { until } from '../../acceptance/support/until.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { openS3 } from '../fixtures/shared-servers.ts'
import { startServer } from '../main.ts'
import { withServiceStatement } from '../security/keys/key-policy.ts'
import { openKms } from '../security/keys/kms.ts'
import { s3IsMissing } from '../stores/blobs/s3/s3.fixture.ts'
import { loadConfig } from './config.ts'
import { openLog } from './log.ts'

const KEYS = { accessKeyId: 'HILUMTESTACCESSKEY', secretAccessKey: 'a-secret-of-tests' }
const LIMITS = { dataKeyMs: 200, keyServiceTimeoutMs: 500 }
const CLIENTS = 50

type Mode = 'answers' | 'is silent' | 'fails' | 'closes connections'

/** In front of the key service: forwards requests, or behaves like one that is slow, broken or gone. */
async function startGate(context: TestContext, endpoint: string) {
  const gate = { mode: 'answers' as Mode, requests: 0 }
  const { hostname, port } = new URL(endpoint)
  const forward = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { method, url, headers } = incoming
    const onward = httpRequest({ hostname, port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
  }
  const server = createServer((incoming, outgoing) => {
    gate.requests += 1
    if (gate.mode === 'answers') forward(incoming, outgoing)
    else if (gate.mode === 'fails') outgoing.writeHead(500).end('{"__type":"KMSInternalException"}')
    else if (gate.mode === 'closes connections') incoming.socket.destroy()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { gate, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function start(context: TestContext, kmsEndpoint: string) {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-key-outage-'))
  removeAtExit(folder)
  for (const bucket of ['in-bucket', 'out-bucket']) mkdirSync(join(folder, 'buckets', bucket), { recursive: true })
  writeFileSync(join(folder, 'hilum.json'), JSON.stringify({ limits: LIMITS }))
  const config = loadConfig({
    cwd: folder,
    env: {
      ...{ HILUM_ACCESS_KEY_ID: KEYS.accessKeyId, HILUM_SECRET_ACCESS_KEY: KEYS.secretAccessKey },
      ...{ HILUM_KMS_ENDPOINT: kmsEndpoint, HILUM_KMS_ACCESS_KEY_ID: 'test', HILUM_KMS_SECRET_ACCESS_KEY: 'test' },
    },
    flags: { data: folder, port: '0', host: ['127.0.0.1'] },
  })
  const server = await startServer(config, { log: openLog({ logLevel: 'error' }) })
  const { endpoint, region } = server
  const sdk = new MedicalImagingClient({
    ...{ endpoint, region, credentials: KEYS, disableHostPrefix: true, maxAttempts: 1 },
  })
  context.after(async () => {
    sdk.destroy()
    await server.stop()
  })
  return { folder, sdk }
}

async function startImport(server: { folder: string; sdk: MedicalImagingClient }, datastoreId: string, study: string) {
  const folder = join(server.folder, 'buckets/in-bucket', study)
  mkdirSync(folder, { recursive: true })
  for (let n = 1; n <= 3; n++) writeFileSync(join(folder, `${n}.dcm`), picture(n, { StudyInstanceUID: study }))
  const { jobId } = await server.sdk.send(
    new StartDICOMImportJobCommand({
      ...{ datastoreId, dataAccessRoleArn: 'arn:aws:iam::000000000000:role/import' },
      ...{ inputS3Uri: `s3://in-bucket/${study}/`, outputS3Uri: 's3://out-bucket/' },
    }),
  )
  return jobId!
}

const completed = (sdk: MedicalImagingClient, datastoreId: string, jobId: string) =>
  until(async () => {
    const { jobProperties } = await sdk.send(new GetDICOMImportJobCommand({ datastoreId, jobId }))
    assert.notEqual(jobProperties?.jobStatus, 'FAILED', jobProperties?.message)
    return jobProperties?.jobStatus === 'COMPLETED' ? true : undefined
  })

const skipped = s3IsMissing === undefined ? {} : { skip: s3IsMissing }

test(
  'a key service that is silent, fails or is gone means retry, and everything works when it is back',
  skipped,
  async (context) => {
    const { place } = await openS3()
    const { gate, endpoint } = await startGate(context, place.endpoint)
    const server = await start(context, endpoint)
    const { sdk } = server
    const kms = openKms({ ...place, timeoutMs: 60_000 })
    const { keyArn } = await kms.create(undefined)
    await kms.putPolicy(keyArn, withServiceStatement(await kms.policyOf(keyArn)))
    // moto may need longer than the limit of this test.
    const ready = <T>(ask: () => Promise<T>): Promise<T> =>
      until(() =>
        ask().catch((error: Error) =>
          error.name === 'ServiceUnavailableException' ? undefined : Promise.reject(error),
        ),
      )
    const { datastoreId } = await ready(() => sdk.send(new CreateDatastoreCommand({ kmsKeyArn: keyArn })))
    await untilDatastore(sdk, { datastoreId: datastoreId!, is: 'ACTIVE' })
    const ofHilum = await activeDatastore(sdk)
    await completed(sdk, datastoreId!, await ready(() => startImport(server, datastoreId!, '2.25.1')))
    const search = () => sdk.send(new SearchImageSetsCommand({ datastoreId: datastoreId! }))
    const [{ imageSetId }] = (await ready(search)).imageSetsMetadataSummaries as [{ imageSetId: string }]
    const imageSet = { datastoreId: datastoreId!, imageSetId }
    const [{ ImageFrames }] = (await ready(() => instancesOf(sdk, imageSet))) as unknown as [
      { ImageFrames: { ID: string }[] },
    ]
    const frame = () => fetchFrame(sdk, imageSet, { ID: ImageFrames[0]!.ID })
    const { bytes } = await ready(frame)

    const modes: readonly Mode[] = ['is silent', 'fails', 'closes connections']
    for (const [at, mode] of modes.entries()) {
      const jobId = await ready(() => startImport(server, datastoreId!, `2.25.${at + 2}`))
      gate.mode = mode
      await setTimeout(LIMITS.dataKeyMs + 50)
      gate.requests = 0
      const unavailable = { name: 'ServiceUnavailableException' }
      await Promise.all(
        Array.from({ length: CLIENTS }, (_, at) => assert.rejects(at % 2 === 0 ? search() : frame(), unavailable)),
      )
      assert.ok(gate.requests < CLIENTS, `${gate.requests} requests to a key service that ${mode}`)
      // The data stores of other keys do not wait for it.
      assert.ok(await sdk.send(new SearchImageSetsCommand({ datastoreId: ofHilum })))
      gate.mode = 'answers'
      assert.deepEqual((await ready(frame)).bytes, bytes)
      await completed(sdk, datastoreId!, jobId)
    }
    const { imageSetsMetadataSummaries } = await ready(search)
    assert.equal(imageSetsMetadataSummaries!.length, 4)
  },
)
