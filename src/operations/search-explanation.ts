/** What the header `x-hilum-explain` says of a search: one line of JSON, names of attributes and numbers, nothing of a patient. */
import type { SearchPage, Visited } from '../stores/catalog/search-repository.ts'

export interface Explanation extends Omit<Visited, 'leaves' | 'entries' | 'rows' | 'count'> {
  readonly leavesVisited: number
  readonly entriesVisited: number
  readonly rowsRead: number
  /** Of the total, where one was asked for. */
  readonly count?: Omit<NonNullable<Visited['count']>, 'leaves' | 'entries'> & {
    readonly leavesVisited: number
    readonly entriesVisited: number
  }
  /** From the operation's question to the catalog's answer, waiting for a connection included. */
  readonly durationMs: number
}

export function explanationOf({ visited }: SearchPage, durationMs: number): Explanation {
  const { leaves, entries, rows, count, ...how } = visited
  const explanation: Explanation = {
    ...how,
    leavesVisited: leaves,
    entriesVisited: entries,
    rowsRead: rows,
    durationMs: Math.round(durationMs * 1_000) / 1_000,
  }
  if (count === undefined) return explanation
  const { leaves: leavesVisited, entries: entriesVisited, ...howCounted } = count
  return { ...explanation, count: { ...howCounted, leavesVisited, entriesVisited } }
}
