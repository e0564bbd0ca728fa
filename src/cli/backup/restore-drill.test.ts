/**
 * The restore drill: a server, backups beside it, and restores into an empty place, all as processes. The restored archive answers a recorded
 * set of requests with the same bytes.
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  CopyImageSetCommand,
  CreateDatastoreCommand,
  DeleteImageSetCommand,
  GetDatastoreCommand,
  GetImageSetCommand,
  type MedicalImagingClient,
  SearchImageSetsCommand,
  TagResourceCommand,
  UpdateImageSetMetadataCommand,
} from '@aws-sdk/client-medical-imaging'
import { ExplicitVRLittleEndian, encodeP10 } from '../../dicom/encode.ts'
import { startHilumProcess } from '../../fixtures/hilum-process.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { openPostgres } from '../../fixtures/shared-servers.ts'
import { attributesOf, draw, pixelOf } from '../../pixel-data/frames.fixture.ts'
import { S3_TEST_LIMITS, s3IsMissing, startS3 } from '../../stores/blobs/s3/s3.fixture.ts'
import { postgresIsMissing } from '../../stores/sql/engine/postgres/postgres.fixture.ts'
import { openClient } from '../client/client.ts'
import { signedFetch } from '../client/signed-fetch.ts'

const REQUESTS = 200
const STUDIES = 8
const pixel = pixelOf({ bitsStored: 12, numberOfFrames: 2 })

const fileOf = (study: number, series: number, number: number): Uint8Array =>
  encodeP10({
    transferSyntaxUID: ExplicitVRLittleEndian,
    attributes: {
      ...attributesOf(pixel),
      ...{
        StudyInstanceUID: `1.2.${study}`,
        SeriesInstanceUID: `1.2.${study}.${series}`,
        SOPInstanceUID: `1.2.${study}.${series}.${number}`,
      },
      ...{ PatientID: `P${study % 4}`, PatientName: `MÜLLER^${study}`, SpecificCharacterSet: 'ISO_IR 192' },
      ...{ StudyDate: `2024010${study + 1}`, StudyTime: '101500', AccessionNumber: `A${study}`, StudyID: `S${study}` },
    },
    pixelData: { frames: [draw(pixel, study), draw(pixel, series + number)] },
  })

interface Place {
  /** Settings of the original and of the restored server. */
  readonly env: Readonly<Record<string, string>>
  readonly restoredEnv: Readonly<Record<string, string>>
  readonly to: string
}

interface Server {
  readonly client: MedicalImagingClient
  readonly fetch: (
    path: string,
    query?: Record<string, string>,
    body?: string,
    method?: 'GET' | 'POST',
  ) => Promise<Response>
  readonly hilum: (...words: string[]) => Promise<{ readonly code: number | NodeJS.Signals; readonly output: string }>
  readonly stop: () => Promise<void>
}

async function serve(
  t: TestContext,
  cwd: string,
  data: string,
  env: Readonly<Record<string, string>>,
): Promise<Server> {
  const words = ['serve', '--data', data, '--port', '0', '--host', '127.0.0.1']
  const server = startHilumProcess(t, words, { cwd, env })
  const [, endpoint] = await server.printed(/^Hilum answers at (http:\S+) and/m)
  const credentials = JSON.parse(readFileSync(join(cwd, data, 'credentials.json'), 'utf8'))
  const at = { endpoint: endpoint!, region: 'us-east-1', credentials }
  const client = openClient(at)
  t.after(() => client.destroy())
  return {
    client,
    fetch: (path, query = {}, body, method = body === undefined ? 'GET' : 'POST') =>
      signedFetch(at, { method, path, query, ...(body !== undefined && { body }) }),
    async hilum(...given) {
      const { ended, output } = startHilumProcess(t, [...given, '--data', data, '--port', new URL(endpoint!).port], {
        cwd,
        env,
      })
      return { code: await ended, output: output() }
    },
    async stop() {
      server.child.kill('SIGTERM')
      await server.ended
    },
  }
}

