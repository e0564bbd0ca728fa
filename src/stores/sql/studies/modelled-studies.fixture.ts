/** A catalog that is filled at random, and a model of its studies: what searches have to find, by imaging/dicomweb-search/match.ts. */
import fc from 'fast-check'
import { vrOfKeyword } from '../../../imaging/dicomweb-search/attributes.ts'
import type { Criterion, Match, OrderKey } from '../../../imaging/dicomweb-search/criteria.ts'
import { compareInOrder, matches, orderedText } from '../../../imaging/dicomweb-search/match.ts'
import { textOfUnlisted } from '../../../imaging/search/described.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import { AT, publishAll, record, storedFile } from '../../catalog/conformance/catalog.fixture.ts'
import type { Lease } from '../../catalog/import-job-repository.ts'
import type { FoundStudy, StudyAttributes } from '../../catalog/study-repository.ts'
import { partitionOfImageSet } from '../rows/image-set-id.ts'
import { STUDY_COLUMNS } from './study-columns.ts'

const NAMES = ['Müller^Anna', 'MULLER^ANNA', 'Smith^John^^Dr', "O'Neil^Pat", '[x]^50%_', '山田^太郎=ヤマダ', undefined]
const PHYSICIANS = ['Grey^Meredith', 'House^Gregory', undefined, 'Grey^M']
const DATES = ['20260101', '20260102', '20260301', '19991231', undefined, 'unknown']
const TIMES = ['101500', '10', '101500.5', undefined, 'noon']
const DESCRIPTIONS = ['CT HEAD', 'ct head', 'CT*[1]', 'MR \\ KNEE', undefined, 'CT HEAD  ']
const PATIENTS = ['P1', 'P2', 'p1', 'P%', undefined]
const ACCESSIONS = ['A1', 'A2', 'A3', 'A10', undefined]
const MODALITIES = ['CT', 'CT', 'MR', 'SR', 'C']

type StudyWrite =
  | {
      readonly kind: 'import'
      readonly study: number
      readonly series: number
      readonly file: number
      readonly by: number
    }
  | { readonly kind: 'delete'; readonly which: number }

export const studyWrite = (studies: number): fc.Arbitrary<StudyWrite> =>
  fc.oneof(
    {
      weight: 9,
      arbitrary: fc.record({
        kind: fc.constant('import' as const),
        study: fc.nat(studies - 1),
        series: fc.nat(2),
        file: fc.nat(2),
        by: fc.nat(1),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), which: fc.nat(1_000) }) },
  )

interface ModelledImageSet {
  readonly study: string
  readonly attributes: Omit<StudyAttributes, 'ModalitiesInStudy'>
  readonly modality: string
  readonly sops: Set<string>
  readonly updatedAt: number
}

export interface ModelledStudy extends Pick<FoundStudy, 'attributes' | 'series' | 'instances' | 'updatedAt'> {
  /** The order in which studies were created. */
  readonly created: number
  /** Of studies with equal keys, those of the first partition come first. */
  readonly partition: number
}

const pick = <T>(from: readonly T[], at: number): T => from[at % from.length]!

export class ModelledStudies {
  readonly catalog: Catalog
  readonly datastoreId: string
  readonly #lease: Lease
  /** By imageSetId, in the order of their row ids. */
  readonly #imageSets = new Map<string, ModelledImageSet>()
  readonly #created = new Map<string, number>()
  #writes = 0
  #at = AT

  constructor(catalog: Catalog, datastoreId: string, lease: Lease) {
    this.catalog = catalog
    this.datastoreId = datastoreId
    this.#lease = lease
  }

