/** A state in AWS's word, with the sign that people know for it. */
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator'

const SIGNS: Readonly<Record<string, StatusIndicatorProps.Type>> = {
  ACTIVE: 'success',
  COMPLETED: 'success',
  CREATE_FAILED: 'error',
  FAILED: 'error',
  CREATING: 'in-progress',
  DELETING: 'in-progress',
  IN_PROGRESS: 'in-progress',
  LOCKED: 'in-progress',
  SUBMITTED: 'pending',
  DELETED: 'stopped',
}

export function Status({ of }: { of: string | undefined }) {
  if (of === undefined) return <>–</>
  const words = of.charAt(0) + of.slice(1).toLowerCase().replaceAll('_', ' ')
  return <StatusIndicator type={SIGNS[of] ?? 'info'}>{words}</StatusIndicator>
}
