/** A complete server with encryption: nothing that it stores is plaintext, and the owner of a key decides about its data stores. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  CreateDatastoreCommand,
  DeleteDatastoreCommand,
  DeleteImageSetCommand,
  GetDatastoreCommand,
  GetDICOMImportJobCommand,
  GetImageFrameCommand,
  GetImageSetCommand,
  GetImageSetMetadataCommand,
  ListImageSetVersionsCommand,
  MedicalImagingClient,
  SearchImageSetsCommand,
  StartDICOMImportJobCommand,
} from '@aws-sdk/client-medical-imaging'
import { ExplicitVRLittleEndian, encodeP10 } from '../dicom/encode.ts'
import { freePort } from '../fixtures/free-port.ts'
import { startHilumProcess } from '../fixtures/hilum-process.ts'
import { openS3 } from '../fixtures/shared-servers.ts'
import { startServer } from '../main.ts'
import { attributesOf, draw, pixelOf } from '../pixel-data/frames.fixture.ts'
import { ownerPolicy, withServiceStatement } from '../security/keys/key-policy.ts'
import { openKeyRing } from '../security/keys/key-ring.ts'
import type { KeyService } from '../security/keys/key-service.ts'
import { openKms } from '../security/keys/kms.ts'
import { s3IsMissing } from '../stores/blobs/s3/s3.fixture.ts'
import { loadConfig } from './config.ts'
import { openLog } from './log.ts'
import { keyPlacesOf, openKeyServices } from './open-data-keys.ts'
import { openCatalog, openStores, placesOf } from './open-stores.ts'

const KEYS = { accessKeyId: 'HILUMTESTACCESSKEY', secretAccessKey: 'a-secret-of-tests' }
const MARKER = 'ZORBAX^QUENTIN'
const DATA_KEY_MS = 300
/** Long, because moto has one thread and test machines are busy. */
const KEY_SERVICE_TIMEOUT_MS = 60_000
const LIMITS = { dataKeyMs: DATA_KEY_MS, keyServiceTimeoutMs: KEY_SERVICE_TIMEOUT_MS }

async function start(context: TestContext, env: Record<string, string> = {}, at?: string) {
  const folder = at ?? (await mkdtemp(join(tmpdir(), 'hilum-encrypted-')))
  if (at === undefined) context.after(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'buckets/out-bucket'), { recursive: true })
  await mkdir(join(folder, 'buckets/in-bucket'), { recursive: true })
  await writeFile(join(folder, 'hilum.json'), JSON.stringify({ limits: LIMITS }))
  const config = loadConfig({
    cwd: folder,
    env: { HILUM_ACCESS_KEY_ID: KEYS.accessKeyId, HILUM_SECRET_ACCESS_KEY: KEYS.secretAccessKey, ...env },
    flags: { data: folder, port: '0', host: ['127.0.0.1'] },
  })
  const server = await startServer(config, { log: { ...openLog({ logLevel: 'error' }), error: () => {} } })
  const { endpoint, region } = server
  const client = new MedicalImagingClient({
    ...{ endpoint, region, credentials: KEYS, disableHostPrefix: true, maxAttempts: 1 },
  })
  let isStopped = false
  const stop = async () => {
    if (isStopped) return
    isStopped = true
    client.destroy()
    await server.stop()
  }
  context.after(stop)
  return { folder, config, client, endpoint, stop }
}

async function createStore(client: MedicalImagingClient, kmsKeyArn?: string): Promise<string> {
  const { datastoreId } = await client.send(new CreateDatastoreCommand({ kmsKeyArn }))
  await untilStatus(client, datastoreId!, 'ACTIVE')
  return datastoreId!
}

async function untilStatus(client: MedicalImagingClient, datastoreId: string, status: string): Promise<void> {
  for (;;) {
    const { datastoreProperties } = await client.send(new GetDatastoreCommand({ datastoreId }))
    if (datastoreProperties?.datastoreStatus === status) return
    await setTimeout(20)
  }
}

const pixel = pixelOf({ rows: 512, columns: 512, bitsStored: 12 })

const startImport = (client: MedicalImagingClient, datastoreId: string) =>
  client.send(
    new StartDICOMImportJobCommand({
      ...{ datastoreId, dataAccessRoleArn: 'arn:aws:iam::000000000000:role/import' },
      ...{ inputS3Uri: 's3://in-bucket/', outputS3Uri: 's3://out-bucket/' },
    }),
  )

