/**
 * The searches of the benchmark, the same in every run on a data set. Each battery is a kind of criteria that the API allows, with common cases
 * and cases that are hard for an ordinary planner. Ranges and cursors are taken from image sets of the data set.
 */
import type { SortField, TextAttribute } from '../../src/contract/search-attributes.ts'
import type { Filter, Position, Search } from '../../src/imaging/search/search.ts'
import { oneOf, type Random, randomOf, wholeBelow } from '../random.ts'
import {
  ANONYMOUS,
  type BenchImageSet,
  DAY_MS,
  type DataSet,
  HOUR_MS,
  keyOf,
  LIVE_FROM,
  MIGRATION_FROM,
  NOW,
  USUAL_STUDY_ID,
} from './data-set.ts'

export const BATTERIES = ['one-range', 'two-range', 'narrow', 'equal', 'scan', 'empty'] as const
export type BatteryName = (typeof BATTERIES)[number]

export interface BenchQuery {
  readonly search: Search
  readonly after?: Position
  /** A page whose cursor depends on the store: it is looked up before anything is timed. */
  readonly page?: 'thousandth' | 'last'
}

/** A page of 50, and one row to detect a next page. */
export const PAGE_ROWS = 51

const FIELDS: readonly SortField[] = ['createdAt', 'updatedAt', 'DICOMStudyDateAndTime']
const ORDERS = ['ASC', 'DESC'] as const
export const SORTS: readonly Search['sort'][] = FIELDS.flatMap((sortField) =>
  ORDERS.map((sortOrder) => ({ sortField, sortOrder })),
)
const RANDOM_QUERIES = 1_000

/** Each battery is shuffled, so that a run that is stopped early has some of every kind. */
export function batteriesOf(dataSet: DataSet): Readonly<Record<BatteryName, readonly BenchQuery[]>> {
  const made: Readonly<Record<BatteryName, (from: Chance) => readonly BenchQuery[]>> = {
    'one-range': oneRange,
    'two-range': twoRanges,
    narrow,
    equal,
    scan,
    empty,
  }
  return Object.fromEntries(
    BATTERIES.map((name, index) => {
      const random = randomOf(100, index)
      const queries = made[name]({ random, anyImageSet: () => dataSet.imageSet(wholeBelow(random, dataSet.size)) })
      return [name, shuffled(random, queries)]
    }),
  ) as unknown as Record<BatteryName, readonly BenchQuery[]>
}

interface Chance {
  readonly random: Random
  readonly anyImageSet: () => BenchImageSet
}

const times = <T>(count: number, make: (index: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, index) => make(index))

function shuffled<T>(random: Random, values: readonly T[]): readonly T[] {
  const all = [...values]
  for (let end = all.length - 1; end > 0; end--) {
    const other = wholeBelow(random, end + 1)
    ;[all[end], all[other]] = [all[other]!, all[end]!]
  }
  return all
}

const perMs = (field: SortField) => (field === 'DICOMStudyDateAndTime' ? 1_000 : 1)

const between = (attribute: SortField, fromMs: number, toMs: number): Filter => ({
  attribute,
  from: Math.round(fromMs) * perMs(attribute),
  to: Math.round(toMs) * perMs(attribute),
})

interface Width {
  readonly field: SortField
  readonly minMs: number
  readonly maxMs: number
}

/** Uniform over orders of magnitude. */
const widthMs = ({ random }: Chance, { minMs, maxMs }: Width) => minMs * (maxMs / minMs) ** random()

/** Starts at the date of a random image set. */
function rangeFrom(chance: Chance, width: Width): Filter {
  const ms = widthMs(chance, width)
  const fromMs = keyOf(chance.anyImageSet(), width.field) / perMs(width.field)
  return between(width.field, fromMs, fromMs + ms)
}

/** Contains the date of the image set, anywhere. */
function rangeAround(chance: Chance, imageSet: BenchImageSet, width: Width): Filter {
  const ms = widthMs(chance, width)
  const fromMs = keyOf(imageSet, width.field) / perMs(width.field) - chance.random() * ms
  return between(width.field, fromMs, fromMs + ms)
}

