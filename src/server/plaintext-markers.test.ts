/**
 * Unusual values in DICOM files, and then a search for them in every byte that the server left: after imports, updates, searches, copies,
 * deletions and kills. The same search finds them where nothing is encrypted, so it can fail.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  CopyImageSetCommand,
  CreateDatastoreCommand,
  DeleteImageSetCommand,
  GetDatastoreCommand,
  GetDICOMImportJobCommand,
  GetImageSetCommand,
  GetImageSetMetadataCommand,
  MedicalImagingClient,
  SearchImageSetsCommand,
  StartDICOMImportJobCommand,
  UpdateImageSetMetadataCommand,
} from '@aws-sdk/client-medical-imaging'
import { signedFetch } from '../cli/client/signed-fetch.ts'
import { ExplicitVRLittleEndian, encodeP10 } from '../dicom/encode.ts'
import { type HilumProcess, startHilumProcess } from '../fixtures/hilum-process.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { sample } from '../fixtures/soak.ts'
import { attributesOf, pixelOf } from '../pixel-data/frames.fixture.ts'

const CREDENTIALS = { accessKeyId: 'HILUMTESTACCESSKEY', secretAccessKey: 'a-secret-of-tests' }
const REGION = 'us-east-1'
const PIXEL = pixelOf({ rows: 64, columns: 64, bitsStored: 8 })
const FILES = 6
/** Milliseconds between the start of a job or a change and the kill. */
const KILLS_AFTER_MS = [5, 30, 80, 150, 250, 400, 700, 1_100]

/** Work of a killed server resumes sooner than usual. */
const LIMITS = { importLeaseMs: 3_000, workflowLeaseMs: 3_000 }

/** Each at least 15 bytes, so that it is nowhere by accident. */
const MARKERS = {
  'a name': 'ZORBAX^QUENTIN^MURGATROYD',
  'a patient ID': 'PID-QWXZV-8841-7720',
  'a description': 'STUDY OF KRVXLOBENHEIM REGION',
  'a private element': 'PRIVATE-VALUE-JXQZ-5521',
  'a file name': 'scan-of-wqxzlumbertjk',
  'an updated ID': 'UPDATED-ID-VBQXZ-0917',
  pixels: createHash('sha256').update('pixels').digest(),
}

/** The marker as UTF-8, UTF-16 of both orders, and in base64 at each of the three places in a group. */
function formsOf(marker: string | Buffer): readonly Buffer[] {
  const bytes = Buffer.from(marker as string)
  const littleEndian = Buffer.from(bytes.toString('latin1'), 'utf16le')
  const inBase64 = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    // Without the first and last groups, which contain neighbouring bytes too.
    return Buffer.from(text.slice(4, -4))
  })
  return [bytes, littleEndian, Buffer.from(littleEndian).swap16(), ...inBase64]
}

/** Which markers are in which files, as `name in file`. */
async function markersIn(folder: string, output: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const texts: (readonly [string, Buffer])[] = [
    ['the output of the server', Buffer.from(output)],
    // An upload that waits for its import has the name that it was given (docs/operating/encryption.md).
    ['names of files', Buffer.from(entries.map(({ name }) => name.replace(MARKERS['a file name'], '')).join('\n'))],
  ]
  for (const path of files) {
    // A file may be removed meanwhile.
    const bytes = await readFile(path).catch(() => Buffer.alloc(0))
    texts.push([path.slice(folder.length + 1), bytes])
  }
  return Object.entries(MARKERS).flatMap(([name, marker]) => {
    const forms = formsOf(marker)
    return texts.filter(([, bytes]) => forms.some((form) => bytes.includes(form))).map(([at]) => `${name} in ${at}`)
  })
}

function fileOf(study: number, number: number): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(PIXEL.rows * PIXEL.columns)
  for (let at = 0; at < frame.length; at += MARKERS.pixels.length) frame.set(MARKERS.pixels, at)
  return Uint8Array.from(
    encodeP10({
      transferSyntaxUID: ExplicitVRLittleEndian,
      attributes: {
        ...attributesOf(PIXEL),
        ...{ StudyInstanceUID: `2.25.${study}`, SeriesInstanceUID: `2.25.${study}.1` },
        ...{ SOPInstanceUID: `2.25.${study}.1.${number}`, PatientName: MARKERS['a name'] },
        ...{ PatientID: MARKERS['a patient ID'], StudyDescription: MARKERS['a description'] },
        '00190010': { vr: 'LO', value: 'HILUM TEST' },
        '00191001': { vr: 'LO', value: MARKERS['a private element'] },
      },
      pixelData: { frames: [frame] },
    }),
  )
}

