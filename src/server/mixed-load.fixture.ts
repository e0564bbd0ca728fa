/**
 * Clients that search, read, import, update, copy, tag and delete at the same time through the official SDK. They record what the server
 * acknowledged, so that a test can look for it later, and each answer that is not one of the service's modelled errors.
 */
import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import {
  CopyImageSetCommand,
  DeleteImageSetCommand,
  GetDatastoreCommand,
  GetDICOMImportJobCommand,
  GetImageSetCommand,
  ListImageSetVersionsCommand,
  ListTagsForResourceCommand,
  MedicalImagingClient,
  SearchImageSetsCommand,
  StartDICOMImportJobCommand,
  TagResourceCommand,
} from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { fetchFrame, instancesOf } from '../../acceptance/support/frames.ts'
import { picture, propertiesOf, sendUpdate, settled, stateOf } from '../../acceptance/support/image-sets.ts'
import { fetchMetadata } from '../../acceptance/support/metadata.ts'
import { until } from '../../acceptance/support/until.ts'
import { isBroken, isModelled, isUnavailable } from './expected-errors.fixture.ts'
import type { LoadInput } from './load-input.fixture.ts'

export const LOAD_KEYS = { accessKeyId: 'HILUMTESTACCESSKEY', secretAccessKey: 'a-secret-of-tests' }

/** How often each step is chosen, in relation to the others. */
type Mix = Readonly<Record<StepName, number>>

export const MOSTLY_READING: Mix = {
  ...{ search: 40, imageSet: 15, metadata: 10, frame: 20, versions: 5 },
  ...{ update: 4, copy: 2, delete: 2, tag: 1, import: 1 },
}

export const MOSTLY_WRITING: Mix = {
  ...{ search: 3, imageSet: 1, metadata: 1, frame: 3, versions: 1 },
  ...{ update: 6, copy: 4, delete: 3, tag: 3, import: 3 },
}

/** Before a client asks again, after an answer that a store is away. */
const AWAY_MS = 200
const SOURCES = 8
const INSTANCES = 3
/** About so many jobs at most have not completed: imports give way to requests, and without a limit hundreds would be left at the end. */
const UNFINISHED_JOBS_MAX = 16
/** A server that is gone refuses at once. */
const BROKEN_PAUSE_MS = 20

interface Source {
  readonly imageSetId: string
  readonly seriesInstanceUID: string
  readonly frames: ReadonlyMap<string, Buffer>
}

export class MixedLoad {
  readonly #input: LoadInput
  readonly #mayBeAway: boolean
  readonly #steps: readonly StepName[]
  /** One for each server. */
  #sdks: readonly MedicalImagingClient[] = []
  #datastoreId = ''
  #sources: readonly Source[] = []
  #numbers = 0
  /** What was acknowledged: jobs by their study, updates, copies that nobody deletes yet, deleted copies, and tags. */
  readonly #jobs = new Map<string, string>()
  readonly #unfinishedJobs = new Set<string>()
  readonly #updates: { readonly imageSetId: string; readonly versionId: string; readonly name: string }[] = []
  readonly #copies: string[] = []
  readonly #deleted: string[] = []
  readonly #tags = new Map<string, string>()
  readonly #tagsInFlight = new Set<string>()
  readonly answers = { count: 0, broken: 0, refused: new Map<string, number>() }

  /** @param mayBeAway the catalog, for a while: answers that say so are no failures */
  constructor(options: { readonly input: LoadInput; readonly mix: Mix; readonly mayBeAway?: boolean }) {
    const { input, mix, mayBeAway = false } = options
    this.#input = input
    this.#mayBeAway = mayBeAway
    this.#steps = Object.entries(mix).flatMap(([name, weight]) => Array<StepName>(weight).fill(name as StepName))
  }

  /** Each step asks one of the servers. */
  connect(endpoints: string | readonly string[], clients: number): void {
    this.close()
    const newClient = (endpoint: string) =>
      new MedicalImagingClient({
        ...{ endpoint, region: 'us-east-1', credentials: LOAD_KEYS, disableHostPrefix: true, maxAttempts: 1 },
        requestHandler: {
          ...{ httpAgent: { keepAlive: true, maxSockets: clients }, socketAcquisitionWarningTimeout: 600_000 },
        },
      })
    this.#sdks = [endpoints].flat().map(newClient)
    // What a killed server had sent to the catalog has been done by now, or never will be.
    this.#tagsInFlight.clear()
  }

