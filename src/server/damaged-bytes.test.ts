/** Damaged bytes of frames and metadata on the disk: none are returned as valid, and the log has an alarm. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  CreateDatastoreCommand,
  GetDatastoreCommand,
  GetDICOMImportJobCommand,
  GetImageFrameCommand,
  GetImageSetMetadataCommand,
  MedicalImagingClient,
  MedicalImagingServiceException,
  StartDICOMImportJobCommand,
} from '@aws-sdk/client-medical-imaging'
import Database from 'better-sqlite3-multiple-ciphers'
import { signedFetch } from '../cli/client/signed-fetch.ts'
import { bytesInMemory } from '../dicom/byte-source.ts'
import { ExplicitVRLittleEndian, encodeP10 } from '../dicom/encode.ts'
import { startServer } from '../main.ts'
import { differencesIn } from '../maintenance/verify/verify.fixture.ts'
import { attributesOf, draw, pixelOf } from '../pixel-data/frames.fixture.ts'
import type { RunningServer } from '../processes/running-server.ts'
import { readAll } from '../stores/blobs/blob-store.ts'
import { pathsOf } from '../stores/blobs/disk/disk-paths.ts'
import { readTableFrame } from '../stores/blobs/frame-table.ts'
import { imageFrameIdOf } from '../stores/blobs/image-frame-id.ts'
import type { InstanceRecord } from '../stores/catalog/image-set-records.ts'
import { loadConfig } from './config.ts'
import { openLog } from './log.ts'
import { openBlobs, openCatalog, placesOf } from './open-stores.ts'

const KEYS = { accessKeyId: 'HILUMTESTACCESSKEY', secretAccessKey: 'a-secret-of-tests' }
/** Frames in this transfer syntax are stored unchanged. */
const JPEG_XL = '1.2.840.10008.1.2.4.112'

const small = pixelOf({ rows: 64, columns: 64, numberOfFrames: 1 })
const many = pixelOf({ rows: 64, columns: 64, numberOfFrames: 4 })
const noise = pixelOf({ rows: 1_200, columns: 1_024, numberOfFrames: 1, bitsStored: 16, bitsAllocated: 16 })

/** In the order of their SOPInstanceUIDs. */
const KINDS = {
  'in one piece of a blob': {
    transferSyntaxUID: ExplicitVRLittleEndian,
    pixel: small,
    frames: [draw(small, 1)],
  },
  'in a table of a blob': {
    transferSyntaxUID: ExplicitVRLittleEndian,
    pixel: many,
    frames: [1, 2, 3, 4].map((seed) => draw(many, seed)),
  },
  'in several pieces of their file': {
    transferSyntaxUID: JPEG_XL,
    pixel: pixelOf({ rows: 64, columns: 64, numberOfFrames: 3 }),
    frames: [300, 200, 400].map((size) => randomBytes(size)),
    fragmentSizeBytes: 64,
  },
  'that are too large for one buffer': {
    transferSyntaxUID: ExplicitVRLittleEndian,
    pixel: noise,
    frames: [randomBytes(2 * 1_200 * 1_024)],
  },
} as const

type Kind = keyof typeof KINDS

interface Frame {
  readonly id: string
  readonly blobKey: string
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly bytes: Uint8Array
}

