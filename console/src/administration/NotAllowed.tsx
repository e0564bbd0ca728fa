/** What a page of the administration says to a principal that may not see it. */
import Box from '@cloudscape-design/components/box'
import Container from '@cloudscape-design/components/container'

/** @param what completes "You don't have permission to see ..." */
export function NotAllowed({ what, action }: { what: string; action: string }) {
  return (
    <Container>
      <Box>
        You don't have permission to see {what}. An administrator can allow the action{' '}
        <Box variant="code">{action}</Box>.
      </Box>
    </Container>
  )
}

export const isNotAllowed = (error: unknown): boolean => (error as Error | null)?.name === 'AccessDeniedException'