  close(): void {
    for (const sdk of this.#sdks) sdk.destroy()
  }

  get datastoreId(): string {
    return this.#datastoreId
  }

  /** Imports what the clients read, and updates and copies start from. */
  async prepare(): Promise<void> {
    this.#datastoreId = await activeDatastore(this.#client)
    const studies: string[] = []
    for (let n = 0; n < SOURCES; n++) studies.push(await this.#startImport())
    await this.#jobsCompleted()
    this.#sources = await Promise.all(studies.map((study) => this.#sourceOf(study)))
  }

  async #sourceOf(study: string): Promise<Source> {
    const imageSetId = await this.#imageSetOf(study)
    const wanted = { datastoreId: this.#datastoreId, imageSetId }
    const frames = new Map<string, Buffer>()
    for (const { ImageFrames } of await instancesOf(this.#client, wanted)) {
      for (const { ID } of ImageFrames) {
        frames.set(ID, Buffer.from((await fetchFrame(this.#client, wanted, { ID })).bytes))
      }
    }
    assert.equal(frames.size, INSTANCES)
    return { imageSetId, seriesInstanceUID: `${study}.1`, frames }
  }

  /**
   * Each client performs one step after the other.
   * @param options.isOver after it, a failed connection ends a client
   * @param options.mayBreak a connection that breaks ends a step: a server of several is killed
   */
  async run({
    clients,
    isOver,
    mayBreak = false,
  }: {
    readonly clients: number
    readonly isOver: () => boolean
    readonly mayBreak?: boolean
  }): Promise<void> {
    await Promise.all(
      Array.from({ length: clients }, async () => {
        while (!isOver()) {
          const name = pick(this.#steps)
          try {
            await STEPS[name](this.#context)
            this.answers.count += 1
          } catch (error) {
            if (isModelled(error) || (this.#mayBeAway && isUnavailable(error))) {
              this.#noteRefusal(`${name}: ${error.name}`)
              if (isUnavailable(error)) await setTimeout(AWAY_MS)
            } else if (mayBreak && isBroken(error)) {
              this.answers.broken += 1
              await setTimeout(BROKEN_PAUSE_MS)
            } else if (!isOver() || error instanceof assert.AssertionError) throw error
          }
        }
      }),
    )
  }

  #noteRefusal(refusal: string): void {
    this.answers.count += 1
    this.answers.refused.set(refusal, (this.answers.refused.get(refusal) ?? 0) + 1)
  }

  /** Asserts that everything acknowledged is there, after the work that was begun has ended. */
  async checkAll(): Promise<void> {
    const datastoreId = this.#datastoreId
    await this.#jobsCompleted()
    for (const study of this.#jobs.values()) await this.#imageSetOf(study)
    for (const { imageSetId, frames } of this.#sources) {
      const properties = await settled(this.#client, { datastoreId, imageSetId })
      assert.ok(['CREATED', 'UPDATED', 'COPIED'].includes(properties.imageSetWorkflowStatus!), properties.message)
      for (const [ID, bytes] of frames) {
        const frame = await fetchFrame(this.#client, { datastoreId, imageSetId }, { ID })
        assert.ok(bytes.equals(frame.bytes), `frame ${ID}`)
      }
    }
    for (const { imageSetId, versionId, name } of this.#updates) {
      const { Patient } = await fetchMetadata(this.#client, { datastoreId, imageSetId, versionId })
      assert.equal(Patient.DICOM.PatientName, name, `version ${versionId} of ${imageSetId}`)
    }
    for (const imageSetId of this.#copies) {
      const properties = await settled(this.#client, { datastoreId, imageSetId })
      assert.deepEqual(stateOf(properties), ['ACTIVE', 'COPIED', '1'])
    }
    for (const imageSetId of this.#deleted) {
      const properties = await settled(this.#client, { datastoreId, imageSetId })
      assert.equal(properties.imageSetState, 'DELETED')
    }
    await this.checkTags()
  }

  /** Tags need no work after their answer. */
  async checkTags(): Promise<void> {
    const { tags } = await this.#client.send(new ListTagsForResourceCommand({ resourceArn: await this.#arn() }))
    for (const [key, value] of this.#tags) assert.equal(tags![key], value, `tag ${key}`)
  }

  get acknowledged(): Readonly<Record<'jobs' | 'updates' | 'copies' | 'deletions' | 'tags', number>> {
    return {
      jobs: this.#jobs.size,
      updates: this.#updates.length,
      copies: this.#copies.length + this.#deleted.length,
      deletions: this.#deleted.length,
      tags: this.#tags.size,
    }
  }

  get #client(): MedicalImagingClient {
    assert.ok(this.#sdks.length > 0, 'connected')
    return pick(this.#sdks)
  }

  get #context(): StepContext {
    return {
      sdk: this.#client,
      datastoreId: this.#datastoreId,
      source: pick(this.#sources),
      newNumber: () => ++this.#numbers,
      updates: this.#updates,
      copies: this.#copies,
      deleted: this.#deleted,
      tags: this.#tags,
      tagsInFlight: this.#tagsInFlight,
      arn: () => this.#arn(),
      importOrAsk: () => this.#importOrAsk(),
    }
  }

  async #arn(): Promise<string> {
    const { datastoreProperties } = await this.#client.send(new GetDatastoreCommand({ datastoreId: this.#datastoreId }))
    return datastoreProperties!.datastoreArn!
  }

  /** Where many jobs have not completed, asks for one of them instead. */
  async #importOrAsk(): Promise<void> {
    if (this.#unfinishedJobs.size < UNFINISHED_JOBS_MAX) await this.#startImport()
    else await this.#hasCompleted(pick([...this.#unfinishedJobs]))
  }

  /** @returns the StudyInstanceUID */
  async #startImport(): Promise<string> {
    const StudyInstanceUID = `2.25.${9_000_000 + ++this.#numbers}`
    const { bucket } = this.#input
    for (let n = 1; n <= INSTANCES; n++) {
      await this.#input.put(`in/${StudyInstanceUID}/${n}.dcm`, picture(n, { StudyInstanceUID }))
    }
    const { jobId } = await this.#client.send(
      new StartDICOMImportJobCommand({
        ...{ datastoreId: this.#datastoreId, dataAccessRoleArn: 'arn:aws:iam::000000000000:role/import' },
        ...{ inputS3Uri: `s3://${bucket}/in/${StudyInstanceUID}/`, outputS3Uri: `s3://${bucket}/out/` },
      }),
    )
    this.#jobs.set(jobId!, StudyInstanceUID)
    this.#unfinishedJobs.add(jobId!)
    return StudyInstanceUID
  }

  /** Waits as long as jobs complete. */
  async #jobsCompleted(): Promise<void> {
    while (this.#unfinishedJobs.size > 0) {
      await until(async () => {
        const all = await Promise.all([...this.#unfinishedJobs].map((jobId) => this.#hasCompleted(jobId)))
        return all.includes(true) ? true : undefined
      })
    }
  }

  async #hasCompleted(jobId: string): Promise<boolean> {
    const command = new GetDICOMImportJobCommand({ datastoreId: this.#datastoreId, jobId })
    const { jobStatus, message } = (await this.#client.send(command)).jobProperties!
    assert.notEqual(jobStatus, 'FAILED', message)
    if (jobStatus !== 'COMPLETED') return false
    this.#unfinishedJobs.delete(jobId)
    return true
  }

  async #imageSetOf(study: string): Promise<string> {
    const found = await this.#client.send(searchOf(this.#datastoreId, `${study}.1`, true))
    const [summary, second] = found.imageSetsMetadataSummaries!
    assert.ok(summary !== undefined && second === undefined, `one image set of study ${study}`)
    assert.equal(summary.DICOMTags!.DICOMNumberOfStudyRelatedInstances, INSTANCES)
    return summary.imageSetId!
  }
}

type StepName =
  | 'search'
  | 'imageSet'
  | 'metadata'
  | 'frame'
  | 'versions'
  | 'update'
  | 'copy'
  | 'delete'
  | 'tag'
  | 'import'

interface StepContext {
  readonly sdk: MedicalImagingClient
  readonly datastoreId: string
  readonly source: Source
  newNumber(): number
  readonly updates: { imageSetId: string; versionId: string; name: string }[]
  readonly copies: string[]
  readonly deleted: string[]
  readonly tags: Map<string, string>
  readonly tagsInFlight: Set<string>
  arn(): Promise<string>
  importOrAsk(): Promise<unknown>
}

const STEPS: Readonly<Record<StepName, (context: StepContext) => Promise<unknown>>> = {
  async search({ sdk, datastoreId, source }) {
    const { imageSetsMetadataSummaries } = await sdk.send(searchOf(datastoreId, source.seriesInstanceUID, true))
    const found = imageSetsMetadataSummaries!.map(({ imageSetId }) => imageSetId)
    assert.deepEqual(found, [source.imageSetId])
  },
  imageSet: ({ sdk, datastoreId, source: { imageSetId } }) =>
    sdk.send(new GetImageSetCommand({ datastoreId, imageSetId })),
  async metadata({ sdk, datastoreId, source: { imageSetId } }) {
    assert.equal((await fetchMetadata(sdk, { datastoreId, imageSetId })).ImageSetID, imageSetId)
  },
  async frame({ sdk, datastoreId, source: { imageSetId, frames } }) {
    const [ID, bytes] = pick([...frames])
    assert.ok(bytes.equals((await fetchFrame(sdk, { datastoreId, imageSetId }, { ID })).bytes))
  },
  versions: ({ sdk, datastoreId, source: { imageSetId } }) =>
    sdk.send(new ListImageSetVersionsCommand({ datastoreId, imageSetId })),
  async update({ sdk, datastoreId, source: { imageSetId }, newNumber, updates }) {
    const { versionId } = await propertiesOf(sdk, { datastoreId, imageSetId })
    const name = `Name^${newNumber()}`
    const set = { Patient: { DICOM: { PatientName: name } } }
    const answer = await sendUpdate(sdk, { datastoreId, imageSetId, latestVersionId: versionId!, set })
    updates.push({ imageSetId, versionId: answer.latestVersionId!, name })
  },
  async copy({ sdk, datastoreId, source: { imageSetId }, copies }) {
    const { versionId } = await propertiesOf(sdk, { datastoreId, imageSetId })
    const copyImageSetInformation = { sourceImageSet: { latestVersionId: versionId! } }
    const answer = await sdk.send(
      new CopyImageSetCommand({ datastoreId, sourceImageSetId: imageSetId, copyImageSetInformation }),
    )
    copies.push(answer.destinationImageSetProperties!.imageSetId!)
  },
  async delete({ sdk, datastoreId, copies, deleted }) {
    // Taken first: if the answer does not arrive, it is not known whether the copy is deleted.
    const imageSetId = copies.shift()
    if (imageSetId === undefined) return
    try {
      await sdk.send(new DeleteImageSetCommand({ datastoreId, imageSetId }))
      deleted.push(imageSetId)
    } catch (error) {
      // It is still being copied.
      if (isModelled(error) && error.name === 'ConflictException') copies.push(imageSetId)
      throw error
    }
  },
  async tag({ sdk, newNumber, tags, tagsInFlight, arn }) {
    const number = newNumber()
    // Few keys, because a resource has at most 50 tags. One that is being written has no value that is known.
    const key = `key${number % 20}`
    const value = String(number)
    // Of two requests at the same time, either may be the last.
    if (tagsInFlight.has(key)) return
    tagsInFlight.add(key)
    tags.delete(key)
    try {
      await sdk.send(new TagResourceCommand({ resourceArn: await arn(), tags: { [key]: value } }))
      tags.set(key, value)
      tagsInFlight.delete(key)
    } catch (error) {
      // Without an answer the tag may be written later, also after another value of it.
      if (isModelled(error)) tagsInFlight.delete(key)
      throw error
    }
  },
  import: ({ importOrAsk }) => importOrAsk(),
}

const searchOf = (datastoreId: string, DICOMSeriesInstanceUID: string, isPrimary: boolean) =>
  new SearchImageSetsCommand({
    datastoreId,
    searchCriteria: {
      filters: [
        { values: [{ DICOMSeriesInstanceUID }], operator: 'EQUAL' },
        { values: [{ isPrimary }], operator: 'EQUAL' },
      ],
    },
  })

const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)]!
