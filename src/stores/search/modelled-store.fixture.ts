/**
 * A data store with a model of its contents, which random writes change in both: imports of new and of existing image sets, whose names change,
 * and deletions. And random criteria with values of the model.
 */
import fc from 'fast-check'
import { TEXT_ATTRIBUTES } from '../../contract/search-attributes.ts'
import { type DeclaredAttribute, type DeclaredName, declaredNameOf } from '../../imaging/search/declared.ts'
import { describedOf } from '../../imaging/search/described.ts'
import {
  comparePositions,
  type Filter,
  matches,
  positionOf,
  type Search,
  type SearchableImageSet,
} from '../../imaging/search/search.ts'
import { toTerms } from '../../imaging/search/terms.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { AT, publishAll, record, storedFile } from '../catalog/conformance/catalog.fixture.ts'
import type { Declaration } from '../catalog/declared-attribute-repository.ts'
import type { Lease } from '../catalog/import-job-repository.ts'

/** Few values, so that many are equal; texts that only exact comparison distinguishes; missing values. */
const PATIENTS = ['ANON', 'ANON', 'ANON', 'P1', 'p1', 'P1 x', 'Ünï😀', '\uff61', "O'Neil", '%', null]
const ACCESSIONS = ['A1', 'A2', 'A_', null]
const STUDY_IDS = ['1', '1', '01', null]
/** Many words that share a beginning, so that prefixes get tokens and lose them; words that only folding makes equal. */
const NAMES = [
  ...['Müller^Anna', 'MUELLER^Anne', 'Muller^Jo', 'Mullan', 'Mullart', 'Mullberg^Anna=山田^太郎', 'Mullin', "O'Neil"],
  ...['Meier^Anna Maria', 'Groß', 'GROSS^Peter', '山田^花子'],
]
const MODALITIES = ['CT', 'CT', 'CT', 'MR', 'CTA']
const SERIES_DESCRIPTIONS = ['thin slices', 'Thorax nativ', null, 'THORAX KM']
const ASKED: readonly (readonly [string, string])[] = [
  ...([
    'm',
    'mul',
    'mull',
    'MÜLL',
    'mueller',
    'mull anna',
    'ann',
    'groß',
    'gross p',
    '山',
    '太',
    'oneil',
    'zzz',
  ] as const),
  ...(['m?ller', 'm*r', '*a', 'm?????', 'mull*'] as const),
].map((text) => ['PatientName', text] as const)
const ASKED_OTHERS: readonly (readonly [string, string])[] = [
  ...[['Modality', 'ct'] as const, ['Modality', 'CTA'] as const, ['Modality', 'm'] as const],
  ...[['SeriesDescription', 'thor'] as const, ['SeriesDescription', 'thorax nat'] as const],
]
/** Declared while the store is filled. Most image sets have several. */
const DEPARTMENTS = [['Radiologie Süd'], ['Radiologie', 'Kardiologie'], ['Neuro'], [], ['RAD 2', 'Radio']]
const DEPARTMENT = { tag: '00081040', keyword: 'InstitutionalDepartmentName', comparison: 'words' } as const
const ASKED_DECLARED: readonly (readonly [string, string])[] = (
  ['rad', 'radi', 'radiol', 'r*', 'sued', 'n'] as const
).map((text) => [DEPARTMENT.keyword, text] as const)
const DATES = [null, 'unknown', '20260101', '20260101', '20260102', '19000101', '99991231']
const TIMES = [null, '00', '101500', '101500.000001', '235959.999999']

/** Of an imageSetId: the number of the partition and the row id in it. Image sets with equal sort keys are in their order. */
const ORDERED_DIGITS = 12

export type Write =
  | {
      readonly kind: 'import'
      readonly study: number
      readonly series: number
      readonly values: number
      readonly time: number
      readonly name: number
      readonly at: number
    }
  | { readonly kind: 'delete'; readonly which: number }