async function importFiles({ hilum }: Server, cwd: string, files: readonly Uint8Array[]): Promise<void> {
  const folder = mkdtempSync(join(cwd, 'disc-'))
  for (const [at, bytes] of files.entries()) writeFileSync(join(folder, `${at}.dcm`), bytes)
  const { code, output } = await hilum('import', folder, '--datastore', 'drill')
  assert.equal(code, 0, output)
}

const found = async ({ client }: Server, datastoreId: string) =>
  (await client.send(new SearchImageSetsCommand({ datastoreId, maxResults: 50 }))).imageSetsMetadataSummaries!

async function untilUnlocked({ client }: Server, datastoreId: string, imageSetId: string): Promise<void> {
  while ((await client.send(new GetImageSetCommand({ datastoreId, imageSetId }))).imageSetState === 'LOCKED')
    await setTimeout(20)
}

/** Versions, copies, a deletion, tags, principals and policies. */
async function change(server: Server, datastoreId: string): Promise<void> {
  const { client, hilum } = server
  const ids = (await found(server, datastoreId)).map(({ imageSetId }) => imageSetId!)
  const latest = async (imageSetId: string) =>
    (await client.send(new GetImageSetCommand({ datastoreId, imageSetId }))).versionId!
  for (const imageSetId of ids.slice(0, 3)) {
    const updatableAttributes = Buffer.from(
      JSON.stringify({ SchemaVersion: '1.1', Patient: { DICOM: { PatientName: 'MEIER^ÄNNE' } } }),
    )
    await client.send(
      new UpdateImageSetMetadataCommand({
        ...{ datastoreId, imageSetId, latestVersionId: await latest(imageSetId) },
        updateImageSetMetadataUpdates: { DICOMUpdates: { updatableAttributes } },
      }),
    )
    await untilUnlocked(server, datastoreId, imageSetId)
  }
  const copied = await client.send(
    new CopyImageSetCommand({
      ...{ datastoreId, sourceImageSetId: ids[4]! },
      copyImageSetInformation: { sourceImageSet: { latestVersionId: await latest(ids[4]!) } },
    }),
  )
  await untilUnlocked(server, datastoreId, copied.destinationImageSetProperties!.imageSetId!)
  await untilUnlocked(server, datastoreId, ids[4]!)
  await client.send(new DeleteImageSetCommand({ datastoreId, imageSetId: ids[5]! }))
  while ((await found(server, datastoreId)).some(({ imageSetId }) => imageSetId === ids[5])) await setTimeout(20)
  const { imageSetArn } = await client.send(new GetImageSetCommand({ datastoreId, imageSetId: ids[6]! }))
  await client.send(new TagResourceCommand({ resourceArn: imageSetArn!, tags: { ward: '7', unit: 'CT 2' } }))
  assert.equal((await hilum('principals', 'create', 'mary', '--policy', 'AWSHealthImagingReadOnlyAccess')).code, 0)
}

interface Recorded {
  readonly path: string
  readonly query?: Record<string, string>
  readonly body?: string
}

