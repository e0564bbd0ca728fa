/**
 * The JSON metadata files of an import job (AWS importConfiguration), whose attributes override those of DICOM files. A metadata file is
 * read when the first DICOM file of its study is read. Parsed files are cached, the least recently used are dropped: together their bytes
 * are bounded by `importMetadataFileBytes`, as is each of them.
 */
import type { ImportApp } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import { DicomError } from '../dicom/dicom-error.ts'
import { type DicomFile, requireAttribute } from '../dicom/parse.ts'
import {
  type JsonMetadata,
  type MetadataInFront,
  parseJsonMetadata,
  putInFront,
} from '../imaging/documents/json-metadata.ts'
import type { FailedFile, ImportJob } from '../stores/catalog/import-job-repository.ts'
import type { BucketFile } from '../stores/locations/locations.ts'
import { s3Place } from '../stores/locations/s3-uri.ts'
import { failureOf } from './file-failure.ts'
import { type InputBucket, rangesOf, UnreadableObject } from './input-bucket.ts'

interface Mapping {
  /** Its position in the request, from 1. */
  readonly number: number
  readonly studyInstanceUID: string
  readonly seriesInstanceUID: string | undefined
  readonly key: string
}

interface Cached {
  readonly sizeBytes: number
  /** A sentence if the file cannot be used. */
  readonly metadata: JsonMetadata | string
}

type App = Pick<ImportApp, 'limits' | 'log'>

export class JsonMetadataFiles {
  readonly #app: App
  readonly #input: InputBucket
  readonly #fileBytesMax: number
  readonly #mappings: readonly Mapping[]
  readonly #byStudy: ReadonlyMap<string, readonly Mapping[]>
  readonly #used: Set<string>
  /** By mapping number, the most recently used last. */
  readonly #cache = new Map<number, Cached>()
  #cachedBytes = 0
  #last: Promise<unknown> = Promise.resolve()

