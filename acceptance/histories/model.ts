/**
 * The result of a history of imports, updates, copies and deletions, by AWS's developer guide and, where it says nothing, by Hilum's
 * documentation: plain data in memory, independent of the server.
 */

/** As in a metadata document: keyword or `GGGGEEEE`, and the value. */
export type Attributes = Readonly<Record<string, unknown>>

export interface ModelInstance {
  /** Everything but the file meta information. */
  readonly DICOM: Attributes
  readonly DICOMVRs: Readonly<Record<string, string>>
  /** The instance's own patient, study and series attributes. */
  readonly levels: Attributes
  /** The imported file: the metadata of its pixels stay the same in versions and copies. */
  readonly file: string
}

export interface ImageSetAttributes {
  readonly Patient: Attributes
  readonly Study: Attributes
  readonly Series: Attributes
}

export interface Content extends ImageSetAttributes {
  readonly instances: ReadonlyMap<string, ModelInstance>
}

export interface ModelVersion {
  readonly content: Content
  status: string
  /** Names a time that is read from the server once and must not change. */
  readonly updatedAt: string
  readonly forced: boolean
  readonly failed: boolean
}

export interface ModelImageSet {
  readonly imageSetId: string
  readonly isPrimary: boolean
  readonly createdAt: string
  /** The first is version 1. */
  readonly versions: ModelVersion[]
  isDeleted: boolean
}

export interface ImportedFile extends ImageSetAttributes {
  readonly sopInstanceUID: string
  readonly instance: ModelInstance
}

/** What a job reports about an image set that it created or extended. */
export interface Generated {
  readonly imageSetVersion: number
  readonly isPrimary: boolean
  readonly numberOfMatchedSOPInstances: number
}

const OF_THE_STUDY = [
  ...([
    ['Study', 'StudyInstanceUID'],
    ['Study', 'StudyDate'],
    ['Study', 'AccessionNumber'],
  ] as const),
  ...([
    ['Patient', 'PatientID'],
    ['Study', 'StudyID'],
  ] as const),
] as const
const OF_THE_SERIES = [
  ['Series', 'SeriesInstanceUID'],
  ['Series', 'SeriesNumber'],
] as const

type Element = readonly [keyof ImageSetAttributes, string]

/** Empty, absent and null are equal, and padding is ignored. */
export function meaning(value: unknown): string | null {
  if (value === undefined || value === null) return null
  if (typeof value !== 'string') return JSON.stringify(value)
  const text = value.trim()
  return text === '' ? null : text
}

const elementOf = (levels: ImageSetAttributes, [level, keyword]: Element): string | null =>
  meaning(levels[level][keyword])
const agreeIn = (elements: readonly Element[], one: ImageSetAttributes, other: ImageSetAttributes): boolean =>
  elements.every((element) => elementOf(one, element) === elementOf(other, element))

export const latestOf = (imageSet: ModelImageSet): ModelVersion => imageSet.versions.at(-1)!

export class ModelStore {
  readonly imageSets: ModelImageSet[] = []
  #moments = 0

  /** Those that are not deleted. */
  get standing(): readonly ModelImageSet[] {
    return this.imageSets.filter(({ isDeleted }) => !isDeleted)
  }

  primariesOfStudy(levels: ImageSetAttributes): readonly ModelImageSet[] {
    const study = levels.Study.StudyInstanceUID
    return this.standing.filter((each) => each.isPrimary && latestOf(each).content.Study.StudyInstanceUID === study)
  }

  /**
   * Which image set a file belongs to: the primary one of its series, a new primary one, or a non-primary one because it disagrees with a
   * primary image set of the study.
   */
  placeOf(levels: ImageSetAttributes): ModelImageSet | 'primary' | 'not-primary' {
    const primaries = this.primariesOfStudy(levels)
    const sameSeries = primaries.find(
      ({ versions }) => versions.at(-1)!.content.Series.SeriesInstanceUID === levels.Series.SeriesInstanceUID,
    )
    const agrees =
      primaries.every((each) => agreeIn(OF_THE_STUDY, latestOf(each).content, levels)) &&
      (sameSeries === undefined || agreeIn(OF_THE_SERIES, latestOf(sameSeries).content, levels))
    if (!agrees) return 'not-primary'
    return sameSeries ?? 'primary'
  }

  /**
   * The files of one job in key order. `made` returns the ids that the job assigned, in the order of its image sets. Patient, study and
   * series are those of the last file, and every instance keeps its own; of files with one SOPInstanceUID the last is kept.
   */
  import(files: readonly ImportedFile[], made: (generated: Generated, group: readonly ImportedFile[]) => string): void {
    const groups = Map.groupBy(files, (file) =>
      JSON.stringify([...OF_THE_STUDY, ...OF_THE_SERIES].map((element) => elementOf(file, element))),
    )
    for (const group of groups.values()) this.#importGroup(group, made)
  }

