/** Which image set an instance belongs to: the cases of AWS's "Understanding image sets" and "Understanding import jobs". */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type GroupingElements, groupingKey, type Placement, placeGroup, type StandingImageSet } from './grouping.ts'

const SERIES: GroupingElements = {
  StudyInstanceUID: '1.2',
  StudyDate: '20260401',
  AccessionNumber: 'A1',
  PatientID: 'P1',
  StudyID: 'S1',
  SeriesInstanceUID: '1.2.1',
  SeriesNumber: '1',
}
const standing = (rowId: number, changed: Partial<GroupingElements> = {}): StandingImageSet => ({
  rowId,
  elements: { ...SERIES, ...changed },
})
const OTHER_SERIES = { SeriesInstanceUID: '1.2.2', SeriesNumber: '2' }

const cases: readonly {
  readonly name: string
  readonly group?: Partial<GroupingElements>
  readonly primaries: readonly StandingImageSet[]
  readonly place: Placement
}[] = [
  { name: 'the first series of a study is a new primary image set', primaries: [], place: { place: 'new-primary' } },
  {
    name: 'the same series again extends its image set',
    primaries: [standing(7)],
    place: { place: 'extend', rowId: 7 },
  },
  {
    name: 'another series of the study is a primary image set of its own',
    primaries: [standing(7, OTHER_SERIES)],
    place: { place: 'new-primary' },
  },
  {
    name: 'of several series its own is extended, wherever it stands',
    primaries: [standing(5, OTHER_SERIES), standing(7), standing(9, { SeriesInstanceUID: '1.2.3' })],
    place: { place: 'extend', rowId: 7 },
  },
  {
    name: 'series may share a SeriesNumber',
    primaries: [standing(7, { SeriesInstanceUID: '1.2.2' })],
    place: { place: 'new-primary' },
  },
  ...(['StudyDate', 'AccessionNumber', 'PatientID', 'StudyID', 'SeriesNumber'] as const).flatMap((name) => [
    {
      name: `another ${name} in the same series is not primary`,
      group: { [name]: 'another' },
      primaries: [standing(7)],
      place: { place: 'new-non-primary' } as const,
    },
    {
      name: `no ${name} where the image set has one is not primary`,
      group: { [name]: null },
      primaries: [standing(7)],
      place: { place: 'new-non-primary' } as const,
    },
    {
      name: `no ${name} on either side agrees`,
      group: { [name]: null },
      primaries: [standing(7, { [name]: null })],
      place: { place: 'extend', rowId: 7 } as const,
    },
  ]),
  ...(['StudyDate', 'AccessionNumber', 'PatientID', 'StudyID'] as const).map((name) => ({
    name: `another ${name} than another series of the study has is not primary`,
    group: { [name]: 'another' },
    primaries: [standing(7, OTHER_SERIES)],
    place: { place: 'new-non-primary' } as const,
  })),
  {
    name: 'one disagreeing series is enough, although its own would agree',
    primaries: [standing(5), standing(7, { ...OTHER_SERIES, PatientID: 'another' })],
    place: { place: 'new-non-primary' },
  },
]

describe('a group of instances', () => {
  for (const { name, group, primaries, place } of cases) {
    test(name, () => assert.deepEqual(placeGroup({ ...SERIES, ...group }, primaries), place))
  }
})

const elements = fc.record({
  StudyInstanceUID: fc.constantFrom('1', '2'),
  StudyDate: fc.constantFrom('x', null, 'null', ''),
  AccessionNumber: fc.constantFrom('x', null, 'null', '"', 'a","b'),
  PatientID: fc.constantFrom('x', null, 'a', 'a","b'),
  StudyID: fc.constantFrom('x', null, 'b'),
  SeriesInstanceUID: fc.constantFrom('1', '2'),
  SeriesNumber: fc.constantFrom('1', null),
})

test('grouping keys are equal exactly if all seven elements are equal', () => {
  fc.assert(
    fc.property(elements, elements, (a, b) => {
      const equal = (Object.keys(SERIES) as (keyof GroupingElements)[]).every((name) => a[name] === b[name])
      assert.equal(groupingKey(a) === groupingKey(b), equal)
      assert.equal(groupingKey({ ...a }), groupingKey(a))
    }),
    { seed: 20260401, numRuns: 2_000 },
  )
})