/** An hour to 900 days, or between the dates of two image sets. */
function wideRange(chance: Chance, field: SortField): Filter {
  if (chance.random() < 0.5) return rangeFrom(chance, { field, minMs: HOUR_MS, maxMs: 900 * DAY_MS })
  const [a, b] = [keyOf(chance.anyImageSet(), field), keyOf(chance.anyImageSet(), field)]
  return { attribute: field, from: Math.min(a, b), to: Math.max(a, b) }
}

/** For other batteries. */
export const randomRange = (random: Random, dataSet: DataSet): Filter =>
  wideRange({ random, anyImageSet: () => dataSet.imageSet(wholeBelow(random, dataSet.size)) }, oneOf(random, FIELDS))

/** Contains the date of the image set that a random sort key is: an hour to 900 days. */
export const rangeAroundAny = (random: Random, imageSet: BenchImageSet): Filter =>
  rangeAround({ random, anyImageSet: () => imageSet }, imageSet, {
    field: oneOf(random, FIELDS),
    minMs: HOUR_MS,
    maxMs: 900 * DAY_MS,
  })

const narrowRange = (chance: Chance, field: SortField): Filter =>
  rangeFrom(chance, { field, minMs: 1_000, maxMs: 600_000 })

/** Half of the queries have a cursor: the position of a random image set, whether it matches or not. */
function perhapsAfter(chance: Chance, search: Search): BenchQuery {
  if (chance.random() < 0.5) return { search }
  const imageSet = chance.anyImageSet()
  return { search, after: { key: keyOf(imageSet, search.sort.sortField), rowId: imageSet.rowId } }
}

function otherFields(random: Random, sortField: SortField): readonly [SortField, SortField] {
  const [a, b] = FIELDS.filter((field) => field !== sortField) as [SortField, SortField]
  return random() < 0.5 ? [a, b] : [b, a]
}

const sortedBy = (sortField: SortField, sortOrder: Search['sort']['sortOrder'], filters: readonly Filter[]) => ({
  search: { filters, sort: { sortField, sortOrder } },
})

/** The first two are hard for a planner: image sets with the newest study dates do not match createdAt, and all come before the first match. */
function oneRange(chance: Chance): readonly BenchQuery[] {
  const tenth = between('createdAt', LIVE_FROM + 280 * DAY_MS, LIVE_FROM + 420 * DAY_MS)
  const fourTenths = between('createdAt', MIGRATION_FROM + 5 * DAY_MS, MIGRATION_FROM + 29 * DAY_MS)
  return [
    sortedBy('updatedAt', 'DESC', [tenth]),
    ...ORDERS.map((order) => sortedBy('DICOMStudyDateAndTime', order, [fourTenths])),
    ...times(RANDOM_QUERIES, () => {
      const sort = oneOf(chance.random, SORTS)
      const [field] = otherFields(chance.random, sort.sortField)
      return perhapsAfter(chance, { filters: [wideRange(chance, field)], sort })
    }),
  ]
}

/** The first two filter by two halves of the store with almost nothing in common. */
function twoRanges(chance: Chance): readonly BenchQuery[] {
  const halves = [
    between('createdAt', MIGRATION_FROM, LIVE_FROM - 1),
    between('DICOMStudyDateAndTime', MIGRATION_FROM + DAY_MS, NOW),
  ]
  return [
    ...ORDERS.map((order) => sortedBy('updatedAt', order, halves)),
    ...times(RANDOM_QUERIES, () => {
      const sort = oneOf(chance.random, SORTS)
      const fields = otherFields(chance.random, sort.sortField)
      return perhapsAfter(chance, { filters: fields.map((field) => wideRange(chance, field)), sort })
    }),
  ]
}

/** A window of a second to ten minutes: alone, with a second window, or with a wide range. */
const narrow = (chance: Chance): readonly BenchQuery[] =>
  times(RANDOM_QUERIES, (index) => {
    const sort = oneOf(chance.random, SORTS)
    const [first, second] = otherFields(chance.random, sort.sortField)
    const window = narrowRange(chance, first)
    const filters = [[window], [window], [window, wideRange(chance, second)], [window, narrowRange(chance, second)]][
      index % 4
    ]!
    return perhapsAfter(chance, { filters, sort })
  })