/** A server in a process of its own, whose temporary files are in the folder too. */
class Served {
  readonly #context: TestContext
  readonly #flags: readonly string[]
  readonly folder: string
  #process!: HilumProcess
  #output = ''
  endpoint = ''
  client!: MedicalImagingClient

  constructor(context: TestContext, { folder, flags }: { readonly folder: string; readonly flags: readonly string[] }) {
    this.#context = context
    this.folder = folder
    this.#flags = flags
  }

  async start(): Promise<void> {
    const words = [
      'serve',
      '--data',
      'data',
      '--port',
      '0',
      '--host',
      '127.0.0.1',
      '--log-level',
      'debug',
      ...this.#flags,
    ]
    const env = {
      HILUM_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      HILUM_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      TMPDIR: join(this.folder, 'tmp'),
    }
    this.#process = startHilumProcess(this.#context, words, { cwd: this.folder, env })
    const [, endpoint] = await this.#process.printed(/Hilum answers at (http:\S+:\d+)/)
    this.endpoint = endpoint!
    this.client = new MedicalImagingClient({
      ...{ endpoint: this.endpoint, region: REGION, credentials: CREDENTIALS, disableHostPrefix: true, maxAttempts: 1 },
    })
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#process.child.kill(signal)
    await this.#process.ended
    this.#output += this.#process.output()
    this.client.destroy()
  }

