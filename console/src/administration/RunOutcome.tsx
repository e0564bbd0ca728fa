/** How a backup or a verification ended. */
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import type { MaintenanceRunSummary } from '../../../src/contract/maintenance.ts'

interface RunOutcomeProps {
  readonly run: MaintenanceRunSummary
  /** How many it found; undefined for none. */
  readonly faults: string | undefined
  /** Of one that found none. */
  readonly success: string
}

export function RunOutcome({ run, faults, success }: RunOutcomeProps) {
  const { outcome, report } = run
  if (outcome === 'running') return <StatusIndicator type="in-progress">Running</StatusIndicator>
  if (outcome === 'lost') return <StatusIndicator type="warning">Interrupted</StatusIndicator>
  if (outcome === 'failed')
    return <StatusIndicator type="error">Failed: {String(report.reason ?? 'unknown')}</StatusIndicator>
  return faults === undefined ? (
    <StatusIndicator type="success">{success}</StatusIndicator>
  ) : (
    <StatusIndicator type="error">{faults}</StatusIndicator>
  )
}
