/** A status of the API in sentence case, with its icon. */
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator'

const TYPES: Readonly<Record<string, StatusIndicatorProps.Type>> = {
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
  DISABLED: 'stopped',
  ENABLED: 'success',
}

export function Status({ status }: { status: string | undefined }) {
  if (status === undefined) return <>–</>
  return <StatusIndicator type={TYPES[status] ?? 'info'}>{formatStatus(status)}</StatusIndicator>
}

/** `UPDATE_FAILED` becomes `Update failed`. */
export const formatStatus = (status: string): string =>
  status.charAt(0) + status.slice(1).toLowerCase().replaceAll('_', ' ')
