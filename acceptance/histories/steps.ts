/**
 * Random steps of a history: requests by indexes that are valid in any state (the n-th existing image set), so that a failing history can
 * be shrunk.
 */
import fc from 'fast-check'

export interface FileChoice {
  readonly study: number
  readonly series: number
  readonly sop: number
  readonly variant: number
  readonly name: number
  readonly pixels: boolean
}

export interface AttributeChoice {
  readonly attribute: number
  readonly value: number
  readonly action: 'put' | 'remove' | 'remove with another value'
  /** Index of an instance; NOT_THERE is one that does not exist. */
  readonly instance: number
}

export type Step =
  | { readonly kind: 'import'; readonly files: readonly FileChoice[] }
  | {
      readonly kind: 'update'
      readonly imageSet: number
      readonly changes: readonly AttributeChoice[]
      readonly removed: readonly number[]
      readonly force: boolean
      readonly includeStudyImageSets: boolean
      readonly isStale: boolean
      readonly isOfAnotherSeries: boolean
    }
  | {
      readonly kind: 'revert'
      readonly imageSet: number
      readonly version: number
      readonly isStale: boolean
      readonly force: boolean
    }
  | {
      readonly kind: 'copy'
      readonly source: number
      readonly destination: number | undefined
      readonly instances: readonly number[] | undefined
      readonly force: boolean
      readonly promoteToPrimary: boolean
      readonly stale: 'none' | 'source' | 'destination'
    }
  | { readonly kind: 'delete'; readonly imageSet: number }
  /** An update of all primary image sets of a study; the rules may forbid it for some of them. */
  | { readonly kind: 'study'; readonly imageSet: number; readonly change: AttributeChoice }
  /** Makes a non-primary image set agree with the primary ones of its study, and promotes it. */
  | { readonly kind: 'promote'; readonly imageSet: number; readonly series: number }
  /** Copies one instance of an image set to a new one, and then the others into that. */
  | { readonly kind: 'split'; readonly imageSet: number; readonly instance: number; readonly force: boolean }

/** The number of an instance that no image set has. */
export const NOT_THERE = 9

const instanceNumber = fc.oneof({ weight: 12, arbitrary: fc.nat(5) }, { weight: 1, arbitrary: fc.constant(NOT_THERE) })
/** The number of ATTRIBUTES that are of patient and study. */
const STUDY_ATTRIBUTES = 8
const seldom = (times: number): fc.Arbitrary<boolean> => fc.nat(times).map((n) => n === times)
const imageSet = fc.nat(40)

const file: fc.Arbitrary<FileChoice> = fc.record({
  study: fc.nat(1),
  series: fc.nat(2),
  sop: fc.nat(3),
  variant: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(7) }),
  name: fc.nat(2),
  pixels: seldom(2),
})

const change: fc.Arbitrary<AttributeChoice> = fc.record({
  attribute: fc.oneof({ weight: 3, arbitrary: fc.nat({ max: 12 }) }, { weight: 1, arbitrary: fc.nat({ max: 18 }) }),
  value: fc.nat(999),
  action: fc.constantFrom(
    ...(['put', 'put', 'put', 'put', 'put', 'remove', 'remove', 'remove with another value'] as const),
  ),
  instance: instanceNumber,
})

