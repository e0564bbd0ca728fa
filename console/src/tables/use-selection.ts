/** The selected rows of a table: only rows that are shown, so that nothing is done to one that is out of sight. */
import { useMemo, useState } from 'react'

/** @param idOf the same function at each call */
export function useSelection<Row>(rows: readonly Row[], idOf: (row: Row) => string) {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set())
  const selected = useMemo(() => rows.filter((row) => ids.has(idOf(row))), [rows, ids, idOf])
  return { selected, select: (chosen: readonly Row[]) => setIds(new Set(chosen.map(idOf))) }
}