async function importOne(server: { folder: string; client: MedicalImagingClient }, datastoreId: string): Promise<void> {
  const { folder, client } = server
  const attributes = { ...attributesOf(pixel), SOPInstanceUID: '2.25.77', PatientName: MARKER, PatientID: 'P1' }
  const file = encodeP10({
    transferSyntaxUID: ExplicitVRLittleEndian,
    attributes,
    pixelData: { frames: [draw(pixel)] },
  })
  await writeFile(join(folder, 'buckets/in-bucket/a.dcm'), file)
  const { jobId } = await startImport(client, datastoreId)
  for (;;) {
    const { jobProperties } = await client.send(new GetDICOMImportJobCommand({ datastoreId, jobId }))
    if (jobProperties?.jobStatus === 'COMPLETED') break
    assert.notEqual(jobProperties?.jobStatus, 'FAILED', jobProperties?.message)
    await setTimeout(20)
  }
  await rm(join(folder, 'buckets/in-bucket/a.dcm'))
}

const search = (client: MedicalImagingClient, datastoreId: string) =>
  client.send(new SearchImageSetsCommand({ datastoreId }))

async function readAll(client: MedicalImagingClient, datastoreId: string) {
  const { imageSetsMetadataSummaries } = await search(client, datastoreId)
  const imageSetId = imageSetsMetadataSummaries![0]!.imageSetId!
  const metadata = await client.send(new GetImageSetMetadataCommand({ datastoreId, imageSetId }))
  const json = JSON.parse(
    Buffer.from(
      await new Response(
        new Response(await metadata.imageSetMetadataBlob!.transformToByteArray()).body!.pipeThrough(
          new DecompressionStream('gzip'),
        ),
      ).arrayBuffer(),
    ).toString(),
  )
  const [series] = Object.values(json.Study.Series) as [
    { Instances: Record<string, { ImageFrames: { ID: string }[] }> },
  ]
  const imageFrameId = Object.values(series.Instances)[0]!.ImageFrames[0]!.ID
  const frameRequest = { datastoreId, imageSetId, imageFrameInformation: { imageFrameId } }
  const frame = await client.send(new GetImageFrameCommand(frameRequest))
  return { imageSetId, imageFrameId, json, frame: await frame.imageFrameBlob!.transformToByteArray() }
}

