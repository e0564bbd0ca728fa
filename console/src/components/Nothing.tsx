/** An empty table says how to begin. */
import Box from '@cloudscape-design/components/box'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { ReactNode } from 'react'

export function Nothing({ title, advice, action }: { title: string; advice: ReactNode; action?: ReactNode }) {
  return (
    <Box textAlign="center" margin={{ vertical: 'xs' }}>
      <SpaceBetween size="m">
        <div>
          <Box variant="strong" color="inherit">
            {title}
          </Box>
          <Box color="text-body-secondary">{advice}</Box>
        </div>
        {action}
      </SpaceBetween>
    </Box>
  )
}