export const write: fc.Arbitrary<Write> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constant('import' as const),
      study: fc.nat(25),
      series: fc.nat(5),
      // Mostly the values of the study; other values create image sets that are not primary.
      values: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3) }),
      time: fc.nat(4),
      name: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(11) }),
      // The clock stops, jumps, and goes backwards.
      at: fc.oneof(fc.constant(0), fc.integer({ min: -5, max: 30 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), which: fc.nat(1_000) }) },
)

const pick = <T>(from: readonly T[], at: number): T => from[at % from.length]!

export interface ModelRow extends SearchableImageSet {
  /** Found only while the attribute is declared. */
  readonly departments: readonly string[]
  readonly imageSetId: string
  readonly version: number
}

/** A catalog and a model of its contents. */
export class ModelledStore {
  readonly catalog: Catalog
  readonly datastoreId: string
  readonly rows = new Map<string, ModelRow>()
  readonly #lease: Lease
  /** Of the departments. */
  #declaration: Declaration | undefined
  #writes = 0
  #at = AT

  constructor(catalog: Catalog, datastoreId: string, lease: Lease) {
    this.catalog = catalog
    this.datastoreId = datastoreId
    this.#lease = lease
  }

  async apply(write: Write): Promise<void> {
    if (write.kind === 'delete') {
      const imageSetId = [...this.rows.keys()][write.which % Math.max(1, this.rows.size)]
      if (imageSetId === undefined) return
      await this.catalog.imageSets.delete({ datastoreId: this.datastoreId, imageSetId, at: this.#at })
      this.rows.delete(imageSetId)
      return
    }
    this.#writes += 1
    this.#at += write.at
    const { study, values } = write
    const file = storedFile(`k${String(this.#writes).padStart(6, '0')}`, {
      study: `1.2.${study}`,
      series: `1.2.${study}.${write.series}`,
      patientId: pick(PATIENTS, study + values),
      accessionNumber: pick(ACCESSIONS, study),
      studyId: pick(STUDY_IDS, study + (values === 3 ? 1 : 0)),
      studyDate: pick(DATES, study * 3),
      studyTime: pick(TIMES, write.time),
      // Differs between files of one image set: its name changes.
      patientName: pick(NAMES, study + write.name),
      modality: pick(MODALITIES, write.series + study),
      seriesDescription: pick(SERIES_DESCRIPTIONS, write.series + write.name),
    })
    const departments = pick(DEPARTMENTS, study + write.name)
    await record(this.catalog, this.#lease, [file])
    const { revision, attributes } = await this.catalog.declaredAttributes.declared(this.datastoreId)
    const textsOf = () => new Map(attributes.map((each) => [declaredNameOf(each), departments]))
    const [made] = await publishAll(this.catalog, this.#lease, this.#at, { revision, textsOf })
    const { imageSetId, imageSetVersion, isPrimary } = made!
    const before = this.rows.get(imageSetId)
    this.rows.set(imageSetId, {
      ...file.search,
      described: describedOf(file.tags, file.unlistedTexts),
      departments,
      imageSetId,
      version: imageSetVersion,
      rowId: Number.parseInt(imageSetId.slice(0, ORDERED_DIGITS), 16),
      isPrimary,
      createdAt: before?.createdAt ?? this.#at,
      updatedAt: Math.max(this.#at, before?.updatedAt ?? this.#at),
    })
  }

  /** The attributes that searches can name beside those of every data store. */
  get declared(): readonly DeclaredAttribute[] {
    return this.#declaration?.state === 'live' ? [this.#declaration] : []
  }

  async declare(): Promise<void> {
    const declaration = await this.catalog.declaredAttributes.declare(this.datastoreId, DEPARTMENT, { max: 1 })
    if (declaration === 'too-many' || declaration === 'absent') throw new Error(declaration)
    this.#declaration = declaration
  }

  /** @returns whether there may be more to do */
  async buildBatch(limit: number): Promise<boolean> {
    const which = { datastoreId: this.datastoreId, number: this.#declaration!.number }
    const batch = await this.catalog.declaredAttributes.nextBatch(which, { limit })
    if (batch === undefined) return false
    const texts = batch.imageSets.map(({ rowId, imageSetId }): [number, Map<DeclaredName, readonly string[]>] => [
      rowId,
      new Map([[declaredNameOf(this.#declaration!), this.rows.get(imageSetId)!.departments]]),
    ])
    await this.catalog.declaredAttributes.describe(which, { ...batch, texts: new Map(texts) })
    this.#declaration = (await this.catalog.declaredAttributes.list(this.datastoreId))![0]
    return this.#declaration!.state === 'building'
  }

  async beginRemoval(): Promise<void> {
    this.#declaration = await this.catalog.declaredAttributes.beginRemoval(this.datastoreId, DEPARTMENT.keyword)
  }

  /** @returns whether there may be more to do */
  async removeBatch(limit: number): Promise<boolean> {
    const which = { datastoreId: this.datastoreId, number: this.#declaration!.number }
    return (await this.catalog.declaredAttributes.removeBatch(which, { limit })) !== undefined
  }

  /** The rows that match, in order. */
  expected(search: Search): ModelRow[] {
    const declared = (row: ModelRow) =>
      Object.fromEntries(this.declared.map((each) => [declaredNameOf(each), row.departments]))
    return [...this.rows.values()]
      .filter((row) => matches(search, { ...row, described: { ...row.described, ...declared(row) } }))
      .sort((a, b) => comparePositions(search.sort.sortOrder, positionOf(search, a), positionOf(search, b)))
  }
}

/** Criteria with values of rows, or close to them. */
export function criteria({ rows: all, declared }: ModelledStore): fc.Arbitrary<Search> {
  const rows = [...all.values()]
  const row = fc.constantFrom(...rows)
  const nudge = fc.constantFrom(0, 0, 1, -1)
  const bound = (attribute: 'createdAt' | 'updatedAt' | 'DICOMStudyDateAndTime') =>
    fc.tuple(row, nudge).map(([from, by]) => (from[attribute] ?? 0) + by)
  const range = fc
    .constantFrom('createdAt', 'updatedAt', 'DICOMStudyDateAndTime')
    .chain((attribute) =>
      fc
        .tuple(bound(attribute), bound(attribute))
        .map(([a, b]): Filter => ({ attribute, from: Math.min(a, b), to: Math.max(a, b) })),
    )
  const text = fc
    .tuple(fc.constantFrom(...TEXT_ATTRIBUTES), row, fc.constantFrom('', ' ', 'x'), fc.nat(9))
    .map(
      ([attribute, from, other, luck]): Filter => ({ attribute, equals: luck === 0 ? other : (from[attribute] ?? '') }),
    )
  const primary = fc.boolean().map((equals): Filter => ({ attribute: 'isPrimary', equals }))
  const pairs = fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom(...ASKED)) },
    { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...ASKED_OTHERS)) },
    { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...ASKED), fc.constantFrom(...ASKED_OTHERS)) },
    ...(declared.length === 0
      ? []
      : [
          { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...ASKED_DECLARED)) },
          { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...ASKED_DECLARED), fc.constantFrom(...ASKED)) },
        ]),
  )
  const search = fc.record({
    filters: fc.array(fc.oneof(range, text, primary), { maxLength: 2 }),
    sort: fc.record({
      sortField: fc.constantFrom('updatedAt', 'createdAt', 'DICOMStudyDateAndTime'),
      sortOrder: fc.constantFrom('ASC', 'DESC'),
    }),
  })
  return fc
    .tuple(search, pairs)
    .map(([criteria, some]) => (some.length === 0 ? criteria : { ...criteria, terms: toTerms(some, declared) }))
}