/** Every file below the folder. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

const deniedWith = (part: RegExp) => (error: Error) => {
  assert.equal(error.name, 'AccessDeniedException')
  assert.match(error.message, part)
  return true
}

test('a data store without a key of its own is encrypted, also after a restart', async (context) => {
  const server = await start(context)
  const datastoreId = await createStore(server.client)
  await importOne(server, datastoreId)
  const read = await readAll(server.client, datastoreId)
  assert.match(JSON.stringify(read.json), new RegExp(MARKER.replace('^', '\\^')))
  const blobs = await filesIn(join(server.folder, 'blobs'))
  assert.ok(blobs.length > 0)
  for (const path of blobs) {
    const bytes = await readFile(path)
    assert.equal(bytes.subarray(0, 6).toString(), 'HilumE')
    for (const plain of [MARKER, 'DICM', '2.25.77']) assert.equal(bytes.includes(plain), false, `${plain} in ${path}`)
    assert.equal(bytes.includes(Buffer.from(read.frame.subarray(0, 64))), false)
  }
  for (const path of await filesIn(join(server.folder, 'keys'))) {
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  }
  await server.stop()
  const again = await start(context, {}, server.folder)
  assert.deepEqual((await readAll(again.client, datastoreId)).frame, read.frame)
})

test('uploads that wait are encrypted, and an import reads them', async (context) => {
  const { client, config, folder, stop } = await start(context)
  const datastoreId = await createStore(client)
  await stop()
  const stores = await openStores(placesOf(config))
  const bucket = await stores.locations.openOwnBucket('hilum-import')
  assert.ok('put' in bucket)
  await bucket.put('uploads/one/a.dcm', Buffer.from(MARKER))
  await bucket.put('commands/a.dcm', Buffer.from(MARKER))
  const stored = (key: string) => readFile(join(folder, 'buckets/hilum-import', key))
  assert.equal((await stored('uploads/one/a.dcm')).includes(MARKER), false)
  assert.equal((await stored('commands/a.dcm')).toString(), MARKER)
  for await (const entry of bucket.scan('uploads/')) {
    assert.ok('sizeBytes' in entry)
    assert.equal(entry.sizeBytes, MARKER.length)
  }
  assert.ok(datastoreId)
  await stores.catalog.close()
})

async function ownerDecides(
  context: TestContext,
  {
    env,
    keysOf,
  }: { env: Record<string, string>; keysOf: (config: ReturnType<typeof loadConfig>) => Promise<KeyService> },
): Promise<void> {
  const server = await start(context, env)
  const { client, config } = server
  const keys = await keysOf(config)
  const { keyArn } = await keys.create(undefined)
  const ungranted = await keys.policyOf(keyArn)
  const datastoreId = await createStore(client, keyArn)
  const open = await createStore(client)

  const missing = /does not grant the service.*"Service":"medical-imaging\.amazonaws\.com".*kms:Decrypt.*datastoreId/
  const named = { datastoreId, imageSetId: '0'.repeat(32) }
  const requests = [
    () => search(client, datastoreId),
    () => startImport(client, datastoreId),
    () => client.send(new GetImageSetCommand(named)),
    () => client.send(new GetImageSetMetadataCommand(named)),
    () => client.send(new ListImageSetVersionsCommand(named)),
    () => client.send(new DeleteImageSetCommand(named)),
    () => client.send(new GetImageFrameCommand({ ...named, imageFrameInformation: { imageFrameId: '0'.repeat(32) } })),
  ]
  for (const request of requests) await assert.rejects(request, deniedWith(missing))
  assert.equal((await search(client, open)).imageSetsMetadataSummaries!.length, 0)

  await keys.putPolicy(keyArn, withServiceStatement(ungranted))
  await importOne(server, datastoreId)
  const read = await readAll(client, datastoreId)

  const stops: readonly (readonly [() => Promise<unknown>, RegExp, () => Promise<unknown>])[] = [
    [() => keys.putPolicy(keyArn, ungranted), missing, () => keys.putPolicy(keyArn, withServiceStatement(ungranted))],
    [() => keys.disable(keyArn), /is disabled/, () => keys.enable(keyArn)],
    [() => keys.scheduleDeletion(keyArn, 7), /is scheduled for deletion/, () => keys.enable(keyArn)],
  ]
  for (const [revoke, sentence, allow] of stops) {
    await revoke()
    await setTimeout(DATA_KEY_MS + 100)
    await assert.rejects(search(client, datastoreId), deniedWith(sentence))
    const { imageSetId, imageFrameId } = read
    const frame = new GetImageFrameCommand({ datastoreId, imageSetId, imageFrameInformation: { imageFrameId } })
    await assert.rejects(client.send(frame), deniedWith(sentence))
    await allow()
    assert.deepEqual((await readAll(client, datastoreId)).frame, read.frame)
  }
  await keys.rotate(keyArn)
  assert.deepEqual((await readAll(client, datastoreId)).frame, read.frame)
}

test('the policy of a key in the ring decides about its data stores', (context) =>
  ownerDecides(context, {
    env: {},
    keysOf: (config) => openKeyRing(keyPlacesOf(config).ring, { region: 'us-east-1', accountId: '000000000000' }),
  }))

test(
  'the policy of a key in KMS decides about its data stores',
  s3IsMissing === undefined ? {} : { skip: s3IsMissing },
  async (context) => {
    const { place } = await openS3()
    await ownerDecides(context, {
      env: {
        HILUM_KMS_ENDPOINT: place.endpoint,
        HILUM_KMS_ACCESS_KEY_ID: place.accessKeyId,
        HILUM_KMS_SECRET_ACCESS_KEY: place.secretAccessKey,
      },
      keysOf: async () => openKms({ ...place, timeoutMs: KEY_SERVICE_TIMEOUT_MS }),
    })
  },
)

test('a data store needs a key that exists and is enabled, and is not created otherwise', async (context) => {
  const { client, config } = await start(context)
  const ring = await openKeyRing(keyPlacesOf(config).ring, { region: 'us-east-1', accountId: '000000000000' })
  const create = (kmsKeyArn: string) => client.send(new CreateDatastoreCommand({ kmsKeyArn }))
  const absent = 'arn:aws:kms:us-east-1:000000000000:key/01234567-89ab-cdef-0123-456789abcdef'
  await assert.rejects(create(absent), { name: 'ResourceNotFoundException', message: /does not exist/ })
  const { keyArn } = await ring.create(undefined)
  await ring.disable(keyArn)
  await assert.rejects(create(keyArn), { name: 'ValidationException', message: /is disabled/ })
  await ring.enable(keyArn)
  assert.ok((await create(keyArn)).datastoreId)
})

test('a key service that is away means retry', async (context) => {
  const { client, config } = await start(context, {
    HILUM_KMS_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
    HILUM_KMS_ACCESS_KEY_ID: 'test',
    HILUM_KMS_SECRET_ACCESS_KEY: 'test',
  })
  const kmsKeyArn = 'arn:aws:kms:us-east-1:000000000000:key/01234567-89ab-cdef-0123-456789abcdef'
  await assert.rejects(client.send(new CreateDatastoreCommand({ kmsKeyArn })), { name: 'ServiceUnavailableException' })
  assert.ok(await createStore(client))
  assert.ok(config)
})

test('with --encryption none bytes are plaintext and a key is refused, and encrypted data stores are still read', async (context) => {
  const first = await start(context)
  const encrypted = await createStore(first.client)
  await importOne(first, encrypted)
  const { frame } = await readAll(first.client, encrypted)
  await first.stop()
  const server = await start(context, { HILUM_ENCRYPTION: 'none' }, first.folder)
  assert.deepEqual((await readAll(server.client, encrypted)).frame, frame)
  const plain = await createStore(server.client)
  await importOne(server, plain)
  assert.deepEqual((await readAll(server.client, plain)).frame, frame)
  const all = await Promise.all((await filesIn(join(first.folder, 'blobs'))).map((path) => readFile(path)))
  assert.ok(all.some((bytes) => bytes.includes('DICM')))
  const kmsKeyArn = 'arn:aws:kms:us-east-1:000000000000:key/01234567-89ab-cdef-0123-456789abcdef'
  await assert.rejects(server.client.send(new CreateDatastoreCommand({ kmsKeyArn })), { name: 'ValidationException' })
})

test('a changed blob is damaged, not sent', async (context) => {
  const server = await start(context)
  const datastoreId = await createStore(server.client)
  await importOne(server, datastoreId)
  const { imageSetId, imageFrameId } = await readAll(server.client, datastoreId)
  for (const path of await filesIn(join(server.folder, 'blobs'))) {
    const bytes = await readFile(path)
    for (let at = 50; at < bytes.length; at += 100) bytes[at]! ^= 1
    await writeFile(path, bytes)
  }
  const frame = new GetImageFrameCommand({ datastoreId, imageSetId, imageFrameInformation: { imageFrameId } })
  const damaged = { name: 'InternalServerException', message: /are damaged/ }
  await assert.rejects(server.client.send(frame), damaged)
  await assert.rejects(server.client.send(new GetImageSetMetadataCommand({ datastoreId, imageSetId })), damaged)
})

test('after a data store was deleted, nobody can read what is left on the disk', async (context) => {
  const server = await start(context)
  const { client, folder, config } = server
  const datastoreId = await createStore(client)
  await importOne(server, datastoreId)
  const { imageSetId } = await readAll(client, datastoreId)
  const places = placesOf(config)
  const before = await openCatalog(places, { readOnly: true })
  const { wrapped } = (await before.dataKeys.get(datastoreId))!
  await before.close()
  const left = await Promise.all(
    (await filesIn(join(folder, 'blobs'))).map(async (path) => [path, await readFile(path)] as const),
  )

  await client.send(new DeleteImageSetCommand({ datastoreId, imageSetId }))
  while ((await search(client, datastoreId)).imageSetsMetadataSummaries!.length > 0) await setTimeout(20)
  for (;;) {
    const deleted = await client.send(new DeleteDatastoreCommand({ datastoreId })).catch((error: Error) => error.name)
    if (deleted !== 'ConflictException') break
    await setTimeout(50)
  }
  await untilStatus(client, datastoreId, 'DELETED')
  await server.stop()

  for (const path of await filesIn(folder)) {
    assert.equal((await readFile(path)).includes(Buffer.from(wrapped!)), false, `the wrapped data key in ${path}`)
  }
  // Even with the key ring, and with blobs that were copied before.
  for (const [path, bytes] of left) await writeFile(path, bytes)
  const stores = await openStores(places)
  context.after(() => stores.catalog.close())
  let keys = 0
  for await (const { key } of stores.blobs.list(`${datastoreId}/`)) {
    keys += 1
    await assert.rejects(stores.blobs.open(key), /was destroyed/)
  }
  assert.ok(keys > 0)
})

test('verification leaves out a data store whose key is refused, says so, and checks the others', async (context) => {
  const server = await start(context)
  const { client, config, folder } = server
  const keys = await openKeyRing(keyPlacesOf(config).ring, { region: 'us-east-1', accountId: '000000000000' })
  const { keyArn } = await keys.create(withServiceStatement(ownerPolicy('000000000000')))
  const refused = await createStore(client, keyArn)
  const other = await createStore(client)
  for (const datastoreId of [refused, other]) await importOne(server, datastoreId)
  await keys.disable(keyArn)
  const { ended, output } = startHilumProcess(context, ['verify', '--data', folder], { cwd: folder })
  assert.equal(await ended, 0, output())
  for (const part of ['blobs', 'metadata documents', 'frames']) {
    const line = new RegExp(`^The ${part}: .*no difference\\. Not checked: data store ${refused}: key refused\\.$`, 'm')
    assert.match(output(), line)
  }
  assert.match(output(), /^The frames: 1 frames;/m, 'of the other data store')
})

test('a server with another key ring does not start on the same catalog', async (context) => {
  const { folder, config, stop } = await start(context)
  await stop()
  await rm(join(folder, 'keys'), { recursive: true })
  await assert.rejects(start(context, {}, folder), /ring\.json does not exist/)
  await openKeyServices(keyPlacesOf(config))
  await assert.rejects(start(context, {}, folder), /another key ring/)
})