  async apply(write: StudyWrite): Promise<void> {
    this.#writes += 1
    if (write.kind === 'delete') {
      const imageSetId = [...this.#imageSets.keys()][write.which % Math.max(1, this.#imageSets.size)]
      if (imageSetId === undefined) return
      await this.catalog.imageSets.delete({ datastoreId: this.datastoreId, imageSetId, at: this.#at })
      const { study } = this.#imageSets.get(imageSetId)!
      this.#imageSets.delete(imageSetId)
      if (![...this.#imageSets.values()].some((each) => each.study === study)) this.#created.delete(study)
      return
    }
    this.#at += write.by
    const { study, series, file } = write
    const uid = `1.2.${study}`
    const attributes = {
      StudyInstanceUID: uid,
      StudyDate: pick(DATES, study),
      StudyTime: pick(TIMES, study * 7),
      AccessionNumber: pick(ACCESSIONS, study),
      // Of the study's oldest image set, and of its last file.
      PatientName: pick(NAMES, study + file + series),
      StudyDescription: pick(DESCRIPTIONS, study + file),
      PatientID: pick(PATIENTS, study * 3),
      PatientBirthDate: pick(DATES, study + 1),
      PatientSex: pick(['F', 'M', undefined], study),
      StudyID: pick(['1', undefined], study),
      ReferringPhysicianName: pick(PHYSICIANS, study + file),
    }
    const modality = pick(MODALITIES, study + series)
    const text = (value: string | undefined) => value?.trimEnd() ?? null
    const stored = storedFile(`k${String(this.#writes).padStart(6, '0')}`, {
      study: uid,
      series: `${uid}.${series}`,
      sop: `${uid}.${series}.${file}`,
      patientId: text(attributes.PatientID),
      accessionNumber: text(attributes.AccessionNumber),
      studyId: text(attributes.StudyID),
      studyDate: text(attributes.StudyDate),
    })
    await record(this.catalog, this.#lease, [
      {
        ...stored,
        tags: JSON.stringify({
          DICOMPatientId: attributes.PatientID,
          DICOMPatientName: attributes.PatientName,
          DICOMPatientBirthDate: attributes.PatientBirthDate,
          DICOMPatientSex: attributes.PatientSex,
          DICOMStudyInstanceUID: uid,
          DICOMStudyId: attributes.StudyID,
          DICOMStudyDescription: attributes.StudyDescription,
          DICOMAccessionNumber: attributes.AccessionNumber,
          DICOMSeriesModality: modality,
          DICOMStudyDate: attributes.StudyDate,
          DICOMStudyTime: attributes.StudyTime,
        }),
        unlistedTexts: textOfUnlisted({ ReferringPhysicianName: attributes.ReferringPhysicianName ?? null }),
      },
    ])
    const [made] = await publishAll(this.catalog, this.#lease, this.#at)
    const { imageSetId, isPrimary } = made!
    if (!isPrimary) return
    const before = this.#imageSets.get(imageSetId)
    this.#imageSets.set(imageSetId, {
      ...{ study: uid, attributes: withoutUndefined(attributes), modality },
      sops: new Set([...(before?.sops ?? []), `${uid}.${series}.${file}`]),
      updatedAt: Math.max(this.#at, before?.updatedAt ?? 0),
    })
    if (!this.#created.has(uid)) this.#created.set(uid, this.#writes)
  }

  studies(): readonly ModelledStudy[] {
    const groups = Map.groupBy(this.#imageSets, ([, imageSet]) => imageSet.study)
    return [...groups].map(([uid, some]) => {
      const [[imageSetId, first]] = some.toSorted(([a], [b]) => (a < b ? -1 : 1)) as [[string, ModelledImageSet]]
      const imageSets = some.map(([, each]) => each)
      const ModalitiesInStudy = [...new Set(imageSets.map(({ modality }) => modality))].sort()
      return {
        attributes: { ...first.attributes, ModalitiesInStudy },
        series: imageSets.length,
        instances: imageSets.reduce((sum, { sops }) => sum + sops.size, 0),
        updatedAt: Math.max(...imageSets.map(({ updatedAt }) => updatedAt)),
        created: this.#created.get(uid)!,
        partition: partitionOfImageSet(imageSetId)!,
      }
    })
  }

  /** The studies that match, in order. */
  expected(criteria: readonly Criterion[], order: readonly OrderKey[]): readonly ModelledStudy[] {
    return this.studies()
      .filter((study) => matches(criteria, { vrOf: vrOfKeyword, valuesOf: (keyword) => valuesOf(study, keyword) }))
      .sort((a, b) => compareStudies(order, a, b))
  }
}

type Single = ModelledImageSet['attributes']

const withoutUndefined = (values: { readonly [K in keyof Single]: Single[K] | undefined }): Single =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as unknown as Single

function valuesOf({ attributes }: ModelledStudy, keyword: string): readonly string[] {
  const value = attributes[keyword as keyof StudyAttributes]
  return value === undefined ? [] : typeof value === 'string' ? [value] : value
}

function compareStudies(order: readonly OrderKey[], a: ModelledStudy, b: ModelledStudy): number {
  for (const { keyword, descending } of order) {
    const by =
      keyword === 'updatedAt'
        ? (a.updatedAt - b.updatedAt) * (descending ? -1 : 1)
        : compareInOrder({ descending }, vrOfKeyword(keyword), [
            orderedText(vrOfKeyword(keyword), valuesOf(a, keyword)),
            orderedText(vrOfKeyword(keyword), valuesOf(b, keyword)),
          ])
    if (by !== 0) return by
  }
  if (a.partition !== b.partition) return a.partition - b.partition
  return (a.created - b.created) * (order.at(-1)?.descending === true ? -1 : 1)
}

const equal = (values: readonly (string | undefined)[]) =>
  fc
    .constantFrom(...values.filter((value) => value !== undefined))
    .map((value): Match => ({ kind: 'equal', values: [value] }))
const pattern = (...patterns: readonly string[]) =>
  fc.constantFrom(...patterns).map((text): Match => ({ kind: 'pattern', pattern: text }))
const words = (...prefixes: readonly (readonly string[])[]) =>
  fc.constantFrom(...prefixes).map((some): Match => ({ kind: 'words', prefixes: some }))
const range = (...bounds: readonly string[]) =>
  fc
    .tuple(fc.constantFrom(undefined, ...bounds), fc.constantFrom(undefined, ...bounds))
    .map(([from, to]): Match => ({ kind: 'range', from, to }))

const dates = () => range('20260101', '20260102', '19991231', '20270101')
const times = () => range('101500.000000', '100000.000000', '101500.999999')

const MATCHES: Readonly<Record<string, fc.Arbitrary<Match>>> = {
  StudyInstanceUID: fc
    .array(fc.nat(30), { minLength: 1, maxLength: 3 })
    .map((studies): Match => ({ kind: 'equal', values: studies.map((study) => `1.2.${study}`) })),
  AccessionNumber: fc.oneof(equal(ACCESSIONS), pattern('A*', 'A?', '*1', 'B*')),
  PatientID: fc.oneof(equal(PATIENTS), pattern('P*', '?1', 'P%*')),
  StudyID: equal(['1', '2']),
  PatientName: fc.oneof(
    equal(NAMES),
    pattern('m*', 'Mü*', 'smith^john*', '*a*', '?mith*', '[x]*', '*%_', '山*', 'm*r^*a'),
    words(['mull'], ['ann', 'mu'], ['山'], ['john'], ['zz']),
  ),
  PatientBirthDate: dates(),
  StudyDate: dates(),
  StudyDescription: fc.oneof(equal(DESCRIPTIONS), pattern('CT*', 'ct*', 'CT?[1]', '*KNEE')),
  ReferringPhysicianName: fc.oneof(equal(PHYSICIANS), pattern('grey*'), words(['gre'], ['gre', 'me'])),
  StudyTime: times(),
  PatientSex: equal(['F', 'M']),
  ModalitiesInStudy: fc.oneof(
    equal(MODALITIES),
    fc.constant<Match>({ kind: 'equal', values: ['MR', 'SR'] }),
    pattern('C*', '?', '*'),
  ),
}

export const criteria: fc.Arbitrary<readonly Criterion[]> = fc.array(
  fc
    .constantFrom(...Object.keys(MATCHES))
    .chain((keyword) => MATCHES[keyword]!.map((match): Criterion => ({ keyword, match }))),
  { maxLength: 3 },
)

export const order: fc.Arbitrary<readonly OrderKey[]> = fc.uniqueArray(
  fc.record({
    keyword: fc.constantFrom('updatedAt', 'ModalitiesInStudy', ...Object.keys(STUDY_COLUMNS)),
    descending: fc.boolean(),
  }),
  { maxLength: 3, selector: ({ keyword }) => keyword },
)
