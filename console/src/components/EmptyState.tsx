/** The empty state of a table or a page: a title, a hint and an action. */
import Box from '@cloudscape-design/components/box'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { ReactNode } from 'react'

export function EmptyState(props: { title: string; description: ReactNode; action?: ReactNode }) {
  const { title, description, action } = props
  return (
    <Box textAlign="center" margin={{ vertical: 'xs' }}>
      <SpaceBetween size="m">
        <div>
          <Box variant="strong" color="inherit">
            {title}
          </Box>
          <Box color="text-body-secondary">{description}</Box>
        </div>
        {action}
      </SpaceBetween>
    </Box>
  )
}
