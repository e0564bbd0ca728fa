/** Compares every response about the image sets of a data store with the model. */
import assert from 'node:assert/strict'
import { gunzipSync } from 'node:zlib'
import {
  GetImageFrameCommand,
  GetImageSetCommand,
  type ImageSetProperties,
  type MedicalImagingServiceException,
  paginateListImageSetVersions,
  type SearchByAttributeValue,
  type SearchCriteria,
  type SearchFilter,
} from '@aws-sdk/client-medical-imaging'
import type { TestServer } from '../support/hilum.ts'
import { fetchGzip, type InstanceOfDocument, type MetadataDocument } from '../support/metadata.ts'
import { search, studyMoment } from '../support/search.ts'
import { type Content, differencesOf, latestOf, type ModelImageSet, type ModelStore, meaning, tagsOf } from './model.ts'

interface Compared {
  readonly server: TestServer
  readonly datastoreId: string
  readonly clock?: { readonly now: () => number }
}

type Field = 'updatedAt' | 'createdAt' | 'DICOMStudyDateAndTime'

export class Comparison {
  readonly #compared: Compared
  readonly #store: ModelStore
  /** The times that the model names. */
  readonly #moments = new Map<string, number>()
  /** The bytes of each version's document when it was first read. */
  readonly #documents = new Map<string, Uint8Array>()
  /** The parts of an imported file's metadata that are not its data set: file meta information and frames. */
  readonly #besides = new Map<string, object>()
  readonly #frames = new Map<string, Uint8Array>()
  readonly #states = new Map<string, string>()
  #rounds = 0

  constructor(compared: Compared, store: ModelStore) {
    this.#compared = compared
    this.#store = store
  }