const equals = (attribute: TextAttribute, value: string): Filter => ({ attribute, equals: value })

/** A random image set that satisfies the condition. */
function someImageSet(
  { anyImageSet }: Chance,
  isWanted: (grouping: BenchImageSet['grouping']) => boolean,
): BenchImageSet {
  for (let tries = 0; tries < 1_000; tries++) {
    const imageSet = anyImageSet()
    if (isWanted(imageSet.grouping)) return imageSet
  }
  throw new Error('no image set of the data set satisfies the condition')
}

/** By frequency: values of one study, of one patient, of five and of fifty per cent of the store, and a value that no image set can have. */
const firstTexts = (chance: Chance): readonly (() => readonly [Filter, BenchImageSet])[] => {
  const from = (
    attribute: TextAttribute,
    textOf: (grouping: BenchImageSet['grouping']) => string,
    isWanted: (grouping: BenchImageSet['grouping']) => boolean = () => true,
  ) => {
    return (): readonly [Filter, BenchImageSet] => {
      const imageSet = someImageSet(chance, isWanted)
      return [equals(attribute, textOf(imageSet.grouping)), imageSet]
    }
  }
  return [
    from(
      'DICOMPatientId',
      ({ PatientID }) => PatientID!,
      ({ PatientID }) => PatientID !== ANONYMOUS,
    ),
    from(
      'DICOMPatientId',
      ({ PatientID }) => PatientID!,
      ({ PatientID }) => PatientID === ANONYMOUS,
    ),
    from(
      'DICOMAccessionNumber',
      ({ AccessionNumber }) => AccessionNumber!,
      ({ AccessionNumber }) => AccessionNumber !== null,
    ),
    from('DICOMAccessionNumber', () => ''),
    from(
      'DICOMStudyId',
      ({ StudyID }) => StudyID!,
      ({ StudyID }) => StudyID !== USUAL_STUDY_ID,
    ),
    from(
      'DICOMStudyId',
      ({ StudyID }) => StudyID!,
      ({ StudyID }) => StudyID === USUAL_STUDY_ID,
    ),
    from('DICOMStudyInstanceUID', ({ StudyInstanceUID }) => StudyInstanceUID),
    from('DICOMSeriesInstanceUID', ({ SeriesInstanceUID }) => SeriesInstanceUID),
  ]
}

/**
 * Each text alone; with a second EQUAL filter of a high-frequency text, of a rare one of the same image set, and of each isPrimary; and with a
 * wide and a narrow range of each date; in each sort.
 */
function equal(chance: Chance): readonly BenchQuery[] {
  const seconds: readonly ((first: Filter, imageSet: BenchImageSet) => readonly Filter[])[] = [
    () => [],
    ({ attribute }) => [
      attribute === 'DICOMPatientId' ? equals('DICOMStudyId', USUAL_STUDY_ID) : equals('DICOMPatientId', ANONYMOUS),
    ],
    ({ attribute }, { grouping }) => [
      attribute === 'DICOMPatientId'
        ? equals('DICOMStudyInstanceUID', grouping.StudyInstanceUID)
        : equals('DICOMPatientId', grouping.PatientID!),
    ],
    () => [{ attribute: 'isPrimary', equals: true }],
    () => [{ attribute: 'isPrimary', equals: false }],
    ...FIELDS.map((field) => (_: Filter, imageSet: BenchImageSet) => [
      chance.random() < 0.5
        ? wideRange(chance, field)
        : rangeAround(chance, imageSet, { field, minMs: HOUR_MS, maxMs: 900 * DAY_MS }),
    ]),
    ...FIELDS.map((field) => (_: Filter, imageSet: BenchImageSet) => [
      rangeAround(chance, imageSet, { field, minMs: 1_000, maxMs: 600_000 }),
    ]),
  ]
  return firstTexts(chance).flatMap((makeFirst) =>
    seconds.flatMap((makeSecond) =>
      SORTS.flatMap((sort) =>
        // Without a cursor, and perhaps with one; other values each time.
        times(2, (again) => {
          const [first, imageSet] = makeFirst()
          const search = { filters: [first, ...makeSecond(first, imageSet)], sort }
          return again === 0 ? { search } : perhapsAfter(chance, search)
        }),
      ),
    ),
  )
}

