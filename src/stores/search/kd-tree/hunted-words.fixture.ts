/**
 * Which image sets have the words of a hunted search: a description that can be written down, changed a little and drawn again. Real words
 * follow dates, studies or nothing at all; the worst conceivable ones are had by the image sets that the search otherwise leaves out.
 */
import assert from 'node:assert/strict'
import type { SortField } from '../../../contract/search-attributes.ts'
import { comparePositions, type Filter, type Position, type Search } from '../../../imaging/search/search.ts'
import { CHUNK_ROWS } from '../words/offsets.ts'
import { RowSet } from '../words/row-set.ts'
import { type HuntedStore, type Random, randomFrom } from './hunted-stores.fixture.ts'

type Range = Extract<Filter, { readonly from: number }>

type Which =
  | { readonly kind: 'all' }
  /** Those that the other filters or the cursor leave out: the search finds none of them. */
  | { readonly kind: 'left out' }
  | { readonly kind: 'within' | 'outside'; readonly range: Range }
  /** The more likely, the later or the earlier the date. */
  | { readonly kind: 'later' | 'earlier'; readonly attribute: SortField; readonly power: number }
  | { readonly kind: 'every'; readonly nth: number; readonly first: number }
  | { readonly kind: 'rows'; readonly from: number; readonly to: number }

/** A share of some image sets, drawn by a hash of the row id. Rows in runs of `run` are drawn together. */
interface Group {
  readonly which: Which
  readonly share: number
  readonly run: number
  readonly seed: number
}

/** The words are in image sets of each of the groups. */
export type HuntedWords = readonly [Group, ...Group[]]

const GROUPS_MAX = 3

interface Searched {
  readonly store: HuntedStore
  readonly search: Pick<Search, 'sort'> & { readonly filters: readonly Range[] }
  readonly after: Position | null
}

export function rowsOfWords(words: HuntedWords, searched: Searched): RowSet {
  const rowCount = searched.store.imageSets.length
  assert.ok(rowCount <= CHUNK_ROWS, 'the row ids of a hunted store are in one chunk')
  const bitmap = new Uint32Array(CHUNK_ROWS / 32)
  for (const { which, share, run, seed } of words) {
    const chanceOf = chanceIn(which, searched)
    for (let rowId = 0; rowId < rowCount; rowId++) {
      const chance = share * chanceOf(rowId)
      const holds = chance >= 1 || (chance > 0 && drawn(Math.floor(rowId / run), seed) < chance)
      if (holds) bitmap[rowId >>> 5]! |= 1 << (rowId & 31)
    }
  }
  return new RowSet(new Map([[0, bitmap]]))
}

/** From 0 to 1. */
const drawn = (number: number, seed: number): number => randomFrom(Math.imul(number + 1, 0x9e3779b1) ^ seed)()

function chanceIn(which: Which, { store, search, after }: Searched): (rowId: number) => number {
  const { dates } = store
  switch (which.kind) {
    case 'all':
      return () => 1
    case 'left out': {
      const { sortField, sortOrder } = search.sort
      const keys = dates[sortField]
      const isBeforePage = (rowId: number) => {
        if (after === null) return false
        const key = Number.isNaN(keys[rowId]) ? null : keys[rowId]!
        return comparePositions(sortOrder, { key, rowId }, after) <= 0
      }
      const isWithin = search.filters.map((range) => within(dates, range))
      return (rowId) => (!isWithin.every((holds) => holds(rowId)) || isBeforePage(rowId) ? 1 : 0)
    }
    case 'within':
    case 'outside': {
      const isWithin = within(dates, which.range)
      return (rowId) => (isWithin(rowId) === (which.kind === 'within') ? 1 : 0)
    }
    case 'later':
    case 'earlier': {
      const { attribute, power, kind } = which
      const column = dates[attribute]
      let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
      for (const date of column) {
        if (date < from) from = date
        if (date > to) to = date
      }
      return (rowId) => {
        const place = to > from ? (column[rowId]! - from) / (to - from) : 1
        return Number.isNaN(place) ? 0 : (kind === 'later' ? place : 1 - place) ** power
      }
    }
    case 'every':
      return (rowId) => (rowId % which.nth === which.first % which.nth ? 1 : 0)
    case 'rows':
      return (rowId) => (rowId >= which.from && rowId <= which.to ? 1 : 0)
  }
}

/** An image set without the date is in no range. */
function within(dates: HuntedStore['dates'], { attribute, from, to }: Range): (rowId: number) => boolean {
  const column = dates[attribute]
  return (rowId) => column[rowId]! >= from && column[rowId]! <= to
}

interface Chance {
  readonly random: Random
  readonly store: HuntedStore
  readonly randomRange: () => Range
  readonly oneOf: <T>(values: readonly T[]) => T
}

export const randomWords = (chance: Chance): HuntedWords =>
  chance.random() < 0.6 ? [randomGroup(chance)] : [randomGroup(chance), randomGroup(chance)]

function randomGroup(chance: Chance): Group {
  const { random, oneOf } = chance
  const share = random() < 0.5 ? 1 : 10 ** (-4 * random())
  const run = random() < 0.7 ? 1 : Math.ceil(10 ** (random() * 3))
  return { which: oneOf(WHICH)(chance), share, run, seed: seedFrom(random) }
}

const seedFrom = (random: Random) => Math.floor(random() * 2 ** 31)

const WHICH: readonly ((chance: Chance) => Which)[] = [
  () => ({ kind: 'all' }),
  () => ({ kind: 'left out' }),
  () => ({ kind: 'left out' }),
  ({ oneOf, randomRange }) => ({ kind: oneOf(['within', 'outside']), range: randomRange() }),
  ({ oneOf, random, randomRange }) => ({
    kind: oneOf(['later', 'earlier']),
    attribute: randomRange().attribute,
    power: 10 ** (random() * 2 - 0.5),
  }),
  ({ random }) => {
    const nth = Math.ceil(10 ** (random() * 3))
    return { kind: 'every', nth, first: Math.floor(random() * nth) }
  },
  ({ random, store }) => {
    const from = Math.floor(random() * store.imageSets.length)
    return { kind: 'rows', from, to: from + Math.floor(10 ** (random() * 4)) }
  },
]

/** Changes one thing of the words. */
export function mutatedWords(words: HuntedWords, chance: Chance): HuntedWords {
  const { random, oneOf } = chance
  const place = Math.floor(random() * words.length)
  const group = words[place]!
  const changed = (change: Partial<Group>) => words.with(place, { ...group, ...change }) as [Group, ...Group[]]
  switch (Math.floor(random() * 6)) {
    case 0:
      return words.length < GROUPS_MAX ? [...words, randomGroup(chance)] : changed(randomGroup(chance))
    case 1:
      return words.length > 1 ? (words.toSpliced(place, 1) as [Group, ...Group[]]) : [randomGroup(chance)]
    case 2:
      return changed({ seed: seedFrom(random) })
    case 3:
      return changed({ run: Math.max(1, Math.round(group.run * 10 ** (random() - 0.5))) })
    case 4:
      return changed({ which: oneOf(WHICH)(chance) })
    default:
      return changed({ share: Math.min(1, group.share * 10 ** (random() - 0.5)) })
  }
}
