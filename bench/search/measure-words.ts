/** Searches by words: pages in all sorts and orders, and exact totals. The words are drawn as those of the data set are. */
import { type Term, toTerms } from '../../src/imaging/search/terms.ts'
import type { Catalog } from '../../src/stores/catalog/catalog.ts'
import { oneOf, type Random, randomOf } from '../random.ts'
import { type BenchQuery, PAGE_ROWS, randomRange, SORTS } from './batteries.ts'
import { DATASTORE_ID } from './built-store.ts'
import { type DataSet, MODALITIES } from './data-set.ts'
import { anyDescription, anyGivenName, anySurname } from './descriptions.ts'
import { measure, type Times } from './measure.ts'

const QUERIES = 300

type Pairs = readonly (readonly [keyword: string, words: string])[]

const start = (word: string, characters: number) => [...word].slice(0, characters).join('')

/** What each battery asks for; and whether within a range of dates. */
const WORD_BATTERIES = {
  'prefix of 1': { of: (random) => [['PatientName', start(anySurname(random), 1)]], isRanged: false },
  'prefix of 2': { of: (random) => [['PatientName', start(anySurname(random), 2)]], isRanged: false },
  'prefix of 3': { of: (random) => [['PatientName', start(anySurname(random), 3)]], isRanged: false },
  'prefix of 5': { of: (random) => [['PatientName', start(anySurname(random), 5)]], isRanged: false },
  'two words': {
    of: (random) => [['PatientName', `${start(anyGivenName(random), 2)} ${start(anySurname(random), 3)}`]],
    isRanged: false,
  },
  'modality, range': { of: (random) => [['Modality', oneOf(random, MODALITIES)]], isRanged: true },
  'prefix, modality, range': {
    of: (random) => [
      ['PatientName', start(anySurname(random), 2)],
      ['Modality', oneOf(random, MODALITIES)],
    ],
    isRanged: true,
  },
  descriptions: {
    of: (random) => [
      ['StudyDescription', anyDescription(random)],
      ['SeriesDescription', start(anyDescription(random), 4)],
    ],
    isRanged: false,
  },
} as const satisfies Readonly<Record<string, { of: (random: Random) => Pairs; isRanged: boolean }>>

export type WordBatteryName = keyof typeof WORD_BATTERIES
export const WORD_BATTERY_NAMES = Object.keys(WORD_BATTERIES) as readonly WordBatteryName[]

export interface WordTimes {
  readonly pages: Times
  readonly totals: Times
}

export type WordsFacts = Readonly<Record<WordBatteryName, WordTimes>>

function queriesOf(name: WordBatteryName, dataSet: DataSet): readonly BenchQuery[] {
  const { of, isRanged } = WORD_BATTERIES[name]
  const random = randomOf(400, WORD_BATTERY_NAMES.indexOf(name))
  return Array.from({ length: 2 * QUERIES }, () => {
    const terms: readonly Term[] = toTerms(of(random))
    const filters = isRanged ? [randomRange(random, dataSet)] : []
    return { search: { filters, sort: oneOf(random, SORTS), terms } }
  })
}

export async function measureWords(request: {
  readonly catalog: Catalog
  readonly dataSet: DataSet
  readonly capMs: number
}): Promise<WordsFacts> {
  const { catalog, dataSet, capMs } = request
  const ask =
    (count: 'exact' | undefined) =>
    async ({ search }: BenchQuery) => {
      const asked = { datastoreId: DATASTORE_ID, search, limit: PAGE_ROWS, ...(count === undefined ? {} : { count }) }
      const { rows, visited } = await catalog.imageSets.search(asked)
      return { rowIds: rows.map(({ rowId }) => rowId), visited: visited.entries + visited.rows }
    }
  const facts: Partial<Record<WordBatteryName, WordTimes>> = {}
  for (const name of WORD_BATTERY_NAMES) {
    const all = queriesOf(name, dataSet)
    // Postings of a search that is repeated are not read again, so each is timed once.
    const [warmUp, queries] = [all.slice(0, QUERIES), all.slice(QUERIES)]
    facts[name] = {
      pages: (await measure({ queries, warmUp, ask: ask(undefined), capMs })).times,
      totals: (await measure({ queries: warmUp, warmUp: queries, ask: ask('exact'), capMs })).times,
    }
  }
  return facts as WordsFacts
}