export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('import' as const),
      files: fc.array(file, { minLength: 1, maxLength: 5 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('update' as const),
      imageSet,
      changes: fc.array(change, { maxLength: 3 }),
      removed: fc.oneof(
        { weight: 3, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(instanceNumber, { maxLength: 2 }) },
      ),
      force: fc.constantFrom(true, true, false),
      includeStudyImageSets: seldom(3),
      isStale: seldom(15),
      isOfAnotherSeries: seldom(20),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('revert' as const),
      imageSet,
      version: fc.nat(6),
      isStale: seldom(15),
      force: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('copy' as const),
      source: imageSet,
      destination: fc.option(imageSet, { nil: undefined, freq: 2 }),
      instances: fc.option(fc.array(instanceNumber, { minLength: 1, maxLength: 3 }), { nil: undefined, freq: 2 }),
      force: fc.boolean(),
      promoteToPrimary: seldom(2),
      stale: fc.constantFrom('none', 'none', 'none', 'none', 'none', 'none', 'source', 'destination'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), imageSet }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('study' as const),
      imageSet,
      // The first attributes are those of patient and study.
      change: change.map((each) => ({ ...each, attribute: each.attribute % STUDY_ATTRIBUTES })),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('promote' as const), imageSet, series: fc.nat(4) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('split' as const), imageSet, instance: fc.nat(5), force: fc.boolean() }),
  },
)

// ---- Meaning of the indexes -------------------------------------------------------------------------------------

export const pick = <T>(from: readonly T[], at: number): T => from[at % from.length]!

/** The elements by which files are grouped; all but the first conflict with those of the first. */
export const VARIANTS: readonly Readonly<Record<string, string | null | undefined>>[] = [
  {},
  { PatientID: 'P2' },
  { StudyDate: '20250607' },
  { AccessionNumber: null },
  { SeriesNumber: '7' },
  { StudyID: 'OTHER', PatientID: '' },
  { StudyDate: undefined },
  { SeriesNumber: undefined },
]

export const NAMES = ['Doe^Jane', 'Doe^Jane^M', null]

export type ChangedLevel = 'Patient' | 'Study' | 'Series' | 'instance'

interface ChangeableAttribute {
  readonly level: ChangedLevel
  readonly key: string
  readonly values: readonly unknown[]
  readonly vr?: string
  /** Its value cannot be emptied or removed, not even with force. */
  readonly isRequired?: boolean
}

/** Values are as in a document. The first thirteen need no force. */
export const ATTRIBUTES: readonly ChangeableAttribute[] = [
  { level: 'Patient', key: 'PatientName', values: ['Roe^Richard', 'Ünal^Çiğdem', null] },
  { level: 'Patient', key: 'PatientID', values: ['P1', 'P2', 'P3', null] },
  { level: 'Patient', key: 'PatientSex', values: ['F', null] },
  { level: 'Patient', key: 'PatientComments', values: ['one line\r\nand another', 'none'] },
  { level: 'Study', key: 'StudyDescription', values: ['Head', 'Neck "quoted"', null] },
  { level: 'Study', key: 'StudyDate', values: ['20240101', '20250607', null] },
  { level: 'Study', key: 'StudyTime', values: ['120000', '235959.5', null] },
  { level: 'Study', key: 'AccessionNumber', values: ['A1', 'A2', null] },
  { level: 'Series', key: 'SeriesNumber', values: ['1', '12', null] },
  { level: 'Series', key: 'SeriesDescription', values: ['axial', 'sagittal'] },
  { level: 'Series', key: 'Modality', values: ['MR', 'OT'] },
  { level: 'instance', key: 'InstanceNumber', values: ['1', '22'] },
  { level: 'instance', key: 'ImageComments', values: ['first', 'second'] },
  { level: 'Study', key: 'StudyID', values: ['S1', 'OTHER'] },
  { level: 'Study', key: 'StudyInstanceUID', values: ['2.25.1', '2.25.2', '2.25.3'], isRequired: true },
  { level: 'Series', key: 'SeriesInstanceUID', values: ['2.25.1.1', '2.25.1.8', '2.25.1.9'], isRequired: true },
  { level: 'instance', key: 'ImageType', values: [['ORIGINAL', 'PRIMARY'], ['DERIVED']] },
  { level: 'instance', key: '00191001', values: ['private', 'more'], vr: 'LO' },
  {
    level: 'instance',
    key: 'SOPInstanceUID',
    values: ['2.25.1.1.0', '2.25.1.1.1', '2.25.9.1', '2.25.9.2'],
    isRequired: true,
  },
]