/** No filter, or isPrimary alone: the first page, the thousandth and the last. */
function scan({ anyImageSet }: Chance): readonly BenchQuery[] {
  const filters: readonly (readonly Filter[])[] = [
    [],
    [{ attribute: 'isPrimary', equals: true }],
    [{ attribute: 'isPrimary', equals: false }],
  ]
  return SORTS.flatMap((sort) =>
    filters.flatMap((each): readonly BenchQuery[] => {
      const search = { filters: each, sort }
      const somewhere = times(10, () => {
        const imageSet = anyImageSet()
        return { search, after: { key: keyOf(imageSet, sort.sortField), rowId: imageSet.rowId } }
      })
      return [{ search }, { search, page: 'thousandth' }, { search, page: 'last' }, ...somewhere]
    }),
  )
}

/** Nothing matches, with all kinds of filters, including filters that each match half of the store. */
function empty(chance: Chance): readonly BenchQuery[] {
  const middleMs = () => keyOf(chance.anyImageSet(), 'createdAt')
  const beyond = (field: SortField) => between(field, NOW + 10 * 365 * DAY_MS, NOW + 20 * 365 * DAY_MS)
  /** updatedAt is never before createdAt. */
  const contradiction = () => {
    const ms = middleMs()
    return [between('createdAt', ms, NOW), between('updatedAt', MIGRATION_FROM, ms - 1)]
  }
  const gap = (field: SortField) => between(field, NOW + 365 * DAY_MS, NOW + 365 * DAY_MS + 60_000)
  const next = (field: SortField) => FIELDS[(FIELDS.indexOf(field) + 1) % FIELDS.length]!
  /** Two high-frequency texts that no image set has both of: P0 is the patient with the most image sets. */
  const disjoint = () => [equals('DICOMPatientId', ANONYMOUS), equals('DICOMPatientId', 'P0')]
  const shapes: readonly ((field: SortField) => readonly Filter[])[] = [
    (field) => [beyond(field)],
    (field) => [beyond(field), wideRange(chance, next(field))],
    (field) => [gap(field), narrowRange(chance, next(field))],
    contradiction,
    () => [equals('DICOMPatientId', 'NOBODY')],
    () => [equals('DICOMAccessionNumber', '')],
    (field) => [equals('DICOMPatientId', 'NOBODY'), wideRange(chance, field)],
    () => [equals('DICOMSeriesInstanceUID', '1.2.3'), equals('DICOMPatientId', ANONYMOUS)],
    () => [equals('DICOMStudyId', USUAL_STUDY_ID), equals('DICOMAccessionNumber', 'A')],
    disjoint,
    (field) => [equals('DICOMPatientId', ANONYMOUS), beyond(field)],
    (field) => [equals('DICOMStudyId', USUAL_STUDY_ID), beyond(field)],
    (field) => [equals('DICOMStudyId', USUAL_STUDY_ID), gap(field)],
    (field) => [{ attribute: 'isPrimary', equals: false }, beyond(field)],
  ]
  /** After the last image set. */
  const afterAll = SORTS.map((sort) => ({
    search: { filters: [], sort },
    after: { key: sort.sortOrder === 'ASC' ? Number.MAX_SAFE_INTEGER : 0, rowId: Number.MAX_SAFE_INTEGER },
  }))
  const inShapes = times(2, () =>
    shapes.flatMap((shape) =>
      FIELDS.flatMap((field) => SORTS.map((sort) => perhapsAfter(chance, { filters: shape(field), sort }))),
    ),
  )
  return [...inShapes.flat(), ...afterAll]
}