describe('damaged bytes of frames', async () => {
  let folder: string
  let client: MedicalImagingClient
  let server: RunningServer
  const alarms: Record<string, unknown>[] = []
  let place: { readonly datastoreId: string; readonly imageSetId: string }
  const framesOf = new Map<Kind, Frame[]>()
  const instances = new Map<Kind, InstanceRecord>()
  let stores: {
    readonly catalog: Awaited<ReturnType<typeof openCatalog>>
    readonly blobs: Awaited<ReturnType<typeof openBlobs>>
  }
  const stops: (() => Promise<unknown>)[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hilum-damaged-'))
    stops.push(() => rm(folder, { recursive: true }))
    await mkdir(join(folder, 'buckets/in-bucket'), { recursive: true })
    await mkdir(join(folder, 'buckets/out-bucket'))
    for (const [at, { pixel, ...kind }] of Object.values(KINDS).entries()) {
      const attributes = { ...attributesOf(pixel), SOPInstanceUID: `2.25.${at + 1}` }
      const { transferSyntaxUID, ...pixelData } = kind
      await writeFile(
        join(folder, `buckets/in-bucket/${at}.dcm`),
        encodeP10({ transferSyntaxUID, attributes, pixelData }),
      )
    }
    // The places of the frames in the files are those of the catalog; encrypted-server.test.ts damages encrypted blobs.
    const env = {
      HILUM_ENCRYPTION: 'none',
      HILUM_ACCESS_KEY_ID: KEYS.accessKeyId,
      HILUM_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
    }
    const config = loadConfig({ cwd: folder, env, flags: { data: folder, port: '0', host: ['127.0.0.1'] } })
    const error = (fields: object, message: string) => {
      if (message.startsWith('ALARM')) alarms.push(fields as Record<string, unknown>)
    }
    server = await startServer(config, { log: { ...openLog({ logLevel: 'error' }), error } })
    stops.push(() => server.stop())
    const { endpoint, region } = server
    client = new MedicalImagingClient({ endpoint, region, credentials: KEYS, disableHostPrefix: true, maxAttempts: 1 })
    await importAll()
    stores = {
      catalog: await openCatalog(placesOf(config), { readOnly: true }),
      blobs: await openBlobs(placesOf(config)),
    }
    stops.push(() => stores.catalog.close())
    await findFrames()
  })
  after(async () => {
    client.destroy()
    for (const stop of stops.reverse()) await stop()
  })

  async function importAll(): Promise<void> {
    const { datastoreId } = await client.send(new CreateDatastoreCommand({ clientToken: 't' }))
    while (
      (await client.send(new GetDatastoreCommand({ datastoreId }))).datastoreProperties?.datastoreStatus !== 'ACTIVE'
    );
    const { jobId } = await client.send(
      new StartDICOMImportJobCommand({
        ...{ datastoreId, clientToken: 't', dataAccessRoleArn: 'arn:aws:iam::000000000000:role/import' },
        ...{ inputS3Uri: 's3://in-bucket/', outputS3Uri: 's3://out-bucket/' },
      }),
    )
    for (;;) {
      const { jobProperties } = await client.send(new GetDICOMImportJobCommand({ datastoreId, jobId }))
      if (jobProperties?.jobStatus === 'COMPLETED') break
      assert.notEqual(jobProperties?.jobStatus, 'FAILED', jobProperties?.message)
    }
    place = { datastoreId: datastoreId!, imageSetId: '' }
  }

  async function findFrames(): Promise<void> {
    const search = { filters: [], sort: { sortField: 'createdAt', sortOrder: 'ASC' } } as const
    const { rows } = await stores.catalog.imageSets.search({ datastoreId: place.datastoreId, search, limit: 10 })
    assert.equal(rows.length, 1)
    place = { ...place, imageSetId: rows[0]!.imageSetId }
    const parts = await stores.catalog.imageSets.instanceRecords({ ...place, version: 1 })
    for (const [at, kind] of (Object.keys(KINDS) as Kind[]).entries()) {
      const instance = parts.find(({ sopInstanceUID }) => sopInstanceUID === `2.25.${at + 1}`)!
      instances.set(kind, instance)
      const { frameCount } = instance.frames!
      const numbers = Array.from({ length: frameCount }, (_, index) => index + 1)
      framesOf.set(kind, await Promise.all(numbers.map((frameNumber) => frameOf(instance, frameNumber))))
    }
  }

  /** Its first range. */
  async function frameOf(instance: InstanceRecord, frameNumber: number): Promise<Frame> {
    const { framesKey, blobKey, offsetBytes, sizeBytes, frameCount, holds } = instance.frames!
    const id = imageFrameIdOf({ framesKey, frameNumber })
    const bytes = await got(id)
    if (holds === 'frame') return { id, blobKey, offsetBytes, lengthBytes: sizeBytes, bytes }
    const table = await readAll((await stores.blobs.open(blobKey, { start: offsetBytes, length: sizeBytes }))!)
    const { ranges } = await readTableFrame(bytesInMemory(table), { frameNumber, frameCount, tableBytes: sizeBytes })
    const [first] = ranges
    return first!.in === 'blob'
      ? { id, blobKey, ...first!, bytes }
      : { id, blobKey: instance.blobKey, ...first!, offsetBytes: instance.offsetBytes + first!.offsetBytes, bytes }
  }

  async function got(imageFrameId: string): Promise<Uint8Array> {
    const answer = await client.send(new GetImageFrameCommand({ ...place, imageFrameInformation: { imageFrameId } }))
    return answer.imageFrameBlob!.transformToByteArray()
  }

  /** By DICOMweb, as it is stored. */
  async function retrieved(kind: Kind, path: string): Promise<Buffer> {
    const instance = `2.25.${Object.keys(KINDS).indexOf(kind) + 1}`
    const request = {
      path: `/datastore/${place.datastoreId}/studies/1.2.3/series/1.2.3.1/instances/${instance}${path}`,
      headers: { accept: 'multipart/related; transfer-syntax=*, application/dicom; transfer-syntax=*' },
    }
    const response = await signedFetch({ ...server, credentials: KEYS }, { method: 'GET', ...request })
    const body = Buffer.from(await response.arrayBuffer())
    assert.equal(response.status, 200, body.toString('latin1', 0, 200))
    return body
  }

  async function flip(blobKey: string, at: number, bit: number): Promise<void> {
    const file = await open(join(folder, 'blobs', pathsOf(blobKey, 'spread')[0]!), 'r+')
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at)
    buffer[0]! ^= 1 << bit
    await file.write(buffer, 0, 1, at)
    await file.close()
  }

  for (const kind of Object.keys(KINDS) as Kind[]) {
    test(`flipped bits of frames ${kind} are detected`, async () => {
      for (const frame of framesOf.get(kind)!) {
        const { lengthBytes, offsetBytes, blobKey, id } = frame
        for (const [at, bit] of [
          [0, 0],
          [lengthBytes >> 1, 3],
          [lengthBytes - 1, 7],
        ] as const) {
          alarms.length = 0
          await flip(blobKey, offsetBytes + at, bit)
          await assert.rejects(got(id), (error) => {
            if (kind !== 'that are too large for one buffer') {
              assert.ok(error instanceof MedicalImagingServiceException, String(error))
              assert.equal(error.name, 'InternalServerException')
              assert.equal(error.$metadata.httpStatusCode, 500)
              assert.match(error.message, /stored bytes of this image frame are damaged/)
            }
            return true
          })
          assert.deepEqual(
            alarms.map(({ imageFrameId, blobKey: key, offsetBytes: from }) => [imageFrameId, key, from]),
            [[id, blobKey, offsetBytes]],
          )
          // As DICOMweb sends it: alone, and in a file of all frames.
          const number = framesOf.get(kind)!.indexOf(frame) + 1
          for (const path of [`/frames/${number}`, '']) await assert.rejects(retrieved(kind, path), path)
          const found = (await differencesIn(stores)).map(({ kind: what }) => what)
          assert.ok(found.includes('frame-differs'), `hilum verify says ${found}`)
          await flip(blobKey, offsetBytes + at, bit)
        }
        assert.deepEqual(await got(id), frame.bytes)
      }
      assert.ok((await retrieved(kind, '')).length > 0)
    })
  }

  test('flipped bits of a frame table never return other bytes than those of the frame', async () => {
    for (const kind of ['in a table of a blob', 'in several pieces of their file'] as const) {
      const { blobKey, offsetBytes, sizeBytes } = instances.get(kind)!.frames!
      const frame = framesOf.get(kind)![1]!
      let refused = 0
      for (let bit = 0; bit < sizeBytes * 8; bit += 3) {
        await flip(blobKey, offsetBytes + (bit >> 3), bit & 7)
        try {
          assert.deepEqual(await got(frame.id), frame.bytes, `bit ${bit}`)
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error
          refused += 1
        }
        await flip(blobKey, offsetBytes + (bit >> 3), bit & 7)
      }
      assert.ok(refused > 40, `${refused} were refused`)
      assert.deepEqual(await got(frame.id), frame.bytes)
    }
  })

  test('flipped bits of a metadata document are detected', async () => {
    const document = await stores.catalog.imageSets.document({ ...place, version: 1 })
    assert.ok(typeof document === 'object')
    const { blobKey, offsetBytes, sizeBytes } = document
    const send = () => client.send(new GetImageSetMetadataCommand({ ...place }))
    for (const at of [0, sizeBytes >> 1, sizeBytes - 1]) {
      alarms.length = 0
      await flip(blobKey, offsetBytes + at, 2)
      await assert.rejects(send, { name: 'InternalServerException' })
      assert.deepEqual(
        alarms.map((alarm) => [alarm.imageSetId, alarm.blobKey, alarm.offsetBytes]),
        [[place.imageSetId, blobKey, offsetBytes]],
      )
      await flip(blobKey, offsetBytes + at, 2)
    }
    await send()
  })

  test('a frame is refused when its checksum in the catalog was changed', async () => {
    const [frame] = framesOf.get('in one piece of a blob')!
    const database = new Database(join(folder, 'catalog.sqlite'))
    const change = (by: number) =>
      database.exec(`UPDATE instances SET frames_checksum = frames_checksum + ${by} WHERE sop_instance_uid = '2.25.1'`)
    change(1)
    await assert.rejects(got(frame!.id), { name: 'InternalServerException' })
    change(-1)
    database.close()
    assert.deepEqual(await got(frame!.id), frame!.bytes)
  })
})
