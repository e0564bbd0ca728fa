/** The counter beside the title of a table: `(520)`, or `(2/520)` with a selection. */
import { formatNumber } from '../format/size.ts'

export function counterText(total: number | undefined, selectedCount: number): string | undefined {
  if (total === undefined) return undefined
  return selectedCount === 0 ? `(${formatNumber(total)})` : `(${formatNumber(selectedCount)}/${formatNumber(total)})`
}
