/** The data set of the benchmark is the same in every run, and has the documented distribution. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { studyTimestamp } from '../../src/imaging/search/study-timestamp.ts'
import { withCounts } from '../../src/stores/sql/rows/summary-tags.ts'
import { ANONYMOUS, type BenchImageSet, dataSetOf, LIVE_FROM, NOW, USUAL_STUDY_ID } from './data-set.ts'

const SIZE = 40_000
const dataSet = dataSetOf(SIZE)
const all = Array.from({ length: SIZE }, (_, index) => dataSet.imageSet(index))
const share = (holds: (imageSet: BenchImageSet, index: number) => boolean) => all.filter(holds).length / SIZE

const assertBetween = (value: number, [least, most]: readonly [number, number]) =>
  assert(value >= least && value <= most, `${value} lies between ${least} and ${most}`)

describe('the data set of the search benchmark', () => {
  test('is the same in every run', () => {
    const digest = createHash('sha256').update(JSON.stringify(all)).digest('hex')
    assert.equal(
      digest,
      'ace8d96870990170d399fb69ad62d05cb878f979d81f59061a250588669844b5',
      'a change of the generated data raises DATA_SET_VERSION',
    )
  })

  test('computes an image set from its number alone, in any order', () => {
    const backwards = dataSetOf(SIZE)
    for (let index = SIZE - 1; index >= 0; index -= 997) assert.deepEqual(backwards.imageSet(index), all[index])
  })

  test('is ordered by creation, half of it in the month of the migration', () => {
    assert(
      all.every(({ rowId, createdAt }, index) => rowId === index + 1 && createdAt >= (all[index - 1]?.createdAt ?? 0)),
    )
    assert.equal(
      share(({ createdAt }) => createdAt < LIVE_FROM),
      0.5,
    )
    assert(all.at(-1)!.createdAt <= NOW)
  })

  test('has study dates that decrease over fifteen years during the migration', () => {
    const years = [0, 5_000, 10_000, 15_000, 19_999].map((index) => Number(all[index]!.grouping.StudyDate!.slice(0, 4)))
    assert.deepEqual(years, [2024, 2020, 2016, 2012, 2009])
  })

  test('names the site by the year of the study, so that a word comes with dates', () => {
    const years = Map.groupBy(all, ({ unlistedTexts }) => JSON.parse(unlistedTexts!).InstitutionName)
    assert.equal(years.size, 17)
    for (const some of years.values()) {
      assert.equal(new Set(some.map(({ grouping }) => grouping.StudyDate!.slice(0, 4))).size, 1)
    }
  })

  test('has nine of ten live studies on the day of their import', () => {
    const live = all.slice(SIZE / 2)
    const prompt = live.filter(({ createdAt, studyTimestamp: at }) => createdAt - at / 1000 < 86_400_000)
    assertBetween(prompt.length / live.length, [0.88, 0.92])
  })

  test('has seven of ten updated within a minute, and none before its creation', () => {
    assertBetween(
      share(({ createdAt, updatedAt }) => updatedAt - createdAt <= 60_000),
      [0.68, 0.72],
    )
    assert(all.every(({ createdAt, updatedAt }) => updatedAt >= createdAt && updatedAt <= NOW + 60_000))
  })

  test('has values that five and fifty per cent of it have, and accession numbers of one study or empty', () => {
    assertBetween(
      share(({ grouping }) => grouping.PatientID === ANONYMOUS),
      [0.04, 0.06],
    )
    assertBetween(
      share(({ grouping }) => grouping.StudyID === USUAL_STUDY_ID),
      [0.48, 0.52],
    )
    assertBetween(
      share(({ grouping }) => grouping.AccessionNumber === null),
      [0.18, 0.22],
    )
    const studyOf = new Map<string, string>()
    for (const { grouping } of all) {
      if (grouping.AccessionNumber === null) continue
      assert.equal(
        studyOf.get(grouping.AccessionNumber) ?? grouping.StudyInstanceUID,
        grouping.StudyInstanceUID,
        'an accession number belongs to one study',
      )
      studyOf.set(grouping.AccessionNumber, grouping.StudyInstanceUID)
    }
  })

  test('has four series a study, each with a UID of its own, and a few that are not primary', () => {
    assert.equal(new Set(all.map(({ grouping }) => grouping.StudyInstanceUID)).size, SIZE / 4)
    assert.equal(new Set(all.map(({ grouping }) => grouping.SeriesInstanceUID)).size, SIZE)
    assertBetween(
      share(({ isPrimary }) => !isPrimary),
      [0.015, 0.025],
    )
  })

  test('has patients of very different sizes', () => {
    const sizes = Map.groupBy(all, ({ grouping }) => grouping.PatientID)
    sizes.delete(ANONYMOUS)
    const counts = [...sizes.values()].map((sets) => sets.length).sort((a, b) => a - b)
    assert(counts.at(-1)! > 20 * counts[Math.floor(counts.length / 2)]!, `${counts.at(-1)} is many times the median`)
  })

  test('has the same study date in its tags and for searches, and about 578 bytes of tags', () => {
    for (const { grouping, tags, studyTimestamp: at } of all.slice(0, 1_000)) {
      const { DICOMStudyTime } = JSON.parse(tags)
      assert.equal(studyTimestamp(grouping.StudyDate, DICOMStudyTime, { strict: true }), at)
    }
    const bytes = all.reduce((sum, { tags }) => sum + withCounts(tags, { instances: 100 }).length, 0) / SIZE
    assertBetween(bytes, [560, 600])
  })
})