  /** Compares everything that may have changed and, of the rest, a different part each time. */
  async compareSome(): Promise<void> {
    this.#rounds += 1
    for (const imageSet of this.#store.imageSets) {
      await this.#compareVersions(imageSet)
      const { imageSetId, versions, isDeleted } = imageSet
      const state = JSON.stringify([isDeleted, versions.map(({ status }) => status)])
      const isChanged = this.#states.get(imageSetId) !== state
      this.#states.set(imageSetId, state)
      if (isChanged) await this.#compareProperties(imageSet)
      const number = (this.#rounds % versions.length) + 1
      await this.#compareDocuments(imageSet, isChanged ? [number, versions.length] : [number])
    }
    const searches = this.#searches()
    const [all, ...others] = searches
    for (const each of [all!, ...[0, 1].map((more) => others[(this.#rounds + more) % others.length])]) {
      if (each !== undefined) await this.#compareSearch(each)
    }
  }

  async compareAll(): Promise<void> {
    this.#rounds += 1
    for (const imageSet of this.#store.imageSets) {
      await this.#compareProperties(imageSet)
      await this.#compareVersions(imageSet)
      await this.#compareDocuments(
        imageSet,
        [...imageSet.versions.keys()].map((index) => index + 1),
      )
    }
    for (const each of this.#searches()) await this.#compareSearch(each)
  }

  /** The first occurrence of a time sets it; afterwards it must not change. */
  #requireMoment(name: string, response: Date | undefined): void {
    assert.ok(response, 'the moment is response')
    const known = this.#moments.get(name)
    if (known === undefined) {
      const { clock } = this.#compared
      if (clock !== undefined) assert.equal(response.getTime(), clock.now())
      this.#moments.set(name, response.getTime())
    } else {
      assert.equal(response.getTime(), known, `${name} is as it was first response`)
    }
  }

  // ---- Properties ------------------------------------------------------------------------------------------------

  #expected(imageSet: ModelImageSet, number: number) {
    const { status, forced } = imageSet.versions[number - 1]!
    const { imageSetId, isPrimary, isDeleted } = imageSet
    return {
      imageSetId,
      versionId: String(number),
      imageSetState: isDeleted ? 'DELETED' : 'ACTIVE',
      workflowStatus: isDeleted ? 'DELETED' : status,
      isPrimary,
      overrides: forced ? { forced: true } : undefined,
    }
  }

  #requireTimes(
    imageSet: ModelImageSet,
    number: number,
    response: Pick<ImageSetProperties, 'createdAt' | 'updatedAt' | 'deletedAt' | 'message'>,
  ): void {
    const { updatedAt, failed } = imageSet.versions[number - 1]!
    this.#requireMoment(imageSet.createdAt, response.createdAt)
    this.#requireMoment(updatedAt, response.updatedAt)
    if (imageSet.isDeleted) this.#requireMoment(`deletion of ${imageSet.imageSetId}`, response.deletedAt)
    else assert.equal(response.deletedAt, undefined)
    if (failed) assert.ok(response.message, 'a failed version says why')
    else assert.equal(response.message, undefined)
  }

  async #compareProperties(imageSet: ModelImageSet): Promise<void> {
    const { server, datastoreId } = this.#compared
    const { imageSetId, versions } = imageSet
    // The latest version always, and a different earlier one each time.
    for (const number of new Set([versions.length, (this.#rounds % versions.length) + 1])) {
      const wanted = { datastoreId, imageSetId, ...(number === versions.length ? {} : { versionId: String(number) }) }
      const response = await server.sdk.send(new GetImageSetCommand(wanted))
      const { versionId, imageSetState, imageSetWorkflowStatus: workflowStatus, isPrimary, overrides } = response
      assert.deepEqual(
        { imageSetId: response.imageSetId, versionId, imageSetState, workflowStatus, isPrimary, overrides },
        this.#expected(imageSet, number),
      )
      this.#requireTimes(imageSet, number, response)
    }
    const beyond = { datastoreId, imageSetId, versionId: String(versions.length + 1) }
    await this.#requireNotFound(server.sdk.send(new GetImageSetCommand(beyond)))
  }

  async #requireNotFound(answer: Promise<unknown>): Promise<void> {
    await assert.rejects(answer, (error: MedicalImagingServiceException) => {
      assert.equal(error.name, 'ResourceNotFoundException', error.message)
      return true
    })
  }

  async #compareVersions(imageSet: ModelImageSet): Promise<void> {
    const { server, datastoreId } = this.#compared
    const { imageSetId, versions } = imageSet
    const pageSize = (this.#rounds % 3) + 1
    const found = []
    for await (const page of paginateListImageSetVersions(
      { client: server.sdk, pageSize },
      { datastoreId, imageSetId },
    )) {
      found.push(...page.imageSetPropertiesList!)
    }
    assert.deepEqual(
      found.map(
        ({ versionId, imageSetState, ImageSetWorkflowStatus: workflowStatus, isPrimary, overrides, ...each }) => ({
          ...{ imageSetId: each.imageSetId, versionId, imageSetState, workflowStatus, isPrimary, overrides },
        }),
      ),
      versions.map((_, index) => this.#expected(imageSet, versions.length - index)),
    )
    for (const response of found) this.#requireTimes(imageSet, Number(response.versionId), response)
  }

  // ---- Documents and frames --------------------------------------------------------------------------------------

  async #compareDocuments(
    { imageSetId, versions, isDeleted }: ModelImageSet,
    numbers: readonly number[],
  ): Promise<void> {
    const { server, datastoreId } = this.#compared
    for (const number of new Set(numbers)) {
      const wanted = { datastoreId, imageSetId, versionId: String(number) }
      if (isDeleted) {
        await this.#requireNotFound(fetchGzip(server.sdk, wanted))
        continue
      }
      const bytes = await fetchGzip(server.sdk, wanted)
      const key = `${imageSetId}/${number}`
      const before = this.#documents.get(key)
      if (before !== undefined) {
        assert.ok(Buffer.compare(before, bytes) === 0, 'the document of a version never changes')
        continue
      }
      this.#documents.set(key, bytes)
      await this.#compareDocument(JSON.parse(gunzipSync(bytes).toString()), {
        imageSetId,
        content: versions[number - 1]!.content,
      })
    }
    if (isDeleted || !numbers.includes(versions.length)) return
    const latest = await fetchGzip(server.sdk, { datastoreId, imageSetId })
    assert.ok(Buffer.compare(latest, this.#documents.get(`${imageSetId}/${versions.length}`)!) === 0)
  }

  async #compareDocument(
    document: MetadataDocument,
    { imageSetId, content }: { readonly imageSetId: string; readonly content: Content },
  ): Promise<void> {
    const { datastoreId } = this.#compared
    const { Patient, Study, Series, instances } = content
    const series = document.Study.Series[Series.SeriesInstanceUID as string]
    assert.ok(series, 'the series stands under its UID')
    assert.deepEqual(
      { ...document, Study: { ...document.Study, Series: Object.keys(document.Study.Series) } },
      {
        ...{ SchemaVersion: '1.1', DatastoreID: datastoreId, ImageSetID: imageSetId },
        Patient: { DICOM: Patient },
        Study: { DICOM: Study, Series: [Series.SeriesInstanceUID] },
      },
    )
    assert.deepEqual(series.DICOM, Series)
    assert.deepEqual(Object.keys(series.Instances).sort(), [...instances.keys()].sort())
    for (const [uid, instance] of instances) {
      const response: InstanceOfDocument = series.Instances[uid]!
      const { own, absent, besides } = apart(response)
      const differences = differencesOf(instance, content)
      assert.deepEqual(own, {
        DICOM: { ...instance.DICOM, ...differences.values, SOPInstanceUID: uid },
        DICOMVRs: instance.DICOMVRs,
      })
      assert.deepEqual(absent.toSorted(), differences.absent.toSorted())
      assert.equal(response.DICOM.MediaStorageSOPInstanceUID, uid)
      const known = this.#besides.get(instance.file)
      if (known === undefined) this.#besides.set(instance.file, besides)
      else assert.deepEqual(besides, known, 'file meta information and frames go with the file')
      await this.#compareFrames(response, imageSetId)
    }
  }

  /** A frame has the same bytes in every image set and version. */
  async #compareFrames({ ImageFrames }: InstanceOfDocument, imageSetId: string): Promise<void> {
    const { server, datastoreId } = this.#compared
    for (const { ID } of ImageFrames as readonly { readonly ID: string }[]) {
      const wanted = { datastoreId, imageSetId, imageFrameInformation: { imageFrameId: ID } }
      const { imageFrameBlob } = await server.sdk.send(new GetImageFrameCommand(wanted))
      const bytes = await imageFrameBlob!.transformToByteArray()
      const before = this.#frames.get(ID)
      if (before === undefined) this.#frames.set(ID, bytes)
      else assert.ok(Buffer.compare(before, bytes) === 0, 'versions and copies share frames')
    }
  }

  // ---- Searches --------------------------------------------------------------------------------------------------

  /** The first is for all image sets; the others search for values of one of them. */
  #searches(): SearchToCompare[] {
    const { standing } = this.#store
    const asked = standing[this.#rounds % Math.max(1, standing.length)]
    const sort = SORTS[this.#rounds % SORTS.length]!
    const searches: SearchToCompare[] = [{ criteria: {}, matches: () => true }]
    if (asked === undefined) return searches
    const { Patient, Study, Series } = latestOf(asked).content
    const texts = [
      ['DICOMPatientId', Patient.PatientID, (of: Content) => of.Patient.PatientID],
      ['DICOMAccessionNumber', Study.AccessionNumber, (of: Content) => of.Study.AccessionNumber],
      ['DICOMStudyId', Study.StudyID, (of: Content) => of.Study.StudyID],
      ['DICOMStudyInstanceUID', Study.StudyInstanceUID, (of: Content) => of.Study.StudyInstanceUID],
      ['DICOMSeriesInstanceUID', Series.SeriesInstanceUID, (of: Content) => of.Series.SeriesInstanceUID],
    ] as const
    for (const [attribute, value, held] of texts) {
      const text = meaning(value)
      if (text === null) continue
      const filter = equalTo({ [attribute]: text } as never)
      searches.push(
        { criteria: { filters: [filter], sort }, matches: ({ content }) => meaning(held(content)) === text },
        {
          criteria: { filters: [filter, equalTo({ isPrimary: asked.isPrimary })] },
          matches: ({ content, imageSet }) => meaning(held(content)) === text && imageSet.isPrimary === asked.isPrimary,
        },
      )
    }
    const at = this.#moments.get(latestOf(asked).updatedAt)!
    searches.push(
      { criteria: { sort }, matches: () => true },
      {
        criteria: { filters: [within({ updatedAt: new Date(at) }, { updatedAt: new Date(at + 5_000) })], sort },
        matches: ({ imageSet }) => {
          const updatedAt = this.#moments.get(latestOf(imageSet).updatedAt)!
          return updatedAt >= at && updatedAt <= at + 5_000
        },
      },
      {
        criteria: { filters: [within(studyMoment('20240101 120001'), studyMoment('20250607 120001'))] },
        matches: ({ content }) => {
          const instant = instantOf(content)
          return instant !== undefined && instant >= '20240101120001' && instant <= '20250607120001'
        },
      },
    )
    return searches
  }

  async #compareSearch({ criteria: searchCriteria, matches }: SearchToCompare): Promise<void> {
    const { server, datastoreId } = this.#compared
    const found = await search(server.sdk, { datastoreId, searchCriteria, pageSize: (this.#rounds % 7) + 2 })
    const { sortField = 'updatedAt', sortOrder = 'DESC' } = searchCriteria.sort ?? {}
    const expected = this.#store.standing
      .map((imageSet) => ({ imageSet, content: latestOf(imageSet).content }))
      .filter(matches)
      .sort((a, b) => this.#compareInOrder(sortField as Field, sortOrder === 'ASC', a, b))
    assert.deepEqual(
      found.map(({ imageSetId, version, isPrimary, DICOMTags }) => ({ imageSetId, version, isPrimary, DICOMTags })),
      expected.map(({ imageSet: { imageSetId, isPrimary, versions }, content }) => ({
        ...{ imageSetId, version: versions.length, isPrimary, DICOMTags: tagsOf(content) },
      })),
    )
    for (const [index, { imageSet }] of expected.entries()) {
      this.#requireMoment(imageSet.createdAt, found[index]!.createdAt)
      this.#requireMoment(latestOf(imageSet).updatedAt, found[index]!.updatedAt)
    }
  }

  /** Image sets without study date come last in both directions; ties are sorted by id. */
  #compareInOrder(field: Field, isAscending: boolean, ...two: { imageSet: ModelImageSet; content: Content }[]): number {
    const [a, b] = two.map(({ imageSet, content }) =>
      field === 'DICOMStudyDateAndTime'
        ? instantOf(content)
        : this.#moments.get(field === 'createdAt' ? imageSet.createdAt : latestOf(imageSet).updatedAt)!,
    )
    const byId = two[0]!.imageSet.imageSetId < two[1]!.imageSet.imageSetId ? -1 : 1
    if (a === b) return byId
    if (a === undefined) return 1
    if (b === undefined) return -1
    return a < b === isAscending ? -1 : 1
  }
}

interface SearchToCompare {
  readonly criteria: SearchCriteria
  readonly matches: (candidate: { readonly imageSet: ModelImageSet; readonly content: Content }) => boolean
}

const equalTo = (value: SearchByAttributeValue): SearchFilter => ({ operator: 'EQUAL', values: [value] })
const within = (lower: SearchByAttributeValue, upper: SearchByAttributeValue): SearchFilter => ({
  operator: 'BETWEEN',
  values: [lower, upper],
})

const SORTS = (['updatedAt', 'createdAt', 'DICOMStudyDateAndTime'] as const).flatMap((sortField) =>
  (['ASC', 'DESC'] as const).map((sortOrder) => ({ sortField, sortOrder })),
)

/** Fourteen digits and a fraction; undefined without a study date, midnight without a study time. */
function instantOf({ Study }: Content): string | undefined {
  const date = meaning(Study.StudyDate)
  return date === null ? undefined : date + (meaning(Study.StudyTime) ?? '000000')
}

/** The model's data of an instance, with the metadata of its file. */
function apart({ DICOM, DICOMVRs, DICOMAbsent: absent = [], ...frames }: InstanceOfDocument) {
  const own: Record<string, unknown> = {}
  const meta: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(DICOM)) {
    if (key === 'MediaStorageSOPInstanceUID') continue
    if (FILE_META.has(key)) meta[key] = value
    else own[key] = value
  }
  return { own: { DICOM: own, DICOMVRs }, absent, besides: { meta, frames } }
}

const FILE_META = new Set([
  ...['FileMetaInformationGroupLength', 'FileMetaInformationVersion', 'MediaStorageSOPClassUID', 'TransferSyntaxUID'],
  ...['ImplementationClassUID', 'ImplementationVersionName'],
])