  #importGroup(
    group: readonly ImportedFile[],
    made: (generated: Generated, group: readonly ImportedFile[]) => string,
  ): void {
    const { Patient, Study, Series } = group.at(-1)!
    const added = new Map(group.map((file) => [file.sopInstanceUID, file.instance]))
    const place = this.placeOf({ Patient, Study, Series })
    const moment = this.moment()
    const numberOfMatchedSOPInstances = added.size
    if (typeof place === 'string') {
      const isPrimary = place === 'primary'
      const imageSetId = made({ imageSetVersion: 1, isPrimary, numberOfMatchedSOPInstances }, group)
      const content = { Patient, Study, Series, instances: added }
      const version = { content, status: 'CREATED', updatedAt: moment, forced: false, failed: false }
      this.imageSets.push({ imageSetId, isPrimary, createdAt: moment, versions: [version], isDeleted: false })
      return
    }
    const held = latestOf(place).content.instances
    const content = { Patient, Study, Series, instances: new Map([...held, ...added]) }
    place.versions.push({ content, status: 'IMPORTED', updatedAt: moment, forced: false, failed: false })
    made({ imageSetVersion: place.versions.length, isPrimary: true, numberOfMatchedSOPInstances }, group)
  }

  publish(imageSet: ModelImageSet, version: { content: Content; status: string; forced: boolean }): void {
    imageSet.versions.push({ ...version, updatedAt: this.moment(), failed: false })
  }

  /** A failed attempt is a version with the content of the previous one. */
  fail(imageSet: ModelImageSet, status: string): void {
    const { content } = latestOf(imageSet)
    imageSet.versions.push({ content, status, updatedAt: this.moment(), forced: false, failed: true })
  }

  /** @param isPrimary only by promoteToPrimary */
  addCopy(copy: { imageSetId: string; isPrimary: boolean; content: Content; forced: boolean }): void {
    const { imageSetId, isPrimary, content, forced } = copy
    const version = { content, status: 'COPIED', updatedAt: this.moment(), forced, failed: false }
    this.imageSets.push({ imageSetId, isPrimary, createdAt: this.moment(), versions: [version], isDeleted: false })
  }

  moment(): string {
    this.#moments += 1
    return `moment ${this.#moments}`
  }
}

/** Whether patient, study and series are equal, as CopyImageSet requires without force. */
export function attributesAgree(one: ImageSetAttributes, other: ImageSetAttributes): boolean {
  return (['Patient', 'Study', 'Series'] as const).every((level) =>
    [...new Set([...Object.keys(one[level]), ...Object.keys(other[level])])].every(
      (keyword) => meaning(one[level][keyword]) === meaning(other[level][keyword]),
    ),
  )
}

export const flat = ({ Patient, Study, Series }: ImageSetAttributes): Attributes => ({
  ...Patient,
  ...Study,
  ...Series,
})

export const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

/** The attributes in a document that an instance has in addition: where it differs from the image set. */
export function differencesOf(instance: ModelInstance, content: Content): { values: Attributes; absent: string[] } {
  const above = flat(content)
  const values = Object.entries(instance.levels).filter(([key, value]) => !isSame(value, above[key]))
  const absent = Object.keys(above).filter((key) => !(key in instance.levels))
  return { values: Object.fromEntries([...values, ...absent.map((key) => [key, null])]), absent }
}

/** Instances of an image set under the attributes of another, which apply where the two differ. */
export function movedUnder(
  instances: ReadonlyMap<string, ModelInstance>,
  { from, to }: { readonly from: Content; readonly to: Content },
): ReadonlyMap<string, ModelInstance> {
  const [before, after] = [flat(from), flat(to)]
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  const different = [...keys].filter((key) => !isSame(before[key], after[key]))
  return mapInstances(instances, (levels) => {
    for (const key of different) {
      delete levels[key]
      if (key in after) levels[key] = after[key]
    }
  })
}

export function mapInstances(
  instances: ReadonlyMap<string, ModelInstance>,
  change: (levels: Record<string, unknown>) => void,
): ReadonlyMap<string, ModelInstance> {
  return new Map(
    [...instances].map(([uid, instance]) => {
      const levels = { ...instance.levels }
      change(levels)
      return [uid, { ...instance, levels }]
    }),
  )
}

/** DICOMTags of SearchImageSets as the SDK returns them: null and absent look the same. */
export function tagsOf({ Patient, Study, Series, instances }: Content): Record<string, unknown> {
  const number = meaning(Series.SeriesNumber)
  const tags = {
    DICOMPatientId: Patient.PatientID,
    DICOMPatientName: Patient.PatientName,
    DICOMPatientBirthDate: Patient.PatientBirthDate,
    DICOMPatientSex: Patient.PatientSex,
    DICOMStudyInstanceUID: Study.StudyInstanceUID,
    DICOMStudyId: Study.StudyID,
    DICOMStudyDescription: Study.StudyDescription,
    DICOMNumberOfStudyRelatedSeries: 1,
    DICOMNumberOfStudyRelatedInstances: instances.size,
    DICOMAccessionNumber: Study.AccessionNumber,
    DICOMSeriesInstanceUID: Series.SeriesInstanceUID,
    DICOMSeriesModality: Series.Modality,
    DICOMSeriesBodyPart: Series.BodyPartExamined,
    DICOMSeriesNumber: number === null ? undefined : Number(number),
    DICOMStudyDate: Study.StudyDate,
    DICOMStudyTime: Study.StudyTime,
  }
  return Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== undefined && value !== null))
}
