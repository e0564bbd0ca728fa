/** Two servers that share a PostgreSQL database and an S3 bucket: both return what one imports, byte for byte. */
import assert from 'node:assert/strict'
import { mkdtemp, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import {
  CreateDatastoreCommand,
  GetDatastoreCommand,
  GetDICOMImportJobCommand,
  GetImageSetMetadataCommand,
  MedicalImagingClient,
  SearchImageSetsCommand,
  StartDICOMImportJobCommand,
} from '@aws-sdk/client-medical-imaging'
import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { ExplicitVRLittleEndian, encodeP10 } from '../dicom/encode.ts'
import { startHilumProcess } from '../fixtures/hilum-process.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { openPostgres } from '../fixtures/shared-servers.ts'
import { startServer } from '../main.ts'
import { clientTo, s3IsMissing, startS3, type TestS3 } from '../stores/blobs/s3/s3.fixture.ts'
import { postgresIsMissing } from '../stores/sql/engine/postgres/postgres.fixture.ts'
import { loadConfig } from './config.ts'
import { openLog } from './log.ts'
import { OperatorError } from './operator-error.ts'

const KEYS = { accessKeyId: 'HILUMTESTACCESSKEY', secretAccessKey: 'a-secret-of-tests' }
const SERIES = ['2.25.1.1', '2.25.1.2', '2.25.1.3']

const environmentFor = ({ place }: TestS3, more: Readonly<Record<string, string>>) => ({
  HILUM_S3_ENDPOINT: place.endpoint,
  HILUM_S3_ACCESS_KEY_ID: place.accessKeyId,
  HILUM_S3_SECRET_ACCESS_KEY: place.secretAccessKey,
  HILUM_ACCESS_KEY_ID: KEYS.accessKeyId,
  HILUM_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
  ...more,
})

async function serverWith(context: TestContext, env: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-shared-'))
  removeAtExit(folder)
  const config = loadConfig({ cwd: folder, env, flags: { data: folder, port: '0', host: ['127.0.0.1'] } })
  const server = await startServer(config, { log: openLog({ logLevel: 'error' }) })
  context.after(() => server.stop())
  const { endpoint, region } = server
  const client = new MedicalImagingClient({ endpoint, region, credentials: KEYS, disableHostPrefix: true })
  context.after(() => client.destroy())
  return { folder, client }
}

async function putInput(s3: TestS3): Promise<void> {
  const client = clientTo(s3.place)
  for (const [at, series] of SERIES.entries()) {
    const Body = encodeP10({
      transferSyntaxUID: ExplicitVRLittleEndian,
      attributes: {
        SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
        SOPInstanceUID: `${series}.1`,
        StudyInstanceUID: '2.25.1',
        SeriesInstanceUID: series,
        SeriesNumber: at,
        PatientID: 'P1',
      },
    })
    await client.send(new PutObjectCommand({ Bucket: 'in-bucket', Key: `scans/${at}.dcm`, Body }))
  }
}

async function untilActive(client: MedicalImagingClient, datastoreId: string): Promise<void> {
  for (;;) {
    const { datastoreProperties } = await client.send(new GetDatastoreCommand({ datastoreId }))
    if (datastoreProperties?.datastoreStatus === 'ACTIVE') return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function importThrough(client: MedicalImagingClient, datastoreId: string): Promise<void> {
  const { jobId } = await client.send(
    new StartDICOMImportJobCommand({
      datastoreId,
      clientToken: 'job',
      dataAccessRoleArn: 'arn:aws:iam::000000000000:role/import',
      inputS3Uri: 's3://in-bucket/scans/',
      outputS3Uri: 's3://out-bucket/',
    }),
  )
  for (;;) {
    const { jobProperties } = await client.send(new GetDICOMImportJobCommand({ datastoreId, jobId }))
    if (jobProperties?.jobStatus === 'COMPLETED') return
    assert.notEqual(jobProperties?.jobStatus, 'FAILED', jobProperties?.message)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function documentsOf(client: MedicalImagingClient, datastoreId: string): Promise<Buffer[]> {
  const found = await client.send(new SearchImageSetsCommand({ datastoreId }))
  const ids = found.imageSetsMetadataSummaries!.map(({ imageSetId }) => imageSetId!).sort()
  const documents: Buffer[] = []
  for (const imageSetId of ids) {
    const { imageSetMetadataBlob } = await client.send(new GetImageSetMetadataCommand({ datastoreId, imageSetId }))
    documents.push(Buffer.from(await imageSetMetadataBlob!.transformToByteArray()))
  }
  return documents
}

test('two servers on one database and one bucket return the bytes that either has stored', {
  skip: postgresIsMissing ?? s3IsMissing ?? false,
}, async (context) => {
  const database = await openPostgres()
  context.after(() => database.remove())
  const s3 = await startS3(['in-bucket', 'out-bucket', 'ours'])
  context.after(() => s3.stop())
  await putInput(s3)
  const keys = await mkdtemp(join(tmpdir(), 'hilum-shared-keys-'))
  removeAtExit(keys)
  const shared = {
    HILUM_CATALOG: await database.newDatabase(),
    HILUM_BLOBS: 's3://ours/hilum',
    HILUM_KEY_RING: join(keys, 'ring.json'),
    HILUM_SEALING_KEY: 'ab'.repeat(32),
  }
  const one = await serverWith(context, environmentFor(s3, shared))
  const other = await serverWith(context, environmentFor(s3, shared))
  const { datastoreId } = await one.client.send(
    new CreateDatastoreCommand({ datastoreName: 'shared', clientToken: 'store' }),
  )
  await untilActive(one.client, datastoreId!)
  await importThrough(one.client, datastoreId!)

  const documents = await documentsOf(one.client, datastoreId!)
  assert.equal(documents.length, SERIES.length)
  const series = documents.map((bytes) => Object.keys(JSON.parse(String(gunzipSync(bytes))).Study.Series)[0])
  assert.deepEqual(series.sort(), SERIES)
  assert.deepEqual(await documentsOf(other.client, datastoreId!), documents)
  const { Contents } = await clientTo(s3.place).send(new ListObjectsV2Command({ Bucket: 'ours' }))
  assert.ok(Contents!.length > 0 && Contents!.every(({ Key }) => Key!.startsWith(`hilum/${datastoreId}/`)))
  for (const { folder } of [one, other]) assert.ok(!(await readdir(folder)).includes('blobs'))

  const env = environmentFor(s3, shared)
  const hilum = async (...words: string[]) => {
    const { ended, output } = startHilumProcess(context, words, { cwd: one.folder, env })
    return { code: await ended, output: output() }
  }
  const doctor = await hilum('doctor', '--data', one.folder, '--endpoint', 'http://127.0.0.1:9')
  assert.match(doctor.output, /catalog on PostgreSQL and blobs in s3:\/\/ours\/hilum accept writes/)
  const sound = await hilum('verify', '--data', join(one.folder, 'from anywhere'))
  assert.equal(sound.code, 0, sound.output)
  assert.match(sound.output, new RegExp(`^The blobs: ${Contents!.length} blobs, 1 MiB; no difference\\.$`, 'm'))
  await clientTo(s3.place).send(new DeleteObjectCommand({ Bucket: 'ours', Key: Contents![0]!.Key }))
  const unsound = await hilum('verify', '--quick')
  assert.equal(unsound.code, 1)
  assert.match(unsound.output, new RegExp(`^blob ${Contents![0]!.Key!.slice('hilum/'.length)}: missing$`, 'm'))
})

test('a server whose bucket for blobs does not exist refuses to start with the reason', {
  skip: s3IsMissing ?? false,
}, async (context) => {
  const s3 = await startS3([])
  context.after(() => s3.stop())
  await assert.rejects(serverWith(context, environmentFor(s3, { HILUM_BLOBS: 's3://ours/hilum' })), (error) => {
    assert.ok(error instanceof OperatorError)
    assert.match(error.message, /^Blobs cannot be kept in s3:\/\/ours\/hilum: The bucket "ours" does not exist\.$/)
    return true
  })
})