/** Every reading operation on everything, and searches with all sorts and filters, in pages. */
async function requestsFor(server: Server, datastoreId: string): Promise<readonly Recorded[]> {
  const store = `/datastore/${datastoreId}`
  const arn = `arn:aws:medical-imaging:us-east-1:000000000000:datastore/${datastoreId}`
  const requests: Recorded[] = [
    { path: '/datastore' },
    { path: store },
    { path: `/tags/${encodeURIComponent(arn)}` },
    { path: `/listDICOMImportJobs/datastore/${datastoreId}` },
    { path: '/hilum/principals' },
    { path: '/hilum/policies' },
  ]
  const jobs = (await (await server.fetch(`/listDICOMImportJobs/datastore/${datastoreId}`)).json()) as {
    jobSummaries: { jobId: string }[]
  }
  for (const { jobId } of jobs.jobSummaries)
    requests.push({ path: `/getDICOMImportJob/datastore/${datastoreId}/job/${jobId}` })
  const filters: object[][] = [
    [],
    ...[0, 1, 2, 3].map((each) => [{ operator: 'EQUAL', values: [{ DICOMPatientId: `P${each}` }] }]),
    ...[0, 1, 2].map((each) => [{ operator: 'EQUAL', values: [{ DICOMStudyInstanceUID: `1.2.${each}` }] }]),
    [
      {
        operator: 'BETWEEN',
        values: [
          { DICOMStudyDateAndTime: { DICOMStudyDate: '20240102', DICOMStudyTime: '0000' } },
          { DICOMStudyDateAndTime: { DICOMStudyDate: '20240104', DICOMStudyTime: '2300' } },
        ],
      },
    ],
  ]
  const sorts = ['updatedAt', 'createdAt', 'DICOMStudyDateAndTime'].flatMap((sortField) =>
    ['ASC', 'DESC'].map((sortOrder) => ({ sortField, sortOrder })),
  )
  for (const some of filters) {
    for (const sort of sorts) {
      const body = JSON.stringify({ ...(some.length > 0 && { filters: some }), sort })
      requests.push({ path: `${store}/searchImageSets`, query: { maxResults: '5' }, body })
    }
  }
  for (const { imageSetId } of await found(server, datastoreId)) {
    const at = `${store}/imageSet/${imageSetId}`
    requests.push({ path: `/tags/${encodeURIComponent(`${arn}/imageset/${imageSetId}`)}` })
    requests.push({ path: `${at}/listImageSetVersions`, body: '' })
    const { versionId } = await server.client.send(new GetImageSetCommand({ datastoreId, imageSetId: imageSetId! }))
    for (let version = 1; version <= Number(versionId); version++) {
      const query = { version: String(version) }
      requests.push(
        { path: `${at}/getImageSet`, query, body: '' },
        { path: `${at}/getImageSetMetadata`, query, body: '' },
      )
    }
    const document = await (await server.fetch(`${at}/getImageSetMetadata`, {}, '')).text()
    const frames = [...document.matchAll(/"ID":"([0-9a-f]{32})"/g)].map((match) => match[1]!)
    for (const imageFrameId of frames.slice(-2)) {
      requests.push({ path: `${at}/getImageFrame`, body: JSON.stringify({ imageFrameId }) })
    }
  }
  return requests
}

/**
 * Page tokens are encrypted with random bytes: they are left out, and the page that each names is compared instead. The time of the last
 * access is left out too, because these requests change it.
 */
async function answersTo(server: Server, requests: readonly Recorded[]): Promise<readonly string[]> {
  const answers: string[] = []
  for (const { path, query, body } of requests) {
    let nextToken: string | undefined
    do {
      const reply = await server.fetch(path, { ...query, ...(nextToken !== undefined && { nextToken }) }, body)
      const bytes = Buffer.from(await reply.arrayBuffer())
      const type = reply.headers.get('content-type') ?? ''
      const isJson = type === 'application/json' && !path.endsWith('getImageSetMetadata')
      const text = bytes.toString(isJson ? 'utf8' : 'base64')
      nextToken = isJson ? (JSON.parse(text) as { nextToken?: string }).nextToken : undefined
      answers.push(
        `${path} ${JSON.stringify(query)} ${body}\n${reply.status} ${type}\n${text.replace(nextToken ?? '\0', '').replaceAll(/"lastAccessedAt":[\d.]+/g, '')}`,
      )
    } while (nextToken !== undefined)
  }
  return answers
}

