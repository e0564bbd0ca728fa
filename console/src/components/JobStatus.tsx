/** The status of an import job. One of which files failed is neither a success nor a failure. */
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import { Status } from './Status.tsx'

export function JobStatus({ status, failedFiles }: { status: string | undefined; failedFiles: number | undefined }) {
  if (status !== 'COMPLETED' || failedFiles === undefined || failedFiles === 0) return <Status status={status} />
  return <StatusIndicator type="warning">Completed with errors</StatusIndicator>
}