  /** @param options.used the keys of those that were used before */
  constructor(
    app: App,
    { input, job, used }: { readonly input: InputBucket; readonly job: ImportJob; readonly used: readonly string[] },
  ) {
    this.#app = app
    this.#input = input
    this.#fileBytesMax = app.limits.importMetadataFileBytes
    this.#used = new Set(used)
    const { prefix } = s3Place(job.inputS3Uri)
    const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`
    const given = job.importConfiguration?.dicomJsonMetadataImportConfiguration?.dicomMetadataMappings ?? []
    this.#mappings = given.map(({ studyInstanceUID, seriesInstanceUID, metadataFilePath }, index) => ({
      ...{ number: index + 1, studyInstanceUID, seriesInstanceUID, key: `${folder}${metadataFilePath}` },
    }))
    this.#byStudy = Map.groupBy(this.#mappings, ({ studyInstanceUID }) => studyInstanceUID)
    this.keys = new Set(this.#mappings.map(({ key }) => key))
  }

  /** The keys of the metadata files: they are not imported as DICOM files. */
  readonly keys: ReadonlySet<string>

  /** The keys of those that were used. */
  get used(): readonly string[] {
    return [...this.#used]
  }

  /** @throws DicomError if the JSON metadata of the file cannot be used, UnreadableObject, StoreUnavailable */
  async override(file: DicomFile): Promise<MetadataInFront> {
    const mappings = this.#byStudy.size === 0 ? [] : this.#mappingsOf(file)
    if (mappings.length === 0) return { file, warnings: [] }
    const [StudyInstanceUID, SeriesInstanceUID, SOPInstanceUID] = (
      ['StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID'] as const
    ).map((keyword) => requireAttribute(file.dataSet, keyword)) as [string, string, string]
    const given = []
    for (const mapping of mappings) {
      this.#used.add(mapping.key)
      const metadata = await this.#runAlone(() => this.#load(mapping))
      if (typeof metadata === 'string') {
        throw new DicomError({ reason: cannotBeUsed(mapping.number, metadata) })
      }
      given.push(...metadata.givenFor({ StudyInstanceUID, SeriesInstanceUID, SOPInstanceUID }))
    }
    return putInFront(file, given)
  }

  /** Those of the series last: they override those of the study. */
  #mappingsOf({ dataSet }: DicomFile): readonly Mapping[] {
    const ofStudy = this.#byStudy.get(dataSet.string(STUDY) ?? '') ?? []
    const series = dataSet.string(SERIES)
    return [
      ...ofStudy.filter(({ seriesInstanceUID }) => seriesInstanceUID === undefined),
      ...ofStudy.filter(({ seriesInstanceUID }) => seriesInstanceUID === series && series !== undefined),
    ]
  }

  /**
   * A line of the failure report for each metadata file that could not be used.
   * @param options.isComplete `used` is of all files of the job, so that a metadata file without a DICOM file has a line too
   */
  async *failures({ isComplete }: { readonly isComplete: boolean }): AsyncGenerator<FailedFile> {
    const reported = new Set<string>()
    for (const mapping of this.#mappings) {
      if (reported.has(mapping.key)) continue
      const failure = await this.#failureOf(mapping, isComplete)
      if (failure === undefined) continue
      reported.add(mapping.key)
      yield failure
    }
  }

  async #failureOf(mapping: Mapping, isComplete: boolean): Promise<FailedFile | undefined> {
    const { key, number } = mapping
    const invalid = (message: string): FailedFile => ({
      ...{ outcome: 'failed', key, exceptionType: 'ValidationException', message },
    })
    try {
      const metadata = await this.#load(mapping)
      if (typeof metadata === 'string') return invalid(cannotBeUsed(number, metadata))
    } catch (cause) {
      if (!(cause instanceof UnreadableObject)) throw cause
      return failureOf(this.#app, key, cause)
    }
    if (!isComplete || this.#used.has(key)) return undefined
    return invalid(
      `The JSON metadata of mapping ${number} was not used: no file of the input is of its study and series`,
    )
  }

  /** One file at a time, because a parsed file can take far more memory than its bytes. */
  #runAlone<Result>(task: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(task)
    this.#last = done.catch(() => {})
    return done
  }

  async #load(mapping: Mapping): Promise<JsonMetadata | string> {
    const cached = this.#cache.get(mapping.number) ?? (await this.#read(mapping))
    this.#cache.delete(mapping.number)
    this.#cache.set(mapping.number, cached)
    for (const [number, { sizeBytes }] of this.#cache) {
      if (this.#cachedBytes <= this.#fileBytesMax || number === mapping.number) break
      this.#cache.delete(number)
      this.#cachedBytes -= sizeBytes
    }
    return cached.metadata
  }

  async #read({ key, seriesInstanceUID }: Mapping): Promise<Cached> {
    const { bucket } = this.#input
    const bytes = await this.#bytesOf({ sizeBytes: 0, open: (range) => bucket.open(key, range) })
    if (typeof bytes === 'string') return { sizeBytes: 0, metadata: bytes }
    if (bytes.length > this.#fileBytesMax) {
      return { sizeBytes: 0, metadata: `It has more than the ${this.#fileBytesMax} bytes that it may have.` }
    }
    try {
      const metadata = parseJsonMetadata(bytes, seriesInstanceUID)
      this.#cachedBytes += bytes.length
      return { sizeBytes: bytes.length, metadata }
    } catch (cause) {
      if (!(cause instanceof ContractError)) throw cause
      return { sizeBytes: 0, metadata: cause.message }
    }
  }

  /** @returns a sentence if there is no such object. @throws UnreadableObject, StoreUnavailable */
  async #bytesOf(file: Pick<BucketFile, 'open' | 'sizeBytes'>): Promise<Uint8Array | string> {
    try {
      return await rangesOf(this.#input, file).read(0, this.#fileBytesMax + 1)
    } catch (cause) {
      if (cause instanceof DicomError) return 'It is not in the input.'
      throw cause
    }
  }
}

const cannotBeUsed = (number: number, why: string) => `The JSON metadata of mapping ${number} cannot be used. ${why}`

const STUDY = '0020000D'
const SERIES = '0020000E'
