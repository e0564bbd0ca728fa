/**
 * Searches by words. The words are drawn as those of the data set are. The name of a site is that of the year of the study: it comes with some
 * dates, and never with others.
 */
import { describedOf } from '../../src/imaging/search/described.ts'
import type { Filter } from '../../src/imaging/search/search.ts'
import { toTerms } from '../../src/imaging/search/terms.ts'
import { oneOf, type Random, randomOf, wholeBelow } from '../random.ts'
import { type BenchQuery, randomRange, rangeAroundAny, SORTS } from './batteries.ts'
import { type BenchImageSet, type DataSet, keyOf, MODALITIES } from './data-set.ts'
import { anyDescription, anyGivenName, anySurname } from './descriptions.ts'

/** Of each battery, to warm up and as many to time. */
const QUERIES = 300
const SEED = 400

type Pair = readonly [keyword: string, words: string]

interface Drawn {
  readonly pairs: readonly Pair[]
  readonly filters?: readonly Filter[]
}

interface Chance {
  readonly random: Random
  readonly anyImageSet: () => BenchImageSet
  readonly anyRange: () => Filter
}

const start = (word: string, characters: number) => [...word].slice(0, characters).join('')

const prefixOfName = ({ random }: Chance, characters: number): Pair => [
  'PatientName',
  start(anySurname(random), characters),
]
const modality = ({ random }: Chance): Pair => ['Modality', oneOf(random, MODALITIES)]
const site = ({ tags, unlistedTexts }: BenchImageSet): Pair => [
  'InstitutionName',
  String(describedOf(tags, unlistedTexts).InstitutionName).split(' ').at(-1)!,
]

/**
 * The site of one image set: alone; in a range around its own dates, where all have it; around those of another, where few or none have it; and
 * with more words. Sorted by date, all of them are at one end, near it or far from it.
 */
function hostile(chance: Chance): Drawn {
  const { random, anyImageSet, anyRange } = chance
  const imageSet = anyImageSet()
  const pairs: readonly Pair[] = [site(imageSet)]
  switch (wholeBelow(random, 6)) {
    case 0:
      return { pairs }
    case 1:
      return { pairs, filters: [rangeAroundAny(random, imageSet)] }
    case 2:
      return { pairs, filters: [rangeAroundAny(random, anyImageSet())] }
    case 3:
      return { pairs: [...pairs, modality(chance)], filters: [anyRange()] }
    case 4:
      return { pairs: [...pairs, prefixOfName(chance, 1)], filters: [rangeAroundAny(random, anyImageSet())] }
    default:
      return { pairs, filters: [anyRange(), rangeAroundAny(random, imageSet)] }
  }
}

const inRange = (chance: Chance): Drawn =>
  oneOf(chance.random, [
    () => ({ pairs: [modality(chance)], filters: [chance.anyRange()] }),
    () => ({ pairs: [prefixOfName(chance, 2), modality(chance)], filters: [chance.anyRange()] }),
    () => ({ pairs: [prefixOfName(chance, 1)], filters: [chance.anyRange()] }),
    () => ({ filters: [chance.anyRange()], ...hostile(chance) }),
  ])()

const WORD_BATTERIES = {
  'prefix of 1': (chance) => ({ pairs: [prefixOfName(chance, 1)] }),
  'prefix of 2': (chance) => ({ pairs: [prefixOfName(chance, 2)] }),
  'prefix of 3': (chance) => ({ pairs: [prefixOfName(chance, 3)] }),
  'prefix of 5': (chance) => ({ pairs: [prefixOfName(chance, 5)] }),
  'two words': ({ random }) => ({
    pairs: [['PatientName', `${start(anyGivenName(random), 2)} ${start(anySurname(random), 3)}`]],
  }),
  'modality, range': (chance) => ({ pairs: [modality(chance)], filters: [chance.anyRange()] }),
  'prefix, modality, range': (chance) => ({
    pairs: [prefixOfName(chance, 2), modality(chance)],
    filters: [chance.anyRange()],
  }),
  descriptions: ({ random }) => ({
    pairs: [
      ['StudyDescription', anyDescription(random)],
      ['SeriesDescription', start(anyDescription(random), 4)],
    ],
  }),
  hostile,
  'deep pages': (chance) =>
    oneOf(chance.random, [
      () => ({ pairs: [prefixOfName(chance, 1)] }),
      () => ({ pairs: [prefixOfName(chance, 3)] }),
      () => inRange(chance),
      () => hostile(chance),
    ])(),
} as const satisfies Readonly<Record<string, (chance: Chance) => Drawn>>

export type WordBatteryName = keyof typeof WORD_BATTERIES
export const WORD_BATTERY_NAMES = Object.keys(WORD_BATTERIES) as readonly WordBatteryName[]

/** Half of them to warm up: postings of a search that is repeated are not read again, so each is timed once. */
export interface WordQueries {
  readonly warmUp: readonly BenchQuery[]
  readonly queries: readonly BenchQuery[]
}

export const wordQueriesOf = (name: WordBatteryName, dataSet: DataSet): WordQueries =>
  queriesOf(WORD_BATTERIES[name], dataSet, {
    seed: WORD_BATTERY_NAMES.indexOf(name),
    isDeep: name === 'deep pages',
  })

/** For exact totals: leaves that an edge of the range crosses are read. */
export const rangedWordQueries = (dataSet: DataSet): WordQueries =>
  queriesOf(inRange, dataSet, { seed: WORD_BATTERY_NAMES.length, isDeep: false })

function queriesOf(
  draw: (chance: Chance) => Drawn,
  dataSet: DataSet,
  { seed, isDeep }: { readonly seed: number; readonly isDeep: boolean },
): WordQueries {
  const random = randomOf(SEED, seed)
  const anyImageSet = () => dataSet.imageSet(wholeBelow(random, dataSet.size))
  const chance = { random, anyImageSet, anyRange: () => randomRange(random, dataSet) }
  const all = Array.from({ length: 2 * QUERIES }, (): BenchQuery => {
    const { pairs, filters = [] } = draw(chance)
    const search = { filters, sort: oneOf(random, SORTS), terms: toTerms(pairs) }
    if (!isDeep) return { search }
    // The position of any image set, whether it matches or not.
    const imageSet = anyImageSet()
    return { search, after: { key: keyOf(imageSet, search.sort.sortField), rowId: imageSet.rowId } }
  })
  return { warmUp: all.slice(0, QUERIES), queries: all.slice(QUERIES) }
}