  markers(): Promise<readonly string[]> {
    return markersIn(this.folder, this.#output + this.#process.output())
  }

  /** Uploads a study and starts its import. */
  async startImport(datastoreId: string, study: number): Promise<{ datastoreId: string; jobId: string }> {
    const server = { endpoint: this.endpoint, region: REGION, credentials: CREDENTIALS }
    const { uploadId, ...uris } = (await (
      await signedFetch(server, { method: 'POST', path: '/hilum/uploads' })
    ).json()) as { uploadId: string; inputS3Uri: string; outputS3Uri: string }
    for (let number = 0; number < FILES; number++) {
      const path = `/hilum/uploads/${uploadId}/${MARKERS['a file name']}-${number}.dcm`
      const { status } = await signedFetch(server, { method: 'PUT', path, body: fileOf(study, number) })
      assert.equal(status, 204)
    }
    const { jobId } = await this.client.send(
      new StartDICOMImportJobCommand({
        ...{ datastoreId, ...uris, dataAccessRoleArn: 'arn:aws:iam::000000000000:role/import' },
      }),
    )
    return { datastoreId, jobId: jobId! }
  }

  async untilImported(job: { datastoreId: string; jobId: string }): Promise<void> {
    for (;;) {
      const { jobProperties } = await this.client.send(new GetDICOMImportJobCommand(job))
      if (jobProperties?.jobStatus === 'COMPLETED') return
      assert.notEqual(jobProperties?.jobStatus, 'FAILED', jobProperties?.message)
      await setTimeout(20)
    }
  }

  async untilUnlocked(imageSet: { datastoreId: string; imageSetId: string }): Promise<string> {
    for (;;) {
      const { imageSetState, versionId } = await this.client.send(new GetImageSetCommand(imageSet))
      if (imageSetState === 'ACTIVE') return versionId!
      await setTimeout(20)
    }
  }

  async found(datastoreId: string, patientId: string): Promise<string | undefined> {
    const { imageSetsMetadataSummaries } = await this.client.send(
      new SearchImageSetsCommand({
        datastoreId,
        searchCriteria: { filters: [{ operator: 'EQUAL', values: [{ DICOMPatientId: patientId }] }] },
      }),
    )
    return imageSetsMetadataSummaries?.[0]?.imageSetId
  }
}

async function served(context: TestContext, flags: readonly string[]): Promise<Served & { datastoreId: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-markers-'))
  removeAtExit(folder)
  await mkdir(join(folder, 'tmp'))
  await mkdir(join(folder, 'data'))
  await writeFile(join(folder, 'data/hilum.json'), JSON.stringify({ limits: LIMITS }))
  const server = new Served(context, { folder, flags })
  await server.start()
  const { datastoreId } = await server.client.send(new CreateDatastoreCommand({ datastoreName: 'marked' }))
  const statusOf = async () =>
    (await server.client.send(new GetDatastoreCommand({ datastoreId }))).datastoreProperties?.datastoreStatus
  while ((await statusOf()) !== 'ACTIVE') await setTimeout(10)
  return Object.assign(server, { datastoreId: datastoreId! })
}

async function update(server: Served, imageSet: { datastoreId: string; imageSetId: string }): Promise<void> {
  const attributes = { SchemaVersion: 1.1, Patient: { DICOM: { PatientID: MARKERS['an updated ID'] } } }
  await server.client.send(
    new UpdateImageSetMetadataCommand({
      ...{ ...imageSet, latestVersionId: await server.untilUnlocked(imageSet) },
      updateImageSetMetadataUpdates: { DICOMUpdates: { updatableAttributes: Buffer.from(JSON.stringify(attributes)) } },
    }),
  )
}

test('no value of a patient is in any file or line of output, whatever happened to the server', async (context) => {
  const server = await served(context, [])
  const { datastoreId } = server
  let study = 0
  for (const afterMs of sample(KILLS_AFTER_MS, 2)) {
    study += 1
    const job = await server.startImport(datastoreId, study)
    await setTimeout(afterMs)
    assert.deepEqual(await server.markers(), [])
    await server.end('SIGKILL')
    assert.deepEqual(await server.markers(), [], `after a kill ${afterMs} ms after the start of an import`)
    await server.start()
    await server.untilImported(job)

    const imageSetId = await server.found(datastoreId, MARKERS['a patient ID'])
    const imageSet = { datastoreId, imageSetId: imageSetId! }
    const { imageSetMetadataBlob } = await server.client.send(new GetImageSetMetadataCommand(imageSet))
    await imageSetMetadataBlob!.transformToByteArray()
    await update(server, imageSet)
    await setTimeout(afterMs)
    await server.end('SIGKILL')
    assert.deepEqual(await server.markers(), [], `after a kill ${afterMs} ms after an update`)
    await server.start()
    const latestVersionId = await server.untilUnlocked(imageSet)
    assert.equal(await server.found(datastoreId, MARKERS['an updated ID']), imageSetId)
    const { destinationImageSetProperties } = await server.client.send(
      new CopyImageSetCommand({
        ...{ datastoreId, sourceImageSetId: imageSetId },
        copyImageSetInformation: { sourceImageSet: { latestVersionId } },
      }),
    )
    await server.untilUnlocked({ datastoreId, imageSetId: destinationImageSetProperties!.imageSetId! })
    await server.untilUnlocked(imageSet)
    await server.client.send(new DeleteImageSetCommand(imageSet))
    while ((await server.found(datastoreId, MARKERS['an updated ID'])) === imageSetId) await setTimeout(20)
  }
  await server.end('SIGTERM')
  assert.deepEqual(await server.markers(), [])
})

test('the same search finds the values where nothing is encrypted', async (context) => {
  const server = await served(context, ['--encryption', 'none'])
  const { datastoreId } = server
  await server.untilImported(await server.startImport(datastoreId, 1))
  const imageSetId = (await server.found(datastoreId, MARKERS['a patient ID']))!
  await update(server, { datastoreId, imageSetId })
  await server.untilUnlocked({ datastoreId, imageSetId })
  await server.end('SIGTERM')
  const found = await server.markers()
  for (const name of Object.keys(MARKERS))
    assert.ok(
      found.some((each) => each.startsWith(name)),
      `${name}: ${found}`,
    )
  assert.ok(found.includes('a patient ID in data/catalog.sqlite'))
})

test('the forms of a marker include UTF-16 and base64 at any place', () => {
  for (const before of ['', 'x', 'xy']) {
    const text = Buffer.from(`${before}${MARKERS['a name']} and more`)
    assert.ok(formsOf(MARKERS['a name']).some((form) => Buffer.from(text.toString('base64')).includes(form)))
  }
  assert.ok(formsOf('abcdefghijklmnop').some((form) => form.includes('a\0b\0c\0')))
})