async function drill(t: TestContext, place: () => Promise<Place>): Promise<void> {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-drill-'))
  removeAtExit(cwd)
  for (const data of ['data', 'restored']) {
    mkdirSync(join(cwd, data), { mode: 0o700 })
    // Commands do not retry: on a busy machine the S3 server may take longer than the default deadlines.
    writeFileSync(join(cwd, data, 'hilum.json'), JSON.stringify({ limits: S3_TEST_LIMITS }))
  }
  const { env, restoredEnv, to } = await place()
  const server = await serve(t, cwd, 'data', env)
  const { datastoreId } = await server.client.send(
    new CreateDatastoreCommand({ datastoreName: 'drill', tags: { a: 'b' } }),
  )
  const status = async () =>
    (await server.client.send(new GetDatastoreCommand({ datastoreId }))).datastoreProperties?.datastoreStatus
  while ((await status()) !== 'ACTIVE') await setTimeout(20)
  const studies = Array.from({ length: STUDIES }, (_, at) => at)
  await importFiles(
    server,
    cwd,
    studies.flatMap((study) => [1, 2, 3].map((series) => fileOf(study, series, 1))),
  )
  const first = await server.hilum('backup', '--to', to, '--json')
  assert.equal(first.code, 0, first.output)
  const reportOf = (output: string) => JSON.parse(output.split('\n').find((line) => line.startsWith('{"backupId'))!)
  assert.ok(reportOf(first.output).copiedBlobs > 0)

  await importFiles(
    server,
    cwd,
    [1, 2].map((series) => fileOf(0, series, 2)),
  )
  await change(server, datastoreId!)
  const requests = await requestsFor(server, datastoreId!)
  assert.ok(requests.length >= REQUESTS, `${requests.length} requests`)
  const recorded = await answersTo(server, requests)
  const refused = recorded.filter((answer) => !answer.includes('\n200 '))
  assert.deepEqual(refused, [])
  const second = await server.hilum('backup', '--to', to, '--json')
  assert.equal(second.code, 0, second.output)
  const [before, after] = [reportOf(first.output), reportOf(second.output)]
  assert.ok(
    after.copiedBlobs > 0 && after.copiedBlobs <= after.blobs - before.blobs + 1,
    JSON.stringify([before, after]),
  )
  // What happens after the backup is not in it.
  await importFiles(server, cwd, [fileOf(9, 1, 1)])

  const keys = ['--key-ring', 'data/keys/ring.json', '--key-file', 'data/keys/ring.key']
  const restore = startHilumProcess(t, ['restore', '--from', to, '--data', 'restored', ...keys], {
    cwd,
    env: restoredEnv,
  })
  assert.equal(await restore.ended, 0, restore.output())
  await cp(join(cwd, 'data/keys'), join(cwd, 'restored/keys'), { recursive: true })
  await server.stop()
  const again = await serve(t, cwd, 'restored', restoredEnv)
  const verified = await again.hilum('verify')
  assert.equal(verified.code, 0, verified.output)
  const answers = await answersTo(again, requests)
  for (const [at, answer] of answers.entries()) assert.equal(answer, recorded[at])
  assert.equal(answers.length, recorded.length)
  // It is used like the original, and its own backup fits the place.
  await importFiles(again, cwd, [fileOf(8, 1, 1)])
  const third = await again.hilum('backup', '--to', to, '--keep', '1', '--json')
  assert.equal(third.code, 0, third.output)
  const listed = await again.hilum('backup', 'list', '--from', to, '--json')
  assert.deepEqual(
    listed.output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line).backupId),
    [reportOf(third.output).backupId],
  )
}

test('from SQLite and files to a folder and back: the same answers', (t) =>
  drill(t, async () => ({ env: {}, restoredEnv: {}, to: 'backups' })))

test('from two partitions of PostgreSQL and S3 to S3 and back: the same answers', {
  skip: postgresIsMissing ?? s3IsMissing ?? false,
}, async (t) => {
  const database = await openPostgres()
  t.after(() => database.remove())
  const bucket = 'archive'
  const s3 = await startS3([bucket, 'hilum-import', 'hilum-import-output'])
  t.after(() => s3.stop())
  await drill(t, async () => {
    const common = {
      HILUM_S3_ENDPOINT: s3.place.endpoint!,
      HILUM_S3_ACCESS_KEY_ID: s3.place.accessKeyId!,
      HILUM_S3_SECRET_ACCESS_KEY: s3.place.secretAccessKey!,
      HILUM_PARTITIONS: '2',
    }
    return {
      env: { ...common, HILUM_CATALOG: await database.newDatabase(), HILUM_BLOBS: `s3://${bucket}/original` },
      restoredEnv: { ...common, HILUM_CATALOG: await database.newDatabase(), HILUM_BLOBS: `s3://${bucket}/restored` },
      to: `s3://${bucket}/backups`,
    }
  })
})
