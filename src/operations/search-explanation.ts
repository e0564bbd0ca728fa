/** The value of the header `x-hilum-explain`: one line of JSON with names of attributes and numbers, without values of patients. */
import type { SearchPage, Visited } from '../stores/catalog/search-repository.ts'

export interface Explanation extends Omit<Visited, 'leaves' | 'entries' | 'rows' | 'count'> {
  readonly leavesVisited: number
  readonly entriesVisited: number
  readonly rowsRead: number
  /** For the total, where it was requested. */
  readonly count?: Omit<NonNullable<Visited['count']>, 'leaves' | 'entries'> & {
    readonly leavesVisited: number
    readonly entriesVisited: number
  }
  /** In the catalog, including the wait for a connection. */
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
