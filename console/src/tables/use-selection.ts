/**
 * The selected rows of a table: rows that are shown, or all that the search found, if the person says so. Another search or page ends it.
 */
import { useMemo, useState } from 'react'

interface Selected {
  readonly ids: ReadonlySet<string>
  /** The search whose results are all selected. */
  readonly allOf?: string
}

/**
 * @param idOf the same function at each call
 * @param search names the search: all that it found can be selected
 */
export function useSelection<Row>(rows: readonly Row[], idOf: (row: Row) => string, search = '') {
  const [{ ids, allOf }, setSelected] = useState<Selected>({ ids: new Set() })
  const isAll = allOf !== undefined && allOf === search
  const selected = useMemo(() => (isAll ? rows : rows.filter((row) => ids.has(idOf(row)))), [rows, ids, idOf, isAll])
  return {
    selected,
    isAll,
    select: (chosen: readonly Row[]) => setSelected({ ids: new Set(chosen.map(idOf)) }),
    selectAll: () => setSelected({ ids: new Set(), allOf: search }),
  }
}
