/** The order of a result that was read as a whole: by the keys of the request, then by the place of each row. */
import { vrOfKeyword } from '../../../imaging/dicomweb-search/attributes.ts'
import type { OrderKey } from '../../../imaging/dicomweb-search/criteria.ts'
import {
  compareCodePoints,
  compareInOrder,
  orderedText,
  type ValuesOf,
} from '../../../imaging/dicomweb-search/match.ts'
import type { SearchPosition } from '../../catalog/series-repository.ts'

/** What is kept of each row that matches. */
export interface Ordered {
  /** For each key of the order; null: without a value. */
  readonly keys: readonly (string | null)[]
  /** Distinguishes rows with equal keys: numbers, then perhaps a UID. */
  readonly place: readonly (number | string)[]
}

/** `updatedAt` is a number. */
const vrOf = (keyword: string): string => (keyword === 'updatedAt' ? 'IS' : vrOfKeyword(keyword))

export const keysOf = (order: readonly OrderKey[], valuesOf: ValuesOf): Ordered['keys'] =>
  order.map(({ keyword }) =>
    keyword === 'updatedAt'
      ? (valuesOf(keyword)[0] ?? null)
      : (orderedText(vrOfKeyword(keyword), valuesOf(keyword)) ?? null),
  )

/** Negative where `a` comes first. */
export function compareOrdered(order: readonly OrderKey[], a: Ordered, b: Ordered): number {
  for (const [index, key] of order.entries()) {
    const pair = [a.keys[index] ?? undefined, b.keys[index] ?? undefined] as const
    const result = compareInOrder(key, vrOf(key.keyword), pair)
    if (result !== 0) return result
  }
  for (const [index, place] of a.place.entries()) {
    const other = b.place[index]!
    const result =
      typeof place === 'number' && typeof other === 'number'
        ? place - other
        : compareCodePoints(String(place), String(other))
    if (result !== 0) return result
  }
  return 0
}

/** As in a SearchPosition. */
export const positionOf = ({ keys, place }: Ordered): SearchPosition['after'] => [...keys, ...place]

interface Page<Row> {
  readonly rows: readonly Row[]
  readonly next: SearchPosition | undefined
  readonly total: number
}

export function pageOf<Row extends Ordered>(
  rows: Row[],
  options: {
    readonly order: readonly OrderKey[]
    readonly after: SearchPosition | undefined
    readonly offset: number
    readonly limit: number
  },
): Page<Row> {
  const { order, after, offset, limit } = options
  rows.sort((a, b) => compareOrdered(order, a, b))
  let start = 0
  if (after !== undefined) {
    const keys = after.after.slice(0, order.length) as Ordered['keys']
    const position: Ordered = { keys, place: after.after.slice(order.length) as Ordered['place'] }
    while (start < rows.length && compareOrdered(order, rows[start]!, position) <= 0) start++
  }
  const page = rows.slice(start + offset, start + offset + limit)
  const last = page.at(-1)
  const isLast = last === undefined || start + offset + limit >= rows.length
  return {
    rows: page,
    next: isLast ? undefined : { mode: 'ordered', after: positionOf(last), offset: 0 },
    total: rows.length,
  }
}
