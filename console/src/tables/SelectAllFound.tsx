/** Below the title of a table whose page is selected: selects all that the search found, or says that all are. */
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { formatNumber } from '../format/size.ts'

export interface SelectAllFoundProps {
  /** `image sets` */
  readonly what: string
  readonly total: number | undefined
  readonly rowCount: number
  readonly selectedCount: number
  readonly isAll: boolean
  /** More cannot be selected. */
  readonly most: number
  onSelectAll(): void
  onClear(): void
}

export function SelectAllFound(props: SelectAllFoundProps) {
  const { what, total, rowCount, selectedCount, isAll, most, onSelectAll, onClear } = props
  if (total === undefined || rowCount === 0 || total <= rowCount || selectedCount < rowCount) return null
  if (isAll) {
    return (
      <SpaceBetween direction="horizontal" size="xs">
        <Box>
          All {formatNumber(total)} {what} that the search found are selected.
        </Box>
        <Button variant="inline-link" onClick={onClear}>
          Clear selection
        </Button>
      </SpaceBetween>
    )
  }
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <Box>
        {formatNumber(selectedCount)} {what} of this page are selected.
      </Box>
      {total <= most ? (
        <Button variant="inline-link" onClick={onSelectAll}>
          Select all {formatNumber(total)} found
        </Button>
      ) : (
        <Box color="text-body-secondary">
          Up to {formatNumber(most)} can be selected at once: narrow the search to select all.
        </Box>
      )}
    </SpaceBetween>
  )
}
