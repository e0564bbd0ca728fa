/** Which results of a search a page has, and how long the search took. */
import { formatNumber } from '../format/size.ts'
import { formatDuration } from '../format/time.ts'

interface FoundRangeProps {
  /** From 1. */
  readonly page: number
  readonly pageSize: number
  readonly rowCount: number
  readonly durationMs: number
}

export function FoundRange({ page, pageSize, rowCount, durationMs }: FoundRangeProps) {
  const first = (page - 1) * pageSize + 1
  return (
    <span data-testid="search-duration">
      {rowCount > 0 && `${formatNumber(first)}–${formatNumber(first + rowCount - 1)}. `}
      Search took {formatDuration(durationMs)}.
    </span>
  )
}
